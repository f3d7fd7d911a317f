/** What the operator and the servers have spent: CPU of each process, and bytes on the wire. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OperatorProcess } from '../installation/operator-process.ts';
import { type Converged, untilReady } from './converge.ts';
import { createObjects } from './objects.ts';
import type { Place } from './place.ts';
import { serverCpu } from './servers.ts';
import { usageOf } from './usage.ts';

/** Up to a moment, by a name that ends in the unit. A measurement is the difference of two. */
export type Spent = Readonly<Record<string, number>>;

/** For the arithmetic. */
const MS = 'ms';
export const POLLS = 'polls';

const REST_MS = 5_000;

export interface Creates {
  readonly converged: Converged;
  /** By all of them, beyond what the servers take at rest. */
  readonly spent: Spent;
  /** Without an operator. */
  readonly atRest: Spent;
}

/** Creates objects, then starts the operator, and waits until all of them are Ready. */
export async function creates(place: Place, objects: number, ...flags: string[]): Promise<Creates> {
  await createObjects(place, 0, objects);
  const atRest = await spentDuring(place, undefined, () => sleep(REST_MS));
  const before = await spent(place, undefined);
  const converged = await untilReady(place, objects, ...flags);
  const after = await spent(place, converged.operator);
  return { converged, spent: beyondRest(minus(after, before), atRest), atRest };
}

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

export async function spentDuring(
  place: Place,
  operator: OperatorProcess | undefined,
  act: () => Promise<unknown>,
): Promise<Spent> {
  const before = await spent(place, operator);
  await act();
  return minus(await spent(place, operator), before);
}

export function beyondRest(what: Spent, atRest: Spent): Spent {
  return { ...minus(what, times(atRest, (what[MS] ?? 0) / (atRest[MS] ?? 1))), [POLLS]: what[POLLS] ?? 0 };
}

export function minus(a: Spent, b: Spent): Spent {
  return mapped(a, (value, name) => value - (b[name] ?? 0));
}

export function times(what: Spent, factor: number): Spent {
  return mapped(what, (value) => value * factor);
}

function mapped(what: Spent, change: (value: number, name: string) => number): Spent {
  return Object.fromEntries(Object.entries(what).map(([name, value]) => [name, change(value, name)]));
}

/** As figures, without what only the arithmetic needs. */
export function named(of: string, what: Spent): Record<string, number> {
  const shown = Object.entries(what).filter(([name]) => name !== MS && name !== POLLS);
  return Object.fromEntries(shown.map(([name, value]) => [`${of}: ${name}`, value]));
}

/** The CPU alone, by process. */
export function cpuMs(what: Spent): Record<string, number> {
  const CPU = ' CPU ms';
  const shown = Object.entries(what).filter(([name]) => name.endsWith(CPU));
  return Object.fromEntries(shown.map(([name, value]) => [name.slice(0, -CPU.length), value]));
}
