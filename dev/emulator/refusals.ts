/** Role assignments that are missing, policies and locks. */
import { gatewayError } from './arm-errors.ts';
import { foldName, READ_ONLY_LOCK_BLOCKS_GET_STATUS } from './assumptions.ts';
import type { Refusal } from './control.ts';
import type { Reply } from './exchange.ts';
import type { BucketKind } from './operations.ts';
import { same } from './trace.ts';

export interface Attempt {
  /** As Azure's role definitions spell it. */
  readonly action: string;
  /** The ARM id of what the request is about. */
  readonly scope: string;
  readonly kind: BucketKind;
  readonly isPost: boolean;
  readonly clientId: string;
  readonly objectId: string;
}

/** Role assignments that are missing, policies and locks. */
export class Refusals {
  #all: { readonly id: string; readonly refusal: Refusal }[] = [];
  #lastId = 0;

  add(refusal: Refusal): string {
    const id = String(++this.#lastId);
    this.#all.push({ id, refusal });
    return id;
  }

  clear(args: { id?: string; scope?: string }): void {
    const { id, scope } = args;
    this.#all = this.#all.filter(
      (own) =>
        (id !== undefined && id !== own.id) ||
        (scope !== undefined && (own.refusal.scope === undefined || !covers(scope, own.refusal.scope))),
    );
  }

  permission(attempt: Attempt): Reply | undefined {
    const isMissing = this.#missing(attempt).some((action) => action === undefined || isLike(action, attempt.action));
    return isMissing ? forbidden(attempt) : undefined;
  }

  /**
   * The answer of the permissions API: one entry for each role that is assigned. Here that is one with everything but what
   * is refused. Documented, the shape: https://learn.microsoft.com/rest/api/authorization/permissions/list-for-resource
   */
  permissions(caller: Pick<Attempt, 'clientId' | 'scope'>): object {
    const missing = this.#missing(caller);
    const notActions = missing.filter((action) => action !== undefined);
    const role = { actions: ['*'], notActions, dataActions: [], notDataActions: [] };
    return { value: missing.includes(undefined) ? [] : [role] };
  }

  /** The actions that the caller lacks there; undefined: all. */
  #missing({ clientId, scope }: Pick<Attempt, 'clientId' | 'scope'>): (string | undefined)[] {
    return this.#all.flatMap(({ refusal }) => {
      if (refusal.kind !== 'permission') return [];
      if (refusal.clientId !== undefined && !same(refusal.clientId, clientId)) return [];
      return refusal.scope === undefined || covers(refusal.scope, scope) ? [refusal.action] : [];
    });
  }

  lockOrPolicy(attempt: Attempt): Reply | undefined {
    for (const { refusal } of this.#all) {
      if (refusal.kind === 'permission' || !covers(refusal.scope, attempt.scope)) continue;
      if (refusal.kind === 'policy') {
        if (attempt.kind === 'writes') return disallowed(refusal, attempt.scope);
      } else if (isLocked(refusal.level, attempt)) {
        return locked(refusal.scope, attempt);
      }
    }
    return undefined;
  }
}

function isLocked(level: 'CanNotDelete' | 'ReadOnly', attempt: Attempt): boolean {
  if (attempt.kind === 'deletes') return true;
  if (level !== 'ReadOnly') return false;
  return attempt.kind === 'writes' || (READ_ONLY_LOCK_BLOCKS_GET_STATUS && attempt.isPost);
}

function covers(scope: string, id: string): boolean {
  const outer = foldName(scope).replace(/\/+$/, '');
  const inner = foldName(id);
  return inner === outer || inner.startsWith(`${outer}/`);
}

function isLike(pattern: string, action: string): boolean {
  const source = pattern
    .split('*')
    .map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${source}$`, 'i').test(action);
}

/** Pasted by users, word for word. */
function forbidden({ clientId, objectId, action, scope }: Attempt): Reply {
  return gatewayError(
    403,
    'AuthorizationFailed',
    `The client '${clientId}' with object id '${objectId}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );
}

function locked(lockScope: string, attempt: Attempt): Reply {
  const verb = attempt.kind === 'deletes' ? 'delete' : 'write';
  return gatewayError(
    409,
    'ScopeLocked',
    `The scope '${attempt.scope}' cannot perform ${verb} operation because following scope(s) are locked: '${lockScope}'. Please remove the lock and try again.`,
  );
}

function disallowed(refusal: Refusal & { kind: 'policy' }, scope: string): Reply {
  const name = refusal.policyName ?? 'emulated-policy';
  const target = scope.slice(scope.lastIndexOf('/') + 1);
  const assignment = `${refusal.scope}/providers/Microsoft.Authorization/policyAssignments/${name}`;
  const definition = `${refusal.scope}/providers/Microsoft.Authorization/policyDefinitions/${name}`;
  const identifiers = [{ policyAssignment: { name, id: assignment }, policyDefinition: { name, id: definition } }];
  return gatewayError(
    403,
    'RequestDisallowedByPolicy',
    `Resource '${target}' was disallowed by policy. Policy identifiers: '${JSON.stringify(identifiers)}'.`,
    {},
    {
      target,
      additionalInfo: [
        {
          type: 'PolicyViolation',
          info: {
            policyDefinitionDisplayName: name,
            policyDefinitionId: definition,
            policyDefinitionName: name,
            policyDefinitionEffect: 'deny',
            policyAssignmentId: assignment,
            policyAssignmentName: name,
            policyAssignmentDisplayName: name,
            policyAssignmentScope: refusal.scope,
          },
        },
      ],
    },
  );
}
