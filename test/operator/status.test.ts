/** The status as people meet it: what somebody else writes into it, and what others call things. */
import { describe, expect, test } from '@jest/globals';
import { fault, PUT, reply } from './support/faults.ts';
import { type Azir, eventually, inBothKinds, message, type Place } from './support/place.ts';

/** Needs a person, so that the next look by itself is ten minutes away. */
async function stalled(place: Place, spec: Record<string, unknown> = {}): Promise<Azir> {
  await place.apply('sample', { repair: { mode: 'Disabled' }, ...spec });
  await place.until('sample', 'Ready=True Available');
  await place.azure.setState({ factory: place.factory, name: 'sample', state: 'Limited' });
  await place.look('sample');
  return place.until('sample', 'Ready=False Limited Stalled');
}

const forged = ({ status }: Azir, text: string) => ({
  conditions: status?.conditions?.map((condition) => ({ ...condition, message: text })),
});

/** Resolves once the status is as it was. */
const untilAsBefore = (place: Place, { status }: Azir) =>
  eventually(async () => {
    const now = await place.get('sample');
    expect(now?.status?.conditions).toEqual(status?.conditions);
    expect(now?.status).toEqual(status);
  });

describe.each(inBothKinds)('a status that somebody else writes over while it is Stalled, in a $kind', ({ inPlace }) => {
  test.concurrent('is written again when only conditions say something else', () =>
    inPlace(async (place) => {
      const before = await stalled(place);
      await place.updateStatus('sample', forged(before, 'All is well.'));
      await untilAsBefore(place, before);
      await place.untilEvents('sample', 'Created', 'Limited');
    }));

  test.concurrent('is written again when the state is another, and once an interval if that goes on', () =>
    inPlace(async (place) => {
      const before = await stalled(place, { interval: '1h' });
      await place.updateStatus('sample', { state: 'Forged 0' });
      await untilAsBefore(place, before);
      for (const n of [1, 2, 3]) await place.updateStatus('sample', { state: `Forged ${n}` });
      await place.barrier();
      const states = (await place.allVersions('sample')).flatMap(({ status }) => status?.state ?? []);
      expect(states.slice(states.indexOf('Forged 0'))).toEqual([
        'Forged 0',
        'Limited',
        'Forged 1',
        'Forged 2',
        'Forged 3',
      ]);
      expect(await place.writes('sample')).toEqual(['PUT']);
    }));

  test.concurrent('is written again when it is emptied, and the runtime stays ours', () =>
    inPlace(async (place) => {
      const before = await stalled(place);
      const nothing = Object.fromEntries(Object.keys(before.status ?? {}).map((key) => [key, undefined]));
      await place.updateStatus('sample', { ...nothing, observedGeneration: -1 });
      const after = await place.until('sample', 'Ready=False Limited Stalled');
      expect(after.status).toMatchObject({ state: 'Limited', claim: { origin: before.status?.claim?.origin } });
      expect(await place.writes('sample')).toEqual(['PUT']);
    }));
});

const MEAN = 'a\u202Eb\u200Bc\u2069\u{E0041}';
const SEEN = 'a\\u{202e}b\\u{200b}c\\u{2069}\\u{e0041}';
const UNSEEN = /[\p{Cc}\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF\u{E0000}-\u{E007F}]/u;

/** Nothing that leaves the operator holds what cannot be seen. */
async function expectAllSeen(place: Place): Promise<void> {
  const { conditions, state, location, drift } = (await place.get('sample'))?.status ?? {};
  const events = await place.eventsInFull('sample');
  const lines = await place.log();
  for (const text of [conditions, state, location, drift, events, lines].map((part) => JSON.stringify(part ?? ''))) {
    expect(text).not.toMatch(UNSEEN);
  }
  expect(JSON.stringify(lines)).not.toMatch(/\\u00[0189]/);
}

describe.each(inBothKinds)('what cannot be seen is shown, in a $kind,', ({ inPlace }) => {
  test.concurrent('in an error message of Azure', () =>
    inPlace(async (place) => {
      await fault(place, PUT, reply(400, { error: { code: 'BadRequest', message: `No ${MEAN}.` } }));
      await place.apply('sample');
      const object = await place.until('sample', 'Ready=False InvalidDefinition Stalled');
      expect(message(object)).toContain(`No ${SEEN}.`);
      await place.untilEvents('sample', 'InvalidDefinition');
      expect((await place.eventsInFull('sample'))[0]?.note).toContain(`No ${SEEN}.`);
      expect(JSON.stringify(await place.log())).toContain(JSON.stringify(SEEN).slice(1, -1));
      await expectAllSeen(place);
    }));

  test.concurrent('in a state', () =>
    inPlace(async (place) => {
      await place.apply('sample');
      await place.until('sample', 'Ready=True Available');
      await place.azure.setState({ factory: place.factory, name: 'sample', state: MEAN });
      const object = await place.until('sample', 'Ready=Unknown Unknown Reconciling');
      expect(object.status?.state).toBe(SEEN);
      expect(message(object)).toContain(SEEN);
      await place.untilEvents('sample', 'Created', 'Unknown');
      const versions = (await place.allVersions('sample')).length;
      await place.passes('sample');
      expect(await place.allVersions('sample')).toHaveLength(versions);
      await expectAllSeen(place);
    }));

  test.concurrent('in what a runtime is called in Azure, which keeps it as it is', () =>
    inPlace(async (place) => {
      const properties = {
        type: 'Managed',
        description: MEAN,
        typeProperties: { computeProperties: { location: MEAN } },
      };
      await place.azure.putRuntime({ factory: place.factory, name: 'sample', properties });
      const dataFlow = { customProperties: [{ name: MEAN, value: '1' }] };
      await place.apply('sample', { managementPolicy: 'Observe', description: 'mine', location: undefined, dataFlow });
      const object = await eventually(async () => {
        const found = await place.get('sample');
        expect(found?.status?.drift).toHaveLength(2);
        return found;
      });
      expect(object?.status?.location).toBe(SEEN);
      expect(object?.status?.drift).toEqual(
        expect.arrayContaining([
          { field: 'description', desired: 'mine', observed: SEEN },
          { field: `dataFlow.customProperties[${SEEN}]`, desired: '1' },
        ]),
      );
      await expectAllSeen(place);
      const location = 'West Europe';
      await place.patch('sample', { spec: { managementPolicy: 'Manage', location, description: `${MEAN}!` } });
      await eventually(async () => {
        const { properties: now } = (await place.runtime('sample')) ?? {};
        expect(now).toMatchObject({
          description: `${MEAN}!`,
          typeProperties: {
            computeProperties: { location, dataFlowProperties: { customProperties: dataFlow.customProperties } },
          },
        });
      });
      await place.until('sample', 'Ready=True Available');
      await expectAllSeen(place);
    }));
});
