/** Many objects, each for a runtime of its own. */
import type { Place } from './place.ts';

const FACTORY = { subscriptionId: '00000000-0000-0000-0000-000000000001', resourceGroup: 'many', name: 'many' };
/** What becomes of a list in one request of kubectl. */
const AT_ONCE = 250;

export const MANY = FACTORY;

export const manifest = (n: number, location = 'West Europe') => ({
  apiVersion: 'azure-ir.io/v1beta1',
  kind: 'AzureIntegrationRuntime',
  metadata: { name: `many-${n}`, namespace: 'default', labels: { many: 'yes' } },
  // They are let go at once; what they leave in Azure ends with that.
  spec: { factory: FACTORY, location, deletionPolicy: 'Retain' },
});

export async function createMany(place: Place, count: number): Promise<void> {
  await place.emulator.control.ensureFactory(FACTORY);
  for (let from = 0; from < count; from += AT_ONCE) {
    const items = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, n) => manifest(from + n));
    await place.kubectl(['create', '-f', '-'], { stdin: { apiVersion: 'v1', kind: 'List', items } });
  }
}

export const allReady = (place: Place, timeout = '120s') =>
  place.kubectl(['wait', 'azir', '-l', 'many=yes', '--for=condition=Ready', `--timeout=${timeout}`]);
