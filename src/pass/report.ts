/** What a pass tells: the status and its transitions, events, the log, and what is counted. */
import type { AzureFailure } from '../core/failure.ts';
import { fieldOf } from '../core/fields.ts';
import { condition, type Memory } from '../core/object.ts';
import type { Repeats } from '../core/repeats.ts';
import { requestIdKeys } from '../core/request-ids.ts';
import type { Situation, Step } from '../core/situation.ts';
import { transitions } from '../core/status.ts';
import type { ObjectEvent, PassLog, World } from '../ports.ts';
import type { Knowledge } from './knowledge.ts';

const IN_WORDS: Record<string, string> = {
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
  readonly #world: Pick<World, 'objects' | 'events' | 'metrics'>;
  readonly #knowledge: Knowledge;
  readonly #repeats: Repeats;
  readonly #signal: AbortSignal;
  /** Not published yet: an event follows the write of the status that it tells of. */
  readonly #events: ObjectEvent[] = [];

  constructor(world: World, knowledge: Knowledge, repeats: Repeats, signal: AbortSignal) {
    this.#world = world;
    this.#knowledge = knowledge;
    this.#repeats = repeats;
    this.#signal = signal;
    this.log = world.log.with(subjectOf(knowledge.situation));
  }

  /**
   * Makes this the status, unless it is already, and tells of its transitions.
   *
   * @throws Stale when the server's object is another by now
   */
  async persist(memory: Memory): Promise<void> {
    const { situation } = this.#knowledge;
    const before = situation.object.memory;
    const told = transitions(situation, before, memory);
    const object = await this.#world.objects.remember(situation.object, memory, this.#signal);
    this.#knowledge.learn({ object, memory });
    for (const { type, reason, message } of told) this.tell(reason, message, type);
    this.#count(
      told.map(({ reason }) => reason),
      memory,
    );
    if (condition(memory, 'Ready')?.reason !== condition(before, 'Ready')?.reason) {
      const { status, reason, message } = condition(memory, 'Ready') ?? {};
      this.log.info('status changed', { ready: status, reason, detail: message });
    }
    await this.flush();
  }

  /** Publishes what was told so far. */
  async flush(): Promise<void> {
    for (const event of this.#events.splice(0)) {
      await this.#world.events.publish(this.#knowledge.situation.object, event);
    }
  }

  /** By an event, published with the next status. */
  tell(reason: string, message: string, type: ObjectEvent['type'] = 'Normal'): void {
    this.#events.push({ type, reason, message });
  }

  /** By an event and in the log. */
  announce(reason: string, message: string): void {
    this.tell(reason, message);
    this.log.info(`runtime ${IN_WORDS[reason] ?? reason}`, { detail: message });
  }

  /** Aloud when it is new: an object that waits for Azure meets the same failure with every retry. */
  complain(during: Step, { failure, message, ids }: AzureFailure): void {
    const { key } = this.#knowledge.situation.object;
    const isNew = this.#repeats.isNew(key, `${during} ${failure.kind} ${message}`);
    this.log[isNew ? 'warn' : 'debug']('azure refused or failed', {
      during,
      failure: failure.kind,
      detail: message,
      ...requestIdKeys(ids),
    });
  }

  #count(told: readonly string[], memory: Memory): void {
    const { metrics } = this.#world;
    if (told.includes('DriftDetected')) for (const { field } of memory.drift) metrics.driftDetected(fieldOf(field));
    if (told.includes(condition(memory, 'Stalled')?.reason ?? '')) metrics.stalled();
    if (told.includes('Repaired')) metrics.repair('repaired');
    if (told.includes('RepairExhausted')) metrics.repair('exhausted');
  }
}

/** The log keys of an object. */
function subjectOf({ object, desired: { id } }: Situation): Record<string, unknown> {
  return { object: object.key, runtime: id.name, [id.parent.kind]: id.parent.name };
}
