/** Benchmark of a large fleet, in 200 factories of 20 subscriptions: creates, a start, a restart of the API server, a failover. */
import type { OperatorProcess } from '../../installation/operator-process.ts';
import { bound } from '../arm-bound.ts';
import { LONGEST_MS, polled, UNLIMITED } from '../converge.ts';
import { Audience, createObjects, SUBSCRIPTIONS, spreadFactoryOf } from '../objects.ts';
import { inPlace, type Place } from '../place.ts';
import type { Result } from '../result.ts';
import { cpuSeconds, residentMemory, since, type Usage, usageOf } from '../usage.ts';
import { replica, says, timed } from './failover.ts';

export async function scale(objects: number): Promise<Result> {
  const perSubscription = objects / SUBSCRIPTIONS;
  const figures = await inPlace({ throttling: false }, async (place) => {
    const creates = await created(place, objects);
    await place.control.setBuckets({ enabled: true });
    const startedAt = Date.now();
    const once = await allPolled(place, objects);
    const leader = await replica(place);
    const listed = secondsSince(startedAt);
    await once();
    const start = { 'seconds to the list': listed, 'seconds to the full sync': secondsSince(startedAt) };
    const standby = await replica(place);
    const memory = { 'MiB, leader': await residentMemory(leader), 'MiB, standby': await residentMemory(standby) };
    const restart = await restarted(place, leader);
    await place.control.setBuckets({ enabled: true });
    const again = await allPolled(place, objects);
    const leading = await timed(standby, () => leader.stop());
    const ledAt = Date.now();
    await again();
    return {
      ...creates,
      ...start,
      ...memory,
      ...restart,
      'seconds until the other leads': leading,
      'seconds to its full sync': secondsSince(ledAt),
    };
  });
  const best = bound({ reads: perSubscription, writes: 0 });
  return { benchmark: 'scale', objects, figures, compared: `ARM's buckets allow a full sync in ${best} s` };
}

/** CPU of the operator for a create among few objects and among many, without ARM's limits. */
async function created(place: Place, objects: number): Promise<Record<string, number>> {
  const audience = new Audience(place);
  const operator = await place.startOperator(UNLIMITED, '--interval=24h');
  /** The first tenth warms it up. */
  const sizes = [0.1, 0.2, 0.9, 1].map((part) => Math.round(part * objects));
  const usages: Usage[] = [];
  try {
    for (const [i, size] of sizes.entries()) {
      await createObjects(place, sizes[i - 1] ?? 0, size, spreadFactoryOf);
      await audience.ready(size, LONGEST_MS);
      usages.push(await usageOf(place, operator));
    }
  } finally {
    await audience.leave();
    await operator.stop();
  }
  const [warm, few, most, all] = usages as [Usage, Usage, Usage, Usage];
  const cost = (before: Usage, after: Usage) => since(before, after).operatorCpuMs / (objects / 10);
  return {
    'CPU ms/create, second tenth': cost(warm, few),
    'CPU ms/create, last tenth': cost(most, all),
    'ratio of the two': cost(most, all) / cost(warm, few),
  };
}

/** Returns a wait for this many more polls than there have been by now. */
async function allPolled(place: Place, objects: number): Promise<() => Promise<void>> {
  const { IntegrationRuntimes_GetStatus: before = 0 } = await place.control.counts();
  return () => polled(place, before + objects);
}

/** The API server is gone for a moment: all watches end, and each has to find out where it goes on. */
async function restarted({ installed: { controlPlane } }: Place, leader: OperatorProcess) {
  const cpuBefore = await cpuSeconds(leader);
  await controlPlane.restartApiServer();
  const backAt = Date.now();
  await says(leader, 'watch recovered');
  return {
    'seconds from the restart of the API server until the watch works': secondsSince(backAt),
    'CPU s of that': (await cpuSeconds(leader)) - cpuBefore,
  };
}

function secondsSince(at: number): number {
  return (Date.now() - at) / 1_000;
}
