/** What Azure tells of a change that somebody made: which resource, by what, when. A hint, and never a proof. */
import { foldCase } from './letter-case.ts';
import { armKey, type Parent, parentKey, type RuntimeId } from './runtime.ts';

/** What a change is about. Whoever deletes what runtimes belong to deletes them too. */
export type ChangedScope =
  | { readonly kind: 'runtime'; readonly id: RuntimeId }
  | { readonly kind: 'parent'; readonly parent: Parent }
  | { readonly kind: 'resourceGroup'; readonly subscriptionId: string; readonly resourceGroup: string };

export interface AzureChange {
  readonly scope: ChangedScope;
  /** One of the few operations that are listened to, in lower case. */
  readonly operation: string;
  /** By which ARM ties together what belongs to one request; absent when it does not look like one. */
  readonly correlationId?: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Equal for two resource groups exactly when they are taken for one. */
export function resourceGroupKey({
  subscriptionId,
  resourceGroup,
}: Pick<Parent, 'subscriptionId' | 'resourceGroup'>): string {
  return foldCase(`/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`);
}

/** Equal for two scopes exactly when they are taken for one. */
export function scopeKey(scope: ChangedScope): string {
  switch (scope.kind) {
    case 'runtime':
      return armKey(scope.id);
    case 'parent':
      return parentKey(scope.parent);
    case 'resourceGroup':
      return resourceGroupKey(scope);
  }
}
