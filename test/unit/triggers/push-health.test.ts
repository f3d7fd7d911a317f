/** Whether the change queue can be relied upon, and what is said when it cannot. */
import { describe, expect, test } from '@jest/globals';
import { type Parent, parentKey } from '../../../src/core/model/runtime.ts';
import { ObjectStore } from '../../../src/kube/objects/store.ts';
import { PushHealth } from '../../../src/triggers/push-health.ts';
import { FACTORY, parsed } from '../kube/objects/objects-of-tests.ts';
import { RecordedLog } from '../runtime/recorded-log.ts';

const PARENT: Parent = { kind: 'factory', ...FACTORY };
const DECLARED = parentKey(PARENT);
const GONE = parentKey({ ...PARENT, name: 'gone' });

function setUp() {
  const objects = new ObjectStore();
  objects.replace([parsed({ name: 'one' })]);
  const silent = new Set<string>();
  const missed: string[] = [];
  const counts = { missed: 0, interrupted: 0, up: undefined as boolean | undefined };
  const log = new RecordedLog();
  const health = new PushHealth({
    announcements: {
      announced: () => undefined,
      interrupted: () => void counts.interrupted++,
      missed: () => missed.splice(0),
    },
    ownWrites: {
      silent: () => [...silent],
      forget: (parent) => void silent.delete(parent),
      interrupted: () => void silent.clear(),
    },
    objects,
    metrics: { up: (isUp) => void Object.assign(counts, { up: isUp }), missed: () => void counts.missed++ },
    log,
  });
  const misses = (...runtimes: string[]) => {
    missed.push(...runtimes);
    health.read(undefined, true);
  };
  return { health, silent, missed, counts, log, misses };
}

describe('the change queue', () => {
  test('is up once it was read, down with its problem, and up again', () => {
    const { health, counts } = setUp();
    expect([health.state, counts.up]).toEqual(['not read yet', undefined]);
    health.read(undefined, true);
    expect([health.state, counts.up]).toEqual(['up', true]);
    health.read('denied', false);
    expect([health.state, counts.up, counts.interrupted]).toEqual(['denied', false, 1]);
    health.read(undefined, true);
    expect([health.state, counts.up]).toEqual(['up', true]);
  });

  test('is silent while a write to a declared parent is not announced, which is warned of once', () => {
    const { health, silent, counts, log } = setUp();
    silent.add(DECLARED);
    health.read(undefined, true);
    health.read(undefined, true);
    expect([health.state, counts.up]).toEqual(['silent', false]);
    expect(log.lines.map(({ level, keys }) => [level, keys.parent])).toEqual([
      ['warn', DECLARED],
      ['debug', DECLARED],
    ]);
    silent.clear();
    health.read(undefined, true);
    expect(health.state).toBe('up');
    expect(log.messages('info')).toEqual(['change queue announces own writes again']);
  });

  test('is not silent for a parent that no object declares: that one is forgotten', () => {
    const { health, silent, log } = setUp();
    silent.add(GONE);
    health.read(undefined, true);
    expect([health.state, silent.size, log.lines]).toEqual(['up', 0, []]);
  });
});

describe('what has not come', () => {
  test('counts only once nothing is left to be read: it may be among the rest', () => {
    const { health, silent, missed, counts } = setUp();
    health.read('unreachable', false);
    silent.add(DECLARED);
    missed.push('one');
    health.read(undefined, false);
    expect([health.state, counts.missed]).toEqual(['up', 0]);
    health.read(undefined, true);
    expect([health.state, counts.missed]).toEqual(['silent', 1]);
    health.read(undefined, false);
    expect(health.state).toBe('silent');
  });

  test('is not awaited any more once the queue could not be read', () => {
    const { health, silent } = setUp();
    silent.add(DECLARED);
    health.read('busy', false);
    health.read(undefined, true);
    expect(health.state).toBe('up');
  });
});

describe('drift that was not announced', () => {
  test('is counted each time, and warned of once until an announcement comes', () => {
    const { health, counts, log, misses } = setUp();
    misses('one', 'two');
    misses('one');
    expect(counts.missed).toBe(3);
    expect(log.messages('warn')).toHaveLength(1);
    health.announced('one');
    misses('one');
    expect(log.messages('warn')).toHaveLength(2);
  });

  test('is not counted while the queue cannot be read', () => {
    const { health, missed, counts, log } = setUp();
    missed.push('one');
    health.read('busy', false);
    expect([counts.missed, log.lines]).toEqual([0, []]);
  });
});
