/** Shared lists: when they are fetched, and what they tell. */
import { describe, expect, test } from '@jest/globals';
import type { ArmRuntimes, Listed } from '../../../../src/azure/arm/arm-runtimes.ts';
import { parseRuntime } from '../../../../src/azure/arm/parse.ts';
import { Observer } from '../../../../src/azure/observer/observer.ts';
import { AzureFailure, type Failure } from '../../../../src/core/model/failure.ts';
import {
  armKey,
  type Definition,
  type JsonObject,
  type ObservedRuntime,
  type RuntimeId,
  type RuntimeStatus,
} from '../../../../src/core/model/runtime.ts';
import { type CallContext, ParkedError } from '../../../../src/ports.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../runtime/recorded-log.ts';
import { caller, failureOf, ID, resource } from '../support/rig.ts';

const MINUTE = 60_000;
const id = (name: string): RuntimeId => ({ ...ID, name });

/** A factory in memory, whose calls can be made to wait or to fail. */
class Factory implements ArmRuntimes {
  readonly runtimes = new Map<string, JsonObject>();
  readonly unlisted = new Set<string>();
  /** List entries of these cannot be parsed. */
  readonly garbled = new Set<string>();
  /** Lists do not even show the names of those. */
  nameless = false;
  readonly calls: string[] = [];
  readonly callers: CallContext[] = [];
  /** Runs in the middle of a list, after what it shows has been decided. */
  duringList: () => Promise<void> | void = () => {};
  /** Runs after a write took effect. */
  afterWrite: () => void = () => {};
  #etag = 0;

  pages = 1;
  beforePage: (() => Promise<void>) | undefined;

  async list(_parent: RuntimeId['parent'], by: CallContext, onPage?: (page: number) => void): Promise<Listed> {
    this.calls.push('list');
    this.callers.push(by);
    const listed = [...this.runtimes.keys()].filter((name) => !this.unlisted.has(name));
    const runtimes = listed.filter((name) => !this.garbled.has(name)).map((name) => this.#show(name));
    const unparsed = listed
      .filter((name) => this.garbled.has(name))
      .map((name) => ({ name: this.nameless ? undefined : name.toUpperCase(), why: 'garbled' }));
    for (let page = 1; page <= this.pages; page++) {
      if (this.beforePage !== undefined) await this.beforePage();
      onPage?.(page);
    }
    await this.duringList();
    return { runtimes, unparsed };
  }

  async read({ name }: RuntimeId): Promise<ObservedRuntime | undefined> {
    this.calls.push('read');
    return this.runtimes.has(name) ? this.#show(name) : undefined;
  }

  async state({ name }: RuntimeId): Promise<RuntimeStatus | undefined> {
    return this.runtimes.has(name) ? { state: 'Online' } : undefined;
  }

  async enableInteractiveAuthoring(): Promise<void> {}

  async hasNetwork(): Promise<boolean> {
    return true;
  }

  async createNetwork(): Promise<void> {}

  /** Whether the factory itself is there, or what asking for it meets. */
  itself: boolean | Promise<boolean> | Error = true;

  async hasParent(_parent: RuntimeId['parent'], by: CallContext): Promise<boolean> {
    this.calls.push('parent');
    this.callers.push(by);
    if (this.itself instanceof Error) throw this.itself;
    return this.itself;
  }

  async create({ name }: RuntimeId, document: JsonObject): Promise<ObservedRuntime> {
    this.runtimes.set(name, document);
    const shown = this.#show(name);
    this.afterWrite();
    return shown;
  }

  update(id: RuntimeId, document: JsonObject): Promise<ObservedRuntime> {
    return this.create(id, document);
  }

  async delete({ name }: RuntimeId): Promise<undefined> {
    this.runtimes.delete(name);
    this.afterWrite();
  }

  get lists(): number {
    return this.calls.filter((call) => call === 'list').length;
  }

  #show(name: string): ObservedRuntime {
    return parseRuntime(resource(this.runtimes.get(name), name, `etag-${++this.#etag}`));
  }
}

function rig(names: readonly string[] = ['One', 'Two']) {
  const clock = new FakeClock();
  const factory = new Factory();
  for (const name of names) factory.runtimes.set(name, document('was'));
  const changed: string[] = [];
  const budgetAvailable: string[] = [];
  const log = new RecordedLog();
  const observer = new Observer({
    remote: () => factory,
    clock,
    changed: (key) => void changed.push(key),
    wake: (key, urgency) => void budgetAvailable.push(`${key} ${urgency}`),
    log,
  });
  const hint = (name: string, maxAgeMs = 10 * MINUTE, by: Partial<CallContext> = {}) =>
    observer.hint(id(name), maxAgeMs, caller(by));
  return { clock, factory, changed, budgetAvailable, log, observer, hint };
}

function document(description: string): JsonObject {
  return { type: 'Managed', description };
}

/** What a definition says, in short. */
function says(definition: Definition): string {
  return definition.presence === 'present' ? String(definition.runtime.document.description) : 'absent';
}

const key = (name: string) => armKey(id(name));

/** Whatever is asked below that factory meets these. */
const CONCERN_ALL: Failure[] = [
  { kind: 'parentNotFound', what: 'factory', message: 'no factory' },
  { kind: 'subscriptionNotFound', message: 'no subscription' },
  { kind: 'credentialsInvalid', message: 'wrong' },
  { kind: 'credentialUnavailable', message: 'ran out' },
  { kind: 'throttled', retryAfterMs: 1_000, message: 'slower' },
  { kind: 'notOffered', message: 'not registered', remedy: 'register' },
];

const CONCERN_THE_LIST: Failure[] = [
  { kind: 'unavailable', message: 'down' },
  { kind: 'forbidden', message: 'no role' },
  { kind: 'policyDenied', message: 'no' },
  { kind: 'locked', message: 'locked' },
  { kind: 'refused', message: 'no' },
  { kind: 'readRefused', message: 'no' },
  { kind: 'preconditionFailed', message: 'changed' },
];

const failing = (failure: Failure) => () => {
  throw new AzureFailure(failure);
};
const BROKEN = failing({ kind: 'unavailable', message: 'down' });

describe('a hint', () => {
  test('comes from one list that all runtimes of the factory share', async () => {
    const { factory, hint } = rig();
    expect(says(await hint('One'))).toBe('was');
    expect(says(await hint('Two'))).toBe('was');
    expect(says(await hint('Three'))).toBe('absent');
    expect(factory.calls).toEqual(['list']);
  });

  test('never proves anything', async () => {
    const { hint, observer } = rig();
    expect((await hint('One')).fresh).toBe(false);
    expect((await hint('Three')).fresh).toBe(false);
    await observer.read(id('One'), caller());
    expect((await hint('One')).fresh).toBe(false);
  });

  test('takes runtimes and factories for the same whatever their case', async () => {
    const { factory, observer, hint } = rig();
    await hint('One');
    expect(says(await hint('oNE'))).toBe('was');
    const parent = { ...ID.parent, resourceGroup: 'GROUP', name: 'FACTORY' };
    expect(says(await observer.hint({ parent, name: 'TWO' }, MINUTE, caller()))).toBe('was');
    expect(factory.lists).toBe(1);
  });

  test('is not older than asked for', async () => {
    const { clock, factory, hint } = rig();
    await hint('One');
    factory.runtimes.set('One', document('is'));
    await clock.advance(5 * MINUTE);
    expect(says(await hint('One', 5 * MINUTE))).toBe('was');
    expect(says(await hint('One', 5 * MINUTE - 1))).toBe('is');
    expect(factory.lists).toBe(2);
  });

  test('of no age at all is one list, not many', async () => {
    const { clock, factory, hint } = rig();
    factory.duringList = () => clock.advance(100);
    expect(says(await hint('One', 0))).toBe('was');
    expect(factory.lists).toBe(1);
  });

  test.each([-60, 60])(
    'is as old as the time that has gone by, although the wall clock steps by %d minutes',
    async (minutes) => {
      const { clock, factory, hint } = rig();
      await hint('One');
      clock.step(minutes * MINUTE);
      await hint('One');
      expect(factory.lists).toBe(1);
      await clock.advance(10 * MINUTE + 1);
      await hint('One');
      expect(factory.lists).toBe(2);
    },
  );

  test('is not from a list that is older than an own call, though a clock that was corrected tells otherwise', async () => {
    const { clock, factory, observer, hint } = rig();
    await hint('One');
    clock.step(-60 * MINUTE);
    await observer.update(id('One'), document('updated'), 'e', caller());
    clock.step(60 * MINUTE);
    expect(says(await hint('One'))).toBe('updated');
    expect(factory.lists).toBe(1);
  });

  test('is that of an own call where that is newer than the list', async () => {
    const { factory, observer, hint } = rig();
    await hint('One');
    await observer.update(id('one'), document('updated'), 'e', caller());
    expect(says(await hint('One'))).toBe('updated');
    await observer.create(id('Three'), document('created'), caller());
    expect(says(await hint('Three'))).toBe('created');
    await observer.delete(id('Two'), caller());
    expect(says(await hint('Two'))).toBe('absent');
    factory.runtimes.set('One', document('edited'));
    await observer.read(id('One'), caller());
    expect(says(await hint('One'))).toBe('edited');
    factory.runtimes.delete('One');
    await observer.read(id('One'), caller());
    expect(says(await hint('One'))).toBe('absent');
    expect(factory.lists).toBe(1);
  });

  test('is that of a write that was made while the list was under way', async () => {
    const { factory, observer, hint } = rig();
    factory.duringList = async () => {
      await observer.update(id('One'), document('updated'), 'e', caller());
    };
    expect(says(await hint('One'))).toBe('updated');
  });

  test('is that of the list where that is newer than an own call', async () => {
    const { clock, factory, observer, hint } = rig();
    await observer.update(id('One'), document('updated'), 'e', caller());
    factory.runtimes.set('One', document('edited'));
    await clock.advance(11 * MINUTE);
    expect(says(await hint('One'))).toBe('edited');
  });

  test('is not that of a read which began before an own write', async () => {
    const { factory, observer, hint } = rig();
    const { promise, resolve } = Promise.withResolvers<void>();
    const read = factory.read.bind(factory);
    factory.read = async (of) => {
      const result = await read(of);
      await promise;
      return result;
    };
    const slow = observer.read(id('One'), caller());
    await observer.update(id('One'), document('updated'), 'e', caller());
    resolve();
    expect(says(await slow)).toBe('was');
    expect(says(await hint('One'))).toBe('updated');
  });

  test.each([
    ['no answer', new AzureFailure({ kind: 'unavailable', message: 'dropped' })],
    ['a refusal after no answer', new AzureFailure({ kind: 'forbidden', message: 'no' }, { unclear: true })],
  ])('needs a new list after a write that may have taken effect: %s', async (_, error) => {
    const { factory, observer, hint } = rig();
    await hint('One');
    factory.afterWrite = () => {
      throw error;
    };
    await expect(observer.update(id('One'), document('updated'), 'e', caller())).rejects.toBe(error);
    expect(says(await hint('One'))).toBe('updated');
    expect(factory.lists).toBe(2);
  });

  test('needs none after a write that was refused or never sent', async () => {
    const { factory, observer, hint } = rig();
    await hint('One');
    for (const error of [new AzureFailure({ kind: 'refused', message: 'no' }), new ParkedError('none')]) {
      factory.afterWrite = () => {
        throw error;
      };
      await expect(observer.update(id('One'), document('was'), 'e', caller())).rejects.toBe(error);
      await hint('One');
    }
    expect(factory.lists).toBe(1);
  });

  test('of the default runtime, which lists leave out, is what was last read of it', async () => {
    const name = 'AutoResolveIntegrationRuntime';
    const { clock, changed, factory, observer, hint } = rig(['One', name]);
    factory.unlisted.add(name);
    await hint('One');
    expect(says(await hint(name))).toBe('absent');
    await observer.read(id(name), caller());
    await clock.advance(6 * MINUTE);
    await hint('One', MINUTE);
    expect(says(await hint(name))).toBe('was');
    await clock.advance(6 * MINUTE);
    await hint('One', MINUTE);
    expect(says(await hint(name))).toBe('absent');
    expect(changed).toEqual([]);
  });
});

describe('a runtime that another writer may have changed', () => {
  test('is listed anew, once for all that may have been changed; the others are known as before', async () => {
    const { factory, observer, hint } = rig(['One', 'Two', 'Three']);
    await hint('One');
    for (const name of ['One', 'Two']) {
      factory.runtimes.set(name, document('is'));
      observer.suspect(id(name.toUpperCase()));
    }
    expect(says(await hint('Three'))).toBe('was');
    expect(factory.lists).toBe(1);
    expect((await Promise.all([hint('One'), hint('Two')])).map(says)).toEqual(['is', 'is']);
    expect(factory.calls).toEqual(['list', 'list']);
  });

  test('is not what a list shows that was under way when that was learnt', async () => {
    const { factory, observer, hint } = rig();
    factory.duringList = () => {
      factory.duringList = () => {};
      factory.runtimes.set('One', document('is'));
      observer.suspect(id('One'));
    };
    expect(says(await hint('One'))).toBe('is');
    expect(factory.lists).toBe(2);
  });

  test('while a write of ours has no answer yet is not what that answer shows', async () => {
    const { factory, observer, hint } = rig();
    await hint('One');
    let hasChanged: (() => boolean) | undefined;
    factory.afterWrite = () => {
      factory.runtimes.set('One', document('foreign'));
      hasChanged = observer.suspect(id('One'));
    };
    await observer.update(id('One'), document('ours'), 'e', caller());
    expect(hasChanged?.()).toBe(false);
    expect(says(await hint('One'))).toBe('foreign');
    expect(factory.lists).toBe(2);
    factory.afterWrite = () => {};
    await observer.update(id('One'), document('ours'), 'e', caller());
    expect(says(await hint('One'))).toBe('ours');
    expect(factory.lists).toBe(2);
  });

  test('has changed once it shows another version, or none', async () => {
    const { factory, observer, hint } = rig();
    expect(observer.suspect(id('One'))).toBeUndefined();
    await hint('One');
    const [one, two] = [observer.suspect(id('One')), observer.suspect(id('Two'))];
    expect(one?.()).toBe(false);
    factory.runtimes.delete('One');
    await hint('One');
    expect(one?.()).toBe(true);
    // A publish changes no more than the etag, and that is what the event was about.
    expect(two?.()).toBe(true);
  });

  test('tells when it was listed last', async () => {
    const { clock, observer, hint } = rig();
    await clock.advance(MINUTE);
    expect(observer.listedAt(ID.parent)).toBeUndefined();
    await hint('One');
    await clock.advance(MINUTE);
    expect(observer.listedAt(ID.parent)).toBe(MINUTE);
  });
});

describe('one list at a time', () => {
  test('serves everybody who asks meanwhile', async () => {
    const { factory, hint } = rig();
    const { promise, resolve } = Promise.withResolvers<void>();
    factory.duringList = () => promise;
    const hints = Promise.all([hint('One'), hint('Two'), hint('Three')]);
    resolve();
    expect((await hints).map(says)).toEqual(['was', 'was', 'absent']);
    expect(factory.lists).toBe(1);
  });

  describe('that is not answered for five seconds', () => {
    const TWO = { key: 'team/two', urgency: 'change' } as const;

    /** One list that hangs, asked for by three: two at once, and one a moment before the five seconds are over. */
    async function hanging() {
      const it = rig();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      it.factory.duringList = () => promise;
      const waiting = [it.hint('One', MINUTE, { key: 'team/one', urgency: 'poll' }), it.hint('Two', MINUTE, TWO)];
      await it.clock.advance(4_999);
      waiting.push(it.hint('Three', MINUTE, { key: 'team/three', urgency: 'poll' }));
      const ends = Promise.allSettled(waiting);
      await it.clock.advance(1);
      const names = (await ends).map((end) => (end.status === 'rejected' ? end.reason.waitsFor : end.value));
      return { ...it, names, resolve, reject };
    }

    test('keeps nobody waiting, who began it neither, and wakes them when it lands: however old it is, it is the answer', async () => {
      const { factory, budgetAvailable, hint, names, resolve, clock } = await hanging();
      expect(names).toEqual(['answers', 'answers', 'answers']);
      await expect(hint('Late', MINUTE, { key: 'team/late', urgency: 'poll' })).rejects.toMatchObject({
        waitsFor: 'answers',
      });
      expect(budgetAvailable).toEqual([]);
      resolve();
      await clock.settle();
      expect(budgetAvailable).toEqual(['team/one poll', 'team/two change', 'team/three poll', 'team/late poll']);
      await clock.advance(MINUTE);
      expect(says(await hint('Two', 1_000, TWO))).toBe('was');
      expect(factory.lists).toBe(1);
    });

    test('that fails in the end is no answer, and neither is the one before it', async () => {
      const { factory, budgetAvailable, hint, reject, clock } = await hanging();
      reject(new AzureFailure({ kind: 'throttled', retryAfterMs: 1_000, message: 'slower' }));
      await clock.settle();
      expect(budgetAvailable).toContain('team/two change');
      factory.duringList = async () => {};
      expect(says(await hint('Two', 1_000, TWO))).toBe('was');
      expect(factory.lists).toBe(2);
    });
  });

  test('whose pages come is waited for, for half a minute at most', async () => {
    const { clock, factory, hint } = rig();
    factory.beforePage = () => new Promise((resolve) => clock.setTimer(4_000, resolve));
    factory.pages = 3;
    const first = hint('One');
    await clock.advance(12_000);
    expect(says(await first)).toBe('was');
    factory.pages = 20;
    const second = expect(hint('One', 1_000)).rejects.toMatchObject({ waitsFor: 'answers' });
    await clock.advance(30_000);
    await second;
    await clock.advance(60_000);
  });

  test('goes on for the others when the caller who began it gives up', async () => {
    const { factory, hint } = rig();
    const { promise, resolve } = Promise.withResolvers<void>();
    factory.duringList = () => promise;
    const stop = new AbortController();
    const first = hint('One', MINUTE, { signal: stop.signal });
    const given = expect(first).rejects.toThrow('enough');
    const second = hint('Two');
    stop.abort(new Error('enough'));
    await given;
    expect(factory.callers[0]?.signal.aborted).toBe(false);
    resolve();
    expect(says(await second)).toBe('was');
  });

  test('ends with the life of the process', async () => {
    const life = new AbortController();
    const factory = new Factory();
    const observer = new Observer({
      remote: () => factory,
      clock: new FakeClock(),
      changed: () => {},
      wake: () => {},
      log: new RecordedLog(),
      signal: life.signal,
    });
    await observer.hint(id('One'), MINUTE, caller());
    life.abort();
    expect(factory.callers[0]?.signal.aborted).toBe(true);
  });

  test.each(CONCERN_ALL)('that fails as $kind, fails for all of them and is not remembered', async (failure) => {
    const { factory, hint, log } = rig();
    factory.duringList = failing(failure);
    const both = await Promise.allSettled([hint('One'), hint('Two')]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(factory.calls).toEqual(['list']);
    factory.duringList = () => {};
    expect(says(await hint('One'))).toBe('was');
    expect(factory.calls).toEqual(['list', 'list']);
    expect(log.lines).toEqual([]);
  });

  test('asks for the tokens of all its pages and of one look at once, as far as it knows how many there are', async () => {
    const { factory, hint, clock } = rig();
    factory.pages = 3;
    factory.duringList = () => Promise.reject(new ParkedError('no reads'));
    await expect(hint('One')).rejects.toThrow(ParkedError);
    factory.duringList = () => {};
    await hint('One');
    factory.pages = 1;
    for (let i = 0; i < 2; i++) {
      await clock.advance(20 * MINUTE);
      await hint('One');
    }
    expect(factory.callers.map(({ needs }) => needs?.reads)).toEqual([2, 5, 4, 2]);
  });

  test('that runs dry twice is longer than can be read: for one interval each runtime is asked for by itself', async () => {
    const { factory, hint, clock, log } = rig();
    factory.pages = 100;
    factory.duringList = () => Promise.reject(new ParkedError('no reads'));
    await expect(hint('One')).rejects.toThrow(ParkedError);
    expect(says(await hint('One'))).toBe('was');
    expect(says(await hint('Two'))).toBe('was');
    expect(factory.calls).toEqual(['list', 'list', 'read', 'read']);
    expect(log.messages('warn')).toHaveLength(1);
    factory.duringList = () => {};
    await clock.advance(11 * MINUTE);
    await hint('One');
    expect(factory.lists).toBe(3);
  });

  test('that is given up after many pages is tried again without waiting for tokens for all of them', async () => {
    const { factory, hint, clock } = rig();
    factory.pages = 250;
    factory.duringList = BROKEN;
    await hint('One');
    await clock.advance(11 * MINUTE);
    await hint('One');
    expect(factory.callers.map(({ needs }) => needs?.reads).filter((reads) => reads !== undefined)).toEqual([2, 2]);
  });

  test('that finds no token makes each caller ask the budget under its own key', async () => {
    const { factory, hint } = rig();
    const asked: string[] = [];
    factory.list = async (_parent, { key }) => {
      await Promise.resolve();
      asked.push(key);
      throw new ParkedError('none');
    };
    const keys = ['ns/a', 'ns/b', 'ns/c'];
    const all = await Promise.allSettled(keys.map((key) => hint('One', MINUTE, { key })));
    expect(all.map((each) => each.status === 'rejected' && each.reason instanceof ParkedError)).toEqual([
      true,
      true,
      true,
    ]);
    expect(asked.sort()).toEqual(keys);
  });
});

describe('a list that is broken', () => {
  const INTERVAL = 10 * MINUTE;

  test.each(CONCERN_THE_LIST)('by $kind, leaves the one runtime to be read in the same pass', async (failure) => {
    const { factory, hint } = rig();
    factory.duringList = failing(failure);
    expect(says(await hint('One'))).toBe('was');
    expect(says(await hint('Three'))).toBe('absent');
    expect(factory.calls).toEqual(['list', 'read', 'read']);
  });

  test('costs each runtime one read an interval, and one list is tried in that time', async () => {
    const { clock, factory, hint } = rig();
    factory.duringList = BROKEN;
    for (let minute = 0; minute < 30; minute++) {
      await hint('One', INTERVAL - 1);
      await hint('Two', INTERVAL - 1);
      await clock.advance(MINUTE);
    }
    expect(factory.lists).toBe(3);
    expect(factory.calls.filter((call) => call === 'read')).toHaveLength(6);
  });

  test('is broken from its end on, however long it took to fail', async () => {
    const { clock, factory, hint } = rig();
    const { promise, reject } = Promise.withResolvers<void>();
    factory.duringList = () => promise;
    const first = expect(hint('One', INTERVAL)).rejects.toMatchObject({ waitsFor: 'answers' });
    await clock.advance(2 * INTERVAL);
    await first;
    reject(new AzureFailure({ kind: 'unavailable', message: 'down' }));
    await clock.settle();
    await hint('One', INTERVAL);
    await hint('Two', INTERVAL);
    expect(factory.calls).toEqual(['list', 'read', 'read']);
  });

  test('is one failure for everybody who waited for it', async () => {
    const { factory, hint } = rig();
    const { promise, reject } = Promise.withResolvers<void>();
    factory.duringList = () => promise;
    const hints = Promise.all([hint('One'), hint('Two')]);
    reject(new AzureFailure({ kind: 'unavailable', message: 'down' }));
    expect((await hints).map(says)).toEqual(['was', 'was']);
    expect(factory.calls).toEqual(['list', 'read', 'read']);
  });

  test('makes nobody wait but the one who tries it again', async () => {
    const { clock, factory, hint } = rig();
    factory.duringList = BROKEN;
    await hint('One');
    await clock.advance(INTERVAL + 1);
    const { promise, resolve } = Promise.withResolvers<void>();
    factory.duringList = () => promise;
    const first = hint('One');
    expect(says(await hint('Two'))).toBe('was');
    expect(factory.calls).toEqual(['list', 'read', 'list', 'read']);
    resolve();
    expect(says(await first)).toBe('was');
    expect(factory.calls).toEqual(['list', 'read', 'list', 'read']);
    await clock.advance(INTERVAL + 1);
    await Promise.all([hint('One'), hint('Two')]);
    expect(factory.calls).toEqual(['list', 'read', 'list', 'read', 'list']);
  });

  test('never brings back what an older list said', async () => {
    const { clock, factory, hint } = rig();
    await hint('One');
    factory.duringList = BROKEN;
    factory.runtimes.set('One', document('edited'));
    await clock.advance(INTERVAL + 1);
    expect(says(await hint('One'))).toBe('edited');
    expect(says(await hint('One', 0))).toBe('edited');
  });

  test('leaves an object with the failure of the read, when that fails too', async () => {
    const { factory, hint } = rig();
    factory.duringList = BROKEN;
    factory.read = () => Promise.reject(new AzureFailure({ kind: 'forbidden', message: 'no role to read' }));
    expect(await failureOf(hint('One'))).toMatchObject({ kind: 'forbidden', message: 'no role to read' });
  });

  test('is not tried for a write of which nobody knows whether it took effect: a read settles that', async () => {
    const { factory, observer, hint } = rig();
    factory.duringList = BROKEN;
    await hint('One');
    factory.afterWrite = BROKEN;
    await failureOf(observer.update(id('One'), document('updated'), 'e', caller()));
    expect(says(await hint('One'))).toBe('updated');
    expect(factory.calls).toEqual(['list', 'read', 'read']);
  });

  test('is told once, and once that it works again', async () => {
    const { clock, factory, hint, log } = rig();
    factory.duringList = BROKEN;
    for (const _ of [1, 2, 3]) {
      await hint('One');
      await hint('Two');
      await clock.advance(INTERVAL + 1);
    }
    expect(log.lines).toEqual([
      {
        level: 'warn',
        message: 'listing runtimes failed, reading each on its own',
        keys: {
          factory: ID.parent.name,
          resourceGroup: ID.parent.resourceGroup,
          subscription: ID.parent.subscriptionId,
          failure: 'unavailable',
          detail: 'down',
        },
      },
    ]);
    factory.duringList = () => {};
    for (const _ of [1, 2]) {
      await hint('One');
      await clock.advance(INTERVAL + 1);
    }
    expect(log.lines.slice(1).map(({ level, message }) => [level, message])).toEqual([
      ['info', 'listing runtimes works again'],
    ]);
  });

  test('announces, once it works again, what others changed since each runtime was last seen, and nothing else', async () => {
    const { clock, factory, hint, changed } = rig(['One', 'Two', 'Three']);
    await hint('Unrelated');
    factory.duringList = BROKEN;
    factory.runtimes.set('One', document('edited, and read'));
    factory.runtimes.set('Two', document('edited, and not read'));
    await clock.advance(INTERVAL + 1);
    await hint('One');
    factory.duringList = () => {};
    await clock.advance(INTERVAL + 1);
    await hint('Unrelated');
    expect(changed).toEqual([key('Two')]);
  });
});

describe('an entry of a list that cannot be parsed', () => {
  test('leaves out that runtime only, which is read by itself', async () => {
    const { factory, hint } = rig();
    factory.garbled.add('One');
    expect(says(await hint('Two'))).toBe('was');
    expect(says(await hint('Three'))).toBe('absent');
    expect(factory.calls).toEqual(['list']);
    expect(says(await hint('One'))).toBe('was');
    expect(says(await hint('One'))).toBe('was');
    expect(factory.calls).toEqual(['list', 'read']);
  });

  test('without a name may be any runtime that the list does not show', async () => {
    const { factory, hint } = rig();
    factory.garbled.add('One');
    factory.nameless = true;
    expect(says(await hint('Two'))).toBe('was');
    expect(factory.calls).toEqual(['list']);
    expect(says(await hint('One'))).toBe('was');
    expect(says(await hint('Three'))).toBe('absent');
    expect(factory.calls).toEqual(['list', 'read', 'read']);
  });

  test.each([true, false])('is no change by others, nor is its end (nameless: %s)', async (nameless) => {
    const { clock, factory, hint, changed } = rig();
    await hint('Unrelated');
    factory.nameless = nameless;
    for (const garbled of [true, false]) {
      if (garbled) factory.garbled.add('One');
      else factory.garbled.clear();
      await clock.advance(11 * MINUTE);
      await hint('Unrelated');
    }
    expect(changed).toEqual([]);
  });

  test('is told once, and once that all is understood again', async () => {
    const { clock, factory, hint, log } = rig();
    factory.garbled.add('One');
    for (const _ of [1, 2]) {
      await hint('Two');
      await clock.advance(11 * MINUTE);
    }
    factory.garbled.clear();
    await hint('Two');
    expect(log.lines.map(({ level, keys }) => [level, keys.runtimes, keys.detail])).toEqual([
      ['warn', ['ONE'], 'garbled'],
      ['info', undefined, undefined],
    ]);
  });
});

describe('changes by others', () => {
  const relist = async ({ clock, hint }: ReturnType<typeof rig>) => {
    await clock.advance(11 * MINUTE);
    await hint('Unrelated');
  };

  test('are announced when a list shows another content', async () => {
    const it = rig();
    await relist(it);
    it.factory.runtimes.set('One', document('edited'));
    await relist(it);
    expect(it.changed).toEqual([key('One')]);
    await relist(it);
    expect(it.changed).toEqual([key('One')]);
  });

  test('are announced when a runtime vanishes, and when one appears', async () => {
    const it = rig();
    await relist(it);
    it.factory.runtimes.delete('One');
    await relist(it);
    it.factory.runtimes.set('One', document('again'));
    await relist(it);
    expect(it.changed).toEqual([key('One'), key('One')]);
  });

  test('are announced also where they undo an own write', async () => {
    const it = rig();
    await relist(it);
    await it.observer.update(id('One'), document('updated'), 'e', caller());
    it.factory.runtimes.set('One', document('was'));
    await relist(it);
    expect(it.changed).toEqual([key('One')]);
  });

  test('are announced when a number changes in digits that a double does not hold, and not when it is read again', async () => {
    const it = rig(['One', 'Two']);
    const number = (text: string): JsonObject => ({ ...document('was'), alien: JSON.rawJSON(text) });
    it.factory.runtimes.set('One', number('12345678901234567'));
    it.factory.runtimes.set('Two', number('12345678901234567'));
    await relist(it);
    it.factory.runtimes.set('One', number('12345678901234569'));
    it.factory.runtimes.set('Two', number('12345678901234567'));
    await relist(it);
    expect(it.changed).toEqual([key('One')]);
  });

  test('are none when only etags differ, or the order of properties', async () => {
    const it = rig();
    await relist(it);
    it.factory.runtimes.set('One', { description: 'was', type: 'Managed' });
    await relist(it);
    expect(it.changed).toEqual([]);
  });

  test('are not our own writes, also not those during a list', async () => {
    const it = rig();
    await relist(it);
    await it.observer.update(id('One'), document('updated'), 'e', caller());
    await it.observer.create(id('Three'), document('created'), caller());
    await it.observer.delete(id('Two'), caller());
    await relist(it);
    it.factory.duringList = async () => {
      await it.observer.update(id('One'), document('again'), 'e', caller());
      await it.observer.delete(id('Three'), caller());
    };
    await relist(it);
    it.factory.duringList = () => {};
    await relist(it);
    expect(it.changed).toEqual([]);
  });

  test('are not announced to the one whose hint shows them anyway', async () => {
    const it = rig();
    await relist(it);
    it.factory.runtimes.set('One', document('edited'));
    it.factory.runtimes.set('Two', document('edited'));
    await it.clock.advance(11 * MINUTE);
    expect(says(await it.hint('One'))).toBe('edited');
    expect(it.changed).toEqual([key('Two')]);
  });
});

describe('a write that Azure has accepted and goes on with', () => {
  const ACCEPTED = { accepted: true } as const;

  test('leaves open what is there: the next hint asks anew, and a read settles it', async () => {
    const { factory, observer, hint } = rig();
    await hint('One');
    factory.create = () => Promise.resolve(ACCEPTED as never);
    expect(await observer.update(id('One'), document('updated'), 'e', caller())).toEqual(ACCEPTED);
    expect(says(await hint('One'))).toBe('was');
    expect(factory.lists).toBe(2);
    factory.runtimes.set('One', document('updated'));
    await observer.read(id('One'), caller());
    expect(says(await hint('One'))).toBe('updated');
    expect(factory.lists).toBe(2);
  });

  test('as a deletion is no absence', async () => {
    const { factory, observer, hint } = rig();
    await hint('One');
    factory.delete = () => Promise.resolve(ACCEPTED as never);
    expect(await observer.delete(id('One'), caller())).toEqual(ACCEPTED);
    expect(says(await hint('One'))).toBe('was');
  });
});

describe('a runtime that is gone when its state is asked for', () => {
  test('is something to look at again, and known to be absent', async () => {
    const { factory, observer, hint } = rig();
    await hint('One');
    factory.runtimes.delete('One');
    expect((await failureOf(observer.state(id('One'), caller()))).kind).toBe('preconditionFailed');
    expect(says(await hint('One'))).toBe('absent');
  });
});

describe('a parent that is asked about itself', () => {
  const ask = ({ observer }: ReturnType<typeof rig>, by: Partial<CallContext> = {}) =>
    observer.presenceOf(ID.parent, caller(by));
  const asked = ({ factory }: ReturnType<typeof rig>) => factory.calls.filter((call) => call === 'parent').length;

  test('is asked once a minute, for a hundred objects', async () => {
    const it = rig();
    it.factory.itself = false;
    for (let second = 0; second < 300; second++) {
      for (let object = 0; object < 100; object++) expect(await ask(it)).toBe('absent');
      await it.clock.advance(1_000);
    }
    expect(asked(it)).toBe(5);
  });

  test('is asked within the budget, for one read', async () => {
    const it = rig();
    await ask(it, { needs: { reads: 1, deletes: 1 } });
    expect(it.factory.callers.at(-1)?.needs).toEqual({ reads: 1 });
  });

  test('is there, or is not, as it says by now', async () => {
    const it = rig();
    expect(await ask(it)).toBe('present');
    it.factory.itself = false;
    expect(await ask(it)).toBe('present');
    await it.clock.advance(MINUTE);
    expect(await ask(it)).toBe('absent');
  });

  test('keeps nobody waiting but the one who asks', async () => {
    const it = rig();
    let answer: (is: boolean) => void = () => {};
    it.factory.itself = new Promise((resolve) => (answer = resolve));
    const first = ask(it);
    expect(await ask(it)).toBe('unanswered');
    answer(false);
    expect(await first).toBe('absent');
    await it.clock.advance(MINUTE);
    it.factory.itself = new Promise((resolve) => (answer = resolve));
    const second = ask(it);
    expect(await ask(it)).toBe('absent');
    await it.clock.advance(MINUTE);
    expect(await ask(it)).toBe('unanswered');
    answer(true);
    expect(await second).toBe('present');
    expect(asked(it)).toBe(2);
  });

  test('is unreadable without the right to, which is asked for once a minute too', async () => {
    const it = rig();
    it.factory.itself = new AzureFailure({ kind: 'forbidden', message: 'no role' });
    expect([await ask(it), await ask(it)]).toEqual(['unreadable', 'unreadable']);
    expect(asked(it)).toBe(1);
  });

  test('that fails to answer fails one look a minute, and says nothing to the others', async () => {
    const it = rig();
    it.factory.itself = new AzureFailure({ kind: 'unavailable', message: 'down' });
    expect((await failureOf(ask(it))).kind).toBe('unavailable');
    expect(await ask(it)).toBe('unanswered');
    expect(asked(it)).toBe(1);
  });

  test('for which the budget has nothing is asked again by the next one', async () => {
    const it = rig();
    it.factory.itself = new ParkedError('none');
    await expect(ask(it)).rejects.toThrow(ParkedError);
    it.factory.itself = true;
    expect(await ask(it)).toBe('present');
  });
});

test('a factory that nobody asks about for hours is forgotten', async () => {
  const { clock, factory, observer, hint, changed } = rig();
  await hint('One');
  factory.runtimes.set('One', document('edited'));
  await clock.advance(3 * 60 * MINUTE);
  await observer.hint({ ...ID, parent: { ...ID.parent, name: 'Other' } }, MINUTE, caller());
  await hint('Two');
  expect(changed).toEqual([]);
});
