/** The shared list never shows less than our own calls did, whatever the order of events. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ArmRuntimes, Listed } from '../../../../src/azure/arm/arm-runtimes.ts';
import { parseRuntime } from '../../../../src/azure/arm/parse.ts';
import { Observer } from '../../../../src/azure/observer/observer.ts';
import { AzureFailure } from '../../../../src/core/model/failure.ts';
import type { Definition, JsonObject, ObservedRuntime, RuntimeId } from '../../../../src/core/model/runtime.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../runtime/recorded-log.ts';
import { caller, ID, resource } from '../support/rig.ts';

const INTERVAL = 600_000;
const NAMES = ['One', 'Two', 'AutoResolveIntegrationRuntime'] as const;
type Name = (typeof NAMES)[number];
type ListMode = 'whole' | 'broken' | 'garbled' | 'nameless';
const id = (name: Name): RuntimeId => ({ ...ID, name });

/** One runtime through time: each version is told by its number, and an absence is one, too. */
class Story {
  readonly versions: ('absent' | number)[] = ['absent'];

  change(present: boolean): void {
    this.versions.push(present ? this.versions.length : 'absent');
  }

  get document(): JsonObject | undefined {
    const version = this.versions.at(-1);
    return version === undefined || version === 'absent'
      ? undefined
      : { type: 'Managed', description: String(version) };
  }

  /** The newest version that an answer may be about. */
  lastOf(definition: Definition): number {
    const seen = definition.presence === 'absent' ? 'absent' : Number(definition.runtime.document.description);
    return this.versions.lastIndexOf(seen);
  }
}

/** A factory whose lists work, or do not, and in the middle of which others and we go on. */
class World {
  readonly clock = new FakeClock();
  readonly stories = new Map<Name, Story>(NAMES.map((name) => [name, new Story()]));
  /** For each runtime, up to which of its versions our own calls have shown it. */
  readonly known = new Map<Name, number>(NAMES.map((name) => [name, 0]));
  readonly failedLists: number[] = [];
  readonly observer: Observer;
  mode: ListMode = 'whole';
  duringList: (() => Promise<void>) | undefined;

  constructor() {
    const remote = {
      list: () => this.#list(),
      read: async ({ name }: RuntimeId) => this.#shown(name as Name),
      create: async ({ name }: RuntimeId) => this.#written(name as Name),
      update: async ({ name }: RuntimeId) => this.#written(name as Name),
      delete: async ({ name }: RuntimeId) => void this.story(name as Name).change(false),
    };
    this.observer = new Observer({
      remote: () => remote as unknown as ArmRuntimes,
      clock: this.clock,
      changed: () => {},
      wake: () => {},
      log: new RecordedLog(),
    });
  }

  story(name: Name): Story {
    return this.stories.get(name) as Story;
  }

  knows(name: Name): void {
    this.known.set(name, this.story(name).versions.length - 1);
  }

  #shown(name: Name): ObservedRuntime | undefined {
    const { document } = this.story(name);
    return document === undefined ? undefined : parseRuntime(resource(document, name));
  }

  #written(name: Name): ObservedRuntime {
    this.story(name).change(true);
    return this.#shown(name) as ObservedRuntime;
  }

  async #list(): Promise<Listed> {
    const { mode, duringList } = this;
    const all = NAMES.flatMap((name) => this.#shown(name) ?? []);
    this.duringList = undefined;
    await duringList?.();
    if (mode === 'broken') {
      this.failedLists.push(this.clock.now());
      throw new AzureFailure({ kind: 'unavailable', message: 'down' });
    }
    const [first, ...rest] = all;
    if (mode === 'whole' || first === undefined) return { runtimes: all, unparsed: [] };
    return { runtimes: rest, unparsed: [{ name: mode === 'garbled' ? first.name : undefined, why: 'garbled' }] };
  }
}

type Step = (world: World) => Promise<void>;

const named = fc.constantFrom(...NAMES);
const others = fc.tuple(named, fc.boolean()).map(
  ([name, present]): Step =>
    async (world) =>
      world.story(name).change(present),
);
const own = fc.tuple(named, fc.constantFrom('read', 'update', 'delete')).map(
  ([name, what]): Step =>
    async (world) => {
      if (what === 'read') await world.observer.read(id(name), caller());
      else if (what === 'delete') await world.observer.delete(id(name), caller());
      else await world.observer.update(id(name), { type: 'Managed' }, 'e', caller());
      world.knows(name);
    },
);
const mode = fc.constantFrom<ListMode>('whole', 'broken', 'broken', 'garbled', 'nameless').map(
  (next): Step =>
    async (world) => {
      world.mode = next;
    },
);
const meanwhile = fc.oneof(others, own).map(
  (step): Step =>
    async (world) => {
      world.duringList = () => step(world);
    },
);
const wait = fc.integer({ min: 1, max: 1.5 * INTERVAL }).map(
  (ms): Step =>
    async (world) =>
      world.clock.advance(ms),
);
const stepBack = fc.integer({ min: -2 * INTERVAL, max: 2 * INTERVAL }).map(
  (ms): Step =>
    async (world) =>
      world.clock.step(ms),
);
const hint = fc.tuple(named, fc.constantFrom(INTERVAL, INTERVAL, 2 * INTERVAL)).map(
  ([name, maxAgeMs]): Step =>
    async (world) => {
      const said = await world.observer.hint(id(name), maxAgeMs, caller());
      expect(said.fresh).toBe(false);
      expect(world.story(name).lastOf(said)).toBeGreaterThanOrEqual(world.known.get(name) ?? 0);
    },
);

async function run(steps: readonly Step[]): Promise<World> {
  const world = new World();
  for (const step of steps) await step(world);
  return world;
}

describe('whatever lists do', () => {
  test('a hint is had, and never contradicts what our own calls showed later than the list', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(others, own, mode, meanwhile, wait, stepBack, hint, hint, hint), {
          maxLength: 60,
          size: 'max',
        }),
        async (steps) => {
          await run(steps);
        },
      ),
      { numRuns: 500 },
    ));

  test('no list that is broken is tried again before its time', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(others, own, mode, meanwhile, wait, hint, hint), { maxLength: 60, size: 'max' }),
        async (steps) => {
          const { failedLists } = await run(steps);
          for (const [i, at] of failedLists.slice(1).entries()) {
            expect(at - (failedLists[i] ?? 0)).toBeGreaterThan(INTERVAL);
          }
        },
      ),
      { numRuns: 500 },
    ));
});
