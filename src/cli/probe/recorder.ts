/** Keeps every exchange of a run as it went over the wire, in memory only: what is written is pseudonymous. */
import type { Clock } from '../../runtime/clock.ts';
import type { Answer } from './assumptions/site.ts';
import type { Wire, WireRequest } from './wire.ts';

export interface RawExchange {
  /** Milliseconds since the first one, when the request was sent. */
  readonly at: number;
  readonly request: WireRequest;
  /** Undefined: there was none. */
  readonly answer: Answer | undefined;
}

export class Recorder {
  readonly exchanges: RawExchange[] = [];
  readonly #clock: Clock;
  #began: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  over(wire: Wire): Wire {
    return {
      send: async (request, signal) => {
        this.#began ??= this.#clock.monotonic();
        const at = Math.round(this.#clock.monotonic() - this.#began);
        // In the order in which they were sent: several may be under way.
        const place = this.exchanges.push({ at, request, answer: undefined }) - 1;
        const answer = await wire.send(request, signal);
        this.exchanges[place] = { at, request, answer };
        return answer;
      },
    };
  }
}
