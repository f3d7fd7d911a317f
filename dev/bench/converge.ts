/** Waits of the benchmarks: until all objects are Ready, or were polled. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OperatorProcess } from '../installation/operator-process.ts';
import { Audience, createObjects } from './objects.ts';
import type { Place } from './place.ts';
import { since, type Usage, usageOf } from './usage.ts';

/** The flag that leaves the pace to Azure: for what is to be measured without ARM's limits. */
export const UNLIMITED = '--arm-budget-share=unlimited';
/** Past this, something hangs. */
export const LONGEST_MS = 20 * 60_000;

export interface Converged {
  readonly operator: OperatorProcess;
  /** From the start of the operator's process until the last object was Ready. */
  readonly seconds: number;
  readonly usage: Usage;
}

/** Creates objects, then starts the operator, and waits until all of them are Ready. */
export async function converge(place: Place, objects: number, ...flags: string[]): Promise<Converged> {
  await createObjects(place, 0, objects);
  return untilReady(place, objects, ...flags);
}

/** The same for objects that are there. */
export async function untilReady(place: Place, objects: number, ...flags: string[]): Promise<Converged> {
  const audience = new Audience(place);
  try {
    const startedAt = Date.now();
    const operator = await place.startOperator(...flags);
    await audience.ready(objects, LONGEST_MS);
    const seconds = (audience.lastReadyAt - startedAt) / 1_000;
    return { operator, seconds, usage: since(undefined, await usageOf(place, operator)) };
  } finally {
    await audience.leave();
  }
}

/** How busy a process was, of one core. */
export function share(cpuMs: number, seconds: number): number {
  return cpuMs / 1_000 / seconds;
}

/** Resolves when so many states have been asked for. */
export async function polled({ control }: Place, count: number): Promise<void> {
  for (;;) {
    const { IntegrationRuntimes_GetStatus: polls = 0 } = await control.counts();
    if (polls >= count) return;
    await sleep(100);
  }
}
