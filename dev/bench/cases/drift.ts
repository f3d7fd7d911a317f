/** Benchmark of correcting drift, when all runtimes are changed at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { bound } from '../arm-bound.ts';
import { converge, polled, UNLIMITED } from '../converge.ts';
import { eachOf, factoryOf, nameOf } from '../objects.ts';
import { inPlace, type Place } from '../place.ts';
import type { Result } from '../result.ts';
import { atRest, since, usageOf } from '../usage.ts';

/** Another writer changes all runtimes. */
export async function drift(objects: number): Promise<Result> {
  return inPlace({ throttling: false }, async (place) => {
    const { operator: first } = await converge(place, objects, UNLIMITED);
    await first.stop();
    await place.control.setBuckets({ enabled: true });
    const operator = await place.startOperator('--interval=1m');
    await polled(place, 2 * objects);
    await atRest(operator);
    const before = await usageOf(place, operator);
    await eachOf(0, objects, (n) =>
      place.control.drift({
        factory: factoryOf(n),
        name: nameOf(n),
        merge: { description: 'changed by another writer' },
      }),
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

/** Resolves once the operator has made so many updates. */
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
