import { describe, expect, test } from '@jest/globals';
import { Observer } from '../../../src/azure/observer.ts';
import { parseRuntime } from '../../../src/azure/parse.ts';
import type { Remote } from '../../../src/azure/remote.ts';
import { AzureFailure } from '../../../src/core/failure.ts';
import {
  armKey,
  type Definition,
  type JsonObject,
  type ObservedRuntime,
  type RuntimeId,
  type RuntimeState,
} from '../../../src/core/runtime.ts';
import { BudgetExhausted, type Caller } from '../../../src/ports.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { caller, failureOf, ID, resource } from './support/rig.ts';

const MINUTE = 60_000;
const id = (name: string): RuntimeId => ({ ...ID, name });

/** A factory in memory, whose calls can be made to wait or to fail. */
class Factory implements Remote {
  readonly runtimes = new Map<string, JsonObject>();
  readonly unlisted = new Set<string>();
  readonly calls: string[] = [];
  readonly callers: Caller[] = [];
  /** Runs in the middle of a list, after what it shows has been decided. */
  duringList: () => Promise<void> | void = () => {};
  /** Runs after a write took effect. */
  afterWrite: () => void = () => {};
  #etag = 0;

  async list(_parent: RuntimeId['parent'], by: Caller): Promise<readonly ObservedRuntime[]> {
    this.calls.push('list');
    this.callers.push(by);
    const shown = [...this.runtimes.keys()].filter((name) => !this.unlisted.has(name)).map((name) => this.#show(name));
    await this.duringList();
    return shown;
  }

  async read({ name }: RuntimeId): Promise<ObservedRuntime | undefined> {
    this.calls.push('read');
    return this.runtimes.has(name) ? this.#show(name) : undefined;
  }

  async state({ name }: RuntimeId): Promise<RuntimeState | undefined> {
    return this.runtimes.has(name) ? { state: 'Online' } : undefined;
  }

  async enableInteractiveAuthoring(): Promise<void> {}

  async hasNetwork(): Promise<boolean> {
    return true;
  }

  async createNetwork(): Promise<void> {}

  async create({ name }: RuntimeId, document: JsonObject): Promise<ObservedRuntime> {
    this.runtimes.set(name, document);
    this.afterWrite();
    return this.#show(name);
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
  const observer = new Observer({ remote: () => factory, clock, changed: (key) => void changed.push(key) });
  const hint = (name: string, maxAgeMs = 10 * MINUTE, by: Partial<Caller> = {}) =>
    observer.hint(id(name), maxAgeMs, caller(by));
  return { clock, factory, changed, observer, hint };
}

function document(description: string): JsonObject {
  return { type: 'Managed', description };
}

/** What a definition says, in short. */
function says(definition: Definition): string {
  return definition.presence === 'present' ? String(definition.runtime.document.description) : 'absent';
}

const key = (name: string) => armKey(id(name));

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

  test('is not from a list that started under a clock that was ahead', async () => {
    const { clock, factory, hint } = rig();
    await hint('One');
    clock.step(-60 * MINUTE);
    await hint('One');
    expect(factory.lists).toBe(2);
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

  test('needs a new list after a write that may have taken effect', async () => {
    const { factory, observer, hint } = rig();
    await hint('One');
    factory.afterWrite = () => {
      throw new AzureFailure({ kind: 'unavailable', message: 'dropped' });
    };
    expect((await failureOf(observer.update(id('One'), document('updated'), 'e', caller()))).kind).toBe('unavailable');
    expect(says(await hint('One'))).toBe('updated');
    expect(factory.lists).toBe(2);
  });

  test('needs none after a write that was refused or never sent', async () => {
    const { factory, observer, hint } = rig();
    await hint('One');
    for (const error of [new AzureFailure({ kind: 'refused', message: 'no' }), new BudgetExhausted('none')]) {
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
      signal: life.signal,
    });
    await observer.hint(id('One'), MINUTE, caller());
    life.abort();
    expect(factory.callers[0]?.signal.aborted).toBe(true);
  });

  test('that fails, fails for all of them and is not remembered', async () => {
    const { factory, hint } = rig();
    factory.duringList = () => {
      throw new AzureFailure({ kind: 'unavailable', message: 'down' });
    };
    const both = await Promise.allSettled([hint('One'), hint('Two')]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(factory.lists).toBe(1);
    factory.duringList = () => {};
    expect(says(await hint('One'))).toBe('was');
  });

  test('that finds no token makes each caller ask the budget under its own key', async () => {
    const { factory, hint } = rig();
    const asked: string[] = [];
    factory.list = async (_parent, { key }) => {
      await Promise.resolve();
      asked.push(key);
      throw new BudgetExhausted('none');
    };
    const keys = ['ns/a', 'ns/b', 'ns/c'];
    const all = await Promise.allSettled(keys.map((key) => hint('One', MINUTE, { key })));
    expect(all.map((each) => each.status === 'rejected' && each.reason instanceof BudgetExhausted)).toEqual([
      true,
      true,
      true,
    ]);
    expect(asked.sort()).toEqual(keys);
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

test('a factory that nobody asks about for hours is forgotten', async () => {
  const { clock, factory, observer, hint, changed } = rig();
  await hint('One');
  factory.runtimes.set('One', document('edited'));
  await clock.advance(3 * 60 * MINUTE);
  await observer.hint({ ...ID, parent: { ...ID.parent, name: 'Other' } }, MINUTE, caller());
  await hint('Two');
  expect(changed).toEqual([]);
});
