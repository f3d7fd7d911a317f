/** A change in Azure as an event reports it: which resource, which operation, when. A hint, never a proof. */
import { foldCase } from './letter-case.ts';
import { armKey, type Parent, parentKey, type RuntimeId } from './runtime.ts';

/** What was changed. To delete a parent or a resource group is to delete its runtimes, too. */
export type ChangedScope =
  | { readonly kind: 'runtime'; readonly id: RuntimeId }
  | { readonly kind: 'parent'; readonly parent: Parent }
  | { readonly kind: 'resourceGroup'; readonly subscriptionId: string; readonly resourceGroup: string };

export interface AzureChange {
  readonly scope: ChangedScope;
  /** In lower case; one of those that `parseMessage` knows. */
  readonly operation: string;
  /** ARM's id for all that belongs to one request; absent when the event has none, or one that is not a GUID. */
  readonly correlationId?: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Equal for the same resource group, whatever the case of its name. */
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
