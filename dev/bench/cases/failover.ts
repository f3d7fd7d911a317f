/** Benchmark of a failover to the other replica. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OperatorProcess } from '../../installation/operator-process.ts';
import { createObjects } from '../objects.ts';
import { inPlace, type Place } from '../place.ts';
import type { Result } from '../result.ts';

/** From the end of the replica that leads to the moment at which the other does. */
export async function failover(objects: number): Promise<Result> {
  const figures = await inPlace({ throttling: false }, async (place) => {
    await createObjects(place, 0, objects);
    const first = await replica(place);
    await says(first, 'leading');
    const second = await replica(place);
    await says(second, 'another replica is leading');
    const released = await timed(second, () => first.stop());
    const third = await replica(place);
    await says(third, 'another replica is leading');
    return { 'seconds after SIGTERM': released, 'seconds after SIGKILL': await timed(third, () => second.kill()) };
  });
  return { benchmark: 'failover', objects, figures, compared: '1 s, and the 15 s of the lease' };
}

/** One of several, of which one leads. */
export function replica(place: Place): Promise<OperatorProcess> {
  return place.startOperator('--leader-elect', '--leader-elect-namespace=azure-ir-system');
}

/** Seconds from when the leader is told to end until the other leads. */
export async function timed(other: OperatorProcess, end: () => Promise<unknown>): Promise<number> {
  const since = Date.now();
  const ended = end();
  await says(other, 'leading');
  const seconds = (Date.now() - since) / 1_000;
  await ended;
  return seconds;
}

/** Resolves once it has logged this. */
export async function says({ log }: OperatorProcess, message: string): Promise<void> {
  while (!log.some(({ msg }) => msg === message)) await sleep(5);
}
