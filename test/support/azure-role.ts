/** The role that `deploy/azure/role.json` defines, and what a run has called for. */
import { readFile } from 'node:fs/promises';
import type { TraceEntry } from '../../dev/emulator/index.ts';
import { route } from '../../dev/emulator/routes.ts';

export interface AzureRole {
  readonly Name: string;
  readonly Actions: readonly string[];
  readonly AssignableScopes: readonly string[];
}

export async function azureRole(): Promise<AzureRole> {
  return JSON.parse(await readFile(new URL('../../deploy/azure/role.json', import.meta.url), 'utf8'));
}

/** The actions that these requests need, each once and sorted; asking for a token needs none. */
export function actionsOf(trace: readonly TraceEntry[]): string[] {
  const actions = trace.flatMap(({ method, path }) => route(method, path.split('?')[0] ?? '').action ?? []);
  return [...new Set(actions)].sort();
}
