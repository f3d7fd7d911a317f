/** Reading and writing custom objects of a real API server. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { FINALIZER, MARK_ANNOTATION } from '../../../src/api/names.ts';
import { EMPTY_STATUS, type Status } from '../../../src/core/model/object.ts';
import type { Handover } from '../../../src/core/model/ownership.ts';
import type { KubeClient } from '../../../src/kube/client/client.ts';
import type { ParsedObject } from '../../../src/kube/objects/codec.ts';
import { runtimeKeyOf } from '../../../src/kube/objects/runtime-key.ts';
import { renderStatus } from '../../../src/kube/objects/status.ts';
import { ConflictError } from '../../../src/ports.ts';
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

const rich: Status = {
  observedGeneration: 1,
  conditions: [condition('Ready'), condition('Reconciling')],
  state: 'Online',
  location: 'westeurope',
  referenceName: 'MySampleAzureIR',
  claim: { origin: 'Created', identity: 't/c' },
  ownedFields: ['description', 'location'],
  drift: [{ field: 'location', desired: 'a', observed: 'b' }],
  repair: { attempts: 2, lastAttemptTime: 1000, nextAttemptTime: 2000 },
  corrections: [{ field: 'location', times: [1000, 2000], contested: true }],
  waitingSince: { reason: 'Forbidden', time: 5000 },
};

const poor: Status = {
  observedGeneration: 1,
  conditions: [condition('Ready', 'now with a message')],
  ownedFields: ['location'],
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

    const hasFinalizer = await b.objects.addFinalizer(
      b.store.get(`${namespace}/${NAME}`) as ParsedObject,
      'Created',
      signal,
    );
    expect(hasFinalizer.hasFinalizer).toBe(true);
    expect((await raw(namespace, NAME)).metadata.finalizers).toEqual(['example.com/theirs', FINALIZER]);

    const released = await b.objects.removeFinalizer(hasFinalizer, signal);
    expect(released?.hasFinalizer).toBe(false);
    expect((await raw(namespace, NAME)).metadata.finalizers).toEqual(['example.com/theirs']);
    expect(b.writes).toEqual(['finalizer', 'finalizer']);
  });

  test('goes off an object that was edited in between only where that is asked for', async () => {
    const held = await b.objects.addFinalizer(await shown(), 'Created', signal);
    await annotate('example.com/edited=1');
    await expect(b.objects.removeFinalizer(held, signal)).rejects.toBeInstanceOf(ConflictError);
    const released = await b.objects.removeFinalizer(held, signal, { evenIfChanged: true });
    expect(released).toMatchObject({ hasFinalizer: false, mark: undefined });
    expect(await annotations()).toMatchObject({ 'example.com/edited': '1' });
    expect(await annotations()).not.toHaveProperty([MARK_ANNOTATION]);
  });

  const annotations = async () => (await raw(namespace, NAME)).metadata.annotations ?? {};

  test('brings the mark of the object with it, and takes it away again', async () => {
    const object = await shown();
    const runtime = runtimeKeyOf(object);
    const mark = async () => JSON.parse((await annotations())[MARK_ANNOTATION] ?? 'null');
    const adopted = await b.objects.addFinalizer(object, 'Adopted', signal);
    expect(adopted).toMatchObject({ hasFinalizer: true, mark: { origin: 'Adopted', runtime } });
    expect(await mark()).toEqual({ uid: object.uid, origin: 'Adopted', runtime });
    const created = await b.objects.addFinalizer(adopted, 'Created', signal);
    expect(created).toMatchObject({ hasFinalizer: true, mark: { origin: 'Created', runtime } });
    expect(await b.objects.addFinalizer(created, 'Created', signal)).toBe(created);
    await b.objects.removeFinalizer(created, signal);
    expect(await annotations()).not.toHaveProperty([MARK_ANNOTATION]);
    expect(b.writes).toEqual(['finalizer', 'finalizer', 'finalizer']);
  });

  test.each([
    ['replaced by its own when the object is held', 'addFinalizer'],
    ['taken off with the finalizer', 'release'],
  ] as const)('and a mark that came with the object is %s', async (_, act) => {
    await shown();
    const theirs = JSON.stringify({ uid: 'another', origin: 'Created', runtime: '/x' });
    const metadata = { finalizers: [FINALIZER], annotations: { [MARK_ANNOTATION]: theirs } };
    await kubectl(['patch', KIND, NAME, '-n', namespace, '--type=merge', '-p', JSON.stringify({ metadata })]);
    const object = await read(namespace, NAME);
    b.store.apply(object);
    expect(object).toMatchObject({ hasFinalizer: true, mark: undefined });
    if (act === 'addFinalizer') await b.objects.addFinalizer(object, 'Adopted', signal);
    else await b.objects.removeFinalizer(object, signal);
    const left = (await annotations())[MARK_ANNOTATION];
    expect(left === undefined ? left : JSON.parse(left).uid).toBe(act === 'addFinalizer' ? object.uid : undefined);
    expect(b.writes).toEqual(['finalizer']);
  });

  test('is written under its own field manager', async () => {
    await b.objects.addFinalizer(await shown(), 'Created', signal);
    const { managedFields } = (await raw(namespace, NAME)).metadata;
    expect(managedFields.map(({ manager }) => manager)).toContain('azure-ir-operator-finalizer');
  });

  test('comes off also when another tool has written it too', async () => {
    const object = await shown();
    const hasFinalizer = await b.objects.addFinalizer(object, 'Created', signal);
    await kubectl(['apply', '--server-side', '--field-manager=restore', '-n', namespace, '-f', '-'], {
      stdin: {
        apiVersion: 'azure-ir.io/v1beta1',
        kind: 'AzureIntegrationRuntime',
        metadata: { name: NAME, finalizers: [FINALIZER] },
      },
    });
    await b.objects.removeFinalizer({ ...(await read(namespace, NAME)) }, signal);
    expect((await raw(namespace, NAME)).metadata.finalizers).toBeUndefined();
    expect(hasFinalizer.hasFinalizer).toBe(true);
  });

  test('that is on already costs no write, nor does taking off one that is not on', async () => {
    const object = await shown();
    expect(await b.objects.removeFinalizer(object, signal)).toBe(object);
    const hasFinalizer = await b.objects.addFinalizer(object, 'Created', signal);
    expect(await b.objects.addFinalizer(hasFinalizer, 'Created', signal)).toBe(hasFinalizer);
    expect(b.writes).toEqual(['finalizer']);
  });

  test('is in the cache when it has been written', async () => {
    await b.objects.addFinalizer(await shown(), 'Created', signal);
    expect(b.objects.get(`${namespace}/${NAME}`)?.hasFinalizer).toBe(true);
  });

  test('is not written when somebody has changed the object in between', async () => {
    const object = await shown();
    await annotate('example.com/x=1');
    await expect(b.objects.addFinalizer(object, 'Created', signal)).rejects.toBeInstanceOf(ConflictError);
    expect((await raw(namespace, NAME)).metadata.finalizers).toBeUndefined();
    expect(b.writes).toEqual([]);
  });

  test('is not written to an object of the same name that came later', async () => {
    const object = await shown();
    await remove();
    await create(namespace, NAME);
    await expect(b.objects.addFinalizer(object, 'Created', signal)).rejects.toBeInstanceOf(ConflictError);
    expect((await raw(namespace, NAME)).metadata.finalizers).toBeUndefined();
  });

  test('needs no taking off from an object that is gone', async () => {
    const object = await shown();
    await b.objects.addFinalizer(object, 'Created', signal);
    await addFinalizer();
    await remove();
    const hasFinalizer = b.store.get(`${namespace}/${NAME}`) as ParsedObject;
    expect(await b.objects.removeFinalizer(hasFinalizer, signal)).toBeUndefined();
  });

  test('lets a deleted object go', async () => {
    await b.objects.addFinalizer(await shown(), 'Created', signal);
    await remove();
    const deleting = await read(namespace, NAME);
    expect(deleting.deleting).toBe(true);
    b.store.apply(deleting);
    await b.objects.removeFinalizer(deleting, signal);
    expect((await run(['get', KIND, NAME, '-n', namespace])).stderr).toContain('NotFound');
  });
});

describe('confirm', () => {
  test('is content with the current version only', async () => {
    const object = await shown();
    await b.objects.confirm(object, signal);
    await annotate('example.com/x=1');
    await expect(b.objects.confirm(object, signal)).rejects.toBeInstanceOf(ConflictError);
  });

  test('is not content with an object that is gone, or with its successor', async () => {
    const object = await shown();
    await remove();
    await expect(b.objects.confirm(object, signal)).rejects.toBeInstanceOf(ConflictError);
    await create(namespace, NAME);
    await expect(b.objects.confirm(object, signal)).rejects.toBeInstanceOf(ConflictError);
  });
});

describe('updateStatus', () => {
  test('makes the memory the status, and what is left out goes', async () => {
    const object = await shown();
    const first = await b.objects.updateStatus(object, rich, signal);
    expect(first.status).toEqual(rich);
    expect((await read(namespace, NAME)).status).toEqual(rich);

    const second = await b.objects.updateStatus(first, poor, signal);
    expect(second.status).toEqual(poor);
    expect((await raw(namespace, NAME)).status).toEqual({ ...renderStatus(poor), uid: expect.any(String) });
    expect(b.writes).toEqual(['status', 'status']);
  });

  test('is in the cache when the promise resolves', async () => {
    await b.objects.updateStatus(await shown(), rich, signal);
    expect(b.objects.get(`${namespace}/${NAME}`)?.status).toEqual(rich);
  });

  test('writes nothing that is already there', async () => {
    const object = await b.objects.updateStatus(await shown(), rich, signal);
    expect(await b.objects.updateStatus(object, { ...rich }, signal)).toBe(object);
    expect(b.writes).toEqual(['status']);
    expect((await raw(namespace, NAME)).metadata.resourceVersion).toBe(object.resourceVersion);
  });

  test('is not hindered by an edit of something else than the status', async () => {
    const object = await shown();
    await kubectl(['patch', KIND, NAME, '-n', namespace, '--type=merge', '-p', '{"spec":{"location":"North Europe"}}']);
    const answer = await b.objects.updateStatus(object, rich, signal);
    expect(answer.generation).toBe(2);
    expect((await read(namespace, NAME)).status).toEqual(rich);
  });

  test('does not show the edit of a person before the watch does, and yet is itself in the cache', async () => {
    const object = await shown();
    await kubectl(['patch', KIND, NAME, '-n', namespace, '--type=merge', '-p', '{"spec":{"location":"North Europe"}}']);
    await b.objects.updateStatus(object, rich, signal);
    expect(b.objects.get(object.key)).toMatchObject({
      generation: 1,
      status: rich,
      resourceVersion: object.resourceVersion,
    });
  });

  test('is refused when somebody else has changed the status in between', async () => {
    const object = await b.objects.updateStatus(await shown(), poor, signal);
    await editStatus({ status: { state: 'Limited' } });
    await expect(b.objects.updateStatus(object, rich, signal)).rejects.toBeInstanceOf(ConflictError);
    expect((await raw(namespace, NAME)).status).toMatchObject({ state: 'Limited' });
    expect(b.writes).toEqual(['status']);
  });

  test('takes the place of a status that is about another object, which counts as none', async () => {
    const object = await shown();
    await editStatus({ status: { uid: 'another', state: 'Limited', lastHandledRepairAt: 'r1' } });
    expect((await read(namespace, NAME)).status).toEqual(EMPTY_STATUS);
    await b.objects.updateStatus(object, poor, signal);
    expect((await raw(namespace, NAME)).status).toEqual({ ...renderStatus(poor), uid: object.uid });
  });

  test('is refused for an object that is gone, and does not make its successor remember', async () => {
    const object = await shown();
    await remove();
    await expect(b.objects.updateStatus(object, rich, signal)).rejects.toBeInstanceOf(ConflictError);
    await create(namespace, NAME);
    await expect(b.objects.updateStatus(object, rich, signal)).rejects.toBeInstanceOf(ConflictError);
    expect((await raw(namespace, NAME)).status).toEqual({ observedGeneration: -1 });
  });

  test('takes out what another manager has written into the status', async () => {
    await b.objects.updateStatus(await shown(), rich, signal);
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
    const answer = await b.objects.updateStatus(edited, poor, signal);
    expect(answer.status).toEqual(poor);
    expect((await raw(namespace, NAME)).status).toEqual({ ...renderStatus(poor), uid: expect.any(String) });
    expect(await b.objects.updateStatus(answer, poor, signal)).toBe(answer);
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
    await b.objects.updateStatus(await read(namespace, NAME), rich, signal);
    expect(before).toBeDefined();
    expect(await owned()).toEqual(before);
  });

  test('is the work of one manager', async () => {
    await b.objects.updateStatus(await shown(), rich, signal);
    const { managedFields } = (await raw(namespace, NAME)).metadata;
    expect(managedFields.filter(({ subresource }) => subresource === 'status')).toMatchObject([
      { manager: 'azure-ir-operator', operation: 'Update' },
    ]);
  });

  test('ends with the reason of its signal', async () => {
    const object = await shown();
    await expect(b.objects.updateStatus(object, rich, AbortSignal.abort(new Error('stopping')))).rejects.toThrow(
      'stopping',
    );
    expect((await raw(namespace, NAME)).status).toEqual({ observedGeneration: -1 });
  });
});

describe('what is left to an heir', () => {
  const handover: Handover = {
    claim: { origin: 'Created', identity: 't/c' },
    ownedFields: ['location'],
    operation: undefined,
  };

  test('is added to what the server says that it remembers, however old or scanty the cache is', async () => {
    const successor = await shown();
    await b.objects.updateStatus(successor, poor, signal);
    await b.objects.handOver({ ...successor, status: EMPTY_STATUS }, handover, signal);
    const { claim, ownedFields } = handover;
    expect((await read(namespace, NAME)).status).toEqual({ ...poor, claim, ownedFields });
    expect(b.objects.get(successor.key)?.status.claim).toEqual(claim);
  });

  test('is not left to one that has a claim by now', async () => {
    const successor = await shown();
    await b.objects.updateStatus(successor, { ...poor, claim: { origin: 'Adopted', identity: 't/c' } }, signal);
    await expect(b.objects.handOver(successor, handover, signal)).rejects.toBeInstanceOf(ConflictError);
  });
});

describe('what the server refuses', () => {
  test('is thrown as it said it', async () => {
    await create(namespace, NAME);
    await addFinalizer('example.com/theirs');
    await remove();
    await expect(b.objects.addFinalizer(await read(namespace, NAME), 'Created', signal)).rejects.toMatchObject({
      name: 'KubeError',
      status: 422,
      reason: 'Invalid',
      message: expect.stringContaining('no new finalizers'),
    });
  });
});
