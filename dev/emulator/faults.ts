/** Faults: what the next matching requests meet. */
import type { Fault, FaultEffect } from './control.ts';
import type { Incoming, Subject } from './exchange.ts';
import { matches, same } from './trace.ts';

/** What a request meets. */
export interface Met extends Omit<Fault, 'effect'> {
  readonly effect: Exclude<FaultEffect, { kind: 'absent' }>;
}

interface Armed {
  readonly id: string;
  readonly fault: Fault;
  toSkip: number;
  left: number;
}

export class Faults {
  #armed: Armed[] = [];
  #lastId = 0;

  add(fault: Fault): string {
    if (typeof fault.effect?.kind !== 'string') throw new Error('a fault needs an effect, such as {"kind":"hang"}');
    const id = String(++this.#lastId);
    const left = fault.times === 'always' ? Number.POSITIVE_INFINITY : (fault.times ?? 1);
    this.#armed.push({ id, fault, toSkip: fault.skip ?? 0, left });
    return id;
  }

  clear(args: { id?: string; subscriptionId?: string; factory?: string }): void {
    const { id, subscriptionId, factory } = args;
    this.#armed = this.#armed.filter(
      ({ id: own, fault: { match } }) =>
        (id !== undefined && id !== own) ||
        (subscriptionId !== undefined && !same(subscriptionId, match?.subscriptionId)) ||
        (factory !== undefined && !same(factory, match?.factory)),
    );
  }

  /** The fault that this request meets, which is thereby spent once. */
  take(request: Incoming, subject: Subject): Fault | undefined {
    if (this.#armed.length === 0) return undefined;
    for (const armed of this.#armed) {
      if (!hits(armed.fault, request, subject)) continue;
      if (armed.toSkip > 0) {
        armed.toSkip--;
        continue;
      }
      armed.left--;
      if (armed.left <= 0) this.#armed = this.#armed.filter((other) => other !== armed);
      return armed.fault;
    }
    return undefined;
  }
}

function hits(fault: Fault, request: Incoming, subject: Subject): boolean {
  const { match } = fault;
  if (match === undefined) return true;
  return (
    matches(match, subject) &&
    (match.method === undefined || match.method === request.method) &&
    (match.path === undefined || request.path.toLowerCase().includes(match.path.toLowerCase()))
  );
}
