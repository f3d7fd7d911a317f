/** The benchmarks. Each measures in a place of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { bound } from './arm-bound.ts';
import { type Converged, converge, share, UNLIMITED } from './converge.ts';
import { createObjects, eachOf, factoryOf, nameOf } from './objects.ts';
import { inPlace, type Place } from './place.ts';
import type { Result } from './result.ts';
import { residentMemory, since, type Usage, usageOf } from './usage.ts';

export interface Case {
  readonly about: string;
  run(objects: number): Promise<Result>;
  /** How many objects it is about, unless told otherwise. */
  readonly objects: number;
}

export const CASES: Readonly<Record<string, Case>> = {
  'cold-start': {
    about: 'objects that are there when the operator starts, within the buckets of ARM',
    objects: 1_000,
    run: coldStart,
  },
  convergence: { about: 'the same without buckets', objects: 2_000, run: (objects) => convergence(objects, 0) },
  latency: {
    about: 'the same where every answer of ARM takes 20 ms',
    objects: 2_000,
    run: (objects) => convergence(objects, 20),
  },
  steady: { about: 'nothing changes, and everything is looked at', objects: 1_000, run: steady },
  drift: { about: 'all runtimes are changed behind our back', objects: 1_000, run: drift },
  memory: { about: 'what the process holds', objects: 10_000, run: memory },
  start: { about: 'from the start of the process to the first request to ARM', objects: 1, run: start },
};

/** A create is a GET, a PUT and a getStatus. */
const CALLS_PER_CREATE = 3;

async function coldStart(objects: number): Promise<Result> {
  const { seconds, usage } = await inPlace({ throttling: true }, (place) => converge(place, objects));
  const best = bound({ reads: 2 * objects, writes: objects });
  return {
    benchmark: 'cold-start',
    objects,
    figures: {
      seconds,
      'ratio to bound': seconds / best,
      '429 share': usage.armThrottled / usage.armCalls,
      ...perObject(usage, objects),
    },
    compared: `ARM's buckets allow ${best} s and ${CALLS_PER_CREATE} calls for each`,
  };
}

async function convergence(objects: number, latencyMs: number): Promise<Result> {
  const { seconds, usage } = await inPlace({ throttling: false }, async (place) => {
    if (latencyMs > 0) {
      await place.control.addFault({
        match: { subscriptionId: factoryOf(0).subscriptionId },
        times: 'always',
        delayMs: latencyMs,
        effect: { kind: 'delay' },
      });
    }
    return converge(place, objects, UNLIMITED);
  });
  return {
    benchmark: latencyMs > 0 ? `convergence, ARM at ${latencyMs} ms` : 'convergence',
    objects,
    figures: {
      seconds,
      'objects/s': objects / seconds,
      'CPU ms/object': usage.operatorCpuMs / objects,
      'operator busy': share(usage.operatorCpuMs, seconds),
      'emulator busy': share(usage.emulatorCpuMs, seconds),
      ...perObject(usage, objects),
    },
    compared: 'one core of the emulator, which is busy for the share shown',
  };
}

function perObject({ armCalls, kubernetesWrites }: Usage, objects: number): Record<string, number> {
  const { finalizer, status, event } = kubernetesWrites;
  return {
    'ARM calls/object': armCalls / objects,
    'writes/object': (finalizer + status) / objects,
    'events/object': event / objects,
  };
}

const STEADY_INTERVALS = 4;

async function steady(objects: number): Promise<Result> {
  const intervalSeconds = 15;
  const usage = await inPlace({ throttling: false }, async (place) => {
    const { operator } = await converge(place, objects, UNLIMITED, `--interval=${intervalSeconds}s`);
    // Until the looks have found their places in the interval.
    await sleep(2 * intervalSeconds * 1_000);
    const before = await usageOf(place, operator);
    await sleep(STEADY_INTERVALS * intervalSeconds * 1_000);
    return since(before, await usageOf(place, operator));
  });
  const intervals = usage.at / 1_000 / intervalSeconds;
  const { IntegrationRuntimes_GetStatus: looks = 0, IntegrationRuntimes_ListByFactory: pages = 0 } =
    usage.armByOperation;
  const { finalizer, status, event } = usage.kubernetesWrites;
  return {
    benchmark: 'steady',
    objects,
    figures: {
      'getStatus/object and interval': looks / objects / intervals,
      'list pages/100 objects and interval': pages / (objects / 100) / intervals,
      'other ARM calls': usage.armCalls - looks - pages,
      'Kubernetes writes': finalizer + status + event,
      'CPU ms/look': usage.operatorCpuMs / looks,
      'operator busy': share(usage.operatorCpuMs, usage.at / 1_000),
    },
    compared: '1 getStatus, 1 page and 0 writes',
  };
}

async function drift(objects: number): Promise<Result> {
  return inPlace({ throttling: false }, async (place) => {
    const { operator: first } = await converge(place, objects, UNLIMITED);
    await first.stop();
    await place.control.setBuckets({ enabled: true });
    const operator = await place.startOperator('--interval=1m');
    await looked(place, 2 * objects);
    const before = await usageOf(place, operator);
    await eachOf(0, objects, (n) =>
      place.control.drift({ factory: factoryOf(n), name: nameOf(n), merge: { description: 'changed by somebody' } }),
    );
    const driftedAt = Date.now();
    const { detectedAt, correctedAt } = await corrected(place, objects, driftedAt);
    const usage = since(before, await usageOf(place, operator));
    const seconds = (correctedAt - detectedAt) / 1_000;
    const best = bound({ reads: 2 * objects + objects / 100, writes: objects });
    return {
      benchmark: 'drift',
      objects,
      figures: {
        seconds,
        'ratio to bound': seconds / best,
        'seconds until noticed': (detectedAt - driftedAt) / 1_000,
        'ARM calls/object': usage.armCalls / objects,
        '429 share': usage.armThrottled / usage.armCalls,
      },
      compared: `ARM's buckets allow ${best} s, from the first list that shows the drift`,
    };
  });
}

/** Resolves when so many states have been asked for. */
async function looked({ control }: Place, count: number): Promise<void> {
  for (;;) {
    const { IntegrationRuntimes_GetStatus: looks = 0 } = await control.counts();
    if (looks >= count) return;
    await sleep(100);
  }
}

/** Resolves when so many updates have been made since then. */
async function corrected({ control }: Place, count: number, since: number) {
  const made = async () => {
    const entries = await control.trace({ operation: 'IntegrationRuntimes_CreateOrUpdate' });
    return entries.filter(({ at, status }) => at >= since && status === 200);
  };
  let writes = await made();
  for (; writes.length < count; writes = await made()) await sleep(500);
  const lists = await control.trace({ operation: 'IntegrationRuntimes_ListByFactory' });
  return {
    detectedAt: lists.find(({ at }) => at >= since)?.at ?? since,
    correctedAt: Math.max(...writes.map(({ at }) => at)),
  };
}

async function memory(objects: number): Promise<Result> {
  const small = objects / 10;
  const [few, many] = await inPlace({ throttling: false }, async (place) => {
    const { operator } = await converge(place, small, UNLIMITED);
    const atFirst = await residentMemory(operator);
    await createObjects(place, small, objects);
    await looked(place, objects);
    await sleep(5_000);
    return [atFirst, await residentMemory(operator)];
  });
  return {
    benchmark: 'memory',
    objects,
    figures: { [`MiB at ${small}`]: few, [`MiB at ${objects}`]: many },
    compared: 'resident memory right after the objects became Ready',
  };
}

async function start(objects: number): Promise<Result> {
  const seconds = await inPlace({ throttling: false }, async (place) => {
    await createObjects(place, 0, objects);
    const startedAt = Date.now();
    await place.startOperator();
    await looked(place, 1);
    const [first] = (await place.control.trace()).filter(({ operation }) =>
      operation.startsWith('IntegrationRuntimes'),
    );
    return ((first?.at ?? Number.NaN) - startedAt) / 1_000;
  });
  return { benchmark: 'start', objects, figures: { seconds }, compared: '1 s' };
}

export type { Converged };
