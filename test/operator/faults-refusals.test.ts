/** Azure refuses: who must act is said, nothing is given up, and it goes on when the reason is gone. */
import { describe, expect, test } from '@jest/globals';
import type { FaultEffect } from '../../dev/emulator/index.ts';
import type { Operation } from '../../dev/emulator/operations.ts';
import {
  count,
  DELETE,
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
import { inHistory, isHeld, told } from './support/history.ts';
import { type Azir, eventually, message, type Place } from './support/place.ts';

const RETRY_AFTER_S = 3;
const throttled = reply(429, undefined, { 'retry-after': String(RETRY_AFTER_S) });
const READS = [LIST, GET, STATUS];

/** What came after the request that met 429, and when that was. */
async function afterThrottling(place: Place, operations: readonly string[]) {
  const entries = (await trace(place)).filter(({ operation }) => operations.includes(operation));
  const at = entries.findIndex(({ status }) => status === 429);
  const [refused, ...later] = entries.slice(at);
  if (at === -1 || refused === undefined) throw new Error('nothing met 429');
  return { until: refused.at + RETRY_AFTER_S * 1_000, later };
}

describe('Azure refuses', () => {
  test.concurrent('429: its Retry-After is kept by reads, also when a person asks for a look meanwhile', () =>
    inHistory(async (place, history) => {
      await place.apply('sample');
      await history.until('sample', 'True Available');
      await fault(place, LIST, throttled, { times: 1 });
      await eventually(async () =>
        expect(await place.azure.counts({ factory: place.factory.name, status: 429 })).toEqual({ [LIST]: 1 }),
      );
      await place.annotate('sample', 'azure-ir.io/reconcile', 'now');
      await history.until('sample', ({ status }) => status?.lastHandledReconcileAt === 'now');
      const { until, later } = await afterThrottling(place, READS);
      expect(later.length).toBeGreaterThan(0);
      for (const { at } of later) expect(at).toBeGreaterThanOrEqual(until);
    }));

  test.concurrent('429: its Retry-After is kept by writes, while looks at others go on; the object says Throttled', () =>
    inHistory(async (place, history) => {
      await place.apply('other');
      await place.apply('bystander');
      await history.until('other', 'True Available');
      await history.until('bystander', 'True Available');
      await fault(place, PUT, throttled, { times: 1 });
      await place.apply('sample');
      await history.until('sample', 'Unknown Throttled, Reconciling Throttled');
      await place.patch('other', { spec: { description: 'changed meanwhile' } });
      await history.until('sample', 'True Available');
      await eventually(async () => expect((await place.runtime('other'))?.properties).toHaveProperty('description'));
      const { until, later } = await afterThrottling(place, [PUT]);
      expect(later.map(({ status }) => status)).toEqual([200, 200]);
      for (const { at } of later) expect(at).toBeGreaterThanOrEqual(until);
      const looks = (await trace(place)).filter(
        ({ operation, runtime }) => operation === STATUS && runtime === 'bystander',
      );
      expect(looks.some(({ at }) => at > until - RETRY_AFTER_S * 1_000 && at < until)).toBe(true);
    }));

  test.concurrent('429: its Retry-After is kept by a whole factory: one 429 is enough for all of its objects', () =>
    inHistory(async (place, history) => {
      const names = ['one', 'two', 'three', 'four', 'five'];
      for (const name of names) await place.apply(name);
      for (const name of names) await history.until(name, 'True Available');
      const from = names.map((name) => history.versions(name).length);
      await fault(place, LIST, throttled, { times: 1 });
      const refused = () => place.azure.counts({ factory: place.factory.name, status: 429 });
      await eventually(async () => expect(await refused()).toEqual({ [LIST]: 1 }));
      await untilCalled(place, LIST, 2);
      expect(await refused()).toEqual({ [LIST]: 1 });
      // It was over before any of them had to say so.
      expect(names.map((name) => history.versions(name).length)).toEqual(from);
    }));

  test.concurrent.each<[string, FaultEffect]>([
    ['InvalidAuthenticationToken', refusal(401, 'InvalidAuthenticationToken')],
    ['AuthenticationFailed', refusal(401, 'AuthenticationFailed')],
    ['no body', reply(401, '')],
  ])('401 %s: it is waited for, nothing is written, and it heals by itself', (_what, effect) =>
    inHistory(async (place, history) => {
      await place.apply('sample');
      await history.until('sample', 'True Available');
      const before = await place.runtime('sample');
      await fault(place, LIST, effect);
      const waiting = await history.until('sample', 'False CredentialsInvalid, Reconciling CredentialsInvalid');
      expect(message(waiting)).toMatch(/Check the tenant of the credential, and that AZURE_CLOUD/);
      expect(waiting.status?.claim?.origin).toBe('Created');
      await heal(place);
      await history.until('sample', 'True Available');
      expect(await place.runtime('sample')).toEqual(before);
    }),
  );

  test.concurrent.each<[string, Operation]>([
    ['read', GET],
    ['getstatus/read', STATUS],
  ])(
    '403: a missing role to %s, of an object that was Ready: who, what and where is said, and it heals by itself',
    (action, operation) =>
      inHistory(async (place, history) => {
        await place.apply('sample');
        await history.until('sample', 'True Available');
        const before = await place.runtime('sample');
        const { subscriptionId } = place.factory;
        const scope = `/subscriptions/${subscriptionId}`;
        await place.azure.addRefusal({
          kind: 'permission',
          scope,
          action: `Microsoft.DataFactory/factories/integrationruntimes/${action}`,
        });
        const waiting = await history.until('sample', 'False Forbidden, Reconciling Forbidden');
        expect(message(waiting)).toContain(`Microsoft.DataFactory/factories/integrationruntimes/${action}`);
        expect(message(waiting)).toContain(
          `/subscriptions/${subscriptionId}/resourceGroups/${place.factory.resourceGroup}`,
        );
        expect(message(waiting)).toContain(place.run.identity);
        expect(waiting.status?.claim?.origin).toBe('Created');
        await untilCalled(place, operation, 2);
        await place.azure.clearRefusals({ scope });
        await history.until('sample', 'True Available');
        expect(await place.runtime('sample')).toEqual(before);
      }),
  );

  test.concurrent('403: a missing role to write: a create waits, with its finalizer on, and nothing is lost when it is deleted', () =>
    inHistory(async (place, history) => {
      const scope = `/subscriptions/${place.factory.subscriptionId}`;
      const action = 'Microsoft.DataFactory/factories/integrationruntimes/write';
      await place.azure.addRefusal({ kind: 'permission', scope, action });
      await place.apply('given-up');
      await place.apply('sample');
      expect(message(await history.until('sample', 'False Forbidden, Reconciling Forbidden'))).toContain(action);
      await history.until('given-up', 'False Forbidden, Reconciling Forbidden');
      await place.delete('given-up');
      await history.untilGone('given-up');
      await place.azure.clearRefusals({ scope });
      const object = await history.until('sample', 'True Available');
      expect(object.status?.claim?.origin).toBe('Created');
      expect((await place.azure.runtimes(place.factory)).map(({ name }) => name)).toEqual(['sample']);
    }));

  const inGroup = ({ factory }: Place) => ({ subscriptionId: factory.subscriptionId, name: factory.resourceGroup });
  const cases: [string, (place: Place) => Promise<void>, string, string, RegExp][] = [
    [
      'factory',
      ({ azure, factory }) => azure.removeFactory(factory),
      'FactoryNotFound',
      'Reconciling',
      /^Data Factory .* not found\. Create it, or/,
    ],
    [
      'resource group',
      (place) => place.azure.removeResourceGroup(inGroup(place)),
      'FactoryNotFound',
      'Reconciling',
      /^Resource group .* not found\. Create it, or/,
    ],
    [
      'subscription',
      ({ azure, factory }) => azure.removeSubscription(factory),
      'SubscriptionNotFound',
      'Reconciling',
      /Check spec.factory.subscriptionId/,
    ],
  ];
  test.concurrent.each(cases)(
    '404: the object waits for a parent, keeps its claim, and makes the runtime again: %s',
    (_what, remove, reason, progress, words) =>
      inHistory(async (place, history) => {
        await place.apply('sample');
        await history.until('sample', 'True Available');
        await remove(place);
        const lost = await history.until('sample', `False ${reason}, ${progress} ${reason}`);
        expect(message(lost)).toMatch(words);
        expect(lost.status?.claim?.origin).toBe('Created');
        expect(isHeld(lost)).toBe(true);
        await place.apply('new');
        await history.until('new', `False ${reason}, ${progress} ${reason}`);
        expect(await count(place, PUT)).toBe(1);
        await place.azure.ensureFactory(place.factory);
        for (const name of ['sample', 'new']) {
          await history.until(name, 'True Available');
        }
        expect((await place.azure.runtimes(place.factory)).map(({ name }) => name)).toEqual(['new', 'sample']);
        await eventually(async () => expect(await place.events('sample')).toContain('DriftDetected'));
      }),
  );

  test.concurrent('404: the object waits for a parent, keeps its claim, and makes the runtime again: the factory goes between the GET and the PUT', () =>
    inHistory(async (place, history) => {
      await fault(place, PUT, refusal(404, 'ParentResourceNotFound'));
      await place.apply('sample');
      await history.until('sample', 'False FactoryNotFound, Reconciling FactoryNotFound');
      await untilCalled(place, PUT, 1);
      await heal(place);
      await history.until('sample', 'True Available');
    }));

  test.concurrent('409 ScopeLocked on a write: a person is told, and nothing is lost', () =>
    inHistory(async (place, history) => {
      await place.apply('sample');
      await history.until('sample', 'True Available');
      const scope = `/subscriptions/${place.factory.subscriptionId}`;
      await place.azure.addRefusal({ kind: 'lock', level: 'ReadOnly', scope });
      await place.patch('sample', { spec: { description: 'mine' } });
      await place.apply('new');
      for (const name of ['sample', 'new']) {
        expect(message(await history.until(name, 'False Locked, Stalled Locked'))).toMatch(/Remove the lock.*locked: /);
      }
      expect(history.latest('sample')?.status?.claim?.origin).toBe('Created');
      await place.azure.clearRefusals({ scope });
      for (const name of ['sample', 'new']) {
        await place.annotate(name, 'azure-ir.io/reconcile', 'mended');
        await history.until(name, 'True Available');
      }
      expect((await place.runtime('sample'))?.properties).toHaveProperty('description', 'mine');
      expect(history.latest('new')?.status?.claim?.origin).toBe('Created');
    }));

  test.concurrent('the runtime itself is gone when its state is asked for: it is made again, and told', () =>
    inHistory(async (place, history) => {
      await place.apply('sample');
      await history.until('sample', 'True Available');
      await place.azure.deleteRuntime({ factory: place.factory, name: 'sample' });
      await eventually(async () => expect(await place.runtime('sample')).not.toBeNull());
      await history.until('sample', 'True Available');
      await eventually(async () =>
        expect(await place.events('sample')).toEqual(['Created', 'DriftDetected', 'Created']),
      );
    }));

  test.concurrent('the runtime itself has no state, says Azure, though it is there: nothing is written', () =>
    inHistory(async (place, history) => {
      await place.apply('sample');
      await history.until('sample', 'True Available');
      const before = await place.runtime('sample');
      await fault(place, STATUS, refusal(404, 'NotFound'));
      await untilCalled(place, STATUS, 4);
      expect(await place.runtime('sample')).toEqual(before);
      await heal(place);
      await history.until('sample', 'True Available');
    }));

  // Every 4xx without a meaning of its own is taken for a refusal of the definition, though nothing was sent.
  test.concurrent("what a proxy refuses is not the manifest's fault: 407 on looking", () =>
    inHistory(async (place, history) => {
      await place.apply('sample');
      await history.until('sample', 'True Available');
      for (const operation of [LIST, GET] as const) await fault(place, operation, reply(407, HTML));
      const isTold = ({ status }: Azir) =>
        status?.conditions?.some(({ type }) => type !== 'Ready' && type !== 'Synced' && type !== 'Healthy');
      const object = await history.until('sample', (one) => isTold(one) === true);
      expect(told(object)).toBe('True Available, Reconciling AzureUnavailable');
    }));

  // Every such 4xx on DELETE counts as a reference, not only the 400 that the design speaks of.
  test.concurrent('what a proxy refuses is no reference: 407 on deleting', () =>
    inHistory(async (place, history) => {
      await place.apply('sample');
      await history.until('sample', 'True Available');
      await fault(place, DELETE, reply(407, HTML));
      await place.delete('sample');
      const object = await history.until('sample', ({ status }) => status?.observedGeneration === 2);
      expect(told(object)).toBe('Unknown AzureUnavailable, Reconciling AzureUnavailable');
    }));
});
