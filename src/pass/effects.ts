/**
 * What a write to Azure comes to: it has taken effect, or Azure goes on with it and a later pass concludes it. Here that
 * becomes part of what is known, is told and counted; nothing is called.
 */
import { declarationHash } from '../core/desired.ts';
import { type Drift, type FieldPath, fieldOf } from '../core/fields.ts';
import { type Operation, operationOf, sortOf, wholeSecond } from '../core/object.ts';
import type { Accepted, ObservedRuntime } from '../core/runtime.ts';
import { driftOf, type Write } from '../core/situation.ts';
import { corrected, describeChanges, describeDrift, startsToDrift } from '../core/status.ts';
import type { World } from '../ports.ts';
import { visible } from '../visible.ts';
import type { Knowledge } from './knowledge.ts';
import type { Report } from './report.ts';

export class Effects {
  readonly #world: Pick<World, 'metrics' | 'now'>;
  readonly #knowledge: Knowledge;
  readonly #report: Report;

  constructor(world: World, knowledge: Knowledge, report: Report) {
    this.#world = world;
    this.#knowledge = knowledge;
    this.#report = report;
  }

  /** Azure has answered a write. What is known of the definition stands until Azure shows another. */
  written(wrote: Write, answer: ObservedRuntime | Accepted): void {
    const knowledge = this.#knowledge;
    knowledge.forget('state', 'interactiveAuthoring');
    knowledge.learn({ wrote });
    if (!('accepted' in answer)) {
      knowledge.learn({ definition: { presence: 'present', fresh: true, runtime: answer } });
      knowledge.forgetOperation();
    }
    // Every write sends the full definition, and that is all a repair is.
    const token = knowledge.situation.object.requests.repair;
    if (token !== undefined) knowledge.remember({ lastHandledRepairAt: token });
  }

  /** Azure has accepted a write and goes on with it: what it comes to is for later passes to see. */
  goesOn(kind: Operation['kind'], changes: readonly Drift[] = []): void {
    const { desired, memory, definition } = this.#knowledge.situation;
    const before = operationOf(memory, sortOf(kind));
    const hash = declarationHash(desired);
    const repeated = before?.specHash === hash;
    // What was to be told of one that is written over has not been told yet.
    const untold = repeated || before?.kind === 'Adopt' || before?.kind === 'Recreate' ? before?.kind : undefined;
    const fields = changes.map(({ field }) => field);
    // From now on, not from when the pass began: a slow one would shorten the wait.
    const time = wholeSecond(this.#world.now());
    const isAlone = memory.operation === undefined || repeated;
    const replacedEtag = isAlone && definition?.presence === 'present' ? definition.runtime.etag : undefined;
    const etag = replacedEtag === undefined ? {} : { replacedEtag };
    this.#knowledge.remember({ operation: { kind: untold ?? kind, time, fields, specHash: hash, ...etag, repeated } });
    this.#report.log.info('azure has accepted a write', { kind, repeated });
  }

  /** What an earlier pass had Azure accept is so now. */
  conclude(): void {
    const { operation, drift } = this.#knowledge.situation.memory;
    if (operation === undefined) throw new Error('there is nothing to conclude');
    const { kind, fields } = operation;
    const differing = driftOf(this.#knowledge.situation).map(({ field }) => field);
    const shown = fields.filter((field) => !differing.includes(field));
    // The status shows what cannot be seen in a name.
    const asShown = new Set<string>(shown.flatMap((field) => [field, visible(field)]));
    this.#knowledge.forgetOperation();
    const isTold = shown.length > 0 || sortOf(kind) === 'creation' || kind === 'Adopt';
    if (isTold) {
      this.done(
        kind,
        drift.filter(({ field }) => asShown.has(field)),
        shown,
      );
    }
    if (shown.length < fields.length) this.#changedSince(operation, differing);
  }

  /** It is over, and the runtime shows something else: what was declared was in sync, and has drifted. */
  #changedSince({ kind, fields, specHash }: Operation, differing: readonly FieldPath[]): void {
    const { memory, now, desired } = this.#knowledge.situation;
    const changed = fields.filter((field) => differing.includes(field));
    this.#report.log.info('what azure had accepted was changed since', { fields: changed.join(', ') });
    if (specHash === declarationHash(desired)) this.#knowledge.remember({ syncedSpecHash: specHash });
    // Counted though nobody has seen it, or two who set back each other would never be told of.
    if (kind === 'Correct') this.#knowledge.remember({ corrections: corrected(memory.corrections, changed, now) });
  }

  /** What a write was for is so now; `changes` and `fields` are what it changed in a runtime that existed. */
  done(
    kind: Operation['kind'],
    changes: readonly Drift[] = [],
    fields: readonly FieldPath[] = changes.map(({ field }) => field),
  ): void {
    const what = changes.length > 0 ? describeChanges(changes) : fields.join(', ');
    if (sortOf(kind) === 'creation') {
      const message = kind === 'Recreate' ? 'The runtime was created again.' : 'The runtime was created.';
      this.#report.announce('Created', message);
    } else if (kind === 'Adopt') {
      const changed = what === '' ? 'as it was' : `and changed: ${what}`;
      this.#report.announce('Adopted', `The runtime existed and was taken over, ${changed}.`);
    } else {
      this.#report.log.info('runtime updated', { changes: what, drift: kind === 'Correct' });
      if (kind === 'Correct') this.#corrected(what, fields);
    }
  }

  #corrected(what: string, fields: readonly FieldPath[]): void {
    const { memory, now } = this.#knowledge.situation;
    this.#report.tell('DriftCorrected', `Set back: ${what}.`);
    for (const field of fields) this.#world.metrics.driftCorrected(fieldOf(field));
    this.#knowledge.remember({ corrections: corrected(memory.corrections, fields, now) });
  }

  /** Drift that no status has told of, because the pass that found it has set it back. */
  detected(drift: readonly Drift[]): void {
    const { memory } = this.#knowledge.situation.object;
    if (startsToDrift(memory, { drift })) this.#report.tell('DriftDetected', describeDrift(drift));
    for (const { field } of drift) this.#world.metrics.driftDetected(fieldOf(field));
  }
}
