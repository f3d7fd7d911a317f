/** A fleet with one object of each sort, for outputs that are read by a person once. */
import { FACTORY, stored } from './api-server.ts';

/** The time of the outputs. */
export const NOW = Date.UTC(2026, 0, 8, 12);

const iso = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;
const WORKSPACE = { ...FACTORY, name: 'samplesynapseworkspace1' };
const claim = { claim: { origin: 'Created', identity: 'tenant/client' } };
const REPAIRING = ['Ready', 'Synced', 'Healthy', 'Reconciling'].map((type) => ({
  type,
  status: type === 'Reconciling' || type === 'Synced' ? 'True' : 'False',
  reason: 'Repairing',
  message: 'The runtime is Limited; attempt 2 of 5.',
  observedGeneration: 1,
  lastTransitionTime: iso(NOW - 60_000),
}));

export const FLEET = [
  stored('team-a/etl', { spec: { azureName: 'EtlIR', interval: '10m' }, status: claim }),
  stored('team-a/new', {
    spec: { azureName: 'NewIR' },
    status: {
      ...claim,
      state: 'Limited',
      conditions: REPAIRING,
      repair: { attempts: 2, lastAttemptTime: iso(NOW - 60_000), nextAttemptTime: iso(NOW + 90_000) },
    },
  }),
  stored('team-a/late', { spec: { azureName: 'LateIR' }, status: { observedGeneration: 0 } }),
  stored('team-b/paused', {
    spec: { azureName: 'PausedIR', suspend: true, interval: '10m' },
    metadata: {
      annotations: {
        'azure-ir.io/suspend-by': 'ann@example.com',
        'azure-ir.io/suspend-at': iso(NOW - 3 * 86_400_000),
        'azure-ir.io/suspend-reason': 'INC-42',
      },
    },
    status: { drift: [{ field: 'location', desired: '"West Europe"', observed: '"North Europe"' }] },
    reason: 'Suspended',
    message: 'Suspended; nothing is done.',
  }),
  stored('team-b/self', {
    spec: { factory: undefined, workspace: WORKSPACE, azureName: 'SelfIR' },
    reason: 'TypeConflict',
    message: 'A self-hosted runtime has this name. Choose another azureName.',
    status: { state: undefined, location: undefined },
  }),
  stored('team-b/broken', { spec: { factory: undefined }, reason: 'InvalidDefinition', message: 'No factory.' }),
];
