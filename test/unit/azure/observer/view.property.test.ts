/** The view of a parent, against a model that knows every version of every runtime and when our calls showed it. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ListStart, type NeededRead, ParentView, type ShownRuntime } from '../../../../src/azure/observer/view.ts';
import type { Definition, ObservedRuntime } from '../../../../src/core/model/runtime.ts';

const NAMES = ['one', 'two', 'autoresolveintegrationruntime'] as const;
type Name = (typeof NAMES)[number];
const AGE = 100;

function version(number: number): ObservedRuntime {
  return { name: 'x', type: 'Managed', etag: `e${number}`, document: { type: 'Managed', description: `${number}` } };
}

function numberOf(shown: ShownRuntime): number | 'absent' | 'uncertain' {
  return typeof shown === 'object' ? Number(shown.document.description) : shown;
}

/** Azure, seen by lists and by our own calls, and what the view may say of it. */
class World {
  readonly view = new ParentView();
  now = 0;
  #versions = 0;
  readonly #truth = new Map<Name, ObservedRuntime | undefined>();
  /** What each runtime was when one of our own calls, or a list, showed it last; with the time. */
  readonly shown = new Map<Name, { shown: ShownRuntime; at: number; order: number }>();
  #order = 0;
  #list: { start: ListStart; order: number; truth: ReadonlyMap<Name, ObservedRuntime | undefined> } | undefined;
  /** The view that changes are announced against: what was shown last, by whatever. */
  announced: readonly string[] = [];

  change(name: Name, exists: boolean): void {
    this.#truth.set(name, exists ? version(++this.#versions) : undefined);
  }

  observe(name: Name, isCertain: boolean): void {
    const shown = isCertain ? (this.#truth.get(name) ?? 'absent') : 'uncertain';
    this.view.observe(name.toUpperCase(), shown, this.now);
    this.shown.set(name, { shown, at: this.now, order: ++this.#order });
  }

  startList(): void {
    this.#list ??= { start: this.view.listStarted(this.now), order: this.#order, truth: new Map(this.#truth) };
  }

  completeList(): void {
    if (this.#list === undefined) return;
    const { start, order, truth } = this.#list;
    const runtimes = NAMES.flatMap((name) => {
      const runtime = name === 'autoresolveintegrationruntime' ? undefined : truth.get(name);
      return runtime === undefined ? [] : [{ ...runtime, name }];
    });
    const before = new Map(this.shown);
    this.announced = this.view.listCompleted(start, { runtimes, unparsed: [] });
    for (const name of NAMES) {
      if (name === 'autoresolveintegrationruntime' || (this.shown.get(name)?.order ?? 0) > order) continue;
      this.shown.set(name, { shown: truth.get(name) ?? 'absent', at: start.at, order });
    }
    this.#list = undefined;
    this.#expectAnnouncements(before);
  }

  #hasListed = false;

  #expectAnnouncements(before: ReadonlyMap<Name, { shown: ShownRuntime }>): void {
    const expected = NAMES.filter((name) => {
      const [then, now] = [before.get(name)?.shown ?? 'absent', this.shown.get(name)?.shown ?? 'absent'].map(numberOf);
      return then !== 'uncertain' && now !== 'uncertain' && then !== now;
    });
    expect([...this.announced].sort()).toEqual(this.#hasListed ? [...expected].sort() : []);
    this.#hasListed = true;
  }

  hint(name: Name, maxAgeMs = AGE): Definition | NeededRead {
    return this.view.hint(name, {
      maxAgeMs,
      now: this.now,
      isListing: this.#list !== undefined,
      since: this.view.tick,
    });
  }
}

type Step = (world: World) => void;
const named = fc.constantFrom(...NAMES);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(named, fc.boolean()).map(
    ([name, exists]): Step =>
      (world) =>
        world.change(name, exists),
  ),
  fc.tuple(named, fc.boolean()).map(
    ([name, isCertain]): Step =>
      (world) =>
        world.observe(name, isCertain),
  ),
  fc.constant<Step>((world) => world.startList()),
  fc.constant<Step>((world) => world.completeList()),
  fc.nat(AGE).map(
    (ms): Step =>
      (world) => {
        world.now += ms;
      },
  ),
);
const history = fc.array(step, { maxLength: 40, size: 'max' });

function worldAfter(steps: readonly Step[]): World {
  const world = new World();
  for (const each of steps) each(world);
  return world;
}

describe('whatever lists and our own calls show', () => {
  test('a hint is what was shown last, or asks for a read when that is too old, uncertain or missing', () =>
    fc.assert(
      fc.property(history, named, (steps, name) => {
        const world = worldAfter(steps);
        const hint = world.hint(name);
        if (typeof hint === 'string') return;
        const last = world.shown.get(name);
        expect(hint.fresh).toBe(false);
        expect(hint.presence === 'absent' ? 'absent' : numberOf(hint.runtime)).toBe(
          // Lists leave this one out: what was read of it counts as long as it is young, and then that it is not listed.
          name === 'autoresolveintegrationruntime' &&
            (last === undefined || world.now - last.at > AGE || last.shown === 'uncertain')
            ? 'absent'
            : numberOf(last?.shown ?? 'uncertain'),
        );
        if (name !== 'autoresolveintegrationruntime') expect(world.now - (last?.at ?? 0)).toBeLessThanOrEqual(AGE);
      }),
      { numRuns: 2_000 },
    ));

  test('what a list shows otherwise than the view did is announced, and nothing else', () =>
    fc.assert(
      fc.property(history, (steps) => void worldAfter([...steps, (w) => w.startList(), (w) => w.completeList()])),
      {
        numRuns: 2_000,
      },
    ));

  test('after a list, a hint of any age is had for every runtime that is not uncertain', () =>
    fc.assert(
      fc.property(history, named, (steps, name) => {
        const world = worldAfter([...steps, (w) => w.startList(), (w) => w.completeList()]);
        const isUncertain = world.shown.get(name)?.shown === 'uncertain';
        if (!isUncertain) expect(typeof world.hint(name, Number.POSITIVE_INFINITY)).toBe('object');
      }),
      { numRuns: 2_000 },
    ));
});

describe('a read', () => {
  test('does not undo what a write showed meanwhile', () => {
    const view = new ParentView();
    const since = view.tick;
    view.observe('one', version(2), 1);
    view.observeRead('ONE', version(1), 2, since);
    expect(view.hint('one', { maxAgeMs: 10, now: 2, isListing: false, since: view.tick })).toMatchObject({
      runtime: version(2),
    });
  });
});

describe('the runtime that lists leave out', () => {
  const hint = (view: ParentView, now: number) =>
    view.hint('AutoResolveIntegrationRuntime', { maxAgeMs: 10, now, isListing: false, since: view.tick });

  test('is what was read of it, and absent without another list when that is too old', () => {
    const view = new ParentView();
    view.observe('AutoResolveIntegrationRuntime', version(1), 1);
    view.listCompleted(view.listStarted(5), { runtimes: [], unparsed: [] });
    expect([hint(view, 11), hint(view, 12)]).toEqual([
      expect.objectContaining({ presence: 'present' }),
      { presence: 'absent', fresh: false },
    ]);
  });
});

describe('a list that broke', () => {
  const hint = (view: ParentView, now: number, isListing = false) =>
    view.hint('one', { maxAgeMs: 10, now, isListing, since: view.tick });

  test('has each runtime read on its own until the list would be too old', () => {
    const view = new ParentView();
    view.listBroke(0);
    expect([hint(view, 10), hint(view, 11)]).toEqual(['runtime', 'list']);
  });

  test('makes no caller wait for the one that tries it again', () => {
    const view = new ParentView();
    view.listBroke(0);
    expect(hint(view, 11, true)).toBe('runtime');
  });

  test('is over once a list is complete', () => {
    const view = new ParentView();
    view.listBroke(0);
    view.listCompleted(view.listStarted(1), { runtimes: [], unparsed: [] });
    expect([hint(view, 2), hint(view, 12, true)]).toEqual([{ presence: 'absent', fresh: false }, 'list']);
  });
});

describe('an entry that cannot be parsed', () => {
  const hint = (view: ParentView, name: string) =>
    view.hint(name, { maxAgeMs: 10, now: 2, isListing: false, since: view.tick });

  test('has its runtime read on its own, whatever the case of its name', () => {
    const view = new ParentView();
    view.listCompleted(view.listStarted(1), { runtimes: [], unparsed: [{ name: 'ONE', why: 'x' }] });
    expect([hint(view, 'one'), hint(view, 'two')]).toEqual(['runtime', { presence: 'absent', fresh: false }]);
  });

  test('announces no change', () => {
    const view = new ParentView();
    const list = (unparsed: { name: string; why: string }[], runtimes: ObservedRuntime[] = []) =>
      view.listCompleted(view.listStarted(1), { runtimes, unparsed });
    list([], [{ ...version(1), name: 'one' }]);
    expect([list([{ name: 'one', why: 'x' }]), list([])]).toEqual([[], []]);
  });

  test('without a name may be any runtime that the list does not show', () => {
    const view = new ParentView();
    const runtimes = [{ ...version(1), name: 'one' }];
    view.listCompleted(view.listStarted(1), { runtimes, unparsed: [{ name: undefined, why: 'x' }] });
    expect([hint(view, 'one'), hint(view, 'two')]).toEqual([
      expect.objectContaining({ presence: 'present' }),
      'runtime',
    ]);
  });
});
