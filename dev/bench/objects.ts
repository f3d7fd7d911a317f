/** Makes the objects of a benchmark. */
import { setTimeout as sleep } from 'node:timers/promises';
import { API_VERSION, KIND } from '../../src/api/names.ts';
import { runtimePath } from '../../src/kube/objects/runtime-api.ts';
import type { EmulatorControl, FactoryRef } from '../emulator/control.ts';
import type { Place } from './place.ts';

export const SUBSCRIPTION = '00000000-0000-0000-0000-000000000001';
const WRITERS = 16;
/** ARM allows 5,000 in a factory (documented). */
const PER_FACTORY = 2_500;

/** The factory of the nth object. */
export function factoryOf(n: number): FactoryRef {
  return { subscriptionId: SUBSCRIPTION, resourceGroup: 'bench', name: `bench-factory-${Math.floor(n / PER_FACTORY)}` };
}

export function nameOf(n: number): string {
  return `bench-${String(n).padStart(5, '0')}`;
}

export const SUBSCRIPTIONS = 20;
const FACTORIES = 200;

/** The factory of the nth object where they are spread over all of these. */
export function spreadFactoryOf(n: number): FactoryRef {
  const factory = n % FACTORIES;
  const subscription = String((factory % SUBSCRIPTIONS) + 1).padStart(12, '0');
  return {
    subscriptionId: `00000000-0000-0000-0000-${subscription}`,
    resourceGroup: 'bench',
    name: `bench-factory-${factory}`,
  };
}

/** Creates objects from the `from`th to before the `to`th, and the factories that they need. */
export async function createObjects(
  { kube, control }: Place,
  from: number,
  to: number,
  factory: (n: number) => FactoryRef = factoryOf,
): Promise<void> {
  await ensureFactories(control, to, factory);
  const path = runtimePath({ namespace: 'default' });
  await eachOf(from, to, async (n) => {
    const metadata = { name: nameOf(n) };
    const spec = { factory: parentOf(factory(n)), location: 'West Europe', description: `Benchmark runtime ${n}` };
    const body = { apiVersion: API_VERSION, kind: KIND, metadata, spec };
    await kube.request({ method: 'POST', path, body }, new AbortController().signal);
  });
}

async function ensureFactories(
  control: EmulatorControl,
  to: number,
  factory: (n: number) => FactoryRef,
): Promise<void> {
  const factories = new Map(Array.from({ length: to }, (_, n) => [factory(n).name, factory(n)]));
  for (const each of factories.values()) await control.ensureFactory(each);
}

function parentOf({ subscriptionId, resourceGroup, name }: FactoryRef) {
  return { subscriptionId, resourceGroup, name };
}

/** Does something for each number, some at a time. */
export async function eachOf(from: number, to: number, act: (n: number) => Promise<unknown>): Promise<void> {
  let next = from;
  const work = async () => {
    while (next < to) await act(next++);
  };
  await Promise.all(Array.from({ length: WRITERS }, work));
}

/** What a watch has shown of the objects. */
export class Audience {
  readonly #ready = new Set<string>();
  readonly #stop = new AbortController();
  readonly #watching: Promise<unknown>;
  /** When the last object that was not Ready became so. */
  lastReadyAt = 0;

  /** Looks on from now. */
  constructor(place: Place) {
    const path = runtimePath({});
    const query = { resourceVersion: '0', timeoutSeconds: 3_600 };
    const listener = { opened: () => {}, line: (_: unknown, object: unknown) => this.#see(object as Shown) };
    this.#watching = place.kube
      .watch({ path, query, silenceMs: 3_600_000 }, listener, this.#stop.signal)
      .catch((error: unknown) => error);
  }

  /** Resolves when so many are Ready; rejects when that takes longer than `withinMs`. */
  async ready(count: number, withinMs: number): Promise<void> {
    for (const deadline = Date.now() + withinMs; this.#ready.size < count; await sleep(10)) {
      if (Date.now() > deadline) throw new Error(`${this.#ready.size} of ${count} are Ready after ${withinMs} ms`);
    }
  }

  async leave(): Promise<void> {
    this.#stop.abort();
    await this.#watching;
  }

  #see({ metadata, status }: Shown): void {
    const ready = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True');
    if (!ready) this.#ready.delete(metadata.name);
    else if (!this.#ready.has(metadata.name)) {
      this.#ready.add(metadata.name);
      this.lastReadyAt = Date.now();
    }
  }
}

interface Shown {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}
