/** What Azure refuses, and what the object says of it. */
import { describe, expect, test } from '@jest/globals';
import { deny, fault, GET, heal, LIST, PUT, refusal, STATUS } from './support/faults.ts';
import { eventually, inBothKinds, inPlace, message, minutesAgo, type Place } from './support/place.ts';
import { KNOWN_DEFECT } from './support/run.ts';

const ready = (place: Place) => place.until('sample', 'Ready=True Available');

describe.each(inBothKinds)('a $kind', ({ inPlace }) => {
  test.concurrent('that does not exist yet is waited for, and holds nothing', () =>
    inPlace(async (place) => {
      await place.azure.removeFactory(place.factory);
      await place.apply('sample');
      const object = await place.until('sample', `Ready=False ${place.kind.notFound} Reconciling`);
      expect(message(object)).toContain(`${place.kind.type}/${place.factory.name}`);
      expect(message(object)).toMatch(
        new RegExp(`"${place.factory.name}" in resource group .* not found\\. Create it, or`),
      );
      expect(object.metadata.finalizers).toBeUndefined();
      await place.untilEvents('sample', place.kind.notFound);
      await place.azure.ensureFactory(place.factory);
      await ready(place);
      await place.untilEvents('sample', place.kind.notFound, 'Created', 'Recovered');
      expect((await place.eventsInFull('sample')).map(({ type }) => type)).toEqual(['Warning', 'Normal', 'Normal']);
    }));

  test.concurrent('whose resource group does not exist yet is waited for', () =>
    inPlace(async (place) => {
      const { subscriptionId, resourceGroup } = place.factory;
      await place.azure.removeResourceGroup({ subscriptionId, name: resourceGroup });
      await place.apply('sample');
      const object = await place.until('sample', `Ready=False ${place.kind.notFound} Reconciling`);
      expect(message(object)).toMatch(/^Resource group ".*" not found\. Create it, or/);
      await place.azure.ensureFactory(place.factory);
      await ready(place);
    }));

  test.concurrent('that goes away is no reason to forget the claim', () =>
    inPlace(async (place) => {
      await place.apply('sample');
      await ready(place);
      await place.azure.removeFactory(place.factory);
      const object = await place.until('sample', `Ready=False ${place.kind.notFound} Reconciling`);
      expect(object.status?.claim?.origin).toBe('Created');
      await place.untilEvents('sample', 'Created', place.kind.notFound);
      await place.azure.ensureFactory(place.factory);
      await ready(place);
      await place.untilEvents('sample', 'Created', place.kind.notFound, 'DriftDetected', 'Created', 'Recovered');
    }));

  test.concurrent('that Azure denies once leaves no trace in the status, and nothing is made or told', () =>
    inPlace(async (place) => {
      await place.apply('sample', { interval: '1m' });
      await ready(place);
      await place.barrier();
      const versions = (await place.allVersions('sample')).length;
      for (const what of ['parent', 'resourceGroup', 'runtime'] as const) {
        await deny(place, {}, what);
        await place.annotate('sample', 'azure-ir.io/reconcile', what);
        await eventually(async () =>
          expect((await place.get('sample'))?.status).toMatchObject({ lastHandledReconcileToken: what }),
        );
      }
      // Each token is stored in one write of ours and one of the test's.
      expect((await place.allVersions('sample')).length - versions).toBe(6);
      expect(await place.writes('sample')).toEqual(['PUT']);
      await place.untilEvents('sample', 'Created');
    }));

  test.concurrent('in a subscription that Azure does not know is waited for, and heals by itself', () =>
    inPlace(async (place) => {
      const { subscriptionId } = place.factory;
      await place.azure.removeSubscription({ subscriptionId });
      await place.apply('sample');
      const object = await place.until('sample', 'Ready=False SubscriptionNotFound Reconciling');
      expect(message(object)).toContain(
        `Check spec.${place.kind.parent}.subscriptionId, and that the credential's tenant and AZURE_CLOUD`,
      );
      await place.untilEvents('sample', 'SubscriptionNotFound');
      await place.azure.ensureFactory(place.factory);
      await ready(place);
      await place.untilEvents('sample', 'SubscriptionNotFound', 'Created', 'Recovered');
    }));

  test.concurrent('that nobody has created for half an hour needs a person, and is still polled', () =>
    inPlace(async (place) => {
      await place.azure.removeFactory(place.factory);
      await place.apply('sample');
      await place.until('sample', `Ready=False ${place.kind.notFound} Reconciling`);
      await place.updateStatus('sample', { waitingSince: { reason: place.kind.notFound, time: minutesAgo(31) } });
      await place.until('sample', `Ready=False ${place.kind.notFound} Stalled`);
      await place.azure.ensureFactory(place.factory);
      await ready(place);
      await place.untilEvents('sample', place.kind.notFound, 'Created', 'Recovered');
    }));
});

describe.each(inBothKinds)('a missing role, in a $kind', ({ inPlace }) => {
  test.concurrent('is waited for at first: the message names identity, action and scope, and the object heals by itself', () =>
    inPlace(async (place) => {
      await place.azure.addRefusal({ kind: 'permission', action: '*/write', scope: place.scope });
      await place.apply('sample');
      const object = await place.until('sample', 'Ready=False Forbidden Reconciling');
      expect(message(object)).toContain(place.run.identity);
      expect(message(object)).toContain(`'${place.kind.actions.write}'`);
      expect(message(object)).toContain(`'${place.scope}/integrationRuntimes/sample'`);
      expect(object.status?.waitingSince?.reason).toBe('Forbidden');
      await place.untilEvents('sample', 'Forbidden');
      await place.azure.clearRefusals({ scope: place.scope });
      await ready(place);
      await place.untilEvents('sample', 'Forbidden', 'Created', 'Recovered');
    }));

  test.concurrent('to read is told of likewise', () =>
    inPlace(async (place) => {
      await place.azure.addRefusal({ kind: 'permission', scope: place.scope });
      await place.apply('sample');
      const object = await place.until('sample', 'Ready=False Forbidden Reconciling');
      expect(message(object)).toContain(`'${place.kind.actions.read}'`);
    }));

  test.concurrent('needs a person after ten minutes, and says so once', () =>
    inPlace(async (place) => {
      await place.azure.addRefusal({ kind: 'permission', scope: place.scope });
      await place.apply('sample');
      await place.until('sample', 'Ready=False Forbidden Reconciling');
      await place.updateStatus('sample', { waitingSince: { reason: 'Forbidden', time: minutesAgo(9) } });
      await place.look('sample');
      await place.until('sample', 'Ready=False Forbidden Reconciling');
      await place.updateStatus('sample', { waitingSince: { reason: 'Forbidden', time: minutesAgo(11) } });
      await place.until('sample', 'Ready=False Forbidden Stalled');
      await place.look('sample');
      await place.until('sample', 'Ready=False Forbidden Stalled');
      expect(await place.eventsInFull('sample')).toMatchObject([{ type: 'Warning', reason: 'Forbidden' }]);
      await place.azure.clearRefusals({ scope: place.scope });
      await place.look('sample');
      await ready(place);
    }));

  test.concurrent('that is taken away from an object that was Ready is told of within an interval', () =>
    inPlace(async (place) => {
      await place.apply('sample');
      await ready(place);
      await place.azure.addRefusal({ kind: 'permission', scope: place.scope });
      const object = await place.until('sample', 'Ready=False Forbidden Reconciling');
      expect(object.status?.claim?.origin).toBe('Created');
      expect(object.metadata.finalizers).toHaveLength(1);
    }));
});

describe.each(inBothKinds)('what only a person can mend, in a $kind', ({ inPlace }) => {
  test.concurrent('an Azure Policy: nothing is held after a refused create, and another role is not the advice', () =>
    inPlace(async (place) => {
      await place.azure.addRefusal({ kind: 'policy', scope: place.scope, policyName: 'only-in-europe' });
      await place.apply('sample');
      const object = await place.until('sample', 'Ready=False PolicyDenied Stalled');
      expect(message(object)).toMatch(
        /^Azure Policy denies the request \(assignment "only-in-europe"\)\. .*request an exemption/,
      );
      expect(message(object)).not.toMatch(/role/);
      await eventually(async () => expect((await place.get('sample'))?.metadata.finalizers).toBeUndefined());
      await place.untilEvents('sample', 'PolicyDenied');
      await place.azure.clearRefusals({ scope: place.scope });
      await place.look('sample');
      await ready(place);
    }));

  test.concurrent('a read-only lock: drift is shown, and corrected once the lock is gone', () =>
    inPlace(async (place) => {
      await place.apply('sample');
      await ready(place);
      await place.azure.addRefusal({ kind: 'lock', level: 'ReadOnly', scope: place.scope });
      await place.azure.drift({ factory: place.factory, name: 'sample', merge: { typeProperties: null } });
      const object = await place.until('sample', 'Ready=False Locked Stalled');
      expect(message(object)).toMatch(/Remove the lock; to find it: az lock list/);
      expect(object.status?.drift).toEqual([{ field: 'location', desired: 'West Europe', observed: 'AutoResolve' }]);
      await place.azure.clearRefusals({ scope: place.scope });
      await place.look('sample');
      await ready(place);
      await place.untilEvents('sample', 'Created', 'DriftDetected', 'Locked', 'DriftCorrected', 'Recovered');
    }));

  test.concurrent('a provider that is not registered: the message has the command, and the object heals once it is', () =>
    inPlace(async (place) => {
      for (const call of [LIST, GET, STATUS, PUT] as const) {
        await fault(place, call, refusal(409, 'MissingSubscriptionRegistration'));
      }
      await place.apply('sample');
      const object = await place.until('sample', 'Ready=False ProviderNotRegistered Stalled');
      expect(message(object)).toContain(`az provider register --namespace ${place.kind.type.split('/')[0]}`);
      expect(object.metadata.finalizers).toBeUndefined();
      await heal(place);
      await place.look('sample');
      await ready(place);
      await place.untilEvents('sample', 'ProviderNotRegistered', 'Created', 'Recovered');
    }));

  test.concurrent('a read that Azure refuses: it is told as a read, also to an object that observes', () =>
    inPlace(async (place) => {
      for (const call of [LIST, GET, STATUS] as const) await fault(place, call, refusal(400, 'BadRequest'));
      await place.apply('sample', { managementPolicy: 'Observe' });
      const object = await place.until('sample', 'Ready=False RequestRefused Stalled');
      expect(message(object)).toMatch(/^Azure refuses to read/);
      expect(message(object)).not.toMatch(/manifest|definition/);
      await heal(place);
      await place.look('sample');
      await place.until('sample', 'Ready=False NotFound Reconciling');
    }));

  test.concurrent('a disabled subscription', () =>
    inPlace(async (place) => {
      const { subscriptionId } = place.factory;
      await place.azure.setSubscriptionState({ subscriptionId, state: 'Disabled' });
      await place.apply('sample');
      const object = await place.until('sample', 'Ready=False Locked Stalled');
      expect(message(object)).toMatch(/Enable the subscription again.* Azure: ReadOnlyDisabledSubscription/);
      await place.azure.setSubscriptionState({ subscriptionId, state: 'Enabled' });
      await place.look('sample');
      await ready(place);
      await place.untilEvents('sample', 'Locked', 'Created', 'Recovered');
    }));

  test.concurrent('a definition that Azure refuses: nothing is held after a refused create', () =>
    inPlace(async (place) => {
      const refuse = { factory: place.factory, name: 'sample', reference: 'vnet-x', times: 1_000 };
      await place.azure.setBadReference(refuse);
      await place.apply('sample');
      const object = await place.until('sample', 'Ready=False InvalidDefinition Stalled');
      expect(message(object)).toContain("invalid reference 'vnet-x'");
      await eventually(async () => expect((await place.get('sample'))?.metadata.finalizers).toBeUndefined());
      await place.untilEvents('sample', 'InvalidDefinition');
      await place.azure.removeFactory(place.factory);
      await place.azure.ensureFactory(place.factory);
      await place.look('sample');
      await ready(place);
      await place.untilEvents('sample', 'InvalidDefinition', 'Created', 'Recovered');
    }));

  test.concurrent('a change that Azure refuses: the runtime stays ours', () =>
    inPlace(async (place) => {
      await place.apply('sample');
      await ready(place);
      await place.azure.setBadReference({ factory: place.factory, name: 'sample', reference: 'x' });
      await place.apply('sample', { location: 'North Europe' });
      const object = await place.until('sample', 'Ready=False InvalidDefinition Stalled');
      expect(object.metadata.finalizers).toHaveLength(1);
      expect(object.status?.claim?.origin).toBe('Created');
    }));

  test.concurrent('is polled as at rest, and written again only slowly', () =>
    inPlace(async (place) => {
      await place.apply('sample');
      await ready(place);
      await place.azure.addRefusal({ kind: 'lock', level: 'ReadOnly', scope: place.scope });
      await place.azure.drift({ factory: place.factory, name: 'sample', merge: { typeProperties: null } });
      await place.until('sample', 'Ready=False Locked Stalled');
      const before = (await place.requests('sample')).length;
      await threeIntervals(place);
      await place.passes('sample');
      expect(new Set((await place.requests('sample')).slice(before))).toEqual(new Set(['STATE']));
    }));

  // Taking the finalizer off again counts as a change by somebody else when the watch is quicker than the answer.
  test.concurrent('is created again only slowly after a refused create, too', () =>
    inPlace(async (place) => {
      await place.azure.addRefusal({ kind: 'policy', scope: place.scope });
      const names = Array.from({ length: 12 }, (_, i) => `sample-${i}`);
      const stdin = { apiVersion: 'v1', kind: 'List', items: names.map((name) => place.manifest(name)) };
      expect(await place.try(['apply', '-f', '-'], { stdin })).toMatchObject({ code: 0 });
      await Promise.all(names.map((name) => place.until(name, 'Ready=False PolicyDenied Stalled')));
      await place.azure.clearRefusals({ scope: place.scope });
      await threeIntervals(place);
      const requests = await Promise.all(names.map((name) => place.requests(name)));
      expect(requests).toEqual(names.map(() => ['GET', 'PUT']));
    }));
});

// What a workspace has accepted may still come: see synapse.test.ts.
describe('a definition that a factory accepts', () => {
  test.concurrent('but does not apply is not believed', () =>
    inPlace(async (place) => {
      await place.apply('sample');
      await ready(place);
      await place.azure.setWriteMode({ factory: place.factory, name: 'sample', mode: 'ignore' });
      await place.apply('sample', { location: 'North Europe' });
      const object = await place.until('sample', 'Ready=False NotApplied Stalled');
      expect(message(object)).toContain('location "West Europe" (want "North Europe")');
      expect(object.status?.drift).toEqual([{ field: 'location', desired: 'North Europe', observed: 'West Europe' }]);
      await place.untilEvents('sample', 'Created', 'NotApplied');
      await place.azure.setWriteMode({ factory: place.factory, name: 'sample', mode: 'apply' });
      await place.look('sample');
      await ready(place);
    }));

  test.concurrent('but creates otherwise is not believed', () =>
    inPlace(async (place) => {
      await place.azure.setWriteMode({ factory: place.factory, mode: 'ignore' });
      await place.apply('sample');
      const object = await place.until('sample', 'Ready=False NotApplied Stalled');
      expect(object.status?.claim?.origin).toBe('Created');
      expect(object.metadata.finalizers).toHaveLength(1);
    }));
});

/** Another object at the same interval of a second is looked at three times. */
async function threeIntervals(place: Place): Promise<void> {
  await place.azure.clearRefusals({ scope: place.scope });
  await place.apply('other');
  await place.until('other', 'Ready=True Available');
  await place.passes('other');
}

describe('a status that somebody else has edited', () => {
  // An apply that takes out what is ours leaves what is theirs; where that lacks a required field, every write is refused.
  test.concurrent('is made right by the next pass', () =>
    inPlace(async (place) => {
      await place.azure.removeFactory(place.factory);
      await place.apply('sample');
      await place.until('sample', 'Ready=False FactoryNotFound Reconciling');
      const status = { waitingSince: { time: minutesAgo(60) } };
      const patch = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })];
      await place.kubectl('patch', 'azir', 'sample', '-n', place.namespace, ...patch);
      await place.azure.ensureFactory(place.factory);
      await place.until('sample', 'Ready=True Available', 5_000);
    }, KNOWN_DEFECT));
});
