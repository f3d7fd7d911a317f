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
  readonly about: string;
  run(objects: number): Promise<Result>;
  /** How many objects it is about, unless told otherwise. */
  readonly objects: number;
}

export const CASES: Readonly<Record<string, Case>> = {
  'cold-start': {
    about: 'objects that are there when the operator starts, within the buckets of ARM',
    objects: 1_000,
    run: coldStart,
  },
  convergence: { about: 'the same without buckets', objects: 2_000, run: (objects) => convergence(objects, 0) },
  latency: {
    about: 'the same where every answer of ARM takes 20 ms',
    objects: 2_000,
    run: (objects) => convergence(objects, 20),
  },
  cost: { about: 'CPU of each process and bytes, for a create, a poll and a drift', objects: 1_000, run: cost },
  steady: { about: 'nothing changes, and everything is polled', objects: 1_000, run: steady },
  drift: { about: 'all runtimes are changed behind our back', objects: 1_000, run: drift },
  'push-drift': {
    about: 'drift at an interval of an hour, announced by the change queue; and floods of forged messages',
    objects: 1_000,
    run: pushDrift,
  },
  growth: { about: 'what each further object costs, and what all of them hold', objects: 10_000, run: growth },
  flat: {
    about: 'CPU for each object in the queue and in the observer alone, without servers, among few and among many',
    objects: 20_000,
    run: flat,
  },
  scale: {
    about: 'a large fleet in 200 factories: creates, a start, a restart of the API server, a failover; takes 7 minutes',
    objects: 20_000,
    run: scale,
  },
  start: {
    about: 'from the start of the process to the first request to ARM, ten times, and where the time goes',
    objects: 1,
    run: start,
  },
  failover: { about: 'from the end of the replica that leads until the other does', objects: 1, run: failover },
};
