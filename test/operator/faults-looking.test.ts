/** Looking fails, in every way that a network, a proxy or Azure can think of: nothing is believed, and nothing is lost. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import type { FaultEffect } from '../../dev/emulator/index.ts';
import type { Operation } from '../../dev/emulator/operations.ts';
import {
  count,
  DROP,
  fault,
  GET,
  HTML,
  heal,
  LIST,
  PUT,
  refusal,
  reply,
  STATUS,
  trace,
  untilCalled,
} from './support/faults.ts';
import { inHistory, isHeld } from './support/history.ts';
import { eventually, message, type Place } from './support/place.ts';

const UNAVAILABLE = 'AzureUnavailable';

/** A runtime as Azure sends it, but for what is given. */
const runtime = (change: Record<string, unknown>) => {
  const good = { id: '/x', name: 'sample', type: 'x', etag: '01-02', properties: { type: 'Managed' } };
  return JSON.stringify({ ...good, ...change });
};
const page = (...items: string[]) => reply(200, `{"value":[${items.join(',')}]}`);

/** What a list can meet by itself, in every way that makes nothing of it. */
const LIST_CASES: [what: string, effect: FaultEffect][] = [
  ['a list cut short', reply(200, '{"value":[')],
  ['an empty answer to a list', reply(200, '')],
  ["a proxy's page for a list", reply(200, HTML, { 'content-type': 'text/html' })],
  ["a proxy's 502 page", reply(502, HTML, { 'content-type': 'text/html' })],
  ['a list without value', reply(200, {})],
  ['a list whose value is no array', reply(200, { value: { 0: {} } })],
  ['a list of null', page('null')],
  ['a listed runtime without properties', page(runtime({ properties: null }))],
  ['a listed runtime without etag', page(runtime({ etag: undefined }))],
  ['an etag that breaks headers', page(runtime({ etag: 'a\r\nX: b' }))],
  ['a listed runtime without name', page(runtime({ name: 7 }))],
  ['a type that is a number', page(runtime({ properties: { type: 1 } }))],
  ['a next page elsewhere', reply(200, { value: [], nextLink: 'https://example.com/' })],
  ['a next page that is a number', reply(200, { value: [], nextLink: 1 })],
  ['a dropped connection', DROP],
  ['500', reply(500)],
  ['a 403 of the list alone', refusal(403, 'AuthorizationFailed')],
  ["a proxy's 407", reply(407, HTML)],
  ['a 404 of no known code', refusal(404, 'SomethingNotFound')],
  ['a 404 page', reply(404, HTML)],
  ['a 409 of no known code', refusal(409, 'AnotherOperationInProgress')],
  ['a redirect', reply(302, '', { location: 'https://example.com/' })],
];

type Case = [what: string, operations: readonly Operation[], effect: FaultEffect, reason: string, words: RegExp];

/** As many as it takes for the object to hear of it: a list that fails is made up for by a GET. */
const CASES: Case[] = [
  ["a proxy's 502 page", [LIST, GET], reply(502, HTML), UNAVAILABLE, /returned 502/],
  ['an answer that is not JSON', [LIST, GET], reply(200, HTML), UNAVAILABLE, /not JSON/],
  ['an answer of null', [LIST, GET], reply(200, 'null'), UNAVAILABLE, /not an object/],
  ['a dropped connection', [LIST, GET], DROP, UNAVAILABLE, /the connection was dropped/],
  ['a 404 of no known code', [LIST, GET], refusal(404, 'SomethingNotFound'), UNAVAILABLE, /404.*SomethingNotFound/],
  [
    'a token that ran out, and runs out again',
    [LIST, STATUS, GET],
    refusal(401, 'ExpiredAuthenticationToken'),
    'CredentialUnavailable',
    /token/,
  ],
  ['a state cut short', [STATUS], reply(200, '{"properties":'), UNAVAILABLE, /not JSON/],
  ["a proxy's 502 page for a state", [STATUS], reply(502, HTML), UNAVAILABLE, /returned 502/],
  ['a status without state', [STATUS], reply(200, { properties: { type: 'Managed' } }), UNAVAILABLE, /no state/],
  ['a state that is an object', [STATUS], reply(200, { properties: { state: {} } }), UNAVAILABLE, /no state/],
  ['a state that is empty', [STATUS], reply(200, { properties: { state: '' } }), UNAVAILABLE, /no state/],
  ['a dropped connection for a state', [STATUS], DROP, UNAVAILABLE, /the connection was dropped/],
  ['503', [STATUS], reply(503), UNAVAILABLE, /returned 503/],
  ['a 404 of no known code for a state', [STATUS], refusal(404, 'SomethingNotFound'), UNAVAILABLE, /SomethingNotFound/],
];

const GET_CASES: [what: string, effect: FaultEffect, words: RegExp][] = [
  ['not JSON', reply(200, '{'), /not JSON/],
  ["a proxy's 502 page", reply(502, HTML), /returned 502/],
  ['an array', reply(200, '[]'), /not an object/],
  ['no properties', reply(200, runtime({ properties: undefined })), /no properties/],
  ['no etag', reply(200, runtime({ etag: null })), /etag/],
  ['no type', reply(200, runtime({ properties: {} })), /no type/],
  ['a dropped connection', DROP, /dropped/],
  ['503', reply(503), /503/],
  ['a 404 without a code', reply(404, ''), /404/],
  ['a 404 page', reply(404, HTML), /404/],
  ['a 404 of no known code', refusal(404, 'IntegrationRuntimeNotFound'), /IntegrationRuntimeNotFound/],
  [
    "the runtime's 404, but of the gateway",
    refusal(404, 'NotFound', { 'x-ms-failure-cause': 'gateway' }),
    /404.*NotFound/,
  ],
  ['204', reply(204), /not JSON/],
  ['304', reply(304), /304/],
];

/** Level and failure of what the log says of the list of this factory. */
async function saidOfList({ run, factory }: Place): Promise<string[]> {
  const lines = (await readFile(run.logFile, 'utf8')).split('\n').filter((line) => line.includes(factory.name));
  return lines
    .map((line): Record<string, string> => JSON.parse(line))
    .filter(({ level, msg }) => level !== 'debug' && /^(listing runtimes|list has entries)/.test(msg ?? ''))
    .map(({ level = '', failure = '' }) => `${level} ${failure}`.trim());
}

/** A list that tells what is not so changes nothing in Azure and nothing in the status. */
const misled = (effect: FaultEffect) =>
  inHistory(async (place, history) => {
    await place.apply('sample', { description: 'mine' });
    await history.until('sample', 'True Available');
    const before = await place.runtime('sample');
    const from = history.versions('sample').length;
    await fault(place, LIST, effect);
    const isStalled = () => history.latest('sample')?.status?.conditions?.some(({ type }) => type === 'Stalled');
    const wanted = (await count(place, LIST)) + 3;
    await eventually(async () => expect(isStalled() || (await count(place, LIST)) >= wanted).toBe(true));
    expect(history.versions('sample').length).toBe(from);
    expect(await place.runtime('sample')).toEqual(before);
  });

describe('looking fails', () => {
  test.concurrent.each(CASES)(
    'a Ready object keeps Ready, then waits, then knows nothing, then is Ready, over %s',
    (_what, operations, effect, reason, words) =>
      inHistory(async (place, history) => {
        await place.apply('sample');
        await history.until('sample', 'True Available');
        const before = await place.runtime('sample');
        const from = history.versions('sample').length;
        for (const operation of operations) await fault(place, operation, effect);
        const unknown = await history.until('sample', `Unknown ${reason}, Reconciling ${reason}`);
        expect(message(unknown)).toMatch(words);
        expect(message(unknown, 'Reconciling')).toMatch(words);
        await untilCalled(place, operations.at(-1) ?? LIST, 2);
        await heal(place);
        const healed = await history.until('sample', 'True Available');
        expect(history.story('sample', from)).toEqual([
          `True Available, Reconciling ${reason}`,
          `Unknown ${reason}, Reconciling ${reason}`,
          'True Available',
        ]);
        // One write for each of them, and none between.
        expect(history.versions('sample').length - from).toBe(3);
        expect(healed.status?.claim?.origin).toBe('Created');
        expect(await place.runtime('sample')).toEqual(before);
      }),
  );
  test.concurrent.each(GET_CASES)(
    'a new generation is Unknown at once, and nothing is written, over a GET that answers %s',
    (_what, effect, words) =>
      inHistory(async (place, history) => {
        await place.apply('old');
        await history.until('old', 'True Available');
        const before = await place.runtime('old');
        await fault(place, GET, effect);
        await place.apply('new');
        await place.patch('old', { spec: { description: 'of the second generation' } });
        const waits = `Unknown ${UNAVAILABLE}, Reconciling ${UNAVAILABLE}`;
        for (const name of ['new', 'old']) expect(message(await history.until(name, waits))).toMatch(words);
        await untilCalled(place, GET, 4);
        expect(await place.runtime('new')).toBeNull();
        expect(await place.runtime('old')).toEqual(before);
        expect(history.versions('new').some(isHeld)).toBe(false);
        await heal(place);
        const created = await history.until('new', 'True Available');
        await history.until('old', 'True Available');
        for (const name of ['new', 'old'])
          expect(history.story(name)).toEqual([...(name === 'old' ? ['True Available'] : []), waits, 'True Available']);
        expect(created.status?.claim?.origin).toBe('Created');
        expect((await place.runtime('old'))?.properties).toMatchObject({ description: 'of the second generation' });
        expect((await place.azure.runtimes(place.factory)).map(({ name }) => name)).toEqual(['new', 'old']);
      }),
  );

  test.concurrent.each(LIST_CASES)(
    'a list that fails for good, while everything else works, takes nothing from its objects: %s',
    (_what, effect) =>
      inHistory(async (place, history) => {
        await place.apply('sample', { description: 'mine' });
        await history.until('sample', 'True Available');
        const from = history.versions('sample').length;
        await fault(place, LIST, effect);
        await untilCalled(place, GET, 5);
        expect(history.versions('sample').length).toBe(from);
        await place.azure.drift({ factory: place.factory, name: 'sample', merge: { description: 'theirs' } });
        await eventually(async () =>
          expect((await place.runtime('sample'))?.properties).toMatchObject({ description: 'mine' }),
        );
        await untilCalled(place, GET, 2);
        expect(history.story('sample')).toEqual(['True Available']);
      }),
  );

  test.concurrent('a list that fails for good costs each object a GET an interval, is tried once in that time, and is told once', () =>
    inHistory(async (place, history) => {
      const names = ['one', 'two', 'three'];
      for (const name of names) await place.apply(name);
      for (const name of names) await history.until(name, 'True Available');
      await fault(place, LIST, refusal(403, 'AuthorizationFailed'));
      const asked = async () => {
        const entries = await trace(place);
        const since = entries.slice(entries.findIndex(({ status }) => status === 403));
        return [LIST, ...names].map((what) =>
          since.filter(({ operation, runtime }) =>
            operation === LIST ? what === LIST : operation === GET && runtime === what,
          ),
        );
      };
      await eventually(async () => {
        for (const same of await asked()) expect(same.length).toBeGreaterThan(3);
      });
      await heal(place);
      for (const same of await asked()) {
        for (const [i, { at }] of same.slice(1).entries()) expect(at - (same[i]?.at ?? 0)).toBeGreaterThan(900);
      }
      await eventually(async () => expect(await saidOfList(place)).toEqual(['warn forbidden', 'info']));
      for (const name of names) expect(history.story(name)).toEqual(['True Available']);
    }));

  test.concurrent('an entry of the list that cannot be understood leaves out that runtime only', () =>
    inHistory(async (place, history) => {
      for (const name of ['sample', 'other']) await place.apply(name);
      for (const name of ['sample', 'other']) await history.until(name, 'True Available');
      const other = await place.runtime('other');
      await fault(place, LIST, page(runtime({ etag: undefined }), JSON.stringify(other)));
      const before = await trace(place);
      await untilCalled(place, GET, 5);
      const reads = (await trace(place)).slice(before.length).filter(({ operation }) => operation === GET);
      expect(new Set(reads.map((entry) => entry.runtime))).toEqual(new Set(['sample']));
      for (const name of ['sample', 'other']) expect(history.story(name)).toEqual(['True Available']);
    }));

  test.concurrent('a list is a hint: nothing comes of one that shows no runtime at all', () => misled(page()));
  test.concurrent('a list is a hint: nothing comes of one that shows an old version', () =>
    misled(page(runtime({ properties: { type: 'Managed', description: 'old' } }))));
  test.concurrent('a list is a hint: nothing comes of one that shows another type', () =>
    misled(page(runtime({ properties: { type: 'SelfHosted' } }))));

  test.concurrent.each<[string, Operation, FaultEffect]>([
    ['a dropped list', LIST, DROP],
    ['a 503 for a state', STATUS, reply(503)],
    ['an expired token', LIST, refusal(401, 'ExpiredAuthenticationToken')],
    ['an expired token for a state', STATUS, refusal(401, 'ExpiredAuthenticationToken')],
    ['a token that is refused', LIST, refusal(401, 'InvalidAuthenticationToken')],
    ['a token of the wrong tenant', STATUS, refusal(401, 'InvalidAuthenticationTokenTenant')],
    ['a subscription that is not found', LIST, refusal(404, 'SubscriptionNotFound')],
    ['a subscription that is not found for a state', STATUS, refusal(404, 'SubscriptionNotFound')],
  ])('%s, once: is not told at all', (_what, operation, effect) =>
    inHistory(async (place, history) => {
      await place.apply('sample');
      await history.until('sample', 'True Available');
      const from = history.versions('sample').length;
      await fault(place, operation, effect, { times: 1 });
      await untilCalled(place, operation, 4);
      expect(history.versions('sample').length).toBe(from);
    }),
  );

  // Not together with others, whose own 401s make the operator ask for tokens too.
  test('tokens that Azure has revoked are replaced, and nobody notices', () =>
    inHistory(async (place, history) => {
      await place.apply('sample');
      await history.until('sample', 'True Available');
      const from = history.versions('sample').length;
      const tokens = async () => (await place.azure.counts({ operation: 'Entra_Token' })).Entra_Token ?? 0;
      const before = await tokens();
      await place.azure.revokeTokens();
      await eventually(async () => expect(await tokens()).toBeGreaterThan(before));
      await untilCalled(place, STATUS, 2);
      expect(history.versions('sample').length).toBe(from);
    }));

  test.concurrent.each([
    ['Hibernating', 'Hibernating'],
    ['In Ünknown-Weather/<b> %s ', 'In Ünknown-Weather/<b> %s '],
    ['x'.repeat(5_000), 'x'.repeat(80)],
  ])('an unknown state is shown as it is, and never written to (%#)', (state, shown) =>
    inHistory(async (place, history) => {
      await place.apply('sample');
      await history.until('sample', 'True Available');
      const before = await place.runtime('sample');
      await place.azure.setState({ factory: place.factory, name: 'sample', state });
      const unknown = await history.until('sample', 'Unknown Unknown, Reconciling Unknown');
      expect(unknown.status?.state).toBe(shown);
      expect(message(unknown)).toContain(shown.trim());
      await untilCalled(place, STATUS, 3);
      expect((await place.runtime('sample'))?.etag).toBe(before?.etag);
      await place.azure.setState({ factory: place.factory, name: 'sample', state: 'Online' });
      await history.until('sample', 'True Available');
    }),
  );

  test.concurrent('an unknown type is shown and never written to, of a runtime that stood there and of one that was ours', () =>
    inHistory(async (place, history) => {
      const properties = { type: 'Quantum', typeProperties: { qubits: 3 } };
      const stood = await place.azure.putRuntime({ factory: place.factory, name: 'theirs', properties });
      await place.apply('theirs');
      await place.apply('ours');
      await history.until('ours', 'True Available');
      const became = await place.azure.putRuntime({ factory: place.factory, name: 'ours', properties });
      for (const name of ['theirs', 'ours']) {
        const object = await history.until(name, 'False TypeConflict, Stalled TypeConflict');
        expect(message(object)).toContain('Quantum');
      }
      await place.delete('theirs');
      await place.delete('ours');
      await history.untilGone('theirs');
      await history.untilGone('ours');
      expect(await place.runtime('theirs')).toEqual(stood);
      expect(await place.runtime('ours')).toEqual(became);
      expect((await place.calls())[PUT]).toBe(1);
    }));

  test.concurrent('values where others belong: they are drift, or nothing, and break nothing', () =>
    inHistory(async (place, history) => {
      const bodies: Record<string, Record<string, unknown>> = {
        'location-number': { type: 'Managed', typeProperties: { computeProperties: { location: 5 } } },
        'location-object': { type: 'Managed', typeProperties: { computeProperties: { location: { a: 1 } } } },
        'compute-text': { type: 'Managed', typeProperties: { computeProperties: 'none' } },
        'properties-array': { type: 'Managed', typeProperties: [1] },
        'description-long': { type: 'Managed', description: { deep: ['x'.repeat(50_000)] } },
      };
      for (const [name, properties] of Object.entries(bodies)) {
        await place.azure.putRuntime({ factory: place.factory, name, properties: properties as never });
        await place.apply(name, { description: 'mine', managementPolicy: 'Observe' });
      }
      for (const name of Object.keys(bodies)) {
        const object = await history.until(name, 'False Drifted, Stalled Drifted');
        expect(object.status?.drift?.length).toBeGreaterThan(0);
        await place.patch(name, { spec: { managementPolicy: 'Manage' } });
      }
      for (const name of Object.keys(bodies)) {
        await history.until(name, ({ status }) => status?.claim?.origin === 'Adopted' && status.drift === undefined);
        expect((await place.runtime(name))?.properties).toMatchObject({
          description: 'mine',
          typeProperties: { computeProperties: { location: 'West Europe' } },
        });
      }
    }));

  // The name in the answer is believed, shown in connectVia, and, over 63 characters, makes every status write fail (422).
  test.concurrent('an answer about another runtime is not believed', () =>
    inHistory(async (place, history) => {
      await place.apply('sample');
      await history.until('sample', 'True Available');
      const properties = (await place.runtime('sample'))?.properties;
      await fault(place, GET, reply(200, runtime({ name: 'another', properties })));
      await place.annotate('sample', 'azure-ir.io/reconcile', 'once');
      const looked = await history.until(
        'sample',
        ({ status }) => status?.lastHandledReconcileAt === 'once' || status?.connectVia?.referenceName !== 'sample',
      );
      expect(looked.status?.connectVia?.referenceName).toBe('sample');
    }));
});
