/** The lease as the real API server keeps it and kubectl shows it, and the election on it. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeClient } from '../../../src/kube/client/client.ts';
import { KubeError } from '../../../src/kube/client/errors.ts';
import { createLeaseStore } from '../../../src/kube/lease/lease.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { Elector, LeaseConflict, type LeaseStore } from '../../../src/runtime/elector.ts';
import type { Lease, StoredLease } from '../../../src/runtime/leader.ts';
import { RecordedLog } from '../../unit/runtime/recorded-log.ts';
import { kubectl, newNamespace } from '../support/kubectl.ts';
import { clientOfRun, eventually, quiet } from './harness.ts';

const NAME = 'azure-ir-operator';
const LEASE: Lease = {
  holder: 'replica-1',
  durationMs: 15_000,
  acquiredAt: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  renewedAt: Date.UTC(2026, 0, 2, 3, 4, 9),
  transitions: 3,
};
const { signal } = new AbortController();

let client: KubeClient;
let namespace: string;
let stop: AbortController;
let running: Promise<unknown>[];

beforeAll(() => {
  client = clientOfRun();
});
afterAll(() => client.close());

beforeEach(async () => {
  namespace = await newNamespace();
  stop = new AbortController();
  running = [];
});
afterEach(async () => {
  stop.abort();
  await Promise.all(running);
});

const storeIn = (where = namespace): LeaseStore =>
  createLeaseStore({ client, clock: systemClock, log: quiet, namespace: where, name: NAME });

interface RawLease {
  readonly metadata: { readonly labels?: Record<string, string>; readonly annotations?: Record<string, string> };
  readonly spec: Record<string, unknown>;
}

const raw = async (): Promise<RawLease> =>
  JSON.parse(await kubectl(['get', 'lease', NAME, '-n', namespace, '-o', 'json']));

describe('the lease', () => {
  test('is created and renewed in the fields that kubectl shows, and read back the same', async () => {
    const store = storeIn();
    expect(await store.read(signal)).toBeUndefined();
    const created = await store.write(LEASE, undefined, signal);
    expect(created.lease).toEqual(LEASE);
    expect((await raw()).spec).toEqual({
      holderIdentity: 'replica-1',
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-02T03:04:05.678000Z',
      renewTime: '2026-01-02T03:04:09.000000Z',
      leaseTransitions: 3,
    });
    expect(await kubectl(['get', 'lease', NAME, '-n', namespace, '--no-headers'])).toMatch(
      /^azure-ir-operator +replica-1 /,
    );
    await kubectl(['label', 'lease', NAME, '-n', namespace, 'a=b']);
    const labelled = await store.read(signal);
    const renewed = await store.write({ ...LEASE, renewedAt: LEASE.renewedAt + 2_000 }, labelled?.version, signal);
    expect(await raw()).toMatchObject({
      metadata: { labels: { a: 'b' } },
      spec: { renewTime: '2026-01-02T03:04:11.000000Z', acquireTime: '2026-01-02T03:04:05.678000Z' },
    });
    expect(await store.read(signal)).toEqual(renewed);
  });

  test('bears what its holder notes on it, at each write, beside what others noted', async () => {
    const notes = { 'azure-ir.io/change-queue': 'up' };
    const store = createLeaseStore({
      client,
      clock: systemClock,
      log: quiet,
      namespace,
      name: NAME,
      notes: () => notes,
    });
    const { version } = await store.write(LEASE, undefined, signal);
    expect((await raw()).metadata.annotations).toEqual(notes);
    const noted = await store.write(LEASE, version, signal);
    await kubectl(['annotate', 'lease', NAME, '-n', namespace, 'other=kept']);
    notes['azure-ir.io/change-queue'] = 'missing';
    const current = await store.read(signal);
    expect(noted.version).not.toBe(current?.version);
    await store.write(LEASE, current?.version, signal);
    expect((await raw()).metadata.annotations).toEqual({ other: 'kept', 'azure-ir.io/change-queue': 'missing' });
  });

  test('is released as client-go does it', async () => {
    const store = storeIn();
    const { version } = await store.write(LEASE, undefined, signal);
    const released = await store.write({ ...LEASE, holder: '', durationMs: 1_000 }, version, signal);
    expect(released.lease).toMatchObject({ holder: '', durationMs: 1_000, transitions: 3 });
    expect((await raw()).spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 3 });
  });

  test('is not written over another version, nor created where there is one, nor renewed where there is none', async () => {
    const store = storeIn();
    const { version } = await store.write(LEASE, undefined, signal);
    await store.write({ ...LEASE, holder: 'replica-2' }, version, signal);
    await expect(store.write(LEASE, version, signal)).rejects.toBeInstanceOf(LeaseConflict);
    await expect(store.write(LEASE, undefined, signal)).rejects.toBeInstanceOf(LeaseConflict);
    expect((await raw()).spec).toMatchObject({ holderIdentity: 'replica-2' });
    await kubectl(['delete', 'lease', NAME, '-n', namespace]);
    await expect(store.write(LEASE, version, signal)).rejects.toBeInstanceOf(LeaseConflict);
  });

  test('cannot be created in a namespace that there is not: that is no conflict', async () => {
    await expect(storeIn('nowhere').write(LEASE, undefined, signal)).rejects.toBeInstanceOf(KubeError);
  });

  test('is watched: what it is, each change, and that it is gone, and no other lease', async () => {
    const [mine, theirs] = [storeIn(), storeIn()];
    const told: (string | undefined)[] = [];
    running.push(mine.watch((stored) => told.push(stored?.lease.holder), stop.signal));
    await eventually(() => expect(told).toEqual([undefined]));
    await kubectl(['create', '-n', namespace, '-f', '-'], { stdin: leaseOfOthers });
    const { version } = await theirs.write(LEASE, undefined, signal);
    await theirs.write({ ...LEASE, holder: '' }, version, signal);
    await kubectl(['delete', 'lease', NAME, '-n', namespace]);
    await eventually(() => expect(told).toEqual([undefined, 'replica-1', '', undefined]));
  });

  test('is not told of again, nor in an older version, to whom a write was answered', async () => {
    const [mine, theirs] = [storeIn(), storeIn()];
    const told: (StoredLease | undefined)[] = [];
    running.push(mine.watch((stored) => told.push(stored), stop.signal));
    await eventually(() => expect(told).toEqual([undefined]));
    let { version } = await mine.write(LEASE, undefined, signal);
    for (let i = 0; i < 20; i++) ({ version } = await mine.write({ ...LEASE, transitions: i }, version, signal));
    await theirs.write({ ...LEASE, holder: 'other' }, version, signal);
    await eventually(() => expect(told.at(-1)?.lease.holder).toBe('other'));
    const versions = told.map((stored) => Number(stored?.version ?? 0));
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect(new Set(versions).size).toBe(versions.length);
  });
});

const leaseOfOthers = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'other' },
  spec: { holderIdentity: 'somebody', leaseDurationSeconds: 15 },
};

describe('the election', () => {
  function replica(identity: string) {
    const log = new RecordedLog();
    const ending = new AbortController();
    const terms = { identity, leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 1_000 };
    const elector = new Elector({
      ...{ lease: NAME, terms, store: storeIn(), clock: systemClock, log },
      onChange: () => {},
    });
    const ended = elector.run(AbortSignal.any([ending.signal, stop.signal]));
    running.push(ended);
    return { log, elector, end: () => ending.abort(), ended };
  }

  test('has one leader among several, and another as soon as that one leaves', async () => {
    const replicas = ['a', 'b', 'c'].map(replica);
    const leaders = () => replicas.filter(({ elector }) => elector.isLeader());
    for (let term = 0; term < 3; term++) {
      await eventually(() => expect(leaders()).toHaveLength(1));
      const { spec } = await raw();
      expect(spec).toMatchObject({ leaseDurationSeconds: 15, leaseTransitions: term });
      const [leader] = leaders();
      const others = replicas.filter((one) => one !== leader && one.log.lines.length > 0);
      expect(others.flatMap(({ log }) => log.messages('warn'))).toEqual([]);
      leader?.end();
      await leader?.ended;
    }
    expect((await raw()).spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 2 });
  });

  test('renews: the time of the renewal goes on, that of the acquisition stays', async () => {
    const { elector } = replica('a');
    await elector.won(signal);
    const before = (await raw()).spec;
    await eventually(async () => expect((await raw()).spec.renewTime).not.toBe(before.renewTime));
    expect((await raw()).spec).toMatchObject({
      acquireTime: before.acquireTime,
      leaseTransitions: 0,
      holderIdentity: 'a',
    });
  });
});
