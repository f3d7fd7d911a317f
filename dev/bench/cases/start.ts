/** Benchmark of a start: from the start of the process to its first request to ARM. */
import { polled } from '../converge.ts';
import { median } from '../median.ts';
import { createObjects } from '../objects.ts';
import { inPlace, type Place } from '../place.ts';
import { processesOf } from '../processes.ts';
import type { Result } from '../result.ts';

const STARTS = 10;

/** Moments of a start, in milliseconds since 1970, as they are seen from outside of the process. */
interface Start {
  /** By the kernel. */
  readonly process: number;
  /** The first line of the log. */
  readonly log: number;
  readonly 'API server': number;
  /** The first request to Entra ID, which a token takes. */
  readonly 'sign-in': number;
  readonly ARM: number;
}

/**
 * Several starts in turn. From the moment that the kernel tells, not from the call that starts it here: that one reads the Dockerfile first, and
 * starts a supervisor.
 */
export async function start(objects: number): Promise<Result> {
  const starts = await inPlace({ throttling: false, counted: true }, async (place) => {
    await createObjects(place, 0, objects);
    // Creates the runtimes, and has the files in memory.
    await started(place);
    const measured: Start[] = [];
    while (measured.length < STARTS) measured.push(await started(place));
    return measured;
  });
  const between = (from: keyof Start, to: keyof Start) => starts.map((each) => (each[to] - each[from]) / 1_000);
  const all = between('process', 'ARM');
  return {
    benchmark: 'start',
    objects,
    figures: {
      'seconds, median': median(all),
      'seconds, worst': Math.max(...all),
      'until the first line of the log': median(between('process', 'log')),
      'then until it connects to the API server': median(between('log', 'API server')),
      'then until it signs in': median(between('API server', 'sign-in')),
      'then until the first request to ARM': median(between('sign-in', 'ARM')),
    },
    compared: `0.3 s; ${STARTS} starts, of the parts the median`,
  };
}

async function started(place: Place): Promise<Start> {
  await place.control.clearTrace();
  const operator = await place.startOperator();
  await polled(place, 1);
  const seen = await place.control.trace();
  const processes = await processesOf(place.installed.controlPlane.dir);
  const itself = processes.find(({ command }) => command.some((each) => each.endsWith('dist/main.mjs')));
  await operator.stop();
  if (itself === undefined) throw new Error('no /proc tells when the operator started');
  return {
    process: itself.startedAt,
    log: Date.parse(String(operator.log[0]?.time)),
    'API server': place.connections().find((at) => at >= itself.startedAt) ?? Number.NaN,
    'sign-in': seen.find(({ operation }) => operation.startsWith('Entra_'))?.at ?? Number.NaN,
    ARM: seen.find(({ operation }) => operation.startsWith('IntegrationRuntimes_'))?.at ?? Number.NaN,
  };
}
