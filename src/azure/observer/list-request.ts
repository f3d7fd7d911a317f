/** A list that is under way, and the callers that share it. */
import { type CallContext, ParkedError, type Urgency } from '../../ports.ts';
import type { Clock } from '../../runtime/clock.ts';
import { unlessAborted } from '../../runtime/deadline.ts';
import { SLOW_RESPONSE_MS } from '../budget/circuit-breaker.ts';

/** No caller waits longer than this for a list, though its pages come. */
const MAX_WAIT_MS = 30_000;

export interface ListRequestOptions {
  readonly clock: Clock;
  /** Reads the list, and tells of every page; resolves with false when the list itself is broken. */
  readonly fetch: (onPage: () => void) => Promise<boolean>;
  /** Called when the list has ended, before any caller learns of it. `parked`: the keys of callers that wait no longer. */
  readonly ended: (isListed: boolean, parked: ReadonlyMap<string, Urgency>) => void;
}

/** Callers wait together as long as pages come. From then on no worker waits: their keys are woken when the list has ended. */
export class ListRequest {
  readonly #completed: Promise<boolean>;
  readonly #tooSlow = new AbortController();
  readonly #runtimes = new Set<string>();
  readonly #parked = new Map<string, Urgency>();

  constructor({ clock, fetch, ended }: ListRequestOptions) {
    const latest = clock.monotonic() + MAX_WAIT_MS;
    const onSlow = () => this.#tooSlow.abort(new ParkedError('the list is not answered', 'answers'));
    let timer = clock.setTimer(SLOW_RESPONSE_MS, onSlow);
    const onPage = (): void => {
      timer.cancel();
      timer = clock.setTimer(Math.min(SLOW_RESPONSE_MS, latest - clock.monotonic()), onSlow);
    };
    const onEnd = (isListed: boolean): void => {
      timer.cancel();
      ended(isListed, this.#parked);
    };
    this.#completed = fetch(onPage);
    this.#completed.then(onEnd, () => onEnd(false));
  }

  /** Resolves with whether it brought a listing; rejects as the list does, when the caller aborts, or when it is too slow. */
  async wait(runtimeKey: string, caller: CallContext): Promise<boolean> {
    this.#runtimes.add(runtimeKey);
    try {
      return await unlessAborted(this.#completed, AbortSignal.any([caller.signal, this.#tooSlow.signal]));
    } catch (error) {
      this.#runtimes.delete(runtimeKey);
      if (this.isTooSlow(error)) this.#parked.set(caller.key, caller.urgency);
      throw error;
    }
  }

  /** Whether a caller gave up because of this. */
  isTooSlow(error: unknown): boolean {
    return this.#tooSlow.signal.aborted && error === this.#tooSlow.signal.reason;
  }

  /** Whether the hint of this runtime waits for it. */
  isAwaitedFor(runtimeKey: string): boolean {
    return this.#runtimes.has(runtimeKey);
  }
}
