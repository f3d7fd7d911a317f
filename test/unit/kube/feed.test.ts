import { describe, expect, test } from '@jest/globals';
import { Feed } from '../../../src/kube/feed.ts';
import { Shard } from '../../../src/kube/shard.ts';
import { runtimeKeyOf } from '../../../src/kube/store.ts';
import { PRIORITY } from '../../../src/kube/triggers.ts';
import { parsed } from './objects-of-tests.ts';

const { change, related, listed } = PRIORITY;
const SAME = { spec: { azureName: 'shared' } };
const [A, B] = ['team/runtime-a', 'team/runtime-b'];
const ONE = parsed({ name: 'runtime-a', ...SAME });
const OTHER = parsed({ name: 'runtime-b', ...SAME });
const STRANGER = parsed({ name: 'runtime-c', namespace: 'others' });

/** Who works has two objects of one runtime, and another, and nothing in the queue. */
function setUp(labelSelector = '', works = true) {
  const queued: [string, number | undefined][] = [];
  const shard = new Shard(labelSelector);
  const feed = new Feed({ add: (key, options) => void queued.push([key, options?.priority]) }, shard);
  shard.own.replace([ONE, OTHER, STRANGER]);
  if (works) feed.begin();
  const taken = () => Object.fromEntries(queued.splice(0));
  if (works) taken();
  return { shard, feed, taken };
}

describe('a replica that stands by', () => {
  test('queues nothing, whatever changes, and all there is when it begins to work', () => {
    const { shard, feed, taken } = setUp('', false);
    shard.own.apply(parsed({ name: 'runtime-a', version: 2, generation: 2, ...SAME }));
    shard.own.remove(STRANGER);
    feed.runtimeChanged(runtimeKeyOf(OTHER) ?? '');
    feed.credentialChanged('team');
    expect(taken()).toEqual({});
    feed.begin();
    expect(Object.keys(taken()).sort()).toEqual([A, B]);
  });
});

describe('a pass under way', () => {
  test('is told when a person changes its object or it is gone, and of nothing else', () => {
    const superseding: string[] = [];
    const shard = new Shard('');
    const feed = new Feed({ add: (key, options) => void (options?.supersedes && superseding.push(key)) }, shard);
    shard.own.replace([ONE, OTHER, STRANGER]);
    feed.begin();
    superseding.length = 0;
    shard.own.apply(parsed({ name: 'runtime-a', version: 2, generation: 2, ...SAME }));
    expect(superseding.splice(0)).toEqual([A]);
    shard.own.remove(STRANGER);
    expect(superseding.splice(0)).toEqual([STRANGER.key]);
    feed.credentialChanged('team');
    expect(superseding.splice(0)).toEqual([A, B]);
    feed.runtimeChanged(runtimeKeyOf(OTHER) ?? '');
    feed.woken(A, 'change');
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
    const { feed, taken } = setUp();
    feed.runtimeChanged(runtimeKeyOf(ONE) ?? '');
    expect(taken()).toEqual({ [A]: related, [B]: related });
  });

  test('the objects of a namespace with another credential, and those that share their runtimes', () => {
    const { shard, feed, taken } = setUp();
    const elsewhere = parsed({ name: 'runtime-d', namespace: 'elsewhere', ...SAME });
    shard.own.apply(elsewhere);
    taken();
    feed.credentialChanged('elsewhere');
    expect(Object.keys(taken()).sort()).toEqual([elsewhere.key, A, B].sort());
  });

  test('what the request budget wakes, repairs before looks and after what people do', () => {
    const { feed, taken } = setUp();
    const priorities = (['change', 'repair', 'look'] as const).map((urgency) => {
      feed.woken(A, urgency);
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
