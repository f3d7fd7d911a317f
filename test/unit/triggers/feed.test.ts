/** Changes put keys into the queue. */
import { describe, expect, test } from '@jest/globals';
import { runtimeKeyOf } from '../../../src/kube/objects/runtime-key.ts';
import { Shard } from '../../../src/kube/objects/shard.ts';
import type { AddOptions } from '../../../src/runtime/queue.ts';
import { Enqueuer } from '../../../src/triggers/enqueuer.ts';
import { PRIORITY } from '../../../src/triggers/priorities.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { parsed, type RawOptions } from '../kube/objects/objects-of-tests.ts';

const { change, related, listed } = PRIORITY;
const SAME = { spec: { azureName: 'shared' } };
const [A, B] = ['team/runtime-a', 'team/runtime-b'];
const ONE = parsed({ name: 'runtime-a', ...SAME });
const OTHER = parsed({ name: 'runtime-b', ...SAME });
const STRANGER = parsed({ name: 'runtime-c', namespace: 'others' });

/** Who works has two objects of one runtime, and another, and nothing in the queue. */
function setUp(labelSelector = '', works = true) {
  const queued: [string, number | undefined][] = [];
  const waits: number[] = [];
  const clock = new FakeClock();
  const shard = new Shard(labelSelector);
  const add = (key: string, { priority, afterMs = 0 }: AddOptions = {}) => {
    queued.push([key, priority]);
    waits.push(afterMs);
  };
  const enqueuer = new Enqueuer({ add }, shard, { clock, intervalMs: 600_000 });
  shard.own.replace([ONE, OTHER, STRANGER]);
  if (works) enqueuer.start();
  const taken = () => {
    waits.length = 0;
    return Object.fromEntries(queued.splice(0));
  };
  if (works) taken();
  return { shard, enqueuer, taken, waits, clock };
}

describe('a replica that stands by', () => {
  test('queues nothing, whatever changes, and all there is when it begins to work', () => {
    const { shard, enqueuer, taken } = setUp('', false);
    shard.own.apply(parsed({ name: 'runtime-a', version: 2, generation: 2, ...SAME }));
    shard.own.remove(STRANGER);
    enqueuer.runtimeChanged(runtimeKeyOf(OTHER) ?? '');
    enqueuer.credentialChanged('team');
    expect(taken()).toEqual({});
    enqueuer.start();
    expect(Object.keys(taken()).sort()).toEqual([A, B]);
  });
});

describe('a pass under way', () => {
  test('is told when a person changes its object or it is gone, and of nothing else', () => {
    const superseding: string[] = [];
    const shard = new Shard('');
    const add = (key: string, options?: { supersedes?: boolean }) =>
      void (options?.supersedes && superseding.push(key));
    const enqueuer = new Enqueuer({ add }, shard, { clock: new FakeClock(), intervalMs: 600_000 });
    shard.own.replace([ONE, OTHER, STRANGER]);
    enqueuer.start();
    superseding.length = 0;
    shard.own.apply(parsed({ name: 'runtime-a', version: 2, generation: 2, ...SAME }));
    expect(superseding.splice(0)).toEqual([A]);
    shard.own.remove(STRANGER);
    expect(superseding.splice(0)).toEqual([STRANGER.key]);
    enqueuer.credentialChanged('team');
    expect(superseding.splice(0)).toEqual([A, B]);
    enqueuer.runtimeChanged(runtimeKeyOf(OTHER) ?? '');
    enqueuer.budgetAvailable(A, 'change');
    expect(superseding).toEqual([]);
  });
});

describe('a replica that works queues', () => {
  test('an object that changes, and the others of its runtime', () => {
    const { shard, taken } = setUp();
    shard.own.apply(parsed({ name: 'runtime-a', version: 2, generation: 2, ...SAME }));
    expect(taken()).toEqual({ [A]: change, [B]: related });
  });

  test('an object that is gone once more, to be forgotten', () => {
    const { shard, taken } = setUp();
    shard.own.remove(STRANGER);
    expect(taken()).toEqual({ [STRANGER.key]: listed });
  });

  test('the objects of a runtime that somebody has changed in Azure', () => {
    const { enqueuer, taken } = setUp();
    enqueuer.runtimeChanged(runtimeKeyOf(ONE) ?? '');
    expect(taken()).toEqual({ [A]: related, [B]: related });
  });

  test('the objects of a runtime that a message names: as a hint, which outdates nothing', () => {
    const added: [string, AddOptions | undefined][] = [];
    const { shard } = setUp();
    const add = (key: string, options?: AddOptions) => void added.push([key, options]);
    const enqueuer = new Enqueuer({ add }, shard, { clock: new FakeClock(), intervalMs: 600_000 });
    enqueuer.runtimePushed(runtimeKeyOf(ONE) ?? '');
    expect(added).toEqual([]);
    enqueuer.start();
    added.length = 0;
    enqueuer.runtimePushed(runtimeKeyOf(ONE) ?? '');
    const hint = { priority: PRIORITY.pushed, isHint: true };
    expect(added).toEqual([
      [A, hint],
      [B, hint],
    ]);
  });

  test('what an event of Azure names, after what people do and before routine polls', () => {
    const { enqueuer, taken } = setUp();
    enqueuer.runtimePushed(runtimeKeyOf(ONE) ?? '');
    const pushed = taken()[A];
    expect(pushed).toBeGreaterThan(PRIORITY.poll);
    expect(pushed).toBeLessThan(change);
  });

  test('the objects of a namespace with another credential, and those that share their runtimes', () => {
    const { shard, enqueuer, taken } = setUp();
    const elsewhere = parsed({ name: 'runtime-d', namespace: 'elsewhere', ...SAME });
    shard.own.apply(elsewhere);
    taken();
    enqueuer.credentialChanged('elsewhere');
    expect(Object.keys(taken()).sort()).toEqual([elsewhere.key, A, B].sort());
  });

  test('what the request budget wakes, repairs before looks and after what people do', () => {
    const { enqueuer, taken } = setUp();
    const priorities = (['change', 'repair', 'poll'] as const).map((urgency) => {
      enqueuer.budgetAvailable(A, urgency);
      return taken()[A];
    });
    expect(priorities[0]).toBe(change);
    expect(priorities[1]).toBeLessThan(related);
    expect(priorities[1]).toBeGreaterThan(listed);
    expect(priorities[2]).toBe(listed);
  });

  test('our object when one of the same runtime changes in another shard, and not that one', () => {
    const { shard, taken } = setUp('shard=a');
    shard.all?.apply(parsed({ name: 'runtime-z', ...SAME }));
    expect(taken()).toEqual({ [A]: related, [B]: related });
  });
});

describe('a status that somebody else writes over', () => {
  const CLAIMED = { observedGeneration: 1, state: 'Online' };
  const MINUTE = 60_000;

  /** Who works has written the status of one object. */
  function setUpWritten(labelSelector = '', works = true) {
    const all = setUp(labelSelector, works);
    const shown = (version: number, more: RawOptions = {}) =>
      parsed({ name: 'runtime-c', namespace: 'others', version, ...more });
    all.shard.own.put(shown(2, { status: CLAIMED }));
    const show = (version: number, more: RawOptions = {}) => all.shard.own.apply(shown(version, more));
    show(2, { status: CLAIMED });
    all.taken();
    return { ...all, shown, show };
  }

  test.each<[string, RawOptions]>([
    ['emptied', {}],
    ['taken for another', { status: { ...CLAIMED, state: 'Offline' } }],
    [
      'given a condition',
      {
        status: {
          ...CLAIMED,
          conditions: [
            { type: 'Ready', status: 'True', reason: 'Fine', message: '', lastTransitionTime: '2025-01-01T00:00:00Z' },
          ],
        },
      },
    ],
  ])('is a reason to look when it is %s, as urgent as a routine look', (_what, more) => {
    const { show, taken } = setUpWritten();
    show(3, more);
    expect(taken()).toEqual({ [STRANGER.key]: listed });
  });

  test('is looked at once an interval, however often that happens', async () => {
    const { show, waits, clock } = setUpWritten();
    const due = new Set<number>();
    for (let second = 0; second < 25 * 60; second++) {
      show(3 + second, { status: { ...CLAIMED, state: `State${second}` } });
      for (const wait of waits.splice(0)) due.add(second * 1_000 + wait);
      await clock.advance(1_000);
    }
    expect([...due]).toEqual([0, 10, 20, 30].map((minutes) => minutes * MINUTE));
  });

  test('is looked at once an interval of its own, where it has one', () => {
    const { show, waits } = setUpWritten();
    for (const version of [3, 4])
      show(version, { generation: 1, spec: { interval: '1m' }, status: { state: `S${version}` } });
    expect(waits).toEqual([0, MINUTE]);
  });

  test('is forgotten with the object', () => {
    const { show, shown, shard, waits, taken } = setUpWritten();
    show(3);
    shard.own.remove(shown(4));
    shard.own.apply(shown(5, { uid: 'another', status: CLAIMED }));
    taken();
    shard.own.apply(shown(6, { uid: 'another' }));
    expect(waits).toEqual([0]);
  });

  test.each<[string, RawOptions]>([
    ['the same', { status: CLAIMED }],
    ['one of which an older CRD has pruned nothing more', { status: { ...CLAIMED, unknown: 1 } }],
    ['beside a label', { status: CLAIMED, labels: { a: 'b' } }],
  ])('is no reason to look when it is %s', (_what, more) => {
    const { show, taken } = setUpWritten();
    show(3, more);
    expect(taken()).toEqual({});
  });

  test('is no reason to look for a replica that stands by, nor for one that takes care of other objects', () => {
    const standby = setUpWritten('', false);
    standby.show(3);
    expect(standby.taken()).toEqual({});
    const { shard, shown, taken } = setUpWritten('shard=a');
    shard.all?.apply(shown(3));
    shard.all?.apply(shown(4, { status: CLAIMED }));
    expect(taken()).toEqual({});
  });

  describe('while we write it ourselves', () => {
    const OURS = { status: { ...CLAIMED, state: 'Limited' } };

    test('is no reason to look where the watch is faster than the answer', async () => {
      const { shard, show, shown, taken } = setUpWritten();
      await shard.own.foreignStatus.during(STRANGER.key, async () => {
        show(3, OURS);
        const answer = shown(3, OURS);
        shard.own.put(answer);
        return answer;
      });
      expect(taken()).toEqual({});
    });

    test('is a reason to look where somebody wrote after us', async () => {
      const { shard, show, shown, taken } = setUpWritten();
      await shard.own.foreignStatus.during(STRANGER.key, async () => {
        show(3, OURS);
        show(4);
        return shown(3, OURS);
      });
      expect(taken()).toEqual({ [STRANGER.key]: listed });
    });

    test('is a reason to look where our write was refused or not answered', async () => {
      const { shard, show, taken } = setUpWritten();
      const write = shard.own.foreignStatus.during(STRANGER.key, async () => {
        show(3);
        throw new Error('conflict');
      });
      await expect(write).rejects.toThrow('conflict');
      expect(taken()).toEqual({ [STRANGER.key]: listed });
    });
  });
});
