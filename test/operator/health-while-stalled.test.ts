/** Stalled does not mean looking away: what a read shows is seen within one interval, whatever stops the definition. */
import { describe, expect, test } from '@jest/globals';
import { eventually, inBothKinds, inPlace, minutesAgo, type Place, summary } from './support/place.ts';

// Every interval is a second, and the shortest pause after a refusal ten minutes: what is seen here was polled.
const ready = (place: Place) => place.until('sample', 'Ready=True Available');
type State = Parameters<Place['azure']['setState']>[0]['state'];
const setState = (place: Place, state: State, repairsNeeded: number | 'never' = 1) =>
  place.azure.setState({ factory: place.factory, name: 'sample', state, repairsNeeded });

/** The state that the status shows, and what Healthy makes of it. */
const shows = (place: Place, state: string, healthy: string) =>
  eventually(async () => {
    const { status } = (await place.get('sample')) ?? {};
    expect(status?.state).toBe(state);
    expect(status?.conditions?.find(({ type }) => type === 'Healthy')?.status).toBe(healthy);
  });

const handled = (place: Place, token: string) =>
  eventually(async () => expect((await place.get('sample'))?.status?.lastHandledRepairAt).toBe(token));

/** The object stays as it is, and four polls cost what they cost at rest. */
async function isQuiet(place: Place): Promise<void> {
  const versions = (await place.allVersions('sample')).length;
  const asked = (await place.requests()).length;
  await place.passes('sample', 4);
  expect(await place.allVersions('sample')).toHaveLength(versions);
  expect(new Set((await place.requests()).slice(asked))).toEqual(new Set(['LIST', 'STATE']));
}

/** A runtime in a managed virtual network, whose new region Azure refuses with a 400. */
async function refused(place: Place): Promise<void> {
  await place.azure.ensureNetwork({ factory: place.factory });
  await place.apply('sample', { managedVirtualNetwork: {}, location: 'AutoResolve' });
  await ready(place);
  await place.patch('sample', { spec: { location: 'North Europe' } });
  await place.until('sample', 'Ready=False InvalidDefinition Stalled');
}

describe.each(inBothKinds)('a definition that Azure refuses, in a $kind', ({ inPlace }) => {
  test.concurrent('hides no state, and a Limited runtime is repaired with what Azure has', () =>
    inPlace(async (place) => {
      await refused(place);
      expect((await place.get('sample'))?.status).toMatchObject({ state: 'Online', location: 'AutoResolve' });
      await isQuiet(place);
      await setState(place, 'Offline');
      await shows(place, 'Offline', 'False');
      await setState(place, 'Limited');
      await eventually(async () => expect((await place.get('sample'))?.status?.repair?.attempts).toBe(1));
      await shows(place, 'Online', 'True');
      expect(summary(await place.get('sample'))).toBe('Ready=False InvalidDefinition Stalled');
      expect((await place.runtime('sample'))?.properties).toMatchObject({
        typeProperties: { computeProperties: { location: 'AutoResolve' } },
      });
      await place.annotate('sample', 'azure-ir.io/repair', 'please');
      await handled(place, 'please');
      await place.untilEvents('sample', 'Created', 'InvalidDefinition', 'RepairStarted', 'Repaired', 'RepairStarted');
      await place.patch('sample', { spec: { location: 'AutoResolve' } });
      await ready(place);
    }));
});

test.concurrent('a policy that denies every write: the state is shown, and a repair that a person asks for is answered', () =>
  inPlace(async (place) => {
    await place.apply('sample');
    await ready(place);
    await place.azure.addRefusal({ kind: 'policy', scope: place.scope });
    await place.patch('sample', { spec: { description: 'mine' } });
    await place.until('sample', 'Ready=False PolicyDenied Stalled');
    await isQuiet(place);
    await setState(place, 'Stopped');
    await shows(place, 'Stopped', 'False');
    await place.annotate('sample', 'azure-ir.io/repair', 'please');
    await handled(place, 'please');
    expect(summary(await place.get('sample'))).toBe('Ready=False PolicyDenied Stalled');
    await place.untilEvents('sample', 'Created', 'PolicyDenied', 'RepairFailed');
  }));

test.concurrent('a lock: the state is shown as far as it may be read, and nothing is written with each look', () =>
  inPlace(async (place) => {
    await place.apply('sample');
    await ready(place);
    await place.azure.addRefusal({ kind: 'lock', level: 'ReadOnly', scope: place.scope });
    await place.patch('sample', { spec: { description: 'mine' } });
    await place.until('sample', 'Ready=False Locked Stalled');
    await isQuiet(place);
    await setState(place, 'Limited', 'never');
    await shows(place, 'Limited', 'False');
    await isQuiet(place);
    expect(await place.writes('sample')).toEqual(['PUT', 'PUT']);
  }));

test.concurrent('a write that Azure ignores: the state is shown, and what others make of it is seen', () =>
  inPlace(async (place) => {
    await place.apply('sample');
    await ready(place);
    await place.azure.setWriteMode({ factory: place.factory, name: 'sample', mode: 'ignore' });
    await place.patch('sample', { spec: { description: 'mine' } });
    await place.until('sample', 'Ready=False NotApplied Stalled');
    await isQuiet(place);
    await setState(place, 'Offline');
    await shows(place, 'Offline', 'False');
    await setState(place, 'Online');
    await place.azure.drift({ factory: place.factory, name: 'sample', merge: { description: 'mine' } });
    await ready(place);
    expect(await place.writes('sample')).toEqual(['PUT', 'PUT']);
  }));

test.concurrent('an adoption that is refused: the state is shown, and the end of its cause is seen', () =>
  inPlace(async (place) => {
    await place.azure.putRuntime({ factory: place.factory, name: 'sample', properties: { type: 'Managed' } });
    await place.apply('sample', { adoptionPolicy: 'Never' });
    await place.until('sample', 'Ready=False AdoptionRefused Stalled');
    await isQuiet(place);
    await setState(place, 'Offline');
    await shows(place, 'Offline', 'False');
    await place.azure.deleteRuntime({ factory: place.factory, name: 'sample' });
    await ready(place);
  }));

test.concurrent('RepairExhausted and Offline that somebody mends in Azure', () =>
  inPlace(async (place) => {
    await place.apply('sample', { repair: { maxAttempts: 1 } });
    await ready(place);
    await setState(place, 'Limited', 'never');
    await place.until('sample', 'Ready=False Repairing Reconciling');
    await place.updateStatus('sample', { repair: { attempts: 1, lastAttemptTime: minutesAgo(2) } });
    await place.until('sample', 'Ready=False RepairExhausted Stalled');
    await isQuiet(place);
    await setState(place, 'Online');
    await ready(place);
    await setState(place, 'Offline');
    await place.until('sample', 'Ready=False Offline Reconciling');
    await place.updateStatus('sample', { waitingSince: { reason: 'Offline', time: minutesAgo(11) } });
    await place.until('sample', 'Ready=False Offline Stalled');
    await isQuiet(place);
    await setState(place, 'Online');
    await ready(place);
  }));
