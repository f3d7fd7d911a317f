/** What a real API server does not do on demand; the rest is under test/integration/kube. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { EMPTY_STATUS } from '../../../../src/core/model/object.ts';
import { createKubeClient, type KubeClient } from '../../../../src/kube/client/client.ts';
import { createObjects } from '../../../../src/kube/objects/objects.ts';
import { ObjectStore } from '../../../../src/kube/objects/store.ts';
import { ConflictError, type Objects } from '../../../../src/ports.ts';
import { answer, BadServer } from '../client/bad-server.ts';
import { parsed, rawObject } from './objects-of-tests.ts';

const { signal } = new AbortController();
const status = { ...EMPTY_STATUS, observedGeneration: 1 };
const conflict = answer(409, { kind: 'Status', code: 409, reason: 'Conflict', message: 'changed' });

let server: BadServer;
let client: KubeClient;
let store: ObjectStore;
let objects: Objects;
let requests: string[];
let writes: string[];

beforeAll(async () => {
  server = await BadServer.start();
  client = createKubeClient({ kubeconfig: server.kubeconfig, requestTimeoutMs: 500 });
});

afterAll(async () => {
  await client.close();
  await server.stop();
});

beforeEach(() => {
  store = new ObjectStore();
  requests = [];
  writes = [];
  objects = createObjects({
    client,
    store,
    metrics: { kubernetesWrite: (kind) => writes.push(kind) },
  });
});

/** Answers reads with a newer version each time, and writes as told. */
function server409(write = conflict): void {
  server.handler = (request, response, body) => {
    requests.push(request.method ?? '');
    const read = answer(200, rawObject({ version: 10 + requests.length }));
    (request.method === 'GET' ? read : write)(request, response, body);
  };
}

describe('a status', () => {
  test('of an object that never stops changing is given up after four attempts', async () => {
    server409();
    await expect(objects.updateStatus(parsed(), status, signal)).rejects.toThrow(ConflictError);
    expect(requests).toEqual(['PATCH', 'GET', 'PATCH', 'GET', 'PATCH', 'GET', 'PATCH']);
    expect(writes).toEqual([]);
  });

  test.each([500, 429, 403])('that meets a %d is not tried again here', async (code) => {
    server409(answer(code, {}));
    await expect(objects.updateStatus(parsed(), status, signal)).rejects.toMatchObject({
      name: 'KubeError',
      status: code,
    });
    expect(requests).toEqual(['PATCH']);
  });

  test('that is not answered in time is not tried again either', async () => {
    server409(() => {});
    await expect(objects.updateStatus(parsed(), status, signal)).rejects.toMatchObject({
      status: 0,
      reason: 'Timeout',
    });
    expect(requests).toEqual(['PATCH']);
  });

  test('is first tried on the newest version that is known, if that has the same status', async () => {
    const bodies: string[] = [];
    server.handler = (request, response, body) => {
      bodies.push(body);
      answer(200, rawObject({ version: 4, status: { observedGeneration: 1 } }))(request, response, body);
    };
    store.apply(parsed({ version: 3, generation: 2 }));
    await objects.updateStatus(parsed({ version: 2 }), status, signal);
    expect(bodies).toEqual([expect.stringContaining('"path":"/metadata/resourceVersion","value":"3"')]);
  });

  test('is an error when the answer is no object', async () => {
    server.handler = answer(200, { kind: 'Nonsense' });
    await expect(objects.updateStatus(parsed(), status, signal)).rejects.toMatchObject({ reason: 'BadAnswer' });
  });
});

describe('a finalizer', () => {
  test('of an object that has changed is asked for no second time', async () => {
    server409();
    const object = parsed();
    store.apply(object);
    await expect(objects.addFinalizer(object, 'Created', signal)).rejects.toThrow(ConflictError);
    expect(requests).toEqual(['PATCH']);
  });

  test('of a version that the cache has not is written only if the server has it', async () => {
    server409(answer(200, rawObject({ version: 99, finalizers: ['azure-ir.io/runtime'] })));
    await expect(objects.addFinalizer(parsed({ version: 5 }), 'Created', signal)).rejects.toThrow(ConflictError);
    expect(requests).toEqual(['GET']);
    const hasFinalizer = await objects.addFinalizer(parsed({ version: 12 }), 'Created', signal);
    expect(hasFinalizer.hasFinalizer).toBe(true);
    expect(requests).toEqual(['GET', 'GET', 'PATCH']);
  });

  test('that cannot be taken off is an error, unless the object is gone', async () => {
    const object = parsed({ finalizers: ['azure-ir.io/runtime'] });
    store.apply(object);
    server409(answer(500, {}));
    await expect(objects.removeFinalizer(object, signal)).rejects.toMatchObject({ status: 500 });
    server409(answer(404, {}));
    expect(await objects.removeFinalizer(object, signal)).toBeUndefined();
  });
});
