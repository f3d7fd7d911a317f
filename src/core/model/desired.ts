/** What a manifest declares. */
import { hash } from 'node:crypto';
import type { FieldPath } from './fields.ts';
import type { Json, RuntimeId } from './runtime.ts';

/** What a manifest declares, parsed once at the edge. */
export interface Desired {
  readonly id: RuntimeId;
  /** The declared leaves of the definition, by the path that the manifest spells. A field that is absent is not managed. */
  readonly fields: ReadonlyMap<FieldPath, Json>;
  /** Absent: the runtime is public. */
  readonly managedVirtualNetwork?: ManagedVirtualNetwork;
  /** Absent: interactive authoring is not managed. */
  readonly interactiveAuthoring?: { readonly autoTerminationMinutes: number };
  readonly managementPolicy: 'Manage' | 'Observe';
  readonly adoptionPolicy: 'Always' | 'IfIdentical' | 'Never';
  readonly deletionPolicy: 'DeleteIfCreated' | 'Delete' | 'Retain';
  readonly repair: { readonly mode: 'Auto' | 'Disabled'; readonly maxAttempts: number };
  /** Milliseconds; undefined: the operator's. */
  readonly intervalMs: number | undefined;
  readonly suspend: boolean;
}

export interface ManagedVirtualNetwork {
  readonly name: string;
  /** Whether the network is made where there is none. */
  readonly creation: 'Never' | 'IfMissing';
}

/** Equal for two manifests exactly when they declare the same leaves. */
export function declarationHash({ fields }: Pick<Desired, 'fields'>): string {
  const declared = [...fields].sort(([a], [b]) => (a < b ? -1 : 1));
  return hash('sha256', JSON.stringify(declared), 'hex').slice(0, 16);
}
