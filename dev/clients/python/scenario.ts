/** Has the Azure SDKs for Python play a scenario, and reads what came of each step. */
import { join } from 'node:path';
import { run } from '../../controlplane/child.ts';
import type { Emulator } from '../../emulator/index.ts';

/** How one step of a scenario went: what the SDK returned or raised. */
export interface Step {
  readonly result?: unknown;
  readonly error?: {
    readonly class: string;
    readonly status: number | null;
    readonly code: string | null;
    readonly message: string;
  };
}

/** The steps of a scenario, by their names. */
export type Steps = (name: string) => Step;

const SCRIPT = join(import.meta.dirname, 'client.py');
const LONGEST_MS = 80_000;

/**
 * Has client.py play a scenario on an emulator. `python` is a command that has its packages.
 *
 * @throws what Python printed, when the scenario did not come to its end
 */
export async function playScenario(python: string, emulator: Emulator, name: string, given: object): Promise<Steps> {
  const env = {
    ...process.env,
    ARM_ENDPOINT: emulator.armUrl,
    AZURE_AUTHORITY_HOST: emulator.authorityUrl,
    REQUESTS_CA_BUNDLE: emulator.caFile,
  };
  const signal = AbortSignal.timeout(LONGEST_MS);
  const { code, stdout, tail } = await run(python, ['-I', SCRIPT, name, JSON.stringify(given)], { env, signal });
  if (code !== 0) throw new Error(`the scenario ${name} ended with exit code ${code}:\n${tail}`);
  const lines = stdout.trim().split('\n');
  const steps = new Map(
    lines.map((line) => {
      const { step, ...how } = JSON.parse(line) as Step & { step: string };
      return [step, how];
    }),
  );
  return (step) => {
    const how = steps.get(step);
    if (how === undefined) throw new Error(`the scenario ${name} has no step "${step}"`);
    return how;
  };
}
