/** Lists and watches of a real API server, also when history is compacted. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createKubeClient, type KubeClient } from '../../../src/kube/client/client.ts';
import type { ObjectChange } from '../../../src/kube/objects/change.ts';
import { runWatch, type WatchOptions } from '../../../src/kube/objects/object-watch.ts';
import { ObjectStore } from '../../../src/kube/objects/store.ts';
import type { RunningWatch } from '../../../src/kube/watch/watch.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { CONTROL_PLANE, kubectl, newNamespace } from '../support/kubectl.ts';
import { clientOfRun, create, eventually, KIND, quiet } from './harness.ts';

let client: KubeClient;
let namespace: string;
let store: ObjectStore;
let changes: string[];
let stop: AbortController;
let watches: RunningWatch[];

beforeAll(() => {
  client = clientOfRun();
});
afterAll(() => client.close());

beforeEach(async () => {
  namespace = await newNamespace();
  store = new ObjectStore();
  changes = [];
  stop = new AbortController();
  watches = [];
  store.subscribe((change) => changes.push(describeChange(change)));
});

afterEach(async () => {
  stop.abort();
  await Promise.all(watches.map(({ done }) => done));
});

function describeChange(change: ObjectChange): string {
  const { name } = change.kind === 'removed' ? change.before : change.after;
  return `${change.kind} ${name}`;
}

async function watch(options: Partial<WatchOptions> = {}): Promise<RunningWatch> {
  const running = runWatch({
    client,
    store,
    clock: systemClock,
    signal: stop.signal,
    log: quiet,
    namespaces: [namespace],
    ...options,
  });
  watches.push(running);
  expect(await running.listed).toBe(true);
  return running;
}

/** A client that knows how many requests of a kind were answered; a stream is when it has ended. */
function countingClient() {
  const seen: string[] = [];
  const counting = createKubeClient({
    kubeconfig: process.env[CONTROL_PLANE.kubeconfig] ?? '',
    onResponse: ({ method }) => seen.push(method),
  });
  return { counting, count: (method: string) => seen.filter((other) => other === method).length };
}

const remove = (name: string) => kubectl(['delete', KIND, name, '-n', namespace]);
const names = () =>
  store
    .objects()
    .map(({ name }) => name)
    .sort();

describe('the watch', () => {
  test('shows what is there, what comes, what changes and what goes', async () => {
    await create(namespace, 'one');
    await watch();
    expect(names()).toEqual(['one']);
    await create(namespace, 'two');
    await kubectl(['label', KIND, 'one', '-n', namespace, 'a=b']);
    await remove('two');
    await eventually(() => expect(changes).toEqual(['added one', 'added two', 'updated one', 'removed two']));
  });

  test('lists in pages, and each object is there once', async () => {
    for (const name of ['a-one', 'b-two', 'c-three', 'd-four', 'e-five']) await create(namespace, name);
    const { counting, count } = countingClient();
    try {
      await watch({ client: counting, pageSize: 2 });
      expect(count('GET')).toBe(3);
      expect(changes).toHaveLength(5);
      await create(namespace, 'f-six');
      await eventually(() => expect(names()).toHaveLength(6));
    } finally {
      await counting.close();
    }
  });

  test('shows an object that was deleted and made anew as one that went and one that came', async () => {
    const first = await create(namespace, 'one');
    await watch();
    await remove('one');
    await create(namespace, 'one');
    await eventually(() => expect(changes).toEqual(['added one', 'removed one', 'added one']));
    expect(store.get(`${namespace}/one`)?.uid).not.toBe(first.uid);
  });

  test('sees no other namespace than those it is to see', async () => {
    const other = await newNamespace();
    const unseen = await newNamespace();
    await create(other, 'other');
    await create(unseen, 'unseen');
    await create(namespace, 'one');
    await watch({ namespaces: [namespace, other] });
    expect(names()).toEqual(['one', 'other']);
    await create(unseen, 'unseen-too');
    await create(other, 'other-too');
    await eventually(() => expect(names()).toEqual(['one', 'other', 'other-too']));
  });

  test('sees the whole cluster unless told otherwise', async () => {
    await create(namespace, 'one');
    await watch({ namespaces: [] });
    expect(store.get(`${namespace}/one`)).toBeDefined();
  });

  test('loses sight of an object whose labels do not fit any more', async () => {
    await create(namespace, 'one');
    await kubectl(['label', KIND, 'one', '-n', namespace, 'team=blue']);
    await watch({ labelSelector: 'team=blue' });
    expect(names()).toEqual(['one']);
    await kubectl(['label', KIND, 'one', '-n', namespace, 'team=red', '--overwrite']);
    await eventually(() => expect(names()).toEqual([]));
  });

  test('goes on when the server ends its streams', async () => {
    const { counting, count } = countingClient();
    try {
      await watch({ client: counting, watchSeconds: 1 });
      await create(namespace, 'one');
      await eventually(() => count('WATCH') >= 2);
      await create(namespace, 'two');
      await eventually(() => expect(changes).toEqual(['added one', 'added two']));
      expect(count('GET')).toBe(1);
    } finally {
      await counting.close();
    }
  });

  test('ends when it is told to, without waiting for the server', async () => {
    const running = await watch();
    stop.abort();
    // The server would end the stream minutes later, long after this test's own deadline.
    await running.done;
  });
});
