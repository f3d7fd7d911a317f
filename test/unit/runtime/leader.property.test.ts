/** Replicas, their clocks and what lies between them and the lease, simulated: whatever happens there, two never lead at once. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type ElectionState,
  type ElectionTerms,
  failed,
  HOLDER_UNKNOWN,
  type Instant,
  isLeading,
  type Lease,
  leaseRequestTimeoutMs,
  nextElectionAction,
  observed,
  refused,
  release,
  type StoredLease,
  written,
} from '../../../src/runtime/leader.ts';

const TICK_MS = 100;
const TERMS = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 };
/** The lease and a request that is under way, by the slowest clock. */
const CONTEST_ENDS_MS = 30_000;

type Answer =
  | { readonly kind: 'written'; readonly stored: StoredLease }
  | { readonly kind: 'conflict'; readonly seen: StoredLease | undefined };

/** Something on its way, which arrives unless the connection is cut when it is sent or when it arrives. */
interface Message {
  readonly at: number;
  readonly replica: Replica;
  deliver(): void;
}

interface Pending {
  readonly startedAt: Instant;
  readonly version: string | undefined;
  /** By the replica's monotonic clock. */
  readonly givesUpAt: number;
}

class Replica {
  readonly terms: ElectionTerms;
  /** How fast its clocks run. */
  readonly rate: number;
  electionState: ElectionState = HOLDER_UNKNOWN;
  pending: Pending | undefined;
  state: 'running' | 'paused' | 'dead' = 'running';
  isCut = false;
  toMs = 10;
  fromMs = 10;
  wallOffset: number;
  /** Answers are heard while it runs; those that come while it is paused, afterwards. */
  readonly inbox: (() => void)[] = [];
  /** The adapter's promise: never an older version. */
  newest = 0;

  constructor(identity: string, rate: number, wallOffset: number) {
    this.terms = { identity, ...TERMS };
    this.rate = rate;
    this.wallOffset = wallOffset;
  }

  moment(now: number): Instant {
    return { monotonic: now * this.rate, wall: now * this.rate + this.wallOffset };
  }

  /** What a call of Azure would be told, if it were made now. */
  isLeading(now: number): boolean {
    return this.state === 'running' && isLeading(this.electionState, this.terms, this.moment(now));
  }
}

class Simulation {
  now = 0;
  readonly replicas: Replica[];
  stored: StoredLease | undefined;
  #version = 0;
  #lives = 0;
  #messages: Message[] = [];
  /** Who has led, in their order. */
  readonly leaders: string[] = [];

  constructor(rates: readonly number[]) {
    this.replicas = rates.map((rate, i) => this.#born(rate, i * 7_777_777));
    for (const replica of this.replicas) this.#relist(replica);
  }

  #born(rate: number, wallOffset: number): Replica {
    return new Replica(`replica-${this.#lives++}`, rate, wallOffset);
  }

  run(ms: number): void {
    for (const end = this.now + ms; this.now < end; this.now += TICK_MS) {
      this.#arrive();
      // In an order that changes, so that nobody is always first.
      const turn = (this.now / TICK_MS) % this.replicas.length;
      for (const replica of [...this.replicas.slice(turn), ...this.replicas.slice(0, turn)]) {
        this.check();
        if (replica.state === 'running') this.#act(replica);
      }
      this.check();
    }
  }

  check(): void {
    const leaders = this.replicas.filter((one) => one.isLeading(this.now)).map(({ terms }) => terms.identity);
    if (leaders.length > 1) throw new Error(`at ${this.now} there lead ${leaders.join(' and ')}`);
    if (leaders[0] !== undefined && this.leaders.at(-1) !== leaders[0]) this.leaders.push(leaders[0]);
  }

  cut(which: number, isCut: boolean): void {
    const replica = this.#pick(which);
    replica.isCut = isCut;
    if (!isCut) this.#relist(replica);
  }

  pause(which: number): void {
    const replica = this.#pick(which);
    if (replica.state === 'running') replica.state = 'paused';
  }

  resume(which: number): void {
    const replica = this.#pick(which);
    if (replica.state === 'paused') replica.state = 'running';
  }

  kill(which: number): void {
    this.#pick(which).state = 'dead';
  }

  /** Another process in its place. */
  restart(which: number): void {
    const old = this.#pick(which);
    if (old.state !== 'dead') return;
    const replica = this.#born(old.rate, old.wallOffset);
    replica.isCut = old.isCut;
    this.replicas[this.replicas.indexOf(old)] = replica;
    this.#relist(replica);
  }

  stop(which: number): void {
    const replica = this.#pick(which);
    if (!replica.isLeading(this.now)) return;
    const released = release(replica.electionState, replica.terms, replica.moment(this.now));
    replica.state = 'dead';
    if (released !== undefined) this.#send(replica, () => void this.#write(released.lease, released.version));
  }

  slow(which: number, toMs: number, fromMs: number): void {
    Object.assign(this.#pick(which), { toMs, fromMs });
  }

  setWall(which: number, ms: number): void {
    this.#pick(which).wallOffset += ms;
  }

  /** Everybody is well again. */
  heal(): void {
    for (let i = 0; i < this.replicas.length; i++) {
      this.resume(i);
      this.restart(i);
      this.slow(i, 10, 10);
      this.cut(i, false);
    }
  }

  #pick(which: number): Replica {
    return this.replicas[which % this.replicas.length] as Replica;
  }

  #act(replica: Replica): void {
    for (const hear of replica.inbox.splice(0)) hear();
    const { terms, pending } = replica;
    const now = replica.moment(this.now);
    if (pending !== undefined && now.monotonic < pending.givesUpAt) return;
    if (pending !== undefined) replica.electionState = failed(replica.electionState, pending.startedAt, terms);
    replica.pending = undefined;
    const action = nextElectionAction(replica.electionState, terms, now);
    if (action.kind === 'resign') replica.state = 'dead';
    if (action.kind === 'write') this.#request(replica, action.lease, action.version, now);
  }

  #request(replica: Replica, lease: Lease, version: string | undefined, startedAt: Instant): void {
    const pending = {
      startedAt,
      version,
      givesUpAt: startedAt.monotonic + leaseRequestTimeoutMs(replica.electionState, replica.terms, startedAt),
    };
    replica.pending = pending;
    this.#send(replica, () => {
      const answer = this.#write(lease, version);
      this.#reply(replica, () => {
        if (replica.pending === pending) this.#answered(replica, pending, answer);
      });
    });
  }

  #answered(replica: Replica, pending: Pending, answer: Answer): void {
    const { terms } = replica;
    replica.pending = undefined;
    if (answer.kind === 'written') {
      replica.newest = Math.max(replica.newest, Number(answer.stored.version));
      replica.electionState = written(answer.stored, pending.startedAt, terms);
    } else {
      replica.electionState = refused(replica.electionState, pending, answer.seen, terms, replica.moment(this.now));
    }
  }

  #write(lease: Lease, version: string | undefined): Answer {
    if (this.stored?.version !== version) return { kind: 'conflict', seen: this.stored };
    const stored = { lease, version: String(++this.#version) };
    this.stored = stored;
    for (const replica of this.replicas) this.#reply(replica, () => this.#show(replica, stored));
    return { kind: 'written', stored };
  }

  #show(replica: Replica, stored: StoredLease | undefined): void {
    if (stored !== undefined && Number(stored.version) <= replica.newest) return;
    replica.newest = Number(stored?.version ?? 0);
    replica.electionState = observed(replica.electionState, stored, replica.terms, replica.moment(this.now));
  }

  /** What its watch does when it is connected again. */
  #relist(replica: Replica): void {
    this.#send(replica, () => {
      const stored = this.stored;
      this.#reply(replica, () => this.#show(replica, stored));
    });
  }

  #send(replica: Replica, deliver: () => void): void {
    if (!replica.isCut) this.#messages.push({ at: this.now + replica.toMs, replica, deliver });
  }

  #reply(replica: Replica, hear: () => void): void {
    if (replica.isCut) return;
    const deliver = (): void => {
      if (!replica.isCut) replica.inbox.push(hear);
    };
    this.#messages.push({ at: this.now + replica.fromMs, replica, deliver });
  }

  #arrive(): void {
    const due = this.#messages.filter(({ at }) => at <= this.now);
    this.#messages = this.#messages.filter(({ at }) => at > this.now);
    for (const { deliver } of due.toSorted((a, b) => a.at - b.at)) deliver();
  }
}

const which = fc.nat({ max: 2 });
const latency = fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 20_000 }));
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.tuple(
        fc.constant('run' as const),
        fc.integer({ min: 1, max: 120 }).map((n) => n * TICK_MS),
      ),
    },
    fc.tuple(fc.constant('cut' as const), which, fc.boolean()),
    fc.tuple(fc.constant('pause' as const), which),
    fc.tuple(fc.constant('resume' as const), which),
    fc.tuple(fc.constant('kill' as const), which),
    fc.tuple(fc.constant('restart' as const), which),
    fc.tuple(fc.constant('stop' as const), which),
    fc.tuple(fc.constant('slow' as const), which, latency, latency),
    fc.tuple(fc.constant('setWall' as const), which, fc.integer({ min: -3_600_000, max: 3_600_000 })),
  ),
  { minLength: 20, maxLength: 80, size: 'max' },
);
/** One may run a tenth faster than another: the lease is half as long again as the deadline. */
const rates = fc.array(fc.double({ min: 0.95, max: 1.05, noNaN: true }), { minLength: 3, maxLength: 3 });

type Step = typeof steps extends fc.Arbitrary<(infer S)[]> ? S : never;

function take(simulation: Simulation, step: Step): void {
  const [kind, ...args] = step;
  (simulation[kind] as (...args: unknown[]) => void)(...args);
}

test('two replicas never lead at once, and when all is well again one leads', () => {
  let handovers = 0;
  fc.assert(
    fc.property(rates, steps, (speeds, sequence) => {
      const simulation = new Simulation(speeds);
      for (const step of sequence) take(simulation, step);
      handovers += simulation.leaders.length;
      simulation.heal();
      simulation.run(CONTEST_ENDS_MS);
      expect(simulation.replicas.filter((one) => one.isLeading(simulation.now))).toHaveLength(1);
    }),
    { numRuns: 400 },
  );
  // The steps are such that much happens: a run in which nobody leads would prove nothing.
  expect(handovers).toBeGreaterThan(400);
});
