/** Starts a control plane of its own, which it can take down. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type ControlPlane, startControlPlane } from '../../../dev/controlplane/index.ts';
import { crdIsServed } from '../../../dev/installation/crd.ts';
import { createKubeClient, type KubeClient } from '../../../src/kube/client/client.ts';
import { runWatch } from '../../../src/kube/objects/object-watch.ts';
import { ObjectStore } from '../../../src/kube/objects/store.ts';
import type { RunningWatch } from '../../../src/kube/watch/watch.ts';
import { type Clock, systemClock } from '../../../src/runtime/clock.ts';
import { RecordedLog } from '../../unit/runtime/recorded-log.ts';
import { CONTROL_PLANE, kubectl, newNamespace } from '../support/kubectl.ts';
import { clientOfRun, create, eventually, KIND } from './harness.ts';

const TIMEOUT_MS = 120_000;

let plane: ControlPlane;
let client: KubeClient;

beforeAll(async () => {
  plane = await startControlPlane({ users: [{ name: 'nobody', groups: [] }] });
  process.env[CONTROL_PLANE.kubectl] = plane.kubectl;
  process.env[CONTROL_PLANE.kubeconfig] = plane.kubeconfig;
  await kubectl(['apply', '-f', 'crds/']);
  await crdIsServed(kubectl);
  client = clientOfRun();
}, TIMEOUT_MS);

afterAll(async () => {
  await client?.close();
  await plane?.stop();
}, TIMEOUT_MS);

let stop: AbortController;
let running: RunningWatch | undefined;
let log: RecordedLog;
let store: ObjectStore;

beforeEach(() => {
  stop = new AbortController();
  log = new RecordedLog();
  store = new ObjectStore();
  running = undefined;
});

afterEach(async () => {
  stop.abort();
  await running?.done;
});

/** Time that stands still for whoever waits, until it is let go. */
function gatedClock(): { clock: Clock; waiting: () => boolean; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let waits = 0;
  const clock: Clock = {
    ...systemClock,
    setTimer(_ms, fn) {
      let cancelled = false;
      waits++;
      void promise.then(() => cancelled || fn());
      return {
        cancel: () => {
          cancelled = true;
        },
      };
    },
  };
  return { clock, waiting: () => waits > 0, open: resolve };
}

async function watch(namespace: string, clock: Clock = systemClock, by: KubeClient = client): Promise<RunningWatch> {
  running = runWatch({ client: by, store, clock, signal: stop.signal, log, namespaces: [namespace] });
  return running;
}

const uids = () =>
  store
    .objects()
    .map(({ uid }) => uid)
    .sort();

describe('the watch over an outage of the API server', () => {
  test(
    'comes back by itself and has missed nothing',
    async () => {
      const namespace = await newNamespace();
      await create(namespace, 'one');
      await (await watch(namespace)).listed;
      await plane.restartApiServer({ downMs: 1_000 });
      const two = await create(namespace, 'two');
      await eventually(() => expect(uids()).toContain(two.uid), 60_000);
      expect(log.messages('warn').length).toBeGreaterThan(0);
      await eventually(() => expect(log.messages('info')).toContain('watch recovered'));
    },
    TIMEOUT_MS,
  );

  test(
    'lists again when the history is gone, and notices what was deleted and made anew meanwhile',
    async () => {
      const namespace = await newNamespace();
      const stays = await create(namespace, 'stays');
      const goes = await create(namespace, 'goes');
      const anew = await create(namespace, 'anew');
      const { clock, waiting, open } = gatedClock();
      await (await watch(namespace, clock)).listed;
      const seen: string[] = [];
      store.subscribe((change) => {
        const object = change.kind === 'removed' ? change.before : change.after;
        seen.push(`${change.kind} ${object.name} ${change.via}`);
      });
      await plane.restartApiServer();
      await eventually(waiting);
      for (const name of ['goes', 'anew']) await kubectl(['delete', KIND, name, '-n', namespace]);
      const again = await create(namespace, 'anew');
      await plane.compact();
      await plane.restartApiServer();
      open();
      await eventually(() => expect(uids()).toEqual([stays.uid, again.uid].sort()), 60_000);
      expect(seen.sort()).toEqual(['added anew list', 'removed anew list', 'removed goes list']);
      expect(log.messages('debug')).toContain('resource version expired, relisting');
      expect(uids()).not.toContain(goes.uid);
      expect(uids()).not.toContain(anew.uid);
    },
    TIMEOUT_MS,
  );

  test(
    'waits patiently for rights that it has not got, and says so once',
    async () => {
      const namespace = await newNamespace();
      const one = await create(namespace, 'one');
      const nobody = createKubeClient({ kubeconfig: await plane.kubeconfigFor('nobody') });
      try {
        const { listed } = await watch(namespace, systemClock, nobody);
        await eventually(() => log.messages('debug').length > 1);
        expect(log.messages('warn')).toEqual(['watch failed']);
        expect(log.lines[0]?.keys).toMatchObject({ status: 403, reason: 'Forbidden', namespace });
        const rights = ['--verb=list,watch', `--resource=${KIND}`, '-n', namespace];
        await kubectl(['create', 'role', 'watcher', ...rights]);
        await kubectl(['create', 'rolebinding', 'watcher', '--role=watcher', '--user=nobody', '-n', namespace]);
        expect(await listed).toBe(true);
        expect(uids()).toEqual([one.uid]);
      } finally {
        stop.abort();
        await running?.done;
        await nobody.close();
      }
    },
    TIMEOUT_MS,
  );
});
