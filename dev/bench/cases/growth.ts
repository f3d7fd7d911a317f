/** Benchmark of what one more object costs in memory. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LONGEST_MS, polled, UNLIMITED } from '../converge.ts';
import { Audience, createObjects } from '../objects.ts';
import { inPlace, type Place } from '../place.ts';
import type { Result } from '../result.ts';
import { residentMemory, since, type Usage, usageOf } from '../usage.ts';

/** Until what the last passes have left behind is settled. */
const SETTLING_MS = 5_000;

interface Size {
  readonly objects: number;
  readonly usage: Usage;
  readonly mebibytes: number;
}

/** What one more object costs, and what all of them hold, at none, a hundredth, a tenth and the whole of so many. */
export async function growth(objects: number): Promise<Result> {
  const sizes = await inPlace({ throttling: false }, (place) => grow(place, [0, objects / 100, objects / 10, objects]));
  // Without the first objects, for which V8 compiles.
  const steps = sizes.slice(2).map((size, i) => [sizes[i + 1] as Size, size] as const);
  const cost = steps.map(([before, after]): [string, number] => {
    const { operatorCpuMs } = since(before.usage, after.usage);
    return [
      `CPU ms/object from ${before.objects} to ${after.objects}`,
      operatorCpuMs / (after.objects - before.objects),
    ];
  });
  return {
    benchmark: 'growth',
    objects,
    figures: Object.fromEntries([
      ...sizes.map(({ objects: count, mebibytes }) => [`MiB at ${count}`, mebibytes]),
      ...cost,
      ['ratio of the costs', (cost.at(-1)?.[1] ?? 0) / (cost[0]?.[1] ?? 1)],
    ]),
    compared: 'the same cost for each object, whatever their number',
  };
}

/** Everything is Ready at each size before the next objects come. */
async function grow(place: Place, counts: readonly number[]): Promise<Size[]> {
  const sizes: Size[] = [];
  const audience = new Audience(place);
  const operator = await place.startOperator(UNLIMITED, '--interval=1h');
  try {
    for (const objects of counts) {
      await createObjects(place, sizes.at(-1)?.objects ?? 0, objects);
      await audience.ready(objects, LONGEST_MS);
      await polled(place, objects);
      await sleep(SETTLING_MS);
      sizes.push({ objects, usage: await usageOf(place, operator), mebibytes: await residentMemory(operator) });
    }
  } finally {
    await audience.leave();
  }
  return sizes;
}
