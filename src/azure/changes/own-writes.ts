/** The operator's own writes, by the ids that it gave them: these tell the events of its writes from those of other writers. */
import type { AzureChange } from '../../core/model/azure-change.ts';
import { parentKey } from '../../core/model/runtime.ts';
import { type Clock, wallTime } from '../../runtime/clock.ts';

/** How long an id is remembered. A later event counts as another writer's change, and costs a poll. */
const KEPT_MS = 60 * 60_000;
const MOST_KEPT = 2_000;
/** An event comes within seconds (recorded); after this it counts as missing. */
const ECHO_MS = 10 * 60_000;
/** Our clock and Azure's may differ by so much. */
const CLOCKS_DIFFER_MS = 2 * 60_000;

interface OwnWrite {
  readonly parent: string | undefined;
  readonly sentAt: number;
  /** Its event may come before its answer. */
  isHeard: boolean;
}

/**
 * Every write gets a correlation id of ours, which ARM takes over (documented), and which the event is to have (inferred: if
 * it has another, an own write costs a poll, and changes nothing).
 *
 * Two designs to tell our own writes from others. By the client that an event names as its author: no memory, but `claims`
 * would have to be read, and Terraform may well act as the same client. So by ids (this one). A new leader does not know the
 * ids of the one before it.
 */
export class OwnWrites {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly #makeId: () => string;
  /** The oldest is the first. */
  readonly #sent = new Map<string, OwnWrite>();
  /** By parent: the id of its first write, still remembered, that took effect and that no event has come for. */
  readonly #awaited = new Map<string, string>();

  /** `makeId` makes a GUID in lower case. */
  constructor(clock: Pick<Clock, 'now' | 'monotonic'>, makeId: () => string) {
    this.#clock = clock;
    this.#makeId = makeId;
  }

  /** A write goes out. `parent` (see `parentKey`): whose runtime is written; absent when no event is expected. Returns its id. */
  sending(parent?: string): string {
    const id = this.#makeId();
    this.#sent.set(id, { parent, sentAt: this.#clock.monotonic(), isHeard: false });
    this.#sweep();
    return id;
  }

  /** The write has taken effect. One that Azure has only accepted may never take effect, so no event is awaited for it. */
  tookEffect(id: string): void {
    const write = this.#sent.get(id);
    if (write?.parent === undefined || write.isHeard || this.#awaited.has(write.parent)) return;
    this.#awaited.set(write.parent, id);
  }

  /** An event has come. Returns whether it is about an own write. */
  isEcho({ correlationId = '', scope, at }: AzureChange): boolean {
    this.#sweep();
    const write = this.#sent.get(correlationId.toLowerCase());
    if (write !== undefined) write.isHeard = true;
    if (write?.parent !== undefined) this.#awaited.delete(write.parent);
    else if (scope.kind !== 'resourceGroup') {
      this.#heard(parentKey(scope.kind === 'runtime' ? scope.id.parent : scope.parent), at);
    }
    return write !== undefined;
  }

  /** The parents with a write that an event should have come for by now. */
  silent(): string[] {
    this.#sweep();
    const latest = this.#clock.monotonic() - ECHO_MS;
    return [...this.#awaited].filter(([, id]) => this.#sentAt(id) <= latest).map(([parent]) => parent);
  }

  /** The queue cannot be read at the moment, so that no event is awaited. */
  interrupted(): void {
    this.#awaited.clear();
  }

  /** No object is below this parent any more. */
  forget(parent: string): void {
    this.#awaited.delete(parent);
  }

  /** Events of the parent do come: also where those of our writes had other ids than ours. */
  #heard(parent: string, at: number): void {
    const id = this.#awaited.get(parent);
    if (id === undefined || at < wallTime(this.#clock, this.#sentAt(id)) - CLOCKS_DIFFER_MS) return;
    this.#awaited.delete(parent);
  }

  #sentAt(id: string): number {
    return this.#sent.get(id)?.sentAt ?? Number.POSITIVE_INFINITY;
  }

  #sweep(): void {
    const oldest = this.#clock.monotonic() - KEPT_MS;
    for (const [id, { sentAt, parent = '' }] of this.#sent) {
      if (sentAt > oldest && this.#sent.size <= MOST_KEPT) return;
      this.#sent.delete(id);
      if (this.#awaited.get(parent) === id) this.#awaited.delete(parent);
    }
  }
}
