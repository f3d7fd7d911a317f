/** What roles grant whoever asks, on a factory or workspace. */
import { malformed } from '../../azure/arm/parse.ts';
import { type Json, type JsonObject, type Parent, parentArmId } from '../../core/model/runtime.ts';
import type { CallContext } from '../../ports.ts';
import type { ArmPages } from './pages.ts';

/** Of one role that is assigned: what it grants, and what of that it leaves out. Both may have wildcards. */
export interface Permission {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
}

/** The right that asking takes (documented, as the shape is: REST API of Microsoft.Authorization, "Permissions - List For Resource"). */
export const PERMISSIONS_READ = 'Microsoft.Authorization/permissions/read';
const VERSION = '2022-04-01';

/** @throws AzureFailure */
export function listPermissions(pages: ArmPages, parent: Parent, caller: CallContext): Promise<Permission[]> {
  const path = `${parentArmId(parent)}/providers/Microsoft.Authorization/permissions?api-version=${VERSION}`;
  return pages.all(parent.kind, path, caller, parsed);
}

function parsed({ actions, notActions }: JsonObject): Permission {
  return { actions: texts(actions), notActions: texts(notActions) };
}

function texts(value: Json | undefined): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw malformed('the actions of a permission are no list');
  return value.filter((each) => typeof each === 'string');
}

/**
 * Whether one of the roles grants it: `notActions` take away from their own role alone (documented, "Understand Azure role
 * definitions"). Deny assignments, policies and locks are not in the answer.
 */
export function grants(permissions: readonly Permission[], action: string): boolean {
  return permissions.some(
    ({ actions, notActions }) => actions.some(isLike(action)) && !notActions.some(isLike(action)),
  );
}

function isLike(action: string): (pattern: string) => boolean {
  return (pattern) => {
    const source = pattern.split('*').map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&'));
    return new RegExp(`^${source.join('.*')}$`, 'i').test(action);
  };
}
