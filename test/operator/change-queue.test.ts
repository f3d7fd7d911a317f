/** What the operator makes of the change queue: drift is set back though nobody polls for an hour, and a message is a hint at the most. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { strangers, tells } from '../support/change-events.ts';
import { announce, changeQueue, Sender } from './support/change-queue.ts';
import { STATUS } from './support/faults.ts';
import { eventually, inBothKinds, inPlace, type Place, summary } from './support/place.ts';

/** Without a message, nothing is polled while these tests run. */
const SELDOM = { interval: '1h' };
const DECLARED = { description: 'as declared' };
const DRIFT = { merge: { description: 'changed by another writer' } };
/** At most one poll of a runtime in so long, however many messages name it. */
const SPACING_MS = 5_000;

const describeWithQueue = changeQueue() === undefined ? describe.skip : describe;
let sender: Sender;
if (changeQueue() !== undefined) {
  beforeAll(() => {
    sender = new Sender();
  });
  afterAll(() => sender.stop());
}

async function atRest(place: Place, name = 'sample', spec: object = {}): Promise<void> {
  await place.apply(name, { ...SELDOM, ...DECLARED, ...spec });
  await place.until(name, 'Ready=True Available');
}

function drifts(place: Place, name = 'sample'): Promise<unknown> {
  return place.azure.drift({ factory: place.factory, name, ...DRIFT });
}

function isSetBack(place: Place, name = 'sample'): Promise<void> {
  return eventually(async () => expect((await place.runtime(name))?.properties).toMatchObject(DECLARED), 60_000);
}

async function polls(place: Place, name = 'sample'): Promise<number> {
  return (await place.trace(name)).filter(({ operation }) => operation === STATUS).length;
}

/** Resolves once everything has been read that was in the queue before: a drift in a place of its own is set back. */
async function read(): Promise<void> {
  await inPlace(async (other) => {
    await atRest(other, 'last');
    await announce(other);
    await drifts(other, 'last');
    await isSetBack(other, 'last');
  });
}

describeWithQueue.each(inBothKinds)('drift that Azure tells of, in a $kind', ({ inPlace }) => {
  test.concurrent('is set back at once: a list, and what a correction costs', () =>
    inPlace(async (place) => {
      await atRest(place);
      const before = (await place.requests()).length;
      await announce(place);
      await drifts(place);
      await isSetBack(place);
      await place.untilEvents('sample', 'Created', 'DriftDetected', 'DriftCorrected');
      expect(new Set((await place.requests()).slice(before))).toEqual(new Set(['LIST', ...place.kind.requests.update]));
    }));

  test.concurrent('is a deletion: the runtime is created again', () =>
    inPlace(async (place) => {
      await atRest(place);
      await announce(place);
      await place.azure.deleteRuntime({ factory: place.factory, name: 'sample' });
      await isSetBack(place);
    }));

  // That it is gone is told once it was denied for minutes: tests of the core hold that.
  test.concurrent('is the end of its parent: the object is polled', () =>
    inPlace(async (place) => {
      await atRest(place);
      await announce(place);
      const before = (await place.requests()).length;
      if (place.kind.parent === 'factory') await place.azure.removeFactory(place.factory);
      else await place.azure.removeWorkspace(place.factory);
      await eventually(async () => expect((await place.requests()).slice(before)).toContain('LIST'));
    }));

  test.concurrent('is the end of the resource group: the object is polled', () =>
    inPlace(async (place) => {
      await atRest(place);
      await announce(place);
      const before = (await place.requests()).length;
      const { subscriptionId, resourceGroup: name } = place.factory;
      await place.azure.removeResourceGroup({ subscriptionId, name });
      await eventually(async () => expect((await place.requests()).slice(before)).toContain('LIST'));
    }));

  test.concurrent('and the polls that follow wake nothing: asking for the state is an action, too', () =>
    inPlace(async (place) => {
      await atRest(place);
      await announce(place);
      await place.look('sample');
      await place.look('sample');
      const before = await polls(place);
      await eventually(async () => {
        const raised = await place.azure.events({ subscriptionId: place.factory.subscriptionId });
        expect(raised.filter(({ delivery }) => delivery === 'pending')).toEqual([]);
        expect(raised.filter(({ operationName }) => /getStatus/i.test(operationName)).length).toBeGreaterThanOrEqual(2);
      });
      await read();
      expect(await polls(place)).toBe(before);
    }));

  test.concurrent('is not what the operator writes itself: its creates cost what they cost without a queue', () =>
    inPlace(async (place) => {
      await announce(place);
      const names = Array.from({ length: 50 }, (_, n) => `own-${n}`);
      const items = names.map((name) => place.manifest(name, SELDOM));
      const { code, stderr } = await place.try(['apply', '-f', '-'], {
        stdin: { apiVersion: 'v1', kind: 'List', items },
      });
      expect([code, stderr]).toEqual([0, '']);
      for (const name of names) await place.until(name, 'Ready=True Available', 60_000);
      await read();
      const expected = [...place.kind.requests.create].sort();
      for (const name of names) expect((await place.requests(name)).sort()).toEqual(expected);
    }));
});

describeWithQueue('a message', () => {
  test.concurrent.each([
    { schema: 'CloudEvents' },
    { encoding: 'plain' },
    { shape: 'array' },
    { schema: 'CloudEvents', encoding: 'plain', shape: 'array', delayMs: 1_000 },
  ] as const)('is understood in each form: %j', (how) =>
    inPlace(async (place) => {
      await atRest(place);
      await announce(place, how);
      await drifts(place);
      await isSetBack(place);
    }),
  );

  test.concurrent('that comes five times causes one correction', () =>
    inPlace(async (place) => {
      await atRest(place);
      await announce(place, { copies: 5 });
      await drifts(place);
      await isSetBack(place);
      await read();
      expect(await place.writes('sample')).toEqual(['PUT', 'PUT']);
    }));

  test.concurrent('that comes before an earlier one causes no harm: what counts is what is there', () =>
    inPlace(async (place) => {
      await atRest(place);
      await announce(place, { reversed: 3 });
      await drifts(place);
      await place.azure.deleteRuntime({ factory: place.factory, name: 'sample' });
      await place.azure.putRuntime({ factory: place.factory, name: 'sample', properties: { type: 'Managed' } });
      await isSetBack(place);
      await place.until('sample', 'Ready=True Available');
    }));

  test.concurrent('that names no object costs nothing, whatever it is', () =>
    inPlace(async (place) => {
      await atRest(place);
      const before = (await place.trace()).length;
      await sender.send(...strangers(place.factory, 320));
      await read();
      expect((await place.trace()).slice(before)).toEqual([]);
    }));

  test.concurrent('of a known runtime is a reason to poll once in a while, however often it comes', () =>
    inPlace(async (place) => {
      await atRest(place);
      const began = Date.now();
      const [before] = [await polls(place)];
      const { factory } = place;
      await sender.send(...Array.from({ length: 96 }, () => tells({ factory, runtime: 'SAMPLE' })));
      await read();
      await eventually(async () => expect(await polls(place)).toBeGreaterThan(before));
      const made = (await polls(place)) - before;
      expect(made).toBeLessThanOrEqual(2 + (Date.now() - began) / SPACING_MS);
      expect(await place.writes('sample')).toEqual(['PUT']);
    }));

  test.concurrent.each(['delete', 'write'])('that forges a %s is a reason to poll, and to write nothing', (verb) =>
    inPlace(async (place) => {
      await atRest(place);
      const before = await polls(place);
      await sender.send(tells({ factory: place.factory, runtime: 'sample', verb }));
      await eventually(async () => expect(await polls(place)).toBeGreaterThan(before));
      expect(await place.writes('sample')).toEqual(['PUT']);
      expect(summary(await place.get('sample'))).toBe('Ready=True Available');
    }),
  );

  test.concurrent('about what was an hour ago is dropped: the operator has looked since', () =>
    inPlace(async (place) => {
      await atRest(place);
      await place.look('sample');
      const before = await place.calls();
      const at = new Date(Date.now() - 3_600_000);
      await sender.send(tells({ factory: place.factory, runtime: 'sample', at }));
      await read();
      expect(await place.calls()).toEqual(before);
    }));
});
