/** Benchmarks of creating: within the limits of ARM, and without them. */
import { availableParallelism } from 'node:os';
import { bound } from '../arm-bound.ts';
import { converge, share, UNLIMITED } from '../converge.ts';
import { factoryOf } from '../objects.ts';
import { inPlace } from '../place.ts';
import type { Result } from '../result.ts';
import { cpuMs, creates } from '../spent.ts';
import type { Usage } from '../usage.ts';

/** A create is a GET, a PUT and a getStatus. */
const CALLS_PER_CREATE = 3;

/** Within the buckets of ARM. */
export async function coldStart(objects: number): Promise<Result> {
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

/** Without them; every answer of ARM takes `latencyMs`. */
export async function convergence(objects: number, latencyMs: number): Promise<Result> {
  const { converged, spent } = await inPlace({ throttling: false }, async (place) => {
    if (latencyMs > 0) {
      await place.control.addFault({
        match: { subscriptionId: factoryOf(0).subscriptionId },
        times: 'always',
        delayMs: latencyMs,
        effect: { kind: 'delay' },
      });
    }
    return creates(place, objects, UNLIMITED);
  });
  const { seconds, usage } = converged;
  const cpu = { ...cpuMs(spent), emulator: usage.emulatorCpuMs };
  const each = Object.entries(cpu).map(([process, ms]) => [`${process} CPU ms/object`, ms / objects]);
  const busy = Object.entries(cpu).map(([process, ms]) => [`${process} busy`, share(ms, seconds)]);
  return {
    benchmark: latencyMs > 0 ? `convergence, ARM at ${latencyMs} ms` : 'convergence',
    objects,
    figures: {
      seconds,
      'objects/s': objects / seconds,
      'writes and events/s': writes(usage) / seconds,
      ...Object.fromEntries([...each, ...busy]),
      ...perObject(usage, objects),
    },
    compared: `all of them share ${availableParallelism()} cores; the servers' CPU is beyond what they take at rest`,
  };
}

function writes({ kubernetesWrites: { finalizer, status, event } }: Usage): number {
  return finalizer + status + event;
}

function perObject({ armCalls, kubernetesWrites }: Usage, objects: number): Record<string, number> {
  const { finalizer, status, event } = kubernetesWrites;
  return {
    'ARM calls/object': armCalls / objects,
    'writes/object': (finalizer + status) / objects,
    'events/object': event / objects,
  };
}
