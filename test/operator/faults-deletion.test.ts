/** A deletion meets a failure: nothing is taken for an absence, and every message names the way out, which works. */
import { describe, expect, test } from '@jest/globals';
import { DELETE, DROP, fault, GET, HTML, heal, refusal, reply, untilCalled } from './support/faults.ts';
import { inHistory, isHeld } from './support/history.ts';
import { eventually, message, minutesAgo, type Place } from './support/place.ts';

const scopeOf = ({ factory }: Place) => `/subscriptions/${factory.subscriptionId}`;
const RIGHTS = 'Microsoft.DataFactory/factories/integrationruntimes';

type Case = [what: string, begin: (place: Place) => Promise<unknown>, told: string, words: RegExp];

const UNKNOWN = 'Unknown AzureUnavailable, Reconciling AzureUnavailable';

const CASES: Case[] = [
  [
    '401',
    (p) => fault(p, GET, refusal(401, 'InvalidAuthenticationToken')),
    'False CredentialsInvalid, Reconciling CredentialsInvalid',
    /tenant/,
  ],
  [
    'a token that ran out for good',
    (p) => fault(p, GET, refusal(401, 'ExpiredAuthenticationToken')),
    'Unknown CredentialUnavailable, Reconciling CredentialUnavailable',
    /token/,
  ],
  [
    '403 on looking',
    (p) => p.azure.addRefusal({ kind: 'permission', scope: scopeOf(p), action: `${RIGHTS}/read` }),
    'False Forbidden, Reconciling Forbidden',
    /integrationruntimes\/read\. Assign it a role/,
  ],
  [
    '403 on deleting',
    (p) => p.azure.addRefusal({ kind: 'permission', scope: scopeOf(p), action: `${RIGHTS}/delete` }),
    'False Forbidden, Reconciling Forbidden',
    /integrationruntimes\/delete\. Assign it a role/,
  ],
  [
    'a lock',
    (p) => p.azure.addRefusal({ kind: 'lock', level: 'CanNotDelete', scope: scopeOf(p) }),
    'False Locked, Stalled Locked',
    /remove the lock/i,
  ],
  [
    'a reference',
    (p) => p.azure.setReferences({ factory: p.factory, name: 'sample', referrers: ['LS_Blob'] }),
    'False ReferencedByOthers, Reconciling ReferencedByOthers',
    /referenced by LS_Blob/,
  ],
  [
    'a subscription that is not found',
    (p) => fault(p, GET, refusal(404, 'SubscriptionNotFound')),
    'False SubscriptionNotFound, Reconciling SubscriptionNotFound',
    /subscriptionId/,
  ],
  [
    '429',
    (p) => fault(p, DELETE, reply(429, undefined, { 'retry-after': '1' })),
    'Unknown Throttled, Reconciling Throttled',
    /is throttling this identity/,
  ],
  ['503', (p) => fault(p, GET, reply(503)), UNKNOWN, /503/],
  ['a connection that breaks', (p) => fault(p, DELETE, DROP), UNKNOWN, /dropped/],
  [
    'a 404 of no known code',
    (p) => fault(p, GET, refusal(404, 'SomethingNotFound')),
    UNKNOWN,
    /404.*SomethingNotFound/,
  ],
  ['a 404 of no known code on deleting', (p) => fault(p, DELETE, refusal(404, 'SomethingNotFound')), UNKNOWN, /404/],
  ['a 404 page', (p) => fault(p, GET, reply(404, HTML)), UNKNOWN, /404/],
  [
    "the runtime's 404, but of the gateway",
    (p) => fault(p, GET, refusal(404, 'NotFound', { 'x-ms-failure-cause': 'gateway' })),
    UNKNOWN,
    /404/,
  ],
  ['an answer that is not JSON', (p) => fault(p, GET, reply(200, HTML)), UNKNOWN, /not JSON/],
  [
    'a 409 of no known code',
    (p) => fault(p, DELETE, refusal(409, 'AnotherOperationInProgress')),
    UNKNOWN,
    /AnotherOperation/,
  ],
];

const WAY_OUT = /To release the object but keep the runtime: kubectl (patch azir .*) \(deletionPolicy: Retain\)\./;

// No namespace controller runs here: the test deletes the objects, as that one does.
async function deleteNamespace(place: Place): Promise<void> {
  await place.kubectl('delete', 'namespace', place.namespace, '--wait=false');
  const phase = ['get', 'namespace', place.namespace, '-o', 'jsonpath={.status.phase}'];
  await eventually(async () => expect(await place.kubectl(...phase)).toBe('Terminating'));
  await place.kubectl('delete', 'azir', '--all', '-n', place.namespace, '--wait=false');
}

describe('deleting fails', () => {
  test.concurrent.each(CASES)(
    'a deletion that meets %s: waits, says the way out, and goes on when that is over',
    (_what, begin, told, words) =>
      inHistory(async (place, history) => {
        await place.apply('sample');
        await history.until('sample', 'True Available');
        await begin(place);
        await place.delete('sample');
        // The living object may have met the fault too, just before.
        const withWayOut = await eventually(async () => {
          const seen = await history.until('sample', told);
          expect(message(seen)).toMatch(WAY_OUT);
          return seen;
        });
        expect(message(withWayOut)).toMatch(words);
        await untilCalled(place, GET, told.includes('Stalled') ? 0 : 2);
        expect(isHeld(history.latest('sample') ?? withWayOut)).toBe(true);
        expect(await place.runtime('sample')).not.toBeNull();
        await heal(place);
        await place.azure.clearRefusals({ scope: scopeOf(place) });
        if (told.includes('Referenced')) {
          await place.azure.setReferences({ factory: place.factory, name: 'sample', referrers: [] });
        }
        if (told.includes('Stalled')) await place.annotate('sample', 'azure-ir.io/reconcile', 'mended');
        await history.untilGone('sample');
        expect(await place.runtime('sample')).toBeNull();
        await eventually(async () => expect(await place.events('sample')).toContain('Deleted'));
      }),
  );

  test.concurrent('the way out is a command that works', () =>
    inHistory(async (place, history) => {
      await place.apply('sample');
      await history.until('sample', 'True Available');
      await place.azure.setReferences({ factory: place.factory, name: 'sample', referrers: ['LS_Blob'] });
      await place.delete('sample');
      const withWayOut = await history.until('sample', 'False ReferencedByOthers, Reconciling ReferencedByOthers');
      const [, command = ''] = WAY_OUT.exec(message(withWayOut)) ?? [];
      // As a shell takes it apart.
      const args = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
      await place.kubectl(...args);
      await history.untilGone('sample');
      expect(await place.runtime('sample')).not.toBeNull();
      await eventually(async () => {
        const told = (await place.events('sample')).filter((reason) => reason !== 'ReferencedByOthers');
        expect(told).toEqual(['Created', 'Retained']);
      });
    }));

  test.concurrent('one failure after another: Reconciling names the way out too', () =>
    inHistory(async (place, history) => {
      await place.apply('sample');
      await history.until('sample', 'True Available');
      await place.azure.setReferences({ factory: place.factory, name: 'sample', referrers: ['LS_Blob'] });
      await place.delete('sample');
      await history.until('sample', 'False ReferencedByOthers, Reconciling ReferencedByOthers');
      await fault(place, GET, reply(503));
      const marked = await history.until('sample', 'False ReferencedByOthers, Reconciling AzureUnavailable');
      await heal(place);
      await place.azure.setReferences({ factory: place.factory, name: 'sample', referrers: [] });
      await history.untilGone('sample');
      expect(message(marked, 'Reconciling')).toMatch(WAY_OUT);
    }));

  test.concurrent.each<[string, (place: Place) => Promise<void>]>([
    ['factory', ({ azure, factory }) => azure.removeFactory(factory)],
    [
      'resource group',
      ({ azure, factory }) =>
        azure.removeResourceGroup({ subscriptionId: factory.subscriptionId, name: factory.resourceGroup }),
    ],
  ])('a %s that is gone for minutes: the runtime went with it, and the object goes', (_what, remove) =>
    inHistory(async (place, history) => {
      await place.apply('sample');
      await history.until('sample', 'True Available');
      await remove(place);
      await place.delete('sample');
      await history.until('sample', 'False Deleting, Reconciling Deleting');
      await place.updateStatus('sample', { waitingSince: { reason: 'ParentAbsent', time: minutesAgo(6) } });
      await history.untilGone('sample');
      await eventually(async () => expect(await place.events('sample')).toContain('Deleted'));
    }),
  );

  test.concurrent('a namespace is deleted: its objects go, and their runtimes too, though no event can be written there', () =>
    inHistory(async (place, history) => {
      const names = ['one', 'two', 'three'];
      for (const name of names) await place.apply(name);
      for (const name of names) await history.until(name, 'True Available');
      await place.azure.putRuntime({ factory: place.factory, name: 'adopted', properties: { type: 'Managed' } });
      await place.apply('adopted');
      await history.until('adopted', 'True Available');
      await deleteNamespace(place);
      for (const name of [...names, 'adopted']) await history.untilGone(name);
      expect((await place.azure.runtimes(place.factory)).map(({ name }) => name)).toEqual(['adopted']);
    }));

  test.concurrent('a namespace is deleted: one that is stuck there says so, and the way out', () =>
    inHistory(async (place, history) => {
      await place.apply('sample');
      await history.until('sample', 'True Available');
      await place.azure.setReferences({ factory: place.factory, name: 'sample', referrers: ['LS_Blob'] });
      await deleteNamespace(place);
      const withWayOut = await history.until('sample', 'False ReferencedByOthers, Reconciling ReferencedByOthers');
      expect(message(withWayOut)).toMatch(WAY_OUT);
      await place.azure.setReferences({ factory: place.factory, name: 'sample', referrers: [] });
      await history.untilGone('sample');
      expect(await place.runtime('sample')).toBeNull();
    }));

  test.concurrent('a namespace is deleted: one whose create is under way at that moment leaves nothing behind', () =>
    inHistory(async (place, history) => {
      await fault(place, 'IntegrationRuntimes_CreateOrUpdate', { kind: 'delay' }, { times: 1, delayMs: 2_000 });
      await place.apply('sample');
      await history.until('sample', isHeld);
      await deleteNamespace(place);
      await history.untilGone('sample');
      expect(await place.azure.runtimes(place.factory)).toEqual([]);
    }));
});
