/** Benchmark of the operator at rest: what its polls cost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { converge, share, UNLIMITED } from '../converge.ts';
import { inPlace } from '../place.ts';
import type { Result } from '../result.ts';
import { since, usageOf } from '../usage.ts';

const STEADY_INTERVALS = 4;

/** Nothing changes, and everything is polled. */
export async function steady(objects: number): Promise<Result> {
  const intervalSeconds = 15;
  const usage = await inPlace({ throttling: false }, async (place) => {
    const { operator } = await converge(place, objects, UNLIMITED, `--interval=${intervalSeconds}s`);
    // Until each poll has its slot in the interval.
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
