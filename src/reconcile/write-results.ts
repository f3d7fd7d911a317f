/**
 * What a write to Azure comes to: it has taken effect, or Azure goes on with it and a later pass concludes it. Here that
 * becomes part of what is known, is told and counted; nothing is called.
 */

import { visible } from '../api/visible.ts';
import {
  adopted,
  created,
  describeChanges,
  driftCorrected,
  driftDetected,
  startsToDrift,
  updated,
} from '../core/events.ts';
import { declarationHash } from '../core/model/desired.ts';
import { type Drift, type FieldPath, fieldOf } from '../core/model/fields.ts';
import { type Operation, operationCategory, operationOf, wholeSecond } from '../core/model/object.ts';
import type { Accepted, ObservedRuntime } from '../core/model/runtime.ts';
import { driftOf, type Write } from '../core/situation.ts';
import { corrected } from '../core/status/contest.ts';
import type { Dependencies } from '../ports.ts';
import type { PassState } from './pass-state.ts';
import type { Report } from './report.ts';

export class WriteResults {
  readonly #world: Pick<Dependencies, 'metrics' | 'now'>;
  readonly #state: PassState;
  readonly #report: Report;

  constructor(world: Dependencies, state: PassState, report: Report) {
    this.#world = world;
    this.#state = state;
    this.#report = report;
  }

  /** Azure has answered a write. What is known of the definition stands until Azure shows another. */
  writeAnswered(wrote: Write, answer: ObservedRuntime | Accepted): void {
    const state = this.#state;
    state.invalidate('state', 'interactiveAuthoring');
    state.update({ wrote });
    if (!('accepted' in answer)) {
      state.update({ definition: { presence: 'present', fresh: true, runtime: answer } });
      state.forgetOperation();
    }
    // Every write sends the full definition, and that is all a repair is.
    const token = state.situation.object.requests.repair;
    if (token !== undefined) state.updateStatus({ lastHandledRepairAt: token });
  }

  /** Azure has accepted a write and goes on with it: what it comes to is for later passes to see. */
  operationStarted(kind: Operation['kind'], changes: readonly Drift[] = []): void {
    const { desired, status, definition } = this.#state.situation;
    const before = operationOf(status, operationCategory(kind));
    const hash = declarationHash(desired);
    const repeated = before?.specHash === hash;
    // What was to be told of one that is written over has not been told yet.
    const untold = repeated || before?.kind === 'Adopt' || before?.kind === 'Recreate' ? before?.kind : undefined;
    const fields = changes.map(({ field }) => field);
    // From now on, not from when the pass began: a slow one would shorten the wait, and a clock set back meanwhile would end it.
    const time = wholeSecond(this.#world.now());
    this.#state.update({ now: time });
    const isAlone = status.operation === undefined || repeated;
    const replacedEtag = isAlone && definition?.presence === 'present' ? definition.runtime.etag : undefined;
    const etag = replacedEtag === undefined ? {} : { replacedEtag };
    this.#state.updateStatus({ operation: { kind: untold ?? kind, time, fields, specHash: hash, ...etag, repeated } });
    this.#report.log.info('write accepted by azure', { kind, repeated });
  }

  /** What an earlier pass had Azure accept is so now. */
  operationCompleted(): void {
    const { operation, drift } = this.#state.situation.status;
    if (operation === undefined) throw new Error('there is nothing to conclude');
    const { kind, fields } = operation;
    const differing = driftOf(this.#state.situation).map(({ field }) => field);
    const shown = fields.filter((field) => !differing.includes(field));
    // The status shows what cannot be seen in a name.
    const asShown = new Set<string>(shown.flatMap((field) => [field, visible(field)]));
    this.#state.forgetOperation();
    const isTold = shown.length > 0 || operationCategory(kind) === 'creation' || kind === 'Adopt';
    if (isTold) {
      this.writeApplied(
        kind,
        drift.filter(({ field }) => asShown.has(field)),
        shown,
      );
    }
    if (shown.length < fields.length) this.#changedSince(operation, differing);
  }

  /** It is over, and the runtime shows something else: what was declared was in sync, and has drifted. */
  #changedSince({ kind, fields, specHash }: Operation, differing: readonly FieldPath[]): void {
    const { status, now, desired } = this.#state.situation;
    const changed = fields.filter((field) => differing.includes(field));
    this.#report.log.info('accepted write was changed since', { fields: changed.join(', ') });
    if (specHash === declarationHash(desired)) this.#state.updateStatus({ syncedSpecHash: specHash });
    // Counted though unseen, or two writers that correct each other would never be reported.
    if (kind === 'Correct') this.#state.updateStatus({ corrections: corrected(status.corrections, changed, now) });
  }

  /** What a write was for is so now; `changes` and `fields` are what it changed in a runtime that existed. */
  writeApplied(
    kind: Operation['kind'],
    changes: readonly Drift[] = [],
    fields: readonly FieldPath[] = changes.map(({ field }) => field),
  ): void {
    const declared = new Set<string>(this.#state.situation.desired.fields.keys());
    const what = changes.length > 0 ? describeChanges(changes, declared) : fields.join(', ');
    if (operationCategory(kind) === 'creation') {
      this.#report.eventAndLog(created(kind));
    } else if (kind === 'Adopt') {
      this.#report.eventAndLog(adopted(what));
    } else {
      this.#report.log.info('runtime updated', { changes: what, drift: kind === 'Correct' });
      if (kind === 'Correct') this.#corrected(what, fields);
      if (kind === 'Update') this.#report.event(updated(what));
    }
  }

  #corrected(what: string, fields: readonly FieldPath[]): void {
    const { status, now } = this.#state.situation;
    this.#report.event(driftCorrected(what));
    for (const field of fields) this.#world.metrics.driftCorrected(fieldOf(field));
    this.#state.updateStatus({ corrections: corrected(status.corrections, fields, now) });
  }

  /** Drift that no status has told of, because the pass that found it has set it back. */
  detected(drift: readonly Drift[]): void {
    const { status } = this.#state.situation.object;
    for (const { field } of drift) this.#world.metrics.driftDetected(fieldOf(field));
    if (!startsToDrift(status, { drift })) return;
    this.#report.event(driftDetected(drift));
    this.#world.metrics.foreignChange(this.#state.situation.object.key);
  }
}
