/** What a pass tells: the status and its transitions, events, the log, and what is counted. */
import type { EventReason } from '../api/names.ts';
import { transitions } from '../core/events.ts';
import type { OperatorEvent } from '../core/model/event.ts';
import type { AzureFailure } from '../core/model/failure.ts';
import { fieldOf } from '../core/model/fields.ts';
import { condition, type Status } from '../core/model/object.ts';
import { requestIdKeys } from '../core/model/request-ids.ts';
import type { Phase, Situation, Verdict } from '../core/situation.ts';
import { heard, stallBegins, warningDueMs } from '../core/warnings.ts';
import type { Dependencies, PassLog } from '../ports.ts';
import type { WarnOnce } from '../runtime/warn-once.ts';
import type { PassState } from './pass-state.ts';

const IN_WORDS: Partial<Record<EventReason, string>> = {
  Created: 'created',
  Adopted: 'adopted',
  RepairStarted: 'repair started',
  ManagedVirtualNetworkCreated: 'got its managed virtual network',
  InteractiveAuthoringEnabled: 'interactive authoring enabled',
  Deleted: 'deleted',
  Retained: 'retained',
  HandedOver: 'handed over',
};

export class Report {
  /** Names the object and its runtime in every line. */
  readonly log: PassLog;
  readonly #world: Pick<Dependencies, 'objects' | 'events' | 'metrics'>;
  readonly #state: PassState;
  readonly #warnOnce: WarnOnce;
  readonly #signal: AbortSignal;
  /** Not published yet: an event follows the write of the status that it tells of. */
  readonly #events: OperatorEvent[] = [];

  constructor(world: Dependencies, state: PassState, warnOnce: WarnOnce, signal: AbortSignal) {
    this.#world = world;
    this.#state = state;
    this.#warnOnce = warnOnce;
    this.#signal = signal;
    this.log = world.log.with(subjectOf(state.situation));
  }

  /**
   * Makes this the status, unless it is already, and tells of its transitions; of trouble, once that was decided.
   *
   * @throws ConflictError when the server's object is another by now
   */
  async persist(decided: Status, verdict?: Verdict): Promise<void> {
    const { situation } = this.#state;
    const before = situation.object.status;
    const changes = transitions(situation, before, decided);
    const mayTell = () => this.#world.events.takeRoom();
    const pass = { ...situation, verdict, told: [...this.#events, ...changes], mayTell };
    const { status, events } = heard(pass, before, decided);
    const object = await this.#world.objects.updateStatus(situation.object, status, this.#signal);
    this.#state.update({ object, status });
    const told = [...changes, ...events];
    this.#events.unshift(...changes.filter(isFirst));
    for (const event of told) if (!isFirst(event)) this.event(event);
    this.#count(told, before, status);
    if (condition(status, 'Ready')?.reason !== condition(before, 'Ready')?.reason) {
      const ready = condition(status, 'Ready');
      this.log.info('status changed', { ready: ready?.status, reason: ready?.reason, detail: ready?.message });
    }
    await this.flush();
  }

  /** Publishes what was told so far. */
  async flush(): Promise<void> {
    for (const event of this.#events.splice(0)) {
      await this.#world.events.publish(this.#state.situation.object, event);
    }
  }

  /** By an event, published with the next status. */
  event(event: OperatorEvent): void {
    this.#events.push(event);
  }

  /** By an event and in the log. */
  eventAndLog(event: OperatorEvent): void {
    this.event(event);
    this.log.info(`runtime ${IN_WORDS[event.reason] ?? event.reason}`, { detail: event.message });
  }

  /** Aloud when it is new: an object that waits for Azure meets the same failure with every retry. */
  logFailure(during: Phase, { failure, message, ids }: AzureFailure): void {
    const { key } = this.#state.situation.object;
    const isNew = this.#warnOnce.isNew(key, `${during} ${failure.kind} ${message}`);
    this.log[isNew ? 'warn' : 'debug']('azure request failed', {
      during,
      failure: failure.kind,
      detail: message,
      ...requestIdKeys(ids),
    });
  }

  #count(events: readonly OperatorEvent[], before: Status, status: Status): void {
    const { metrics } = this.#world;
    const told = events.map(({ reason }) => reason);
    if (told.includes('DriftDetected')) {
      for (const { field } of status.drift) metrics.driftDetected(fieldOf(field));
      metrics.foreignChange(this.#state.situation.object.key);
    }
    if (stallBegins(before, status)) metrics.stalled();
    if (told.includes('Repaired')) metrics.repair('repaired');
    if (told.includes('RepairExhausted')) metrics.repair('exhausted');
  }

  /** Milliseconds until the trouble that the status shows is to be told. */
  warningDueMs(verdict: Verdict): number | undefined {
    const { situation } = this.#state;
    return warningDueMs({ ...situation, verdict, told: [], mayTell: () => false }, situation.status);
  }
}

/** It came before what the pass did then. */
function isFirst({ reason }: OperatorEvent): boolean {
  return reason === 'Resumed' || reason === 'IdentityAccepted';
}

/** The log keys of an object. */
function subjectOf({ object, desired: { id } }: Situation): Record<string, unknown> {
  return { object: object.key, runtime: id.name, [id.parent.kind]: id.parent.name };
}
