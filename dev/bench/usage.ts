/** What the operator and the emulator used in a stretch of time: calls, memory, CPU. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OperatorProcess } from '../installation/operator-process.ts';
import { READS, WRITES } from './arm-bound.ts';
import type { Place } from './place.ts';

/** What has been used and done up to a moment. Differences of two are what a measurement is about. */
export interface Usage {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly operatorCpuMs: number;
  readonly emulatorCpuMs: number;
  /** Writes to the API server by kind. */
  readonly kubernetesWrites: Readonly<Record<'finalizer' | 'status' | 'event', number>>;
  /** Requests that reached ARM, and those of them that it throttled. */
  readonly armCalls: number;
  readonly armThrottled: number;
  readonly armByOperation: Readonly<Record<string, number>>;
}

export async function usageOf({ control }: Place, operator: OperatorProcess): Promise<Usage> {
  const metrics = await scrape(operator);
  const [{ cpuMs }, counts, throttled] = await Promise.all([
    control.usage(),
    control.counts(),
    control.counts({ status: 429 }),
  ]);
  const arm = Object.entries(counts).filter(([operation]) => operation.startsWith('IntegrationRuntimes_'));
  const write = (kind: string) => metrics(`azure_ir_kubernetes_writes_total{kind="${kind}"}`);
  return {
    at: Date.now(),
    operatorCpuMs: metrics('process_cpu_seconds_total') * 1_000,
    emulatorCpuMs: cpuMs,
    kubernetesWrites: { finalizer: write('finalizer'), status: write('status'), event: write('event') },
    armCalls: sum(arm.map(([, count]) => count)),
    armThrottled: sum(Object.values(throttled)),
    armByOperation: Object.fromEntries(arm),
  };
}

/** What was used between two moments. */
export function since(before: Usage | undefined, after: Usage): Usage {
  if (before === undefined) return after;
  const operations = Object.keys(after.armByOperation);
  const write = (kind: keyof Usage['kubernetesWrites']) => after.kubernetesWrites[kind] - before.kubernetesWrites[kind];
  return {
    at: after.at - before.at,
    operatorCpuMs: after.operatorCpuMs - before.operatorCpuMs,
    emulatorCpuMs: after.emulatorCpuMs - before.emulatorCpuMs,
    kubernetesWrites: { finalizer: write('finalizer'), status: write('status'), event: write('event') },
    armCalls: after.armCalls - before.armCalls,
    armThrottled: after.armThrottled - before.armThrottled,
    armByOperation: Object.fromEntries(
      operations.map((each) => [each, (after.armByOperation[each] ?? 0) - (before.armByOperation[each] ?? 0)]),
    ),
  };
}

/** MiB. */
export async function residentMemory(operator: OperatorProcess): Promise<number> {
  return (await scrape(operator))('process_resident_memory_bytes') / 2 ** 20;
}

export async function cpuSeconds(operator: OperatorProcess): Promise<number> {
  return (await scrape(operator))('process_cpu_seconds_total');
}

/** What the operator's request budget would still grant, of the one subscription and identity that it has to do with. */
export async function requestsLeft(operator: OperatorProcess): Promise<{ reads: number; writes: number }> {
  const lines = [...(await metricsOf(operator))].filter(([name]) => name.startsWith('azure_ir_arm_budget_remaining{'));
  const left = (kind: string) => lines.find(([name]) => name.includes(`kind="${kind}"`))?.[1] ?? 0;
  return { reads: left('reads'), writes: left('writes') };
}

/** Resolves when the buckets that the start has emptied are full again, but for what polling takes all the time. */
export async function atRest(operator: OperatorProcess): Promise<void> {
  const full = 0.9;
  for (;;) {
    const { reads, writes } = await requestsLeft(operator);
    if (reads >= full * READS.burst && writes >= full * WRITES.burst) return;
    await sleep(500);
  }
}

/** The value of a line of the metrics; 0 when there is none. */
async function scrape(operator: OperatorProcess): Promise<(name: string) => number> {
  const values = await metricsOf(operator);
  return (name) => values.get(name) ?? 0;
}

/** The value by name with labels. */
async function metricsOf({ metricsUrl }: OperatorProcess): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${metricsUrl}/metrics`)).text();
  return new Map(
    text.split('\n').map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
