/** The real SDKs against the emulated ARM: reads, writes, lists and errors. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  DEFAULT_FACTORY,
  DEFAULT_WORKSPACE,
  type EmulatorControl,
  type FactoryRef,
} from '../../../dev/emulator/index.ts';
import type { Failure } from '../../../src/core/model/failure.ts';
import type { Accepted, JsonObject, ObservedRuntime, RuntimeId } from '../../../src/core/model/runtime.ts';
import { ParkedError, type Runtimes, SupersededError } from '../../../src/ports.ts';
import { caller, failureOf, startWorld, type World } from './support/world.ts';

const DOCUMENT = { type: 'Managed', typeProperties: { computeProperties: { location: 'West Europe' } } };
const SUBSCRIPTION = DEFAULT_FACTORY.subscriptionId;
const SCOPE = `/subscriptions/${SUBSCRIPTION}`;
const ABSENT = { presence: 'absent', fresh: true };

/** `ok`: what a write that is taken is answered. */
const SERVICES = [
  { kind: 'factory', ref: DEFAULT_FACTORY, provider: 'Microsoft.DataFactory', ok: 200 },
  { kind: 'workspace', ref: DEFAULT_WORKSPACE, provider: 'Microsoft.Synapse', ok: 202 },
] as const;

describe.each(SERVICES)('the runtimes of a $kind', ({ kind, ref, provider, ok }) => {
  const ID: RuntimeId = { parent: { ...ref, kind }, name: 'Runtime' };
  const RUNTIME = { factory: ref, name: 'Runtime' };
  let world: World;
  let control: EmulatorControl;
  let runtimes: Runtimes;

  beforeAll(async () => {
    world = await startWorld();
    control = world.emulator.control;
  });

  afterAll(() => world.stop());

  beforeEach(async () => {
    await control.reset();
    // What is accepted is done by the time of the next request.
    await control.setOperations({ factory: ref, durationMs: 0 });
    world.budgetAvailable.length = 0;
    runtimes = world.runtimes();
  });

  const etag = async (): Promise<string> => {
    const definition = await runtimes.read(ID, caller());
    return definition.presence === 'present' ? definition.runtime.etag : 'none';
  };

  /** What has become of a write. */
  async function written(write: Promise<ObservedRuntime | Accepted>): Promise<ObservedRuntime> {
    const answer = await write;
    expect('accepted' in answer).toBe(ok === 202);
    if (!('accepted' in answer)) return answer;
    const definition = await runtimes.read(ID, caller());
    if (definition.presence === 'absent') throw new Error('the write has not taken effect');
    return definition.runtime;
  }

  const operations = async () =>
    (await control.trace()).flatMap(({ method, status, runtime }) => (runtime ? [`${method} ${status}`] : []));

  describe('the life of a runtime', () => {
    test('is created, read, listed, changed and deleted', async () => {
      expect(await runtimes.read(ID, caller())).toEqual(ABSENT);
      const created = await written(runtimes.create(ID, DOCUMENT, caller()));
      expect(created).toMatchObject({ name: 'Runtime', type: 'Managed', document: DOCUMENT });
      expect(await runtimes.state(ID, caller())).toEqual({ state: 'Online' });
      expect(await world.runtimes().hint(ID, 60_000, caller())).toMatchObject({ presence: 'present', fresh: false });
      const moved = { ...DOCUMENT, description: 'moved' };
      expect((await written(runtimes.update(ID, moved, created.etag, caller()))).document).toEqual(moved);
      expect(await runtimes.delete(ID, caller())).toEqual(ok === 202 ? { accepted: true } : undefined);
      expect(await runtimes.read(ID, caller())).toEqual(ABSENT);
      await expect(runtimes.delete(ID, caller())).resolves.toBeUndefined();
    });

    test('in the network of its parent is Online after a while, and interactive authoring is enabled in it', async () => {
      const { parent } = ID;
      const document = {
        ...DOCUMENT,
        managedVirtualNetwork: { type: 'ManagedVirtualNetworkReference', referenceName: 'default' },
      };
      expect(await runtimes.hasNetwork(parent, 'default', caller())).toBe(false);
      const refused = await failureOf(runtimes.create(ID, document, caller()));
      expect(refused).toMatchObject({ kind: 'refused', reference: 'default' });
      if (kind === 'factory') {
        await runtimes.createNetwork(parent, 'default', caller());
        expect((await failureOf(runtimes.createNetwork(parent, 'default', caller()))).kind).toBe('preconditionFailed');
      } else {
        expect((await failureOf(runtimes.createNetwork(parent, 'default', caller()))).kind).toBe('refused');
        await control.ensureNetwork({ factory: ref });
      }
      expect(await runtimes.hasNetwork(parent, 'default', caller())).toBe(true);
      await runtimes.create(ID, document, caller());
      expect(await runtimes.state(ID, caller())).toEqual({ state: 'Initial' });
      expect((await failureOf(runtimes.enableInteractiveAuthoring(ID, 30, caller()))).kind).toBe('refused');
      await control.setState({ ...RUNTIME, state: 'Online' });
      await runtimes.enableInteractiveAuthoring(ID, 30, caller());
      expect(await runtimes.state(ID, caller())).toEqual({
        state: 'Online',
        interactiveAuthoring: { status: 'Enabling', autoTerminationMinutes: 30 },
      });
    });

    test('a create does not replace what somebody else made meanwhile', async () => {
      await control.putRuntime({ ...RUNTIME, properties: { type: 'Managed', description: 'theirs' } });
      expect((await failureOf(runtimes.create(ID, DOCUMENT, caller()))).kind).toBe('preconditionFailed');
      expect((await control.getRuntime(RUNTIME))?.properties.description).toBe('theirs');
    });

    test('an update does not replace what somebody else changed meanwhile', async () => {
      const { etag: old } = await written(runtimes.create(ID, DOCUMENT, caller()));
      await control.drift({ ...RUNTIME, merge: { description: 'theirs' } });
      expect((await failureOf(runtimes.update(ID, DOCUMENT, old, caller()))).kind).toBe('preconditionFailed');
      expect((await control.getRuntime(RUNTIME))?.properties.description).toBe('theirs');
    });

    test('any document goes there and back unchanged, whatever the SDK knows of it', async () => {
      const properties = fc
        .dictionary(
          fc.string({ minLength: 1 }).filter((name) => name !== '__proto__'),
          fc.json().map((text) => JSON.parse(text)),
        )
        .map((rest): JsonObject => JSON.parse(JSON.stringify({ ...DOCUMENT, ...rest, type: 'Managed' })));
      await fc.assert(
        fc.asyncProperty(properties, async (document) => {
          await control.deleteRuntime(RUNTIME).catch(() => {});
          await runtimes.create(ID, document, caller());
          const read = await runtimes.read(ID, caller());
          expect(read.presence === 'present' && read.runtime.document).toEqual(document);
          expect((await control.getRuntime(RUNTIME))?.properties).toEqual(document);
        }),
        { numRuns: 25 },
      );
    });

    test('a list of several pages is one list', async () => {
      await control.setPageSize({ factory: ref, size: 2 });
      for (const name of ['AAA', 'BBB', 'CCC', 'DDD', 'EEE'])
        await control.putRuntime({ ...RUNTIME, name, properties: DOCUMENT });
      expect(await runtimes.hint({ ...ID, name: 'EEE' }, 60_000, caller())).toMatchObject({ presence: 'present' });
      expect((await control.counts()).IntegrationRuntimes_ListByFactory).toBe(3);
    });
  });

  describe('what Azure refuses is told apart', () => {
    const other = (change: Partial<FactoryRef>) => ({ ...ID, parent: { ...ID.parent, ...change } });
    const everywhere = async (id: typeof ID): Promise<Failure[]> => [
      await failureOf(runtimes.read(id, caller())),
      await failureOf(runtimes.hint(id, 0, caller())),
      await failureOf(runtimes.state(id, caller())),
      await failureOf(runtimes.create(id, DOCUMENT, caller())),
      await failureOf(runtimes.delete(id, caller())),
    ];

    test('a parent that is missing', async () => {
      for (const failure of await everywhere(other({ name: 'Nowhere' }))) {
        expect(failure).toMatchObject({ kind: 'parentNotFound', what: kind });
      }
    });

    test('a resource group that is missing', async () => {
      for (const failure of await everywhere(other({ resourceGroup: 'Nowhere' }))) {
        expect(failure).toMatchObject({ kind: 'parentNotFound', what: 'resourceGroup' });
      }
    });

    test('a subscription that is missing', async () => {
      for (const failure of await everywhere(other({ subscriptionId: randomUUID() }))) {
        expect(failure.kind).toBe('subscriptionNotFound');
      }
    });

    test('a role that is missing, with who lacks what', async () => {
      await control.addRefusal({ kind: 'permission', scope: SCOPE });
      for (const failure of await everywhere(ID)) {
        expect(failure).toMatchObject({
          kind: 'forbidden',
          message: expect.stringMatching(new RegExp(`may not perform ${provider}`)),
        });
      }
    });

    test('a policy', async () => {
      await control.addRefusal({ kind: 'policy', scope: SCOPE });
      expect((await failureOf(runtimes.create(ID, DOCUMENT, caller()))).kind).toBe('policyDenied');
    });

    test('a lock', async () => {
      await runtimes.create(ID, DOCUMENT, caller());
      await control.addRefusal({ kind: 'lock', scope: SCOPE, level: 'ReadOnly' });
      expect((await failureOf(runtimes.update(ID, DOCUMENT, await etag(), caller()))).kind).toBe('locked');
      expect((await failureOf(runtimes.delete(ID, caller()))).kind).toBe('locked');
    });

    test('a disabled subscription', async () => {
      await control.setSubscriptionState({ subscriptionId: SUBSCRIPTION, state: 'Disabled' });
      expect((await failureOf(runtimes.create(ID, DOCUMENT, caller()))).kind).toBe('locked');
    });

    test('a reference that keeps the runtime, with its name', async () => {
      await runtimes.create(ID, DOCUMENT, caller());
      await control.setReferences({ ...RUNTIME, referrers: ['LS_Blob'] });
      expect(await failureOf(runtimes.delete(ID, caller()))).toMatchObject({
        kind: 'refused',
        azure: expect.stringContaining('LS_Blob'),
      });
    });

    test('a reference that leads nowhere', async () => {
      await control.setBadReference({ ...RUNTIME, reference: 'nowhere' });
      expect((await failureOf(runtimes.create(ID, DOCUMENT, caller()))).kind).toBe('refused');
    });

    test('a document that is too large', async () => {
      const document = { ...DOCUMENT, description: 'x'.repeat(2 * 1024 * 1024) };
      expect((await failureOf(runtimes.create(ID, document, caller()))).kind).toBe('refused');
    });

    test('throttling, with the time to wait; then nobody asks before it has come', async () => {
      await runtimes.create(ID, DOCUMENT, caller());
      await control.addFault({ effect: { kind: 'reply', status: 429, headers: { 'retry-after': '2' } } });
      expect(await failureOf(runtimes.read(ID, caller()))).toMatchObject({ kind: 'throttled', retryAfterMs: 2000 });
      await control.clearTrace();
      await expect(runtimes.read(ID, caller({ key: 'ns/b' }))).rejects.toBeInstanceOf(ParkedError);
      expect(await operations()).toEqual([]);
      await until(() => world.budgetAvailable.includes('ns/b'));
      expect(await runtimes.read(ID, caller({ key: 'ns/b' }))).toMatchObject({ presence: 'present' });
    });

    test("ARM's own count of what is left", async () => {
      await runtimes.create(ID, DOCUMENT, caller());
      await control.drainBucket({ subscriptionId: SUBSCRIPTION, kind: 'reads', remaining: 3 });
      await runtimes.read(ID, caller());
      await expect(runtimes.read(ID, caller())).rejects.toBeInstanceOf(ParkedError);
      expect(await control.counts({ status: 429 })).toEqual({});
    });
  });

  describe('a connection that is cut', () => {
    test('before a write took effect, has it made once more', async () => {
      await control.addFault({ match: { method: 'PUT' }, effect: { kind: 'drop' } });
      expect(await written(runtimes.create(ID, DOCUMENT, caller()))).toMatchObject({ name: 'Runtime' });
      expect((await operations()).slice(0, 2)).toEqual(['PUT 0', `PUT ${ok}`]);
    });

    test('after a create took effect, leaves open which attempt made what is there: look again', async () => {
      await control.addFault({ match: { method: 'PUT' }, when: 'after', effect: { kind: 'drop' } });
      await expect(runtimes.create(ID, DOCUMENT, caller())).rejects.toMatchObject({
        failure: { kind: 'preconditionFailed' },
        unclear: true,
      });
      expect(await runtimes.hint(ID, 60_000, caller())).toMatchObject({ presence: 'present' });
      expect(await operations()).toEqual(['PUT 0', 'PUT 412']);
    });

    test('after an update took effect, shows a document that has changed: look again', async () => {
      const { etag: old } = await written(runtimes.create(ID, DOCUMENT, caller()));
      await control.addFault({ match: { method: 'PUT' }, when: 'after', effect: { kind: 'drop' } });
      const moved = { ...DOCUMENT, description: 'moved' };
      expect((await failureOf(runtimes.update(ID, moved, old, caller()))).kind).toBe('preconditionFailed');
      expect((await runtimes.hint(ID, 60_000, caller())) as { runtime?: ObservedRuntime }).toMatchObject({
        runtime: { document: moved },
      });
    });

    test('after a delete took effect, is a deletion that is done', async () => {
      await runtimes.create(ID, DOCUMENT, caller());
      await control.addFault({ match: { method: 'DELETE' }, when: 'after', effect: { kind: 'drop' } });
      await expect(runtimes.delete(ID, caller())).resolves.toBeUndefined();
      expect(await operations()).toEqual([`PUT ${ok}`, 'DELETE 0', 'DELETE 204']);
    });

    test('for good, is an Azure that is unavailable', async () => {
      await control.addFault({
        times: 'always',
        effect: { kind: 'drop' },
        match: { method: 'GET', runtime: 'Runtime' },
      });
      expect((await failureOf(runtimes.read(ID, caller()))).kind).toBe('unavailable');
      expect(await operations()).toEqual(['GET 0', 'GET 0', 'GET 0']);
    });

    test('stops a write that was decided on something that has changed since', async () => {
      await control.addFault({ match: { method: 'PUT' }, times: 'always', effect: { kind: 'drop' } });
      let asked = 0;
      const write = runtimes.create(ID, DOCUMENT, caller({ mayWrite: () => ++asked === 1 }));
      await expect(write).rejects.toBeInstanceOf(SupersededError);
      expect(await operations()).toEqual(['PUT 0']);
    });
  });

  describe('an answer that is none', () => {
    test.each([500, 502, 503, 504, 408])('%i is asked for again', async (status) => {
      await control.addFault({ effect: { kind: 'reply', status }, match: { runtime: 'Runtime' } });
      expect(await runtimes.read(ID, caller())).toEqual(ABSENT);
    });

    test.each(['{"name":', '<html></html>', '', '[]', '{"name":"Runtime","etag":"e"}'])(
      '%j is not understood',
      async (body) => {
        await control.addFault({
          times: 'always',
          effect: { kind: 'reply', status: 200, body },
          match: { path: 'integrationRuntimes' },
        });
        for (const failure of [
          await failureOf(runtimes.read(ID, caller())),
          await failureOf(runtimes.hint(ID, 0, caller())),
          await failureOf(runtimes.state(ID, caller())),
          await failureOf(runtimes.create(ID, DOCUMENT, caller())),
        ]) {
          expect(failure).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('Could not parse') });
        }
      },
    );

    test.each([404, 410])('a bare %i is no absence', async (status) => {
      await control.addFault({
        times: 'always',
        effect: { kind: 'reply', status, body: 'gone' },
        match: { runtime: 'Runtime' },
      });
      await failureOf(runtimes.read(ID, caller()));
      await failureOf(runtimes.delete(ID, caller()));
    });

    test('silence ends with the time-out', async () => {
      await runtimes.read(ID, caller());
      const hasty = world.runtimes(undefined, { requestTimeoutMs: 100 });
      await control.addFault({ times: 'always', effect: { kind: 'hang' }, match: { runtime: 'Runtime' } });
      expect(await failureOf(hasty.read(ID, caller()))).toMatchObject({
        kind: 'unavailable',
        message: expect.stringContaining('0.1 s'),
      });
    });

    test('silence ends at once when the caller gives up', async () => {
      await control.addFault({ times: 'always', effect: { kind: 'hang' }, match: { runtime: 'Runtime' } });
      const stop = new AbortController();
      const read = expect(runtimes.read(ID, caller({ signal: stop.signal }))).rejects.toThrow('enough');
      await until(async () => (await control.counts({ runtime: 'Runtime' })).IntegrationRuntimes_Get === 1);
      stop.abort(new Error('enough'));
      await read;
    });
  });

  test.each(['..', '../../x', 'a/b?c', '.'])('the name %j reaches no path at all', async (name) => {
    await runtimes.create(ID, DOCUMENT, caller());
    await control.clearTrace();
    const id = { ...ID, name };
    for (const call of [
      runtimes.delete(id, caller()),
      runtimes.create(id, DOCUMENT, caller()),
      runtimes.read(id, caller()),
    ]) {
      expect((await failureOf(call)).kind).toBe('refused');
    }
    expect(await control.trace()).toEqual([]);
    expect(await control.getRuntime(RUNTIME)).not.toBeNull();
  });
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}
