/** Benchmark of what a create, a routine poll and the correction of a drift cost: CPU of each process, and bytes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { UNLIMITED } from '../converge.ts';
import { eachOf, factoryOf, nameOf } from '../objects.ts';
import { inPlace, type Place } from '../place.ts';
import type { Result } from '../result.ts';
import { beyondRest, creates, minus, named, POLLS, spentDuring, times } from '../spent.ts';

const INTERVAL_SECONDS = 15;

/**
 * To tell the three apart, what the servers take at rest is subtracted from each, and what polls took meanwhile from the drift.
 * ARM's limits are off, and the connections go through a relay that counts bytes, so times mean nothing here.
 */
export async function cost(objects: number): Promise<Result> {
  const figures = await inPlace({ throttling: false, counted: true }, async (place) => {
    const { converged, spent, atRest } = await creates(place, objects, UNLIMITED, `--interval=${INTERVAL_SECONDS}s`);
    const { operator } = converged;
    // Until each poll has its slot in the interval.
    await sleep(2 * INTERVAL_SECONDS * 1_000);
    const polls = await spentDuring(place, operator, () => sleep(2 * INTERVAL_SECONDS * 1_000));
    const drifts = await spentDuring(place, operator, () => drifted(place, objects));
    const poll = times(beyondRest(polls, atRest), 1 / (polls[POLLS] ?? 1));
    // A correction reads the state once, as a poll does.
    const meanwhile = times(poll, (drifts[POLLS] ?? 0) - objects);
    return {
      ...named('create', times(spent, 1 / objects)),
      ...named('poll', poll),
      ...named('drift', times(minus(beyondRest(drifts, atRest), meanwhile), 1 / objects)),
    };
  });
  return { benchmark: 'cost', objects, figures, compared: 'CPU: of one core' };
}

/** Another writer changes all runtimes; resolves once all are set back and their states were read. */
async function drifted({ control }: Place, objects: number): Promise<void> {
  const { IntegrationRuntimes_CreateOrUpdate: before = 0 } = await control.counts();
  const merge = { description: 'changed by another writer' };
  await eachOf(0, objects, (n) => control.drift({ factory: factoryOf(n), name: nameOf(n), merge }));
  for (;;) {
    const { IntegrationRuntimes_CreateOrUpdate: writes = 0 } = await control.counts();
    if (writes >= before + objects) break;
    await sleep(100);
  }
  await sleep(1_000);
}
