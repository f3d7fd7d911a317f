/** What a pass knows: one situation after another, each of which a decision can be made from. */

import { isSameIntent, type ManagedObject, type Status, wholeSecond } from '../core/model/object.ts';
import { armKey } from '../core/model/runtime.ts';
import { withoutFuture } from '../core/model/times.ts';
import type { Situation } from '../core/situation.ts';
import { withoutAbsence } from '../core/waits.ts';
import { type Access, ConflictError, type Dependencies } from '../ports.ts';

/** What a read or a write can make unknown again. */
type Invalidatable = 'definition' | 'state' | 'interactiveAuthoring' | 'failure';

export class PassState {
  readonly #decidedOn: ManagedObject;
  #situation: Situation;
  #observed = false;

  constructor(first: Situation) {
    this.#decidedOn = first.object;
    this.#situation = first;
  }

  get situation(): Situation {
    return this.#situation;
  }

  /** Whether Azure has shown the runtime, or that there is none. */
  get observed(): boolean {
    return this.#observed;
  }

  update(more: Partial<Situation>): void {
    this.#situation = { ...this.#situation, ...more };
  }

  /** Learns what Azure has shown. */
  observe(what: Pick<Situation, 'definition' | 'state' | 'interactiveAuthoring'>): void {
    this.#observed = true;
    this.update(what);
    if (what.definition?.presence === 'present') this.update({ status: withoutAbsence(this.#situation.status) });
  }

  invalidate(...keys: readonly Invalidatable[]): void {
    const rest: { -readonly [Key in keyof Situation]: Situation[Key] } = { ...this.#situation };
    for (const key of keys) delete rest[key];
    this.#situation = rest;
  }

  /** Learns what is to be stored in the status. */
  updateStatus(more: Partial<Status>): void {
    this.update({ status: { ...this.#situation.status, ...more } });
  }

  forgetOperation(): void {
    const { operation: _, ...status } = this.#situation.status;
    this.update({ status });
  }

  /**
   * An answer to a write of ours may tell of an edit that the cache has yet to show: that is for another pass to decide on.
   *
   * @throws ConflictError when it does
   */
  expectSameIntent(): void {
    if (!isSameIntent(this.#situation.object, this.#decidedOn))
      throw new ConflictError('the object was edited meanwhile');
  }
}

/** What is remembered of earlier passes, and lost with the process. */
export interface Since extends Pick<Situation, 'failingSince' | 'missingSince'> {
  /** When and under which identity what is declared was last tried to be written, as `Situation.triedAt` has it. */
  readonly tried?: { readonly at: number; readonly identity: string | undefined };
}

/** What is known before anything was asked of Azure. */
export function firstSituation(
  world: Dependencies,
  object: ManagedObject,
  desired: Situation['desired'],
  access: Access,
  since: Since | undefined,
): Situation {
  const now = wholeSecond(world.now());
  const peers = world.objects.sharing(armKey(desired.id)).filter((peer) => peer.uid !== object.uid);
  return {
    object,
    desired,
    status: withoutFuture(object.status, now),
    peers,
    // An object that may not reach Azure cannot keep others from doing so, unless it did before.
    contenders: peers.filter((peer) => peer.status.claim !== undefined || world.identities.accessFor(peer).granted),
    access: withoutPorts(access),
    now,
    intervalMs: desired.intervalMs ?? world.intervalMs,
    failingSince: since?.failingSince,
    ...(since?.missingSince === undefined ? {} : { missingSince: since.missingSince }),
    ...(since?.tried === undefined ? {} : { triedAt: triedAt(since.tried, access) }),
  };
}

/** What another identity was refused may be granted to this one. */
function triedAt({ at, identity }: NonNullable<Since['tried']>, access: Access): number {
  return identity === identityOf(access) ? at : 0;
}

export function identityOf(access: Access): string | undefined {
  return access.granted ? access.identity : undefined;
}

function withoutPorts(access: Access): Situation['access'] {
  if (!access.granted) return access;
  const { runtimes: _, ...rest } = access;
  return rest;
}
