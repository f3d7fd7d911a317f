/** What an event of Azure means for the objects: which runtimes are polled, and why the others are not. */
import { type AzureChange, type ChangedScope, scopeKey } from '../core/model/azure-change.ts';
import type { ManagedObject } from '../core/model/object.ts';
import { type Parent, parentKey, type RuntimeId } from '../core/model/runtime.ts';
import { runtimeKeyOf } from '../kube/objects/runtime-key.ts';
import type { ObjectStore } from '../kube/objects/store.ts';
import { type Clock, wallTime } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { PushedPolls } from './pushed-polls.ts';

/** A list shows for certain what happened this long before it was requested: clocks differ, and ARM's replicas lag. */
const LIST_LAGS_MS = 2 * 60_000;

/** What became of a change: a poll, or why there was none. */
export type ChangeOutcome = 'poll' | 'stale' | 'unknown';

export interface PushedChangesOptions {
  readonly objects: Pick<ObjectStore, 'sharing' | 'below' | 'inResourceGroup'>;
  readonly polls: Pick<PushedPolls, 'named'>;
  /** When the oldest list of the parent that is in use was requested, by the monotonic clock. */
  readonly listedAt: (parent: Parent) => number | undefined;
  /** Another writer's change of this runtime was announced. */
  readonly announced: (runtimeKey: string) => void;
  readonly clock: Clock;
  readonly log: Pick<Log, 'debug'>;
}

/**
 * A change is a hint: it leads to a poll at most. Its ids are only compared with those of objects; what is then requested of
 * Azure is built from the object.
 */
export class PushedChanges {
  readonly #options: PushedChangesOptions;
  /** The first list of a leader comes after this, and shows all that happened before. */
  readonly #beganAt: number;

  constructor(options: PushedChangesOptions) {
    this.#options = options;
    this.#beganAt = options.clock.monotonic();
  }

  /** `change` is of another writer. */
  take(change: AzureChange): ChangeOutcome {
    const outcome = this.#outcome(change);
    if (outcome !== 'unknown') {
      const { operation, correlationId } = change;
      this.#options.log.debug('change in azure', {
        about: scopeKey(change.scope),
        operation,
        correlationId,
        outcome,
      });
    }
    return outcome;
  }

  #outcome({ scope, at }: AzureChange): ChangeOutcome {
    const { announced, polls } = this.#options;
    const runtimes = runtimesOf(this.#concerned(scope));
    if (runtimes.size === 0) return 'unknown';
    for (const key of runtimes.keys()) announced(key);
    const parents = new Map([...runtimes.values()].map(({ parent }) => [parentKey(parent), parent]));
    const seen = new Set([...parents].flatMap(([key, parent]) => (this.#isSeen(parent, at) ? [key] : [])));
    const unseen = [...runtimes].filter(([, { parent }]) => !seen.has(parentKey(parent)));
    for (const [key] of unseen) polls.named(key);
    return unseen.length > 0 ? 'poll' : 'stale';
  }

  #concerned(scope: ChangedScope): readonly ManagedObject[] {
    const { objects } = this.#options;
    switch (scope.kind) {
      case 'runtime':
        return objects.sharing(scopeKey(scope));
      case 'parent':
        return objects.below(scopeKey(scope));
      case 'resourceGroup':
        return objects.inResourceGroup(scopeKey(scope));
    }
  }

  /** Whether a list has shown for certain what happened at this time. */
  #isSeen(parent: Parent, at: number): boolean {
    const { listedAt, clock } = this.#options;
    const listed = Math.max(listedAt(parent) ?? Number.NEGATIVE_INFINITY, this.#beganAt);
    return at + LIST_LAGS_MS < wallTime(clock, listed);
  }
}

function runtimesOf(objects: readonly ManagedObject[]): ReadonlyMap<string, RuntimeId> {
  return new Map(
    objects.flatMap((object) => {
      const key = runtimeKeyOf(object);
      return key !== undefined && object.spec.valid ? [[key, object.spec.desired.id] as const] : [];
    }),
  );
}
