/** By how much polls are further apart than asked for, so that all of them fit into their share of the reads. */
import type { Clock } from '../../runtime/clock.ts';
import { Throttle } from '../../runtime/throttle.ts';

/** The share of the reads that polls may use: the rest is for changes, for lists, and for other clients. */
export const POLL_SHARE = 0.6;
/** A key that has not asked for so many of its intervals does not poll any more. */
const INTERVALS_UNTIL_LAPSE = 3;
const SWEEP_EVERY_MS = 5 * 60_000;

/** How often one key polls. */
interface PollDemand {
  readonly perMs: number;
  readonly until: number;
}

/** The interval factor, from the demand of all keys together. */
export class PollSpacing {
  readonly #clock: Clock;
  readonly #readsPerMs: number;
  readonly #factorChanged: (factor: number) => void;
  readonly #demands = new Map<string, PollDemand>();
  readonly #sweeps: Throttle;
  /** Polls per millisecond of all keys together. */
  #total = 0;
  #factor = 1;

  /** `factorChanged` is told whenever the factor changes. */
  constructor(clock: Clock, readsPerMs: number, factorChanged: (factor: number) => void = () => {}) {
    this.#clock = clock;
    this.#readsPerMs = readsPerMs;
    this.#factorChanged = factorChanged;
    this.#sweeps = new Throttle(SWEEP_EVERY_MS, clock.monotonic());
  }

  /** The key asks to poll every `intervalMs`; returns the interval that it gets. */
  spacedInterval(key: string, intervalMs: number): number {
    const now = this.#clock.monotonic();
    this.#sweep(now);
    this.#drop(key);
    this.#total += 1 / intervalMs;
    const until = now + INTERVALS_UNTIL_LAPSE * intervalMs * this.#factor;
    this.#demands.set(key, { perMs: 1 / intervalMs, until });
    this.#update();
    return intervalMs * this.#factor;
  }

  /** The key does not poll any more. */
  forget(key: string): void {
    if (this.#drop(key)) this.#update();
  }

  /** Returns whether it polled. */
  #drop(key: string): boolean {
    this.#total -= this.#demands.get(key)?.perMs ?? 0;
    return this.#demands.delete(key);
  }

  /** Objects that are suspended, have failed, or act under another identity stop asking without a word. */
  #sweep(now: number): void {
    if (!this.#sweeps.isDue(now)) return;
    for (const [key, { until }] of this.#demands) if (until < now) this.#drop(key);
  }

  #update(): void {
    // In tenths: every change of the factor moves the polls of all keys to other slots.
    const tenths = Math.ceil((10 * this.#total) / (POLL_SHARE * this.#readsPerMs) - 1e-6);
    const factor = Math.max(1, tenths / 10);
    if (factor !== this.#factor) this.#factorChanged(factor);
    this.#factor = factor;
  }
}
