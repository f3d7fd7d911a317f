/** A write fails, before or after it took effect: Azure ends up as declared, once, and the object knows that it is its own. */
import { describe, expect, test } from '@jest/globals';
import type { Fault, FaultEffect } from '../../dev/emulator/index.ts';
import {
  count,
  DELETE,
  DROP,
  fault,
  GET,
  HTML,
  PUT,
  refusal,
  reply,
  STATUS,
  trace,
  untilCalled,
} from './support/faults.ts';
import { inHistory, isHeld } from './support/history.ts';
import { eventually, message } from './support/place.ts';

type Case = [what: string, effect: FaultEffect, more: Omit<Fault, 'match' | 'effect'>, between: string[]];

const UNAVAILABLE = ['Unknown AzureUnavailable, Reconciling AzureUnavailable'];
const THROTTLED = ['Unknown Throttled, Reconciling Throttled'];
const NOTHING: string[] = [];
/** As often as one pass tries. */
const WHOLE_PASS = 3;

/** What is told in between: nothing, when the pass that failed tries again or the next one finds everything well. */
const CASES: Case[] = [
  ['dropped before it took effect', DROP, { times: 1 }, NOTHING],
  ['dropped before it took effect, again and again', DROP, { times: WHOLE_PASS }, UNAVAILABLE],
  ['dropped after it took effect', DROP, { times: 1, when: 'after' }, NOTHING],
  ['dropped after it took effect, again and again', DROP, { times: WHOLE_PASS, when: 'after' }, UNAVAILABLE],
  ['500 before', reply(500), { times: WHOLE_PASS }, UNAVAILABLE],
  ['500 after', reply(500), { times: WHOLE_PASS, when: 'after' }, UNAVAILABLE],
  ["a proxy's 502 page, after", reply(502, HTML), { times: 1, when: 'after' }, NOTHING],
  ["a proxy's 200 page, before", reply(200, HTML), { times: 1 }, UNAVAILABLE],
  ["a proxy's 200 page, after", reply(200, HTML), { times: 1, when: 'after' }, UNAVAILABLE],
  ['an answer cut short, after', reply(200, '{"name":"sam'), { times: 1, when: 'after' }, UNAVAILABLE],
  [
    'an answer without etag, after',
    reply(200, { name: 'sample', properties: { type: 'Managed' } }),
    { times: 1, when: 'after' },
    UNAVAILABLE,
  ],
  [
    'an answer without properties, after',
    reply(200, { name: 'sample', etag: '1' }),
    { times: 1, when: 'after' },
    UNAVAILABLE,
  ],
  ['202 and no body, after', reply(202, ''), { times: 1, when: 'after' }, UNAVAILABLE],
  ['204, after', reply(204), { times: 1, when: 'after' }, UNAVAILABLE],
  ['a 404 of no known code, before', refusal(404, 'SomethingNotFound'), { times: 1 }, UNAVAILABLE],
  ["the runtime's own 404, which means nothing here", refusal(404, 'NotFound'), { times: 1 }, UNAVAILABLE],
  ['409 of no known code, before', refusal(409, 'AnotherOperationInProgress'), { times: 1 }, UNAVAILABLE],
  ['412 though nobody wrote', refusal(412, 'PreconditionFailed'), { times: 1 }, NOTHING],
  ['an expired token', refusal(401, 'ExpiredAuthenticationToken'), { times: 1 }, NOTHING],
  ['429', reply(429, undefined, { 'retry-after': '1' }), { times: 1 }, THROTTLED],
  ['503 with Retry-After', reply(503, undefined, { 'retry-after': '2' }), { times: 1 }, UNAVAILABLE],
];

/** What a deletion of which no answer came has taken away is missed by two looks before the object goes. */
function goneAfter([what, effect, more, between]: Case): Case {
  const missed = more.when === 'after' && between.length > 0 ? ['False Deleting, Reconciling Deleting'] : [];
  return [what, effect, more, [...between, ...missed]];
}

const DELETE_CASES: Case[] = [
  ...CASES.filter(([what]) => !/answer|200 page|20[24]|412|own 404/.test(what)).map(goneAfter),
  // Not the answer that is recorded, so nothing is known: the next looks tell.
  goneAfter(['202 and no body, after', reply(202, ''), { times: 1, when: 'after' }, UNAVAILABLE]),
];

describe('writing fails', () => {
  test.concurrent.each(CASES)('a create that meets %s', (_what, effect, more, between) =>
    inHistory(async (place, history) => {
      await fault(place, PUT, effect, more);
      await place.apply('sample');
      const object = await history.until('sample', 'True Available');
      expect(history.story('sample')).toEqual([...between, 'True Available']);
      expect(object.status?.claim).toEqual({ origin: 'Created', identity: place.run.identity });
      expect(isHeld(object)).toBe(true);
      const runtimes = await place.azure.runtimes(place.factory);
      expect(runtimes.map(({ name, properties }) => [name, properties])).toEqual([
        ['sample', { type: 'Managed', typeProperties: { computeProperties: { location: 'West Europe' } } }],
      ]);
      await eventually(async () => expect(await place.events('sample')).toEqual(['Created']));
    }),
  );

  test.concurrent('201, which the specification does not know: the answer counts', () =>
    inHistory(async (place, history) => {
      const properties = { type: 'Managed', typeProperties: { computeProperties: { location: 'West Europe' } } };
      await fault(place, PUT, reply(201, { name: 'sample', etag: '01-02', properties }), { times: 1, when: 'after' });
      await place.apply('sample');
      await history.until('sample', 'True Available');
      expect(history.story('sample')).toEqual(['True Available']);
      expect(await count(place, PUT)).toBe(1);
    }));

  test.concurrent('somebody who creates it in the same moment, otherwise: it is theirs, and adopted', () =>
    inHistory(async (place, history) => {
      // The GET was before it, the PUT comes after.
      await fault(place, GET, refusal(404, 'NotFound'), { times: 1 });
      const theirs = { type: 'Managed', description: 'theirs', alien: true };
      await place.azure.putRuntime({ factory: place.factory, name: 'sample', properties: theirs });
      await place.apply('sample', { description: 'mine' });
      const object = await history.until('sample', 'True Available');
      expect(object.status?.claim?.origin).toBe('Adopted');
      expect((await place.runtime('sample'))?.properties).toMatchObject({ description: 'mine', alien: true });
      await place.delete('sample');
      await history.untilGone('sample');
      expect(await place.runtime('sample')).not.toBeNull();
    }));

  test.concurrent.each(CASES)('an update that meets %s', (_what, effect, more, between) =>
    inHistory(async (place, history) => {
      await place.apply('sample');
      const { status } = await history.until('sample', 'True Available');
      await place.azure.drift({ factory: place.factory, name: 'sample', merge: { alien: { kept: [1] } } });
      const from = history.versions('sample').length;
      await fault(place, PUT, effect, more);
      await place.patch('sample', { spec: { description: 'second', location: 'North Europe' } });
      const object = await history.until('sample', 'True Available', from);
      expect(history.story('sample', from)).toEqual([...between, 'True Available']);
      expect(object.status?.claim).toEqual(status?.claim);
      expect(object.status?.ownedFields).toEqual(['description', 'location']);
      expect((await place.runtime('sample'))?.properties).toEqual({
        type: 'Managed',
        description: 'second',
        alien: { kept: [1] },
        typeProperties: { computeProperties: { location: 'North Europe' } },
      });
      expect(await place.azure.runtimes(place.factory)).toHaveLength(1);
    }),
  );

  test.concurrent('a failure that is told, is still what a person declared, and no drift', () =>
    inHistory(async (place, history) => {
      await place.apply('sample');
      await history.until('sample', 'True Available');
      const from = history.versions('sample').length;
      await fault(place, PUT, refusal(409, 'AnotherOperationInProgress'), { times: 1 });
      await place.patch('sample', { spec: { description: 'second' } });
      const object = await history.until('sample', 'True Available', from);
      expect(object.status).not.toHaveProperty('corrections');
      await place.untilEvents('sample', 'Created', 'Updated');
    }));

  test.concurrent('somebody who writes in the same moment: 412, it looks again, and both are there', () =>
    inHistory(async (place, history) => {
      await place.apply('sample');
      await history.until('sample', 'True Available');
      const { id, name, type, etag, properties } = (await place.runtime('sample')) ?? {};
      await fault(place, GET, reply(200, JSON.stringify({ id, name, type, etag, properties })), { times: 1 });
      await place.azure.drift({ factory: place.factory, name: 'sample', merge: { alien: 1 } });
      const from = history.versions('sample').length;
      await place.patch('sample', { spec: { description: 'mine' } });
      await history.until('sample', 'True Available', from);
      expect((await place.runtime('sample'))?.properties).toMatchObject({ description: 'mine', alien: 1 });
      const puts = (await trace(place, { operation: PUT })).map(({ status }) => status);
      expect(puts).toEqual([200, 412, 200]);
    }));

  test.concurrent('a correction of drift whose answer is lost is made once', () =>
    inHistory(async (place, history) => {
      await place.apply('sample');
      await history.until('sample', 'True Available');
      await fault(place, PUT, DROP, { times: WHOLE_PASS, when: 'after' });
      const drifted = { description: 'theirs', typeProperties: { computeProperties: { location: 'North Europe' } } };
      await place.azure.drift({ factory: place.factory, name: 'sample', merge: drifted });
      const corrected = { description: 'theirs', typeProperties: { computeProperties: { location: 'West Europe' } } };
      await eventually(async () => expect((await place.runtime('sample'))?.properties).toMatchObject(corrected));
      const { etag } = (await place.runtime('sample')) ?? {};
      await untilCalled(place, STATUS, 3);
      await history.until('sample', 'True Available');
      expect((await place.runtime('sample'))?.etag).toBe(etag);
    }));

  // A 412 that does not end (a factory that is published all the time) leaves the status at the older generation, without a word.
  test.concurrent('412 without end says so', () =>
    inHistory(async (place, history) => {
      await place.apply('sample');
      await history.until('sample', 'True Available');
      await fault(place, PUT, refusal(412, 'PreconditionFailed'));
      await place.patch('sample', { spec: { description: 'mine' } });
      await untilCalled(place, PUT, 5);
      expect(history.latest('sample')?.status?.observedGeneration).toBe(2);
    }));

  test.concurrent.each(DELETE_CASES)('a delete that meets %s', (_what, effect, more, between) =>
    inHistory(async (place, history) => {
      await place.apply('sample');
      await history.until('sample', 'True Available');
      const from = history.versions('sample').length;
      await fault(place, DELETE, effect, more);
      await place.delete('sample');
      await history.untilGone('sample');
      expect(history.story('sample', from)).toEqual(between);
      for (const version of history.versions('sample').slice(from)) {
        if (between.length > 0 && version.status?.observedGeneration === version.metadata.generation)
          expect(message(version)).toMatch(/\(deletionPolicy: Retain\)\./);
      }
      expect(await place.azure.runtimes(place.factory)).toEqual([]);
      await eventually(async () => expect(await place.events('sample')).toEqual(['Created', 'Deleted']));
    }),
  );

  // Any 200 is believed, whatever came with it: the object goes and the runtime stays, with nobody to own it.
  test("a proxy's 200 page is not taken for a deletion", () =>
    inHistory(async (place, history) => {
      await place.apply('sample');
      await history.until('sample', 'True Available');
      await fault(place, DELETE, reply(200, HTML), { times: 1 });
      await place.delete('sample');
      await history.untilGone('sample');
      expect(await place.runtime('sample')).toBeNull();
    }));
});
