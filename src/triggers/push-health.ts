/** Whether the change queue can be relied upon: it can be read, and it brings our own writes and the drift that polls find. */
import { QUEUE_TROUBLES, type QueueProblem, type QueueState } from '../core/model/queue-state.ts';
import type { ObjectStore } from '../kube/objects/store.ts';
import type { Log } from '../runtime/log.ts';
import { WarnOnce } from '../runtime/warn-once.ts';
import type { Announcements } from './announcements.ts';

export interface PushHealthOptions {
  readonly announcements: Pick<Announcements, 'announced' | 'interrupted' | 'missed'>;
  readonly ownWrites: {
    /** The parents (see `parentKey`) with a write that an event should have come for by now. */
    silent(): readonly string[];
    forget(parent: string): void;
    /** Nothing can be announced at the moment. */
    interrupted(): void;
  };
  readonly objects: Pick<ObjectStore, 'below'>;
  readonly metrics: {
    up(isUp: boolean): void;
    missed(): void;
  };
  readonly log: Pick<Log, 'debug' | 'info' | 'warn'>;
}

export class PushHealth {
  readonly #options: PushHealthOptions;
  readonly #warnOnce = new WarnOnce();
  #state: QueueState = 'not read yet';

  constructor(options: PushHealthOptions) {
    this.#options = options;
  }

  get state(): QueueState {
    return this.#state;
  }

  /** A message names this runtime of an object. */
  announced(runtimeKey: string): void {
    this.#options.announcements.announced(runtimeKey);
    this.#warnOnce.clear('missed');
  }

  /** The queue has been read, or there was a problem. What has not come counts once nothing is left to be read (`isEmpty`). */
  read(problem: QueueProblem | undefined, isEmpty: boolean): void {
    const { announcements, ownWrites, metrics } = this.#options;
    if (problem !== undefined) {
      announcements.interrupted();
      ownWrites.interrupted();
      this.#state = problem;
    } else if (isEmpty) {
      for (const runtime of announcements.missed()) this.#missed(runtime);
      this.#state = this.#isSilent() ? 'silent' : 'up';
    } else if (this.#state !== 'silent') this.#state = 'up';
    metrics.up(this.#state === 'up');
  }

  #missed(runtime: string): void {
    const { metrics, log } = this.#options;
    metrics.missed();
    log[this.#warnOnce.level('missed', 'missed')]('poll found drift that the change queue had not announced', {
      runtime,
      remedy: 'Check whether Event Grid delivers to the queue; see docs/runbook.md#azureirpushmissed.',
    });
  }

  #isSilent(): boolean {
    const { objects, ownWrites, log } = this.#options;
    const silent = ownWrites.silent();
    if (silent.length === 0) {
      if (this.#warnOnce.clear('silent')) log.info('change queue announces own writes again');
      return false;
    }
    const declared = silent.filter((parent) => objects.below(parent).length > 0);
    for (const parent of silent) {
      if (declared.includes(parent)) this.#warnOfSilence(parent);
      else ownWrites.forget(parent);
    }
    return declared.length > 0;
  }

  #warnOfSilence(parent: string): void {
    this.#options.log[this.#warnOnce.level('silent', parent)](
      'change queue did not announce a write of this operator',
      {
        parent,
        remedy: QUEUE_TROUBLES.silent.remedy,
      },
    );
  }
}
