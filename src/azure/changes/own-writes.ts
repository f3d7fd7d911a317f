/** The operator's own writes, by the ids that it gave them: by these Azure tells them from those of other writers. */
import type { Clock } from '../../runtime/clock.ts';

/** How long an id is remembered: what comes later is a change like any other, and costs a poll. */
const KEPT_MS = 60 * 60_000;
const MOST_KEPT = 2_000;
/** An event comes within seconds (recorded); after this it is missed. */
export const ECHO_MS = 10 * 60_000;

interface OwnWrite {
  readonly parent: string | undefined;
  readonly sentAt: number;
  /** Its event may come before its answer. */
  isHeard: boolean;
}

/** A parent whose writes are no longer answered by events. */
export interface SilentParent {
  readonly parent: string;
  /** By the monotonic clock, of the first write that no event came for. */
  readonly since: number;
}

/**
 * Every write gets a correlation id of ours, which ARM takes over (documented), and which the event is to have (inferred: if
 * it has another, an own write costs a poll, and changes nothing).
 *
 * Two designs for what is not our own. By the client that an event names as its author: no memory, but `claims` would have to
 * be read, and Terraform may well act as the same client. So by ids (this one). A new leader does not know those of the one
 * before it.
 */
export class OwnWrites {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #makeId: () => string;
  /** The oldest is the first. */
  readonly #sent = new Map<string, OwnWrite>();
  /** By parent: when its first write took effect that no event has come for. */
  readonly #awaited = new Map<string, number>();

  /** `makeId` makes a GUID in lower case. */
  constructor(clock: Pick<Clock, 'monotonic'>, makeId: () => string) {
    this.#clock = clock;
    this.#makeId = makeId;
  }

  /** A write goes out, to a runtime of this parent (see `parentKey`), or to something that no event is expected of; its id. */
  sending(parent?: string): string {
    const id = this.#makeId();
    this.#sent.set(id, { parent, sentAt: this.#clock.monotonic(), isHeard: false });
    this.#sweep();
    return id;
  }

  /** It has taken effect. One that Azure has only accepted may never do, so that nothing can be missed of it. */
  tookEffect(id: string): void {
    const write = this.#sent.get(id);
    if (write?.parent === undefined || write.isHeard || this.#awaited.has(write.parent)) return;
    this.#awaited.set(write.parent, this.#clock.monotonic());
  }

  /** Whether an event is about one of them; then it is known that events come. */
  isEcho(correlationId: string): boolean {
    this.#sweep();
    const write = this.#sent.get(correlationId.toLowerCase());
    if (write === undefined) return false;
    write.isHeard = true;
    if (write.parent !== undefined) this.#awaited.delete(write.parent);
    return true;
  }

  /** The parents with a write that an event should have come for by now. */
  silent(): SilentParent[] {
    const latest = this.#clock.monotonic() - ECHO_MS;
    return [...this.#awaited].filter(([, since]) => since <= latest).map(([parent, since]) => ({ parent, since }));
  }

  /** Nobody cares about this parent any more. */
  forget(parent: string): void {
    this.#awaited.delete(parent);
  }

  #sweep(): void {
    const oldest = this.#clock.monotonic() - KEPT_MS;
    for (const [id, { sentAt }] of this.#sent) {
      if (sentAt > oldest && this.#sent.size <= MOST_KEPT) return;
      this.#sent.delete(id);
    }
  }
}
