/** The benchmarks. Each measures in a place of its own. */
import { cost } from './cases/cost.ts';
import { coldStart, convergence } from './cases/create.ts';
import { drift } from './cases/drift.ts';
import { failover } from './cases/failover.ts';
import { flat } from './cases/flat.ts';
import { growth } from './cases/growth.ts';
import { pushDrift } from './cases/push-drift.ts';
import { scale } from './cases/scale.ts';
import { start } from './cases/start.ts';
import { steady } from './cases/steady.ts';
import type { Result } from './result.ts';

export interface Case {
  /** What it measures, to a reader who sees no other of them. */
  readonly about: string;
  run(objects: number): Promise<Result>;
  /** How many objects it is about, unless told otherwise. */
  readonly objects: number;
}

export const CASES: Readonly<Record<string, Case>> = {
  'cold-start': {
    about: 'how soon the runtimes of all objects that a starting operator finds are created within the limits of ARM',
    objects: 1_000,
    run: coldStart,
  },
  convergence: {
    about: 'how soon runtimes are created where ARM has no limits and answers at once',
    objects: 2_000,
    run: (objects) => convergence(objects, 0),
  },
  latency: {
    about: 'how soon runtimes are created where ARM has no limits and takes 20 ms for each answer',
    objects: 2_000,
    run: (objects) => convergence(objects, 20),
  },
  cost: {
    about:
      'CPU time of each process and bytes sent and received, for a create, a routine poll and a correction of drift',
    objects: 1_000,
    run: cost,
  },
  steady: {
    about: 'requests, writes and CPU time of the operator while every runtime is polled and nothing changes',
    objects: 1_000,
    run: steady,
  },
  drift: { about: 'how soon drift of all runtimes at once is noticed and corrected', objects: 1_000, run: drift },
  'push-drift': {
    about:
      'how soon drift that the change queue announces is corrected at an interval of an hour, and what floods of forged messages cost',
    objects: 1_000,
    run: pushDrift,
  },
  growth: {
    about: 'CPU time of the operator for each further object, and its memory, as objects become more',
    objects: 10_000,
    run: growth,
  },
  flat: {
    about:
      'CPU time for an object in the work queue and in the observer by themselves, among few and among many objects',
    objects: 20_000,
    run: flat,
  },
  scale: {
    about:
      'creates, a start, a restart of the API server and a failover with a large fleet in 200 factories; takes 7 minutes',
    objects: 20_000,
    run: scale,
  },
  start: {
    about:
      'how long the operator takes from its start to its first request to ARM, and where that time goes; ten starts',
    objects: 1,
    run: start,
  },
  failover: { about: 'how long no replica leads after the leading one has ended', objects: 1, run: failover },
};
