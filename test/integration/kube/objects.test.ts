import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { FINALIZER, MARK_ANNOTATION } from '../../../src/api/names.ts';
import { BLANK, type Memory } from '../../../src/core/object.ts';
import type { Legacy } from '../../../src/core/ownership.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import type { ParsedObject } from '../../../src/kube/codec.ts';
import { renderStatus } from '../../../src/kube/status.ts';
import { runtimeKeyOf } from '../../../src/kube/store.ts';
import { Stale } from '../../../src/ports.ts';
import { kubectl, newNamespace, run } from '../support/kubectl.ts';
import { type Bench, bench, clientOfRun, create, KIND, raw, read } from './harness.ts';

const NAME = 'my-sample-azure-ir';
const { signal } = new AbortController();

let client: KubeClient;
let namespace: string;
let b: Bench;

beforeAll(() => {
  client = clientOfRun();
});
afterAll(() => client.close());

beforeEach(async () => {
  namespace = await newNamespace();
  b = bench(client);
});

/** Creates the object and shows it to the store. */
async function shown(name = NAME): Promise<ParsedObject> {
  const object = await create(namespace, name);
  b.store.apply(object);
  return object;
}

const condition = (type: 'Ready' | 'Stalled' | 'Reconciling', message = '') => ({
  type,
  status: 'True' as const,
  reason: 'Available',
  message,
  observedGeneration: 1,
  lastTransitionTime: Date.UTC(2025, 0, 1),
});

const rich: Memory = {
  observedGeneration: 1,
  conditions: [condition('Ready'), condition('Reconciling')],
  state: 'Online',
  location: 'westeurope',
  referenceName: 'MySampleAzureIR',
  claim: { origin: 'Created', identity: 't/c' },
  managedFields: ['description', 'location'],
  drift: [{ field: 'location', desired: 'a', observed: 'b' }],
  repair: { attempts: 2, lastAttemptTime: 1000, nextAttemptTime: 2000 },
  corrections: [{ field: 'location', times: [1000, 2000], contested: true }],
  waitingSince: { reason: 'Forbidden', time: 5000 },
};

const poor: Memory = {
  observedGeneration: 1,
  conditions: [condition('Ready', 'now with a message')],
  managedFields: ['location'],
  drift: [],
  corrections: [],
  repair: { attempts: 3 },
};

async function annotate(text: string, name = NAME): Promise<void> {
  await kubectl(['annotate', KIND, name, '-n', namespace, '--overwrite', text]);
}

async function editStatus(patch: object, name = NAME): Promise<void> {
  await kubectl([
    ...['patch', KIND, name, '-n', namespace, '--subresource=status', '--type=merge', '-p', JSON.stringify(patch)],
    '--field-manager=somebody-else',
  ]);
}

async function addFinalizer(...finalizers: string[]): Promise<void> {
  const patch = JSON.stringify({ metadata: { finalizers } });
  await kubectl(['patch', KIND, NAME, '-n', namespace, '--type=merge', '-p', patch]);
}

const remove = (name = NAME) => kubectl(['delete', KIND, name, '-n', namespace, '--wait=false']);

describe('the finalizer', () => {
  test('goes on and off and leaves those of others alone', async () => {
    await create(namespace, NAME);
    await addFinalizer('example.com/theirs');
    b.store.apply(await read(namespace, NAME));

    const held = await b.objects.hold(b.store.get(`${namespace}/${NAME}`) as ParsedObject, 'Created', signal);
    expect(held.held).toBe(true);
    expect((await raw(namespace, NAME)).metadata.finalizers).toEqual(['example.com/theirs', FINALIZER]);

    const released = await b.objects.release(held, signal);
    expect(released?.held).toBe(false);
    expect((await raw(namespace, NAME)).metadata.finalizers).toEqual(['example.com/theirs']);
    expect(b.writes).toEqual(['finalizer', 'finalizer']);
  });

  const annotations = async () => (await raw(namespace, NAME)).metadata.annotations ?? {};

  test('brings the mark of the object with it, and takes it away again', async () => {
    const object = await shown();
    const runtime = runtimeKeyOf(object);
    const mark = async () => JSON.parse((await annotations())[MARK_ANNOTATION] ?? 'null');
    const adopted = await b.objects.hold(object, 'Adopted', signal);
    expect(adopted).toMatchObject({ held: true, mark: { origin: 'Adopted', runtime } });
    expect(await mark()).toEqual({ uid: object.uid, origin: 'Adopted', runtime });
    const created = await b.objects.hold(adopted, 'Created', signal);
    expect(created).toMatchObject({ held: true, mark: { origin: 'Created', runtime } });
    expect(await b.objects.hold(created, 'Created', signal)).toBe(created);
    await b.objects.release(created, signal);
    expect(await annotations()).not.toHaveProperty([MARK_ANNOTATION]);
    expect(b.writes).toEqual(['finalizer', 'finalizer', 'finalizer']);
  });

  test.each([
    ['replaced by its own when the object is held', 'hold'],
    ['taken off with the finalizer', 'release'],
  ] as const)('and a mark that came with the object is %s', async (_, act) => {
    await shown();
    const theirs = JSON.stringify({ uid: 'another', origin: 'Created', runtime: '/x' });
    const metadata = { finalizers: [FINALIZER], annotations: { [MARK_ANNOTATION]: theirs } };
    await kubectl(['patch', KIND, NAME, '-n', namespace, '--type=merge', '-p', JSON.stringify({ metadata })]);
    const object = await read(namespace, NAME);
    b.store.apply(object);
    expect(object).toMatchObject({ held: true, mark: undefined });
    if (act === 'hold') await b.objects.hold(object, 'Adopted', signal);
    else await b.objects.release(object, signal);
    const left = (await annotations())[MARK_ANNOTATION];
    expect(left === undefined ? left : JSON.parse(left).uid).toBe(act === 'hold' ? object.uid : undefined);
    expect(b.writes).toEqual(['finalizer']);
  });

  test('is written under its own field manager', async () => {
    await b.objects.hold(await shown(), 'Created', signal);
    const { managedFields } = (await raw(namespace, NAME)).metadata;
    expect(managedFields.map(({ manager }) => manager)).toContain('azure-ir-operator-finalizer');
  });

  test('comes off also when another tool has written it too', async () => {
    const object = await shown();
    const held = await b.objects.hold(object, 'Created', signal);
    await kubectl(['apply', '--server-side', '--field-manager=restore', '-n', namespace, '-f', '-'], {
      stdin: {
        apiVersion: 'azure-ir.io/v1beta1',
        kind: 'AzureIntegrationRuntime',
        metadata: { name: NAME, finalizers: [FINALIZER] },
      },
    });
    await b.objects.release({ ...(await read(namespace, NAME)) }, signal);
    expect((await raw(namespace, NAME)).metadata.finalizers).toBeUndefined();
    expect(held.held).toBe(true);
  });

  test('that is on already costs no write, nor does taking off one that is not on', async () => {
    const object = await shown();
    expect(await b.objects.release(object, signal)).toBe(object);
    const held = await b.objects.hold(object, 'Created', signal);
    expect(await b.objects.hold(held, 'Created', signal)).toBe(held);
    expect(b.writes).toEqual(['finalizer']);
  });

  test('is in the cache when it has been written', async () => {
    await b.objects.hold(await shown(), 'Created', signal);
    expect(b.objects.get(`${namespace}/${NAME}`)?.held).toBe(true);
  });

  test('is not written when somebody has changed the object in between', async () => {
    const object = await shown();
    await annotate('example.com/x=1');
    await expect(b.objects.hold(object, 'Created', signal)).rejects.toBeInstanceOf(Stale);
    expect((await raw(namespace, NAME)).metadata.finalizers).toBeUndefined();
    expect(b.writes).toEqual([]);
  });

  test('is not written to an object of the same name that came later', async () => {
    const object = await shown();
    await remove();
    await create(namespace, NAME);
    await expect(b.objects.hold(object, 'Created', signal)).rejects.toBeInstanceOf(Stale);
    expect((await raw(namespace, NAME)).metadata.finalizers).toBeUndefined();
  });

  test('needs no taking off from an object that is gone', async () => {
    const object = await shown();
    await b.objects.hold(object, 'Created', signal);
    await addFinalizer();
    await remove();
    const held = b.store.get(`${namespace}/${NAME}`) as ParsedObject;
    expect(await b.objects.release(held, signal)).toBeUndefined();
  });

  test('lets a deleted object go', async () => {
    await b.objects.hold(await shown(), 'Created', signal);
    await remove();
    const deleting = await read(namespace, NAME);
    expect(deleting.deleting).toBe(true);
    b.store.apply(deleting);
    await b.objects.release(deleting, signal);
    expect((await run(['get', KIND, NAME, '-n', namespace])).stderr).toContain('NotFound');
  });
});

describe('confirm', () => {
  test('is content with the current version only', async () => {
    const object = await shown();
    await b.objects.confirm(object, signal);
    await annotate('example.com/x=1');
    await expect(b.objects.confirm(object, signal)).rejects.toBeInstanceOf(Stale);
  });

  test('is not content with an object that is gone, or with its successor', async () => {
    const object = await shown();
    await remove();
    await expect(b.objects.confirm(object, signal)).rejects.toBeInstanceOf(Stale);
    await create(namespace, NAME);
    await expect(b.objects.confirm(object, signal)).rejects.toBeInstanceOf(Stale);
  });
});

describe('remember', () => {
  test('makes the memory the status, and what is left out goes', async () => {
    const object = await shown();
    const first = await b.objects.remember(object, rich, signal);
    expect(first.memory).toEqual(rich);
    expect((await read(namespace, NAME)).memory).toEqual(rich);

    const second = await b.objects.remember(first, poor, signal);
    expect(second.memory).toEqual(poor);
    expect((await raw(namespace, NAME)).status).toEqual({ ...renderStatus(poor), uid: expect.any(String) });
    expect(b.writes).toEqual(['status', 'status']);
  });

  test('is in the cache when the promise resolves', async () => {
    await b.objects.remember(await shown(), rich, signal);
    expect(b.objects.get(`${namespace}/${NAME}`)?.memory).toEqual(rich);
  });

  test('writes nothing that is already there', async () => {
    const object = await b.objects.remember(await shown(), rich, signal);
    expect(await b.objects.remember(object, { ...rich }, signal)).toBe(object);
    expect(b.writes).toEqual(['status']);
    expect((await raw(namespace, NAME)).metadata.resourceVersion).toBe(object.resourceVersion);
  });

  test('is not hindered by an edit of something else than the status', async () => {
    const object = await shown();
    await kubectl(['patch', KIND, NAME, '-n', namespace, '--type=merge', '-p', '{"spec":{"location":"North Europe"}}']);
    const answer = await b.objects.remember(object, rich, signal);
    expect(answer.generation).toBe(2);
    expect((await read(namespace, NAME)).memory).toEqual(rich);
  });

  test('does not show the edit of a person before the watch does, and yet is itself in the cache', async () => {
    const object = await shown();
    await kubectl(['patch', KIND, NAME, '-n', namespace, '--type=merge', '-p', '{"spec":{"location":"North Europe"}}']);
    await b.objects.remember(object, rich, signal);
    expect(b.objects.get(object.key)).toMatchObject({
      generation: 1,
      memory: rich,
      resourceVersion: object.resourceVersion,
    });
  });

  test('is refused when somebody else has changed the status in between', async () => {
    const object = await b.objects.remember(await shown(), poor, signal);
    await editStatus({ status: { state: 'Limited' } });
    await expect(b.objects.remember(object, rich, signal)).rejects.toBeInstanceOf(Stale);
    expect((await raw(namespace, NAME)).status).toMatchObject({ state: 'Limited' });
    expect(b.writes).toEqual(['status']);
  });

  test('takes the place of a status that is about another object, which counts as none', async () => {
    const object = await shown();
    await editStatus({ status: { uid: 'another', state: 'Limited', lastHandledRepairAt: 'r1' } });
    expect((await read(namespace, NAME)).memory).toEqual(BLANK);
    await b.objects.remember(object, poor, signal);
    expect((await raw(namespace, NAME)).status).toEqual({ ...renderStatus(poor), uid: object.uid });
  });

  test('is refused for an object that is gone, and does not make its successor remember', async () => {
    const object = await shown();
    await remove();
    await expect(b.objects.remember(object, rich, signal)).rejects.toBeInstanceOf(Stale);
    await create(namespace, NAME);
    await expect(b.objects.remember(object, rich, signal)).rejects.toBeInstanceOf(Stale);
    expect((await raw(namespace, NAME)).status).toEqual({ observedGeneration: -1 });
  });

  test('takes out what another manager has written into the status', async () => {
    await b.objects.remember(await shown(), rich, signal);
    const theirs = {
      type: 'Stalled',
      status: 'True',
      reason: 'Theirs',
      message: '',
      lastTransitionTime: '2025-01-01T00:00:00Z',
    };
    const mine = renderStatus(rich).conditions ?? [];
    await editStatus({
      status: {
        state: 'Limited',
        lastHandledRepairAt: 'forged',
        repair: { nextAttemptTime: '2030-01-01T00:00:00Z' },
        conditions: [theirs, ...mine],
        drift: null,
      },
    });
    const edited = await read(namespace, NAME);
    b.store.apply(edited);
    const answer = await b.objects.remember(edited, poor, signal);
    expect(answer.memory).toEqual(poor);
    expect((await raw(namespace, NAME)).status).toEqual({ ...renderStatus(poor), uid: expect.any(String) });
    expect(await b.objects.remember(answer, poor, signal)).toBe(answer);
  });

  test('leaves to others what they own of the object', async () => {
    await shown();
    const manifest = {
      apiVersion: 'azure-ir.io/v1beta1',
      kind: 'AzureIntegrationRuntime',
      metadata: { name: NAME, labels: { team: 'lake' }, annotations: { 'example.com/x': '1' } },
    };
    await kubectl(['apply', '--server-side', '--field-manager=theirs', '-n', namespace, '-f', '-'], {
      stdin: manifest,
    });
    const owned = async () => {
      const { managedFields } = (await raw(namespace, NAME)).metadata;
      return managedFields.find(({ manager }) => manager === 'theirs');
    };
    const before = await owned();
    await b.objects.remember(await read(namespace, NAME), rich, signal);
    expect(before).toBeDefined();
    expect(await owned()).toEqual(before);
  });

  test('is the work of one manager', async () => {
    await b.objects.remember(await shown(), rich, signal);
    const { managedFields } = (await raw(namespace, NAME)).metadata;
    expect(managedFields.filter(({ subresource }) => subresource === 'status')).toMatchObject([
      { manager: 'azure-ir-operator', operation: 'Update' },
    ]);
  });

  test('ends with the reason of its signal', async () => {
    const object = await shown();
    await expect(b.objects.remember(object, rich, AbortSignal.abort(new Error('stopping')))).rejects.toThrow(
      'stopping',
    );
    expect((await raw(namespace, NAME)).status).toEqual({ observedGeneration: -1 });
  });
});

describe('what is left to an heir', () => {
  const legacy: Legacy = {
    claim: { origin: 'Created', identity: 't/c' },
    managedFields: ['location'],
    operation: undefined,
  };

  test('is added to what the server says that it remembers, however old or scanty the cache is', async () => {
    const heir = await shown();
    await b.objects.remember(heir, poor, signal);
    await b.objects.leave({ ...heir, memory: BLANK }, legacy, signal);
    const { claim, managedFields } = legacy;
    expect((await read(namespace, NAME)).memory).toEqual({ ...poor, claim, managedFields });
    expect(b.objects.get(heir.key)?.memory.claim).toEqual(claim);
  });

  test('is not left to one that has a claim by now', async () => {
    const heir = await shown();
    await b.objects.remember(heir, { ...poor, claim: { origin: 'Adopted', identity: 't/c' } }, signal);
    await expect(b.objects.leave(heir, legacy, signal)).rejects.toBeInstanceOf(Stale);
  });
});

describe('what the server refuses', () => {
  test('is thrown as it said it', async () => {
    await create(namespace, NAME);
    await addFinalizer('example.com/theirs');
    await remove();
    await expect(b.objects.hold(await read(namespace, NAME), 'Created', signal)).rejects.toMatchObject({
      name: 'KubeError',
      status: 422,
      reason: 'Invalid',
      message: expect.stringContaining('no new finalizers'),
    });
  });
});
