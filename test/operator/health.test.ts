/** What Azure says of the state of a runtime, and what is done about it. */
import { describe, expect, test } from '@jest/globals';
import type { FaultEffect } from '../../dev/emulator/index.ts';
import { DROP, fault, heal, PUT, refusal } from './support/faults.ts';
import { eventually, inBothKinds, message, minutesAgo, type Place } from './support/place.ts';

const ready = (place: Place) => place.until('sample', 'Ready=True Available');
type State = Parameters<Place['azure']['setState']>[0];
const setState = (place: Place, state: State['state'], repairsNeeded?: State['repairsNeeded']) =>
  place.azure.setState({
    factory: place.factory,
    name: 'sample',
    state,
    ...(repairsNeeded === undefined ? {} : { repairsNeeded }),
  });

/** As if the wait after the first repair were over, and that for what a workspace has only accepted. */
async function waitIsOver(place: Place): Promise<void> {
  await isCarriedOut(place);
  await place.updateStatus('sample', {
    repair: { attempts: 1, lastAttemptTime: minutesAgo(2), nextAttemptTime: minutesAgo(1) },
    operation: undefined,
  });
}

/** Resolves once the last write is carried out: the next one would meet another etag than it has read. */
const isCarriedOut = (place: Place) =>
  eventually(async () => {
    const replaced = (await place.trace('sample')).findLast(({ method }) => method === 'PUT')?.ifMatch;
    expect((await place.runtime('sample'))?.etag).not.toBe(replaced);
  });

async function created(place: Place, spec: Record<string, unknown> = {}) {
  await place.apply('sample', spec);
  return ready(place);
}

describe.each(inBothKinds)('a Limited runtime, in a $kind', ({ inPlace }) => {
  test.concurrent('is repaired at once by writing the full definition again', () =>
    inPlace(async (place) => {
      await created(place);
      await place.azure.drift({ factory: place.factory, name: 'sample', merge: { alien: 1 } });
      await setState(place, 'Limited');
      await place.untilEvents('sample', 'Created', 'RepairStarted', 'Repaired');
      const object = await ready(place);
      expect(object.status).toMatchObject({ state: 'Online', repair: { attempts: 1 } });
      expect(object.status?.repair?.nextAttemptTime).toBeUndefined();
      expect(await place.writes('sample')).toEqual(['PUT', 'PUT']);
      const put = (await place.trace('sample')).filter(({ method }) => method === 'PUT').at(-1);
      expect(put?.body).toMatchObject({
        properties: { type: 'Managed', alien: 1, typeProperties: { computeProperties: { location: 'West Europe' } } },
      });
      expect(put?.ifMatch).toBeDefined();
    }));

  test.concurrent('shows how often it was repaired and when it will be next', () =>
    inPlace(async (place) => {
      await created(place);
      await setState(place, 'Limited', 'never');
      const object = await place.until('sample', 'Ready=False Repairing Reconciling');
      expect(message(object)).toBe(
        'Runtime is Limited; repair attempt 1 of 5 made. Another follows if it stays Limited.',
      );
      const { attempts, lastAttemptTime, nextAttemptTime } = object.status?.repair ?? {};
      expect(attempts).toBe(1);
      expect(Date.parse(nextAttemptTime ?? '') - Date.parse(lastAttemptTime ?? '')).toBe(60_000);
      await place.passes('sample');
      expect(await place.writes('sample')).toEqual(['PUT', 'PUT']);
      await place.untilEvents('sample', 'Created', 'RepairStarted');
    }));

  test.concurrent('is repaired again when the wait is over, and then waited for twice as long', () =>
    inPlace(async (place) => {
      await created(place);
      await setState(place, 'Limited', 2);
      await place.until('sample', 'Ready=False Repairing Reconciling');
      await place.untilEvents('sample', 'Created', 'RepairStarted');
      await waitIsOver(place);
      await place.untilEvents('sample', 'Created', 'RepairStarted', 'RepairStarted', 'Repaired');
      const { status } = await ready(place);
      expect(status?.repair?.attempts).toBe(2);
      const waited = (await place.allVersions('sample')).find((version) => version.status?.repair?.attempts === 2)
        ?.status?.repair;
      expect(Date.parse(waited?.nextAttemptTime ?? '') - Date.parse(waited?.lastAttemptTime ?? '')).toBe(120_000);
    }));

  test.concurrent('needs a person when the repairs are exhausted, and one more can be asked for', () =>
    inPlace(async (place) => {
      await created(place, { repair: { maxAttempts: 1 } });
      await setState(place, 'Limited', 2);
      await place.until('sample', 'Ready=False Repairing Reconciling');
      await place.untilEvents('sample', 'Created', 'RepairStarted');
      await waitIsOver(place);
      const object = await place.until('sample', 'Ready=False RepairExhausted Stalled');
      expect(message(object)).toMatch(/after 1 repairs?\..*azure-ir\.io\/repair=/);
      expect(await place.writes('sample')).toEqual(['PUT', 'PUT']);
      await place.annotate('sample', 'azure-ir.io/repair', 'once-more');
      const after = await ready(place);
      expect(after.status?.lastHandledRepairAt).toBe('once-more');
      expect(await place.writes('sample')).toEqual(['PUT', 'PUT', 'PUT']);
      await place.untilEvents('sample', 'Created', 'RepairStarted', 'RepairExhausted', 'RepairStarted', 'Repaired');
    }));

  test.concurrent('is left to a person when repair is off', () =>
    inPlace(async (place) => {
      await created(place, { repair: { mode: 'Disabled' } });
      await setState(place, 'Limited');
      const object = await place.until('sample', 'Ready=False Limited Stalled');
      expect(message(object)).toMatch(/repair\.mode: Auto/);
      expect(object.status?.state).toBe('Limited');
      await place.look('sample');
      expect(await place.writes('sample')).toEqual(['PUT']);
      expect(await place.eventsInFull('sample')).toMatchObject([
        { reason: 'Created' },
        { type: 'Warning', reason: 'Limited' },
      ]);
    }));

  test.concurrent('is repaired once when asked for by annotation although repair is off', () =>
    inPlace(async (place) => {
      await created(place, { repair: { mode: 'Disabled' } });
      await setState(place, 'Limited');
      await place.until('sample', 'Ready=False Limited Stalled');
      await place.annotate('sample', 'azure-ir.io/repair', 'please');
      expect((await ready(place)).status?.lastHandledRepairAt).toBe('please');
      expect(await place.writes('sample')).toEqual(['PUT', 'PUT']);
      await eventually(async () =>
        expect((await place.events('sample')).slice(0, 3)).toEqual(['Created', 'Limited', 'RepairStarted']),
      );
    }));

  test.concurrent('that was repaired because a person asked is told to be Repaired', () =>
    inPlace(async (place) => {
      await created(place, { repair: { mode: 'Disabled' } });
      await setState(place, 'Limited');
      await place.until('sample', 'Ready=False Limited Stalled');
      await place.annotate('sample', 'azure-ir.io/repair', 'please');
      await ready(place);
      await place.barrier();
      await place.untilEvents('sample', 'Created', 'Limited', 'RepairStarted', 'Repaired');
    }));
});

/** As if the wait after an attempt that was not made were over. */
const waitIsOverAgain = async (place: Place) => {
  const object = await place.get('sample');
  await place.updateStatus('sample', { repair: { ...object?.status?.repair, nextAttemptTime: minutesAgo(1) } });
};

describe.each(inBothKinds)('a repair that is not made, in a $kind', ({ inPlace }) => {
  test.concurrent.each<[string, FaultEffect, RegExp]>([
    [
      '503',
      refusal(503, 'ServiceUnavailable'),
      /^Limited; repair attempt 1 did not reach Azure: .*503.* Retried automatically at /,
    ],
    ['a cut connection', DROP, /^Limited; repair attempt 1 did not reach Azure: .* Retried automatically at /],
    ['403', refusal(403, 'AuthorizationFailed'), /^Limited; repair attempt 1 was not made: .*role/],
    [
      '412',
      refusal(412, 'PreconditionFailed'),
      /^Limited; repair attempt 1 was not made: .*changed.* Retried automatically at /,
    ],
  ])('because of %s does not count, and is made when Azure works again', (_what, effect, said) =>
    inPlace(async (place) => {
      await created(place, { repair: { maxAttempts: 1 } });
      await fault(place, PUT, effect);
      await setState(place, 'Limited');
      const isTold = async () => expect(message(await place.get('sample'))).toMatch(said);
      await eventually(isTold);
      await waitIsOverAgain(place);
      await eventually(async () => {
        const { nextAttemptTime } = (await place.get('sample'))?.status?.repair ?? {};
        expect(Date.parse(nextAttemptTime ?? '')).toBeGreaterThan(Date.now());
        await isTold();
      });
      expect((await place.get('sample'))?.status?.repair?.attempts).toBe(0);
      await heal(place);
      await waitIsOverAgain(place);
      await ready(place);
      await eventually(async () =>
        expect((await place.get('sample'))?.status?.repair).toEqual({
          attempts: 1,
          lastAttemptTime: expect.any(String),
        }),
      );
      expect(await place.events('sample')).not.toContain('RepairExhausted');
    }),
  );
});

describe.each(inBothKinds)('a repair by annotation, in a $kind', ({ inPlace }) => {
  test.concurrent('is made of a runtime that is well, too, and of each token once', () =>
    inPlace(async (place) => {
      await created(place);
      await place.annotate('sample', 'azure-ir.io/repair', 'a');
      await place.untilEvents('sample', 'Created', 'RepairStarted');
      await place.passes('sample');
      expect(await place.writes('sample')).toEqual(['PUT', 'PUT']);
      expect((await ready(place)).status?.lastHandledRepairAt).toBe('a');
      await place.annotate('sample', 'azure-ir.io/repair', 'b');
      await place.untilEvents('sample', 'Created', 'RepairStarted', 'RepairStarted');
      expect(await place.writes('sample')).toEqual(['PUT', 'PUT', 'PUT']);
    }));
});

describe.each(inBothKinds)('a state, in a $kind', ({ inPlace }) => {
  test.concurrent.each(['Initial', 'Starting'])('%s is Provisioning, until the runtime is Online', (state) =>
    inPlace(async (place) => {
      const stages = [{ state, afterMs: 0 }];
      await place.azure.setLifecycle({ factory: place.factory, rules: [{ on: 'create', stages }] });
      await place.apply('sample');
      const object = await place.until('sample', 'Ready=False Provisioning Reconciling');
      expect(object.status).toMatchObject({ state, claim: { origin: 'Created' } });
      await setState(place, 'Online');
      await ready(place);
      await place.untilEvents('sample', 'Created');
    }),
  );

  test.concurrent('that is Provisioning for over half an hour needs a person', () =>
    inPlace(async (place) => {
      await created(place);
      await setState(place, 'Starting');
      await place.until('sample', 'Ready=False Provisioning Reconciling');
      await place.updateStatus('sample', { waitingSince: { reason: 'Provisioning', time: minutesAgo(31) } });
      const object = await place.until('sample', 'Ready=False Provisioning Stalled');
      expect(message(object)).toMatch(/over 30 minutes\. Check it in Azure/);
      await place.untilEvents('sample', 'Created', 'Provisioning');
    }));

  test.concurrent.each(['Offline', 'AccessDenied', 'Stopped', 'Stopping', 'NeedRegistration'])(
    '%s is waited for, and needs a person after ten minutes',
    (state) =>
      inPlace(async (place) => {
        await created(place);
        await setState(place, state);
        const object = await place.until('sample', `Ready=False ${state} Reconciling`);
        expect(object.status?.state).toBe(state);
        expect(object.status?.conditions?.find(({ type }) => type === 'Healthy')).toMatchObject({
          status: 'False',
          reason: state,
        });
        expect(object.status?.conditions?.find(({ type }) => type === 'Synced')).toMatchObject({ status: 'True' });
        await place.updateStatus('sample', { waitingSince: { reason: state, time: minutesAgo(11) } });
        await place.until('sample', `Ready=False ${state} Stalled`);
        await place.untilEvents('sample', 'Created', state);
        await setState(place, 'Started');
        await place.look('sample');
        await ready(place);
      }),
  );

  test.concurrent('that nobody knows is shown as it is, and is no failure', () =>
    inPlace(async (place) => {
      await created(place);
      await setState(place, 'Meditating (deeply)');
      const object = await place.until('sample', 'Ready=Unknown Unknown Reconciling');
      expect(object.status?.state).toBe('Meditating (deeply)');
      expect(message(object)).toContain('Meditating (deeply)');
      expect(object.status?.conditions?.find(({ type }) => type === 'Healthy')).toMatchObject({ status: 'Unknown' });
      await setState(place, 'Online');
      await ready(place);
    }));

  test.concurrent('that changes while the definition drifts: both are told, the drift corrected, the runtime repaired by it', () =>
    inPlace(async (place) => {
      await created(place);
      await place.azure.drift({ factory: place.factory, name: 'sample', merge: { typeProperties: null } });
      await setState(place, 'Limited');
      await place.untilEvents('sample', 'Created', 'DriftDetected', 'DriftCorrected');
      await ready(place);
      expect(await place.writes('sample')).toEqual(['PUT', 'PUT']);
    }));
});
