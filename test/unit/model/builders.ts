/** Declarations and ids of runtimes for tests. */
import type { Desired } from '../../../src/core/model/desired.ts';
import type { FieldPath } from '../../../src/core/model/fields.ts';
import type { Json, RuntimeId } from '../../../src/core/model/runtime.ts';

export function runtimeId(name = 'MySampleAzureIR'): RuntimeId {
  const parent = {
    kind: 'factory',
    subscriptionId: '00000000-0000-0000-0000-000000000001',
    resourceGroup: 'ADFV2SampleRG',
    name: 'SampleV2DataFactory1',
  } as const;
  return { parent, name };
}

export function desired(
  more: Partial<Omit<Desired, 'fields'>> & { fields?: Partial<Record<FieldPath, Json>> } = {},
): Desired {
  const { fields = { location: 'West Europe' }, ...rest } = more;
  return {
    id: runtimeId(),
    managementPolicy: 'Manage',
    adoptionPolicy: 'Always',
    deletionPolicy: 'DeleteIfCreated',
    repair: { mode: 'Auto', maxAttempts: 5 },
    intervalMs: undefined,
    suspend: false,
    ...rest,
    fields: fieldMap(fields),
  };
}

export function fieldMap(fields: Partial<Record<FieldPath, Json>>): ReadonlyMap<FieldPath, Json> {
  return new Map(Object.entries(fields) as [FieldPath, Json][]);
}
