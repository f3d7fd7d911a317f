/** Who stands for election over a store that the test answers for. */
import { describe, expect, test } from '@jest/globals';
import {
  ALWAYS_LEADER,
  Elector,
  LeadershipLost,
  LeaseConflict,
  type LeaseStore,
} from '../../../src/runtime/elector.ts';
import type { Lease, StoredLease } from '../../../src/runtime/leader.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordedLog } from './recorded-log.ts';

const TERMS = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 };

/** What all replicas of a test share. */
class SharedStore {
  stored: StoredLease | undefined;
  readonly watchers = new Set<(stored: StoredLease | undefined) => void>();
  #version = 0;

  put(lease: Lease | undefined): StoredLease | undefined {
    this.stored = lease === undefined ? undefined : { lease, version: String(++this.#version) };
    for (const tell of this.watchers) tell(this.stored);
    return this.stored;
  }
}

/** One replica's way to it, which can fail. */
class StoreOfReplica implements LeaseStore {
  /** `silent`: requests are not answered, and do not give up when they are told to. */
  mode: 'works' | 'fails' | 'silent' | 'losesAnswers' = 'works';
  readonly requests: string[] = [];
  readonly #shared: SharedStore;

  constructor(shared: SharedStore) {
    this.#shared = shared;
  }

  watch(tell: (stored: StoredLease | undefined) => void, signal: AbortSignal): Promise<void> {
    const { watchers, stored } = this.#shared;
    const listener = (seen: StoredLease | undefined) => {
      if (this.mode === 'works') tell(seen);
    };
    watchers.add(listener);
    tell(stored);
    return new Promise((resolve) =>
      signal.addEventListener('abort', () => {
        watchers.delete(listener);
        resolve();
      }),
    );
  }

  async read(): Promise<StoredLease | undefined> {
    return this.#answer('read', () => this.#shared.stored);
  }

  async write(lease: Lease, version: string | undefined): Promise<StoredLease> {
    return this.#answer(`write ${lease.holder || 'nobody'}`, () => {
      if (this.#shared.stored?.version !== version) throw new LeaseConflict('another version');
      return this.#shared.put(lease) as StoredLease;
    });
  }

  async #answer<T>(request: string, make: () => T): Promise<T> {
    this.requests.push(request);
    if (this.mode === 'fails') throw new Error('no connection');
    const answer = this.mode === 'silent' ? undefined : make();
    if (this.mode === 'works') return answer as T;
    return new Promise(() => {});
  }
}

class Replica {
  readonly store: StoreOfReplica;
  readonly log = new RecordedLog();
  readonly changes: boolean[] = [];
  readonly elector: Elector;
  readonly stop = new AbortController();
  /** `undefined` while it runs. */
  ended: 'stopped' | unknown;

  constructor(identity: string, shared: SharedStore, clock: FakeClock) {
    this.store = new StoreOfReplica(shared);
    this.elector = new Elector({
      lease: 'namespace/name',
      terms: { identity, ...TERMS },
      store: this.store,
      clock,
      log: this.log,
      onChange: (isLeader) => this.changes.push(isLeader),
    });
    this.elector.run(this.stop.signal).then(
      () => {
        this.ended = 'stopped';
      },
      (error) => {
        this.ended = error;
      },
    );
  }
}

async function setUp(...identities: string[]) {
  const [clock, shared] = [new FakeClock(), new SharedStore()];
  const replicas: Replica[] = [];
  for (const identity of identities) {
    replicas.push(new Replica(identity, shared, clock));
    await clock.settle();
  }
  return {
    clock,
    shared,
    replicas,
    holder: () => shared.stored?.lease.holder,
    one: (i: number) => replicas[i] as Replica,
  };
}

describe('a replica', () => {
  test('leads where nobody does, renews, and is told of as leader', async () => {
    const { clock, shared, one } = await setUp('a');
    expect(await one(0).elector.won(new AbortController().signal)).toBe(true);
    await clock.advance(7_000);
    expect(shared.stored).toMatchObject({ version: '4', lease: { holder: 'a', transitions: 0 } });
    expect(one(0).elector.isLeader()).toBe(true);
    expect(one(0).changes).toEqual([false, true]);
    expect(one(0).log.messages('info')).toEqual(['leading']);
  });

  test('stands by while another leads, and makes no request meanwhile', async () => {
    const { clock, one } = await setUp('a', 'b');
    await clock.advance(600_000);
    expect(one(1).elector.isLeader()).toBe(false);
    expect(one(1).store.requests).toEqual([]);
    expect(one(1).log.lines).toMatchObject([{ message: 'another replica is leading', keys: { holder: 'a' } }]);
  });

  test('follows as soon as the leader stops, without time going by', async () => {
    const { clock, holder, one } = await setUp('a', 'b');
    await clock.advance(5_000);
    one(0).stop.abort();
    await clock.settle();
    expect([one(0).ended, holder()]).toEqual(['stopped', 'b']);
    expect(one(0).elector.isLeader()).toBe(false);
    expect(one(0).elector.lost.aborted).toBe(false);
    expect(one(0).changes).toEqual([false, true, false]);
    expect(one(1).elector.isLeader()).toBe(true);
  });

  test('follows a leader that has died when the lease is over, not before', async () => {
    const { clock, shared, one } = await setUp('a', 'b');
    await clock.advance(4_000);
    one(0).store.mode = 'silent';
    await clock.advance(14_999);
    expect(one(1).elector.isLeader()).toBe(false);
    await clock.advance(1);
    expect(shared.stored?.lease).toMatchObject({ holder: 'b', transitions: 1 });
    expect(one(1).elector.isLeader()).toBe(true);
  });

  test('does not stand when it is stopped while it stands by, and leaves nothing behind', async () => {
    const { clock, shared, holder, one } = await setUp('a', 'b');
    const waiting = one(1).elector.won(one(1).stop.signal);
    one(1).stop.abort();
    await clock.settle();
    expect([await waiting, one(1).ended, holder()]).toEqual([false, 'stopped', 'a']);
    one(0).stop.abort();
    await clock.settle();
    expect([shared.watchers.size, clock.pendingTimers]).toEqual([0, 0]);
  });

  test('without others leads from the start, and for ever', async () => {
    expect(await ALWAYS_LEADER.won(new AbortController().signal)).toBe(true);
    expect([ALWAYS_LEADER.isLeader(), ALWAYS_LEADER.lost.aborted]).toEqual([true, false]);
  });
});

describe('a leader that cannot reach the store', () => {
  test.each(['fails', 'silent'] as const)(
    '(it %s) goes on until the renew deadline, then ends for good',
    async (mode) => {
      const { clock, one } = await setUp('a');
      await clock.advance(2_000);
      const leader = one(0);
      leader.store.mode = mode;
      await clock.advance(9_999);
      expect([leader.elector.isLeader(), leader.ended]).toEqual([true, undefined]);
      await clock.advance(1);
      expect(leader.ended).toBeInstanceOf(LeadershipLost);
      expect(String(leader.ended)).toMatch(/namespace\/name.*not renewed within 10 s/);
      expect(leader.elector.lost.reason).toBe(leader.ended);
      expect(leader.elector.isLeader()).toBe(false);
      expect(leader.changes).toEqual([false, true, false]);
      // What fails is told once, and then that it was too much.
      expect([leader.log.messages('warn'), leader.log.messages('error')]).toEqual([
        ['failed to write the lease'],
        ['leadership lost'],
      ]);
      expect(clock.pendingTimers).toBe(0);
    },
  );

  test('for less than that goes on leading', async () => {
    const { clock, one } = await setUp('a');
    one(0).store.mode = 'silent';
    await clock.advance(6_000);
    one(0).store.mode = 'works';
    await clock.advance(60_000);
    expect([one(0).elector.isLeader(), one(0).ended]).toEqual([true, undefined]);
    expect(one(0).log.messages('info')).toEqual(['leading', 'lease can be renewed again']);
  });

  test('whose renewals arrive but not their answers keeps the lease as its own', async () => {
    const { clock, one } = await setUp('a', 'b');
    one(0).store.mode = 'losesAnswers';
    await clock.advance(6_500);
    one(0).store.mode = 'works';
    await clock.advance(60_000);
    expect([one(0).elector.isLeader(), one(1).elector.isLeader()]).toEqual([true, false]);
    expect(one(0).store.requests).toContain('read');
  });

  test('stops all the same, within its time, when it is told to', async () => {
    const { clock, one } = await setUp('a');
    one(0).store.mode = 'silent';
    one(0).stop.abort();
    await clock.advance(1_999);
    expect(one(0).ended).toBeUndefined();
    await clock.advance(1);
    expect(one(0).ended).toBe('stopped');
    expect(one(0).log.messages('warn')).toEqual([
      'failed to release the lease; the other replicas wait until it expires',
    ]);
  });
});

describe('a leader', () => {
  test('whose process was stopped and goes on is none, before it has noticed and after', async () => {
    const { clock, one } = await setUp('a');
    clock.suspend(10_000);
    expect(one(0).elector.isLeader()).toBe(false);
    await clock.advance(0);
    expect(one(0).ended).toBeInstanceOf(LeadershipLost);
    expect(one(0).store.requests).toEqual(['write a']);
  });

  test('ends at once when somebody else has put another in its place', async () => {
    const { clock, shared, one } = await setUp('a');
    shared.put({ holder: 'b', durationMs: 15_000, acquiredAt: 0, renewedAt: 0, transitions: 1 });
    await clock.settle();
    expect(String(one(0).ended)).toMatch(/b holds it/);
    expect(shared.stored?.lease.holder).toBe('b');
  });

  test('keeps a lease that somebody has deleted, and nobody takes it', async () => {
    const { clock, shared, holder, one } = await setUp('a', 'b');
    shared.put(undefined);
    await clock.settle();
    expect(holder()).toBe('a');
    await clock.advance(60_000);
    expect([one(0).elector.isLeader(), one(1).elector.isLeader()]).toEqual([true, false]);
  });
});
