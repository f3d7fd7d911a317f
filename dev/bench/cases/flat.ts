/** Benchmark of the queue and of the observer alone, in this process: what an object costs among few and among many. */

import type { ArmRuntimes } from '../../../src/azure/arm/arm-runtimes.ts';
import { Observer } from '../../../src/azure/observer/observer.ts';
import type { ObservedRuntime, Parent, RuntimeId } from '../../../src/core/model/runtime.ts';
import type { Clock, Timer } from '../../../src/runtime/clock.ts';
import { WorkQueue } from '../../../src/runtime/queue.ts';
import { median } from '../median.ts';
import { nameOf, SUBSCRIPTION } from '../objects.ts';
import type { Result } from '../result.ts';

const INTERVAL_MS = 600_000;
/** For each figure, so that few objects are measured for as long as many are. */
const OPERATIONS = 60_000;
const ROUNDS = 9;
const PER_FACTORY = 100;

/** Once for each of its objects. */
type Pass = () => Promise<void>;

/** Makes so many objects, and resolves with what is to be measured, again and again. */
type Subject = (objects: number) => Promise<Pass>;

const SUBJECTS: Readonly<Record<string, Subject>> = {
  'queue, all due at once': allAtOnce,
  'queue, each when it is due': eachInTurn,
  'observer, 100 in a factory': (objects) => observed(objects, PER_FACTORY),
  'observer, all in one factory': (objects) => observed(objects, objects),
};

/** At a twentieth, a quarter and the whole of so many. */
export async function flat(objects: number): Promise<Result> {
  const sizes = [objects / 20, objects / 4, objects].map(Math.round);
  const figures: [string, number][] = [];
  for (const [name, subject] of Object.entries(SUBJECTS)) {
    const costs = await microseconds(subject, sizes);
    const [least = Number.NaN] = costs;
    for (const [i, cost] of costs.entries()) {
      figures.push([`${name}: CPU µs at ${sizes[i]}`, cost]);
      if (i > 0) figures.push([`${name}: ratio at ${sizes[i]}`, cost / least]);
    }
  }
  return {
    benchmark: 'flat',
    objects,
    figures: Object.fromEntries(figures),
    compared: '1.2 times the cost at the least size',
  };
}

/** The median of several rounds in turn, for each size. */
async function microseconds(subject: Subject, sizes: readonly number[]): Promise<number[]> {
  const measured = sizes.map((): number[] => []);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [i, size] of sizes.entries()) {
      const cost = await measure(await subject(size), size);
      // The first round warms it up.
      if (round > 0) measured[i]?.push(cost);
    }
  }
  return measured.map(median);
}

async function measure(pass: Pass, objects: number): Promise<number> {
  const passes = Math.max(1, Math.round(OPERATIONS / objects));
  await pass();
  const before = process.cpuUsage();
  for (let i = 0; i < passes; i++) await pass();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / passes / objects;
}

/** A clock that goes on when it is told to, to the one timer that is set. */
class ManualClock implements Clock {
  #at = 0;
  #timer: { readonly at: number; readonly fn: () => void } | undefined;

  now = () => this.#at;
  monotonic = () => this.#at;
  random = () => 0.5;

  setTimer(ms: number, fn: () => void): Timer {
    const timer = { at: this.#at + ms, fn };
    this.#timer = timer;
    return {
      cancel: () => {
        if (this.#timer === timer) this.#timer = undefined;
      },
    };
  }

  advance(ms: number): void {
    this.#at += ms;
  }

  fire(): void {
    const timer = this.#timer;
    if (timer === undefined) return;
    this.#timer = undefined;
    this.#at = timer.at;
    timer.fn();
  }
}

const signal = new AbortController().signal;

/** As at a start: all are added, and each is taken and queued for the next interval. */
async function allAtOnce(objects: number): Promise<Pass> {
  const keys = keysOf(objects);
  return async () => {
    const queue = new WorkQueue({ clock: new ManualClock() });
    for (const key of keys) queue.add(key);
    for (let n = 0; n < objects; n++) await handled(queue, queue.next(signal));
  };
}

/** As at rest: the polls are spread over the interval. */
async function eachInTurn(objects: number): Promise<Pass> {
  const clock = new ManualClock();
  const queue = new WorkQueue({ clock });
  for (const [n, key] of keysOf(objects).entries()) queue.add(key, { afterMs: (n + 1) * (INTERVAL_MS / objects) });
  return async () => {
    for (let n = 0; n < objects; n++) {
      const next = queue.next(signal);
      clock.fire();
      await handled(queue, next);
    }
  };
}

async function handled(queue: WorkQueue, next: Promise<string | undefined>): Promise<void> {
  const key = (await next) ?? '';
  queue.add(key, { afterMs: INTERVAL_MS });
  queue.done(key);
}

function keysOf(objects: number): string[] {
  return Array.from({ length: objects }, (_, n) => `default/${nameOf(n)}`);
}

/** A poll of each: its definition by the list of its factory, which is read once an interval, and its state. */
async function observed(objects: number, perFactory: number): Promise<Pass> {
  const clock = new ManualClock();
  const factories = Math.ceil(objects / perFactory);
  const parents = Array.from({ length: factories }, (_, n): Parent => ({ ...PARENT, name: `bench-factory-${n}` }));
  const ids = Array.from({ length: objects }, (_, n) => ({
    parent: parents[n % factories] ?? PARENT,
    name: nameOf(n),
  }));
  const azure = emptyButFor(ids);
  const observer = new Observer({ remote: () => azure, clock, changed: unexpected, wake: unexpected, log: NO_LOG });
  return async () => {
    clock.advance(INTERVAL_MS);
    const caller = { key: '', urgency: 'poll', signal: new AbortController().signal, mayWrite: () => false } as const;
    for (const id of ids) {
      const { presence } = await observer.hint(id, INTERVAL_MS / 2, caller);
      if (presence !== 'present') throw new Error(`the list shows no ${id.name}`);
      await observer.state(id, caller);
    }
  };
}

const PARENT: Parent = { kind: 'factory', subscriptionId: SUBSCRIPTION, resourceGroup: 'bench', name: '' };

const NO_LOG = { info: () => {}, warn: () => {} };

function unexpected(): never {
  throw new Error('nothing changes here, and nothing waits');
}

/** An Azure in this process that answers at once. */
function emptyButFor(ids: readonly RuntimeId[]): ArmRuntimes {
  // Two of equal content in turn: what was parsed from an answer is never the same object as before.
  const answers = [listsOf(ids), listsOf(ids)];
  return {
    list: async ({ name }) => {
      answers.reverse();
      return { runtimes: answers[0]?.get(name) ?? [], unparsed: [] };
    },
    state: async () => ({ state: 'Online' }),
    read: unexpected,
    hasParent: unexpected,
    create: unexpected,
    update: unexpected,
    delete: unexpected,
    enableInteractiveAuthoring: unexpected,
    hasNetwork: unexpected,
    createNetwork: unexpected,
  };
}

/** By the name of the factory. */
function listsOf(ids: readonly RuntimeId[]): ReadonlyMap<string, readonly ObservedRuntime[]> {
  const lists = new Map<string, ObservedRuntime[]>();
  for (const [n, { parent, name }] of ids.entries()) {
    const document = {
      type: 'Managed',
      description: `Benchmark runtime ${n}`,
      typeProperties: { computeProperties: { location: 'West Europe' } },
    };
    const list = lists.get(parent.name) ?? [];
    list.push({ name, type: 'Managed', document, etag: `etag-${n}` });
    lists.set(parent.name, list);
  }
  return lists;
}
