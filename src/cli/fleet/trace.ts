/** `kubectl azir trace`: what happened to one object, oldest first, and what happens next. */
import { compact } from '../../core/model/compact.ts';
import { condition, type ManagedObject } from '../../core/model/object.ts';
import { armId } from '../../core/model/runtime.ts';
import { pathOf } from '../../kube/client/paths.ts';
import { readList, readRecord, readText } from '../../kube/client/raw.ts';
import { CommandError, EXIT, type ExitCode } from '../exit.ts';
import { type KubeFlags, outputs } from '../flags.ts';
import type { Io } from '../io.ts';
import { ask, connect, type KubeClient } from '../kube.ts';
import { renderJson } from '../output/documents.ts';
import { table } from '../output/table.ts';
import { safe } from '../output/text.ts';
import { OUTPUT_VERSION } from '../version.ts';
import { annotationsOf, type Found, find, gitOpsOf, SUSPEND } from './objects.ts';
import { inWords, iso } from './times.ts';

export interface TraceFlags extends KubeFlags {
  readonly output: readonly string[];
}

interface Entry {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly what: string;
  readonly message: string;
}

export async function trace(name: string, flags: TraceFlags, io: Io): Promise<ExitCode> {
  const [{ format } = { format: 'text' }] = outputs(flags.output, ['text', 'json'] as const, 'text');
  const client = connect(flags, io);
  try {
    const [found] = await find(client, [name], flags, io.signal);
    if (found === undefined) throw new CommandError(`${name} cannot be parsed`);
    const events = await eventsOf(client, found.object, io);
    const entries = [...storyOf(found), ...(events ?? [])];
    entries.sort((a, b) => a.time - b.time);
    const next = nextOf(found.object, Date.now());
    if (format === 'json') {
      const timeline = entries.map(({ time, what, message }) => ({ time: iso(time), what, message: safe(message) }));
      io.out(renderJson({ apiVersion: OUTPUT_VERSION, kind: 'Trace', ...headOf(found), timeline, next }));
    } else {
      const lines = table(entries.map(({ time, what, message }) => [iso(time), what, message]));
      const nexts = next.map((each) => `next: ${safe(each)}`);
      io.out(`${[...table(headInWords(found)), '', ...lines, '', ...nexts].join('\n')}\n`);
    }
    return events === undefined ? EXIT.failed : EXIT.done;
  } finally {
    await client.close();
  }
}

function headOf(found: Found) {
  const { namespace, name, spec, status } = found.object;
  return compact({
    object: { namespace, name },
    runtime: spec.valid ? armId(spec.desired.id) : undefined,
    claim: status.claim,
    owner: gitOpsOf(found),
  });
}

function headInWords(found: Found): string[][] {
  const { object, runtime, claim, owner } = headOf(found);
  return [
    ['object', `${object.namespace}/${object.name}`],
    ...(runtime === undefined ? [] : [['runtime', runtime]]),
    ...(claim === undefined ? [] : [['claim', `${claim.origin} as ${claim.identity}`]]),
    ...(owner === undefined ? [] : [['owner', `${owner}: what is changed in the cluster alone may be undone`]]),
  ];
}

/** What the object itself tells. */
function storyOf(found: Found): Entry[] {
  const { object } = found;
  const { status, createdAt, spec } = object;
  const metadata = readRecord(found.raw.metadata);
  const deleted = Date.parse(readText(metadata.deletionTimestamp) ?? '');
  const { repair, operation } = status;
  const annotations = annotationsOf(found);
  const suspendedAt = Date.parse(readText(annotations[SUSPEND.at]) ?? '');
  return [
    { time: createdAt, what: 'created', message: 'the object was created' },
    ...specChanges(readList(metadata.managedFields)),
    ...status.conditions.map(({ type, status: is, reason, message, lastTransitionTime }) => ({
      time: lastTransitionTime,
      what: `${type}=${is}`,
      message: `${reason}: ${message}`,
    })),
    ...status.corrections.flatMap(({ field, times }) =>
      times.map((time) => ({ time, what: 'drift', message: `${field} was corrected` })),
    ),
    ...(repair?.lastAttemptTime === undefined
      ? []
      : [{ time: repair.lastAttemptTime, what: 'repair', message: `attempt ${repair.attempts}` }]),
    ...(operation === undefined
      ? []
      : [{ time: operation.time, what: 'operation', message: `accepted by Azure: ${operation.kind}` }]),
    ...(spec.valid && spec.desired.suspend && !Number.isNaN(suspendedAt)
      ? [
          {
            time: suspendedAt,
            what: 'suspended',
            message: `by ${annotations[SUSPEND.by]}: ${annotations[SUSPEND.reason] ?? 'no reason given'}`,
          },
        ]
      : []),
    ...(Number.isNaN(deleted) ? [] : [{ time: deleted, what: 'deleted', message: 'deletion requested' }]),
  ];
}

/** Who last changed the spec, by each writer's own name. */
function specChanges(managedFields: readonly unknown[]): Entry[] {
  return managedFields.flatMap((each) => {
    const { manager, time, fieldsV1, subresource } = readRecord(each);
    const at = Date.parse(readText(time) ?? '');
    if (Number.isNaN(at) || subresource !== undefined || readRecord(fieldsV1)['f:spec'] === undefined) return [];
    return [{ time: at, what: 'spec', message: `last changed by ${manager}` }];
  });
}

/** Undefined: they may not be read, and the story is told without them. */
async function eventsOf(client: KubeClient, object: ManagedObject, io: Io): Promise<Entry[] | undefined> {
  const path = pathOf({ groupVersion: 'events.k8s.io/v1', plural: 'events', namespace: object.namespace });
  const query = { fieldSelector: `regarding.uid=${object.uid}`, limit: 500 };
  try {
    const answer = await ask(client, { method: 'GET', path, query }, io.signal);
    return readList(readRecord(answer).items).map(entryOf);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    io.note(`error: the events are missing below: ${safe(error.message)}`);
    return undefined;
  }
}

function entryOf(event: unknown): Entry {
  const { reason, note, eventTime, series } = readRecord(event);
  const { count, lastObservedTime } = readRecord(series);
  const time = Date.parse(readText(lastObservedTime) ?? readText(eventTime) ?? '');
  const times = typeof count === 'number' ? ` (${count} times)` : '';
  return { time: Number.isNaN(time) ? 0 : time, what: 'event', message: `${reason}${times}: ${note}` };
}

function nextOf({ status, spec, generation }: ManagedObject, now: number): string[] {
  if (!spec.valid) return ['waits until the manifest is corrected'];
  if (spec.desired.suspend) return ['nothing, until it is resumed'];
  if (status.observedGeneration !== generation) return ['the operator has yet to reconcile the change'];
  const { repair } = status;
  const isStalled = condition(status, 'Stalled')?.status === 'True';
  return [
    ...(isStalled ? ['user action is required: see the message of Ready'] : []),
    ...(repair?.nextAttemptTime !== undefined && repair.nextAttemptTime > now
      ? [`a repair, in ${inWords(repair.nextAttemptTime - now)}`]
      : []),
    spec.desired.intervalMs === undefined
      ? "polls at the operator's interval"
      : `polls every ${inWords(spec.desired.intervalMs)}`,
  ];
}
