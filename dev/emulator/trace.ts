/** Counts and records of the requests that were made. */
import type { Filter, TraceEntry } from './control.ts';
import type { Subject } from './exchange.ts';
import type { Operation } from './operations.ts';

interface Count {
  readonly subject: Subject;
  total: number;
  readonly byStatus: Map<number, number>;
}

/** Counts are exact for ever; the trace keeps the newest `capacity` requests. */
export class Trace {
  #counts = new Map<string, Count>();
  #ring: TraceEntry[] = [];
  #next = 0;
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Called when a request arrives; the result is to be told the status when there is one. */
  begin(subject: Subject, entry: TraceEntry): (status: number) => void {
    if (this.#ring.length < this.#capacity) this.#ring.push(entry);
    else this.#ring[this.#next] = entry;
    this.#next = (this.#next + 1) % this.#capacity;
    const count = this.#count(subject);
    count.total++;
    return (status) => {
      entry.status = status;
      count.byStatus.set(status, (count.byStatus.get(status) ?? 0) + 1);
    };
  }

  counts(filter: Filter & { status?: number }): Partial<Record<Operation, number>> {
    const sums: Partial<Record<Operation, number>> = {};
    for (const { subject, total, byStatus } of this.#counts.values()) {
      if (!matches(filter, subject)) continue;
      const n = filter.status === undefined ? total : (byStatus.get(filter.status) ?? 0);
      if (n > 0) sums[subject.operation] = (sums[subject.operation] ?? 0) + n;
    }
    return sums;
  }

  entries(filter: Filter & { limit?: number }): TraceEntry[] {
    const full = this.#ring.length === this.#capacity;
    const ordered = full ? [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)] : this.#ring;
    const found = ordered.filter((entry) => matches(filter, entry));
    return filter.limit === undefined ? found : found.slice(Math.max(0, found.length - filter.limit));
  }

  clear(subscriptionId: string | undefined): void {
    const keep = (subject: Subject): boolean =>
      subscriptionId !== undefined && !same(subscriptionId, subject.subscriptionId);
    const kept = this.entries({}).filter(keep);
    this.#ring = kept;
    this.#next = kept.length % this.#capacity;
    this.#counts = new Map([...this.#counts].filter(([, count]) => keep(count.subject)));
  }

  #count(subject: Subject): Count {
    const key = `${subject.operation}|${subject.subscriptionId}|${subject.resourceGroup}|${subject.factory}|${subject.runtime}|${subject.clientId}`;
    let count = this.#counts.get(key);
    if (count === undefined) {
      count = { subject, total: 0, byStatus: new Map() };
      this.#counts.set(key, count);
    }
    return count;
  }
}

export function matches(filter: Filter, subject: Subject): boolean {
  return (
    (filter.operation === undefined || filter.operation === subject.operation) &&
    (filter.subscriptionId === undefined || same(filter.subscriptionId, subject.subscriptionId)) &&
    (filter.resourceGroup === undefined || same(filter.resourceGroup, subject.resourceGroup)) &&
    (filter.factory === undefined || same(filter.factory, subject.factory)) &&
    (filter.runtime === undefined || same(filter.runtime, subject.runtime)) &&
    (filter.clientId === undefined || same(filter.clientId, subject.clientId))
  );
}

export function same(a: string, b: string | undefined): boolean {
  return b !== undefined && (a === b || a.toLowerCase() === b.toLowerCase());
}
