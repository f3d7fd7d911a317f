/** Benchmark of what a create, a routine poll and the correction of a drift cost: CPU of each process, and bytes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OperatorProcess } from '../../installation/operator-process.ts';
import { UNLIMITED, untilReady } from '../converge.ts';
import { createObjects, eachOf, factoryOf, nameOf } from '../objects.ts';
import { inPlace, type Place } from '../place.ts';
import type { Result } from '../result.ts';
import { serverCpu } from '../servers.ts';
import { usageOf } from '../usage.ts';

const INTERVAL_SECONDS = 15;
const REST_MS = 5_000;

/** What was spent up to a moment, by a name that ends in the unit. A measurement is the difference of two. */
type Spent = Readonly<Record<string, number>>;

/**
 * To tell the three apart, what the servers take at rest is subtracted from each, and what polls took meanwhile from the drift.
 * ARM's limits are off, and the connections go through a relay that counts bytes, so times mean nothing here.
 */
export async function cost(objects: number): Promise<Result> {
  const figures = await inPlace({ throttling: false, counted: true }, async (place) => {
    await createObjects(place, 0, objects);
    const atRest = await spentDuring(place, undefined, () => sleep(REST_MS));
    const start = await spent(place, undefined);
    const { operator } = await untilReady(place, objects, UNLIMITED, `--interval=${INTERVAL_SECONDS}s`);
    const creates = beyondRest(minus(await spent(place, operator), start), atRest);
    // Until each poll has its slot in the interval.
    await sleep(2 * INTERVAL_SECONDS * 1_000);
    const polls = await spentDuring(place, operator, () => sleep(2 * INTERVAL_SECONDS * 1_000));
    const drifts = await spentDuring(place, operator, () => drifted(place, objects));
    const poll = times(beyondRest(polls, atRest), 1 / (polls[POLLS] ?? 1));
    // A correction reads the state once, as a poll does.
    const meanwhile = times(poll, (drifts[POLLS] ?? 0) - objects);
    return {
      ...named('create', times(creates, 1 / objects)),
      ...named('poll', poll),
      ...named('drift', times(minus(beyondRest(drifts, atRest), meanwhile), 1 / objects)),
    };
  });
  return { benchmark: 'cost', objects, figures, compared: 'CPU: of one core' };
}

const MS = 'ms';
const POLLS = 'polls';

async function spent(place: Place, operator: OperatorProcess | undefined): Promise<Spent> {
  const servers = await serverCpu(place.installed.controlPlane.dir);
  const usage = operator === undefined ? undefined : await usageOf(place, operator);
  const { kubernetes, arm } = place.traffic();
  return {
    [MS]: Date.now(),
    [POLLS]: usage?.armByOperation.IntegrationRuntimes_GetStatus ?? 0,
    'operator CPU ms': usage?.operatorCpuMs ?? 0,
    'API server CPU ms': servers.apiServerMs,
    'etcd CPU ms': servers.etcdMs,
    'Kubernetes bytes sent': kubernetes.sent,
    'Kubernetes bytes received': kubernetes.received,
    'ARM bytes sent': arm.sent,
    'ARM bytes received': arm.received,
  };
}

async function spentDuring(
  place: Place,
  operator: OperatorProcess | undefined,
  act: () => Promise<unknown>,
): Promise<Spent> {
  const before = await spent(place, operator);
  await act();
  return minus(await spent(place, operator), before);
}

function beyondRest(what: Spent, atRest: Spent): Spent {
  return { ...minus(what, times(atRest, (what[MS] ?? 0) / (atRest[MS] ?? 1))), [POLLS]: what[POLLS] ?? 0 };
}

function minus(a: Spent, b: Spent): Spent {
  return mapped(a, (value, name) => value - (b[name] ?? 0));
}

function times(what: Spent, factor: number): Spent {
  return mapped(what, (value) => value * factor);
}

function mapped(what: Spent, change: (value: number, name: string) => number): Spent {
  return Object.fromEntries(Object.entries(what).map(([name, value]) => [name, change(value, name)]));
}

/** Without what only the arithmetic needs. */
function named(of: string, what: Spent): Record<string, number> {
  const shown = Object.entries(what).filter(([name]) => name !== MS && name !== POLLS);
  return Object.fromEntries(shown.map(([name, value]) => [`${of}: ${name}`, value]));
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
