/** Whether the change queue can be relied upon: it can be read, and it brings our own writes and the drift that polls find. */
import { QUEUE_TROUBLES, type QueueProblem, type QueueState } from '../core/model/queue-state.ts';
import { parentKey } from '../core/model/runtime.ts';
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
  };
  readonly objects: Pick<ObjectStore, 'objects'>;
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

  /** The queue has been read, or there was a problem. */
  read(problem: QueueProblem | undefined): void {
    const { announcements, metrics } = this.#options;
    if (problem === undefined) for (const runtime of announcements.missed()) this.#missed(runtime);
    else announcements.interrupted();
    this.#state = problem ?? (this.#isSilent() ? 'silent' : 'up');
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
    const { ownWrites, log } = this.#options;
    const silent = ownWrites.silent();
    if (silent.length === 0) {
      if (this.#warnOnce.clear('silent')) log.info('change queue announces own writes again');
      return false;
    }
    const declared = this.#declaredParents();
    for (const parent of silent) {
      if (declared.has(parent)) this.#warnOfSilence(parent);
      else ownWrites.forget(parent);
    }
    return silent.some((parent) => declared.has(parent));
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

  #declaredParents(): ReadonlySet<string> {
    const objects = this.#options.objects.objects();
    return new Set(objects.flatMap(({ spec }) => (spec.valid ? [parentKey(spec.desired.id.parent)] : [])));
  }
}
