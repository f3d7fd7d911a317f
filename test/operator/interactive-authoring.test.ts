/** Interactive authoring: enabled when it is asked for, and never kept up. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { type Azir, eventually, inBothKinds, inPlace, message, minutesAgo, type Place } from './support/place.ts';

const ANNOTATION = 'azure-ir.io/enable-interactive-authoring';
const DECLARED = {
  managedVirtualNetwork: {},
  interactiveAuthoring: { autoTerminationMinutes: 60 },
};

interface Authoring {
  readonly interactiveAuthoring?: {
    readonly status?: string;
    readonly autoTerminationMinutes?: number;
    readonly enabledUntil?: string;
    readonly requestedTime?: string;
  };
  readonly lastHandledInteractiveAuthoringAt?: string;
}

const statusOf = (object: Azir | undefined) => object?.status as (Azir['status'] & Authoring) | undefined;
const ready = (place: Place) => place.until('sample', 'Ready=True Available');
const ask = (place: Place, token: string) => place.annotate('sample', ANNOTATION, token);
const enables = async (place: Place) => (await place.calls()).IntegrationRuntime_EnableInteractiveQuery ?? 0;
const runtime = (place: Place) => ({ factory: place.factory, name: 'sample' });
const untilStatus = (place: Place, expected: Authoring) =>
  eventually(async () => expect(statusOf(await place.get('sample'))).toMatchObject(expected));
const handled = (place: Place, token: string) => untilStatus(place, { lastHandledInteractiveAuthoringAt: token });

/** A runtime in a network that is Online at once. */
async function created(place: Place, spec: Record<string, unknown> = {}): Promise<Azir> {
  await place.azure.ensureNetwork({ factory: place.factory });
  const stages = [{ state: 'Online', afterMs: 0 }];
  await place.azure.setLifecycle({ factory: place.factory, rules: [{ on: 'create', stages }] });
  await place.apply('sample', { ...DECLARED, ...spec });
  return ready(place);
}

describe.each(inBothKinds)('a request, in a $kind', ({ inPlace }) => {
  test.concurrent('is made once, followed to its end, and echoed', () =>
    inPlace(async (place) => {
      await created(place);
      await place.azure.setInteractiveQueryMode({ factory: place.factory, takesMs: 3_600_000 });
      const asked = Math.floor(Date.now() / 1_000) * 1_000;
      await ask(place, 't1');
      await untilStatus(place, { interactiveAuthoring: { status: 'Enabling', autoTerminationMinutes: 60 } });
      const enabling = await ready(place);
      expect(message(enabling)).toMatch(/Interactive authoring is being enabled\.$/);
      expect(statusOf(enabling)?.lastHandledInteractiveAuthoringAt).toBeUndefined();
      await place.azure.setInteractiveQuery({ ...runtime(place), status: 'Enabled', autoTerminationMinutes: 60 });
      await handled(place, 't1');
      const { interactiveAuthoring } = statusOf(await ready(place)) ?? {};
      expect(interactiveAuthoring).toMatchObject({ status: 'Enabled', autoTerminationMinutes: 60 });
      expect(interactiveAuthoring?.requestedTime).toBeUndefined();
      const until = Date.parse(interactiveAuthoring?.enabledUntil ?? '') - 3_600_000;
      expect(until).toBeGreaterThanOrEqual(asked);
      expect(until).toBeLessThanOrEqual(Date.now());
      await place.untilEvents('sample', 'Created', 'InteractiveAuthoringEnabled');
      expect(await enables(place)).toBe(1);
      const [post] = (await place.trace('sample')).filter(({ path }) => path.includes('enableInteractiveQuery'));
      expect(post).toMatchObject({ method: 'POST', status: 202, body: { autoTerminationMinutes: 60 } });
    }));

  test.concurrent('that was answered costs nothing any more, and that Azure ends it is no drift', () =>
    inPlace(async (place) => {
      await created(place);
      await ask(place, 't1');
      await handled(place, 't1');
      const { metadata } = await ready(place);
      await place.passes('sample');
      expect((await place.get('sample'))?.metadata.resourceVersion).toBe(metadata.resourceVersion);
      await place.azure.setInteractiveQuery({ ...runtime(place), status: 'Disabled' });
      await untilStatus(place, { interactiveAuthoring: { status: 'Disabled', autoTerminationMinutes: 60 } });
      const ended = await ready(place);
      expect(statusOf(ended)?.interactiveAuthoring).toEqual({ status: 'Disabled', autoTerminationMinutes: 60 });
      await place.passes('sample');
      expect((await place.get('sample'))?.metadata.resourceVersion).toBe(ended.metadata.resourceVersion);
      expect(await enables(place)).toBe(1);
      expect(await place.writes('sample')).toEqual(['PUT']);
      await place.untilEvents('sample', 'Created', 'InteractiveAuthoringEnabled');
    }));

  test.concurrent('of another token is another one', () =>
    inPlace(async (place) => {
      await created(place);
      for (const token of ['t1', 't2']) {
        await ask(place, token);
        await handled(place, token);
        await place.azure.setInteractiveQuery({ ...runtime(place), status: 'Disabled' });
      }
      expect(await enables(place)).toBe(2);
    }));

  test.concurrent('finds the time that is declared by then', () =>
    inPlace(async (place) => {
      await created(place);
      await place.apply('sample', { ...DECLARED, interactiveAuthoring: { autoTerminationMinutes: 120 } });
      await ready(place);
      expect(await enables(place)).toBe(0);
      await ask(place, 't1');
      await handled(place, 't1');
      expect((await place.runtime('sample'))?.interactiveQuery?.autoTerminationMinutes).toBe(120);
    }));

  test.concurrent('is had without a call when somebody else has enabled it, of which the end is not known', () =>
    inPlace(async (place) => {
      await created(place);
      await place.azure.setInteractiveQuery({ ...runtime(place), status: 'Enabled', autoTerminationMinutes: 60 });
      await ask(place, 't1');
      await handled(place, 't1');
      expect(await enables(place)).toBe(0);
      expect(statusOf(await place.get('sample'))?.interactiveAuthoring).toEqual({
        status: 'Enabled',
        autoTerminationMinutes: 60,
      });
    }));

  test.concurrent('waits until the runtime is Online, and says so', () =>
    inPlace(async (place) => {
      await created(place);
      await place.azure.setState({ ...runtime(place), state: 'Starting' });
      await place.until('sample', 'Ready=False Provisioning Reconciling');
      await ask(place, 't1');
      await eventually(async () =>
        expect(message(await place.get('sample'))).toMatch(
          / Interactive authoring is enabled once the runtime is Online\.$/,
        ),
      );
      await place.passes('sample');
      expect(await enables(place)).toBe(0);
      await place.azure.setState({ ...runtime(place), state: 'Online' });
      await handled(place, 't1');
      expect(await enables(place)).toBe(1);
    }));

  test.concurrent('that is there from the beginning comes when the runtime has been made', () =>
    inPlace(async (place) => {
      await place.azure.ensureNetwork({ factory: place.factory });
      const manifest = place.manifest('sample', DECLARED) as { metadata: object };
      const annotations = { [ANNOTATION]: 't1' };
      const stdin = { ...manifest, metadata: { ...manifest.metadata, annotations } };
      expect((await place.try(['apply', '-f', '-'], { stdin })).code).toBe(0);
      await handled(place, 't1');
      await place.untilEvents('sample', 'Created', 'InteractiveAuthoringEnabled');
      expect(await enables(place)).toBe(1);
    }));
});

describe.each(inBothKinds)('a request that cannot be is answered without a call, in a $kind', ({ inPlace }) => {
  test.concurrent('without the declaration', () =>
    inPlace(async (place) => {
      await created(place, { interactiveAuthoring: undefined });
      await place.azure.setInteractiveQuery({ ...runtime(place), status: 'Enabled' });
      await ask(place, 't1');
      await handled(place, 't1');
      await place.untilEvents('sample', 'Created', 'AnnotationRejected');
      expect(await enables(place)).toBe(0);
      expect(statusOf(await place.get('sample'))?.interactiveAuthoring).toBeUndefined();
    }));

  test.concurrent('under Observe, which shows what Azure says', () =>
    inPlace(async (place) => {
      await created(place);
      await place.azure.setInteractiveQuery({ ...runtime(place), status: 'Enabled', autoTerminationMinutes: 10 });
      await place.patch('sample', { spec: { managementPolicy: 'Observe' } });
      await ask(place, 't1');
      await handled(place, 't1');
      await place.look('sample');
      expect(await enables(place)).toBe(0);
      expect(statusOf(await place.get('sample'))).toMatchObject({
        interactiveAuthoring: { status: 'Enabled', autoTerminationMinutes: 10 },
      });
    }));
});

describe.each(inBothKinds)('a request that fails, in a $kind', ({ inPlace }) => {
  test.concurrent('because Azure refuses it is told, leaves the runtime Ready, and can be made again', () =>
    inPlace(async (place) => {
      await created(place);
      const scope = `/subscriptions/${place.factory.subscriptionId}`;
      await place.azure.addRefusal({ kind: 'permission', action: '*/enableInteractiveQuery/action', scope });
      await ask(place, 't1');
      await handled(place, 't1');
      await ready(place);
      await place.untilEvents('sample', 'Created', 'InteractiveAuthoringFailed');
      const [, failed] = await place.eventsInFull('sample');
      expect(failed).toMatchObject({
        type: 'Warning',
        note: expect.stringMatching(/enableInteractiveQuery\/action.*new value to ask again/),
      });
      expect(await enables(place)).toBe(1);
      await place.azure.clearRefusals({ scope });
      await ask(place, 't2');
      await handled(place, 't2');
      await place.untilEvents('sample', 'Created', 'InteractiveAuthoringFailed', 'InteractiveAuthoringEnabled');
    }));

  test.concurrent('in Azure is told after ten minutes, and is made once', () =>
    inPlace(async (place) => {
      await created(place);
      await place.azure.setInteractiveQueryMode({ factory: place.factory, fails: true });
      await ask(place, 't1');
      await eventually(async () =>
        expect(statusOf(await place.get('sample'))?.interactiveAuthoring?.requestedTime).toBeDefined(),
      );
      await place.passes('sample');
      await place.updateStatus('sample', { interactiveAuthoring: { requestedTime: minutesAgo(11) } });
      await handled(place, 't1');
      await ready(place);
      await place.untilEvents('sample', 'Created', 'InteractiveAuthoringFailed');
      expect(await enables(place)).toBe(1);
    }));

  test.concurrent('for the moment is made again', () =>
    inPlace(async (place) => {
      await created(place);
      await place.azure.addFault({
        match: { operation: 'IntegrationRuntime_EnableInteractiveQuery', factory: place.factory.name },
        times: 4,
        effect: { kind: 'reply', status: 503 },
      });
      await ask(place, 't1');
      await handled(place, 't1');
      await place.untilEvents('sample', 'Created', 'InteractiveAuthoringEnabled');
    }));
});

test.concurrent('the example does what its comment says', () =>
  inPlace(async (place) => {
    const example = parse(await readFile('examples/interactive-authoring.yaml', 'utf8'));
    const { name } = example.metadata;
    const stdin = { ...example, spec: { ...example.spec, factory: place.factory } };
    const { code, stderr } = await place.try(['apply', '-n', place.namespace, '-f', '-'], { stdin });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    await place.until(name, 'Ready=True Available');
    await place.annotate(name, ANNOTATION, '1');
    await place.untilEvents(name, 'ManagedVirtualNetworkCreated', 'Created', 'InteractiveAuthoringEnabled');
  }));
