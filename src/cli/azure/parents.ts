/** The factories and workspaces of a subscription or a resource group. */
import { malformed } from '../../azure/arm/parse.ts';
import { ARM_TYPES, type JsonObject, type Parent } from '../../core/model/runtime.ts';
import type { CallContext } from '../../ports.ts';
import type { ArmPages } from './pages.ts';
import { parentOf } from './scope.ts';

const VERSIONS: Readonly<Record<Parent['kind'], string>> = { factory: '2018-06-01', workspace: '2021-06-01-preview' };

/** @throws AzureFailure */
export function listParents(
  pages: ArmPages,
  kind: Parent['kind'],
  { subscriptionId, resourceGroup }: { readonly subscriptionId: string; readonly resourceGroup: string | undefined },
  caller: CallContext,
): Promise<Parent[]> {
  const group = resourceGroup === undefined ? '' : `/resourceGroups/${encodeURIComponent(resourceGroup)}`;
  const path = `/subscriptions/${encodeURIComponent(subscriptionId)}${group}/providers/${ARM_TYPES[kind]}`;
  return pages.all(kind, `${path}?api-version=${VERSIONS[kind]}`, caller, (entry) => parsed(kind, entry));
}

function parsed(kind: Parent['kind'], { id }: JsonObject): Parent {
  if (typeof id !== 'string') throw malformed(`a ${kind} of the list has no id`);
  try {
    return parentOf(kind, id, { subscription: undefined, resourceGroup: undefined });
  } catch {
    throw malformed(`the id of a ${kind} of the list is none`);
  }
}
