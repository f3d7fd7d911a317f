/** `kubectl azir status`: the fleet, grouped by factory and workspace. */
import { condition, type ManagedObject } from '../../core/model/object.ts';
import type { Json } from '../../core/model/runtime.ts';
import { type Parent, parentArmId, parentKey } from '../../core/model/runtime.ts';
import { CommandError, EXIT, type ExitCode } from '../exit.ts';
import { outputs } from '../flags.ts';
import type { Io } from '../io.ts';
import { connect } from '../kube.ts';
import { renderJson, renderYaml } from '../output/documents.ts';
import { type Cell, table } from '../output/table.ts';
import { safe } from '../output/text.ts';
import { OUTPUT_VERSION } from '../version.ts';
import { annotationsOf, type Choice, type Found, find, isReady, SUSPEND } from './objects.ts';

export interface StatusFlags extends Choice {
  readonly factory?: string;
  readonly exitCode: boolean;
  readonly output: readonly string[];
}

const FORMATS = ['text', 'wide', 'json', 'yaml', 'name'] as const;

export async function status(names: readonly string[], flags: StatusFlags, io: Io): Promise<ExitCode> {
  const [chosen] = outputs(flags.output, FORMATS, 'text');
  if (chosen?.file !== undefined) throw new CommandError('status writes to standard output: -o takes no file');
  const client = connect(flags);
  try {
    const found = (await find(client, names, flags, io.signal)).filter((each) => isOf(each, flags.factory));
    const now = Date.now();
    const lines = found.map((each) => lineOf(each, now)).sort(byName);
    if (lines.length === 0) io.note('no AzureIntegrationRuntime was found: -A looks in all namespaces');
    io.out(await render(lines, chosen?.format ?? 'text', io));
    return flags.exitCode && !found.every(({ object }) => isReady(object)) ? EXIT.no : EXIT.done;
  } finally {
    await client.close();
  }
}

function isOf({ object: { spec } }: Found, factory: string | undefined): boolean {
  return factory === undefined || (spec.valid && spec.desired.id.parent.name.toLowerCase() === factory.toLowerCase());
}

export interface Line {
  readonly key: string;
  readonly parent: Parent | undefined;
  readonly runtime: string;
  readonly ready: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly state: string;
  readonly location: string;
  readonly drift: readonly string[];
  readonly repair: { readonly attempts: number; readonly nextAttempt: string | undefined } | undefined;
  readonly nextPoll: string;
  readonly suspended: { readonly by?: string; readonly at?: string; readonly reason?: string } | undefined;
}

function lineOf(found: Found, now: number): Line {
  const { object } = found;
  const { status: told, spec } = object;
  const ready = condition(told, 'Ready');
  const isOld = told.observedGeneration !== object.generation;
  return {
    key: object.key,
    parent: spec.valid ? spec.desired.id.parent : undefined,
    runtime: spec.valid ? spec.desired.id.name : '',
    ready: isOld || ready === undefined ? 'Unknown' : ready.status,
    reason: object.deleting ? 'Deleting' : isOld ? 'NotYetObserved' : (ready?.reason ?? 'NotYetObserved'),
    message: ready?.message ?? '',
    state: told.state ?? '',
    location: told.location ?? '',
    drift: told.drift.map(({ field }) => field),
    repair: repairOf(object, now),
    nextPoll: schedulePoll(object),
    suspended: suspendedOf(found),
  };
}

/** `every 10m`, as far as the object tells: a status does not change with each poll. Empty where only the operator's flag says. */
function schedulePoll({ spec }: ManagedObject): string {
  if (!spec.valid || spec.desired.suspend || spec.desired.intervalMs === undefined) return '';
  return `every ${inWords(spec.desired.intervalMs)}`;
}

function repairOf({ status: { repair } }: ManagedObject, now: number): Line['repair'] {
  if (repair === undefined || repair.attempts === 0) return undefined;
  const { attempts, nextAttemptTime } = repair;
  const isDue = nextAttemptTime !== undefined && nextAttemptTime > now;
  return { attempts, nextAttempt: isDue ? `in ${inWords(nextAttemptTime - now)}` : undefined };
}

function suspendedOf(found: Found): Line['suspended'] {
  const { spec } = found.object;
  if (!spec.valid || !spec.desired.suspend) return undefined;
  const annotations = annotationsOf(found);
  const text = (key: string) => (typeof annotations[key] === 'string' ? annotations[key] : undefined);
  const [by, at, reason] = [text(SUSPEND.by), text(SUSPEND.at), text(SUSPEND.reason)];
  return {
    ...(by === undefined ? {} : { by }),
    ...(at === undefined ? {} : { at }),
    ...(reason === undefined ? {} : { reason }),
  };
}

function byName(a: Line, b: Line): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

export function inWords(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes}m`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)}h` : `${Math.round(minutes / 1440)}d`;
}

function render(lines: readonly Line[], format: (typeof FORMATS)[number], io: Io): string | Promise<string> {
  if (format === 'name') return lines.map(({ key }) => `${safe(key)}\n`).join('');
  if (format === 'json') return renderJson(documentOf(lines));
  if (format === 'yaml') return renderYaml(documentOf(lines) as unknown as Json);
  return tree(lines, format === 'wide', io);
}

function documentOf(lines: readonly Line[]) {
  const items = lines.map(({ key, parent, ...rest }) => ({
    object: key,
    ...(parent === undefined ? {} : { parent: parentArmId(parent) }),
    ...JSON.parse(JSON.stringify(rest)),
    message: safe(rest.message),
  }));
  const ready = lines.filter((line) => line.ready === 'True').length;
  return { apiVersion: OUTPUT_VERSION, kind: 'Status', summary: { objects: lines.length, ready }, items };
}

/** Each factory and workspace with what is in it. */
function tree(lines: readonly Line[], wide: boolean, io: Io): string {
  const groups = [...Map.groupBy(lines, ({ parent }) => (parent === undefined ? '' : parentKey(parent)))];
  groups.sort(([a], [b]) => (a < b ? -1 : 1));
  // One table for all, so that the columns of all groups are one below the other.
  const drawn = table(
    groups.flatMap(([, group]) => group.map((line, i) => rowOf(line, i === group.length - 1, wide, io))),
  );
  let row = 0;
  const text = groups.flatMap(([, group]) => {
    const parent = group[0]?.parent;
    const ready = group.filter((line) => line.ready === 'True').length;
    const name =
      parent === undefined
        ? 'manifests that cannot be understood'
        : `${parent.name} (${parent.kind} in ${parent.resourceGroup})`;
    const head = `${io.paint('bold', safe(name))}  ${ready}/${group.length} ready`;
    const below = drawn.slice(row, row + group.length);
    row += group.length;
    return [head, ...below];
  });
  return text.length === 0 ? '' : `${text.join('\n')}\n`;
}

function rowOf(line: Line, isLast: boolean, wide: boolean, io: Io): Cell[] {
  const style =
    line.ready === 'True' ? 'green' : line.suspended !== undefined || line.ready === 'Unknown' ? 'yellow' : 'red';
  const paint = (text: string) => io.paint(style, text);
  return [
    { text: `${isLast ? '└─' : '├─'} ${line.key}` },
    { text: line.ready, paint },
    { text: line.reason, paint },
    { text: line.state },
    { text: line.location },
    { text: remarkOf(line) },
    ...(wide ? [{ text: line.runtime }, { text: line.message }] : []),
  ];
}

function remarkOf({ suspended, drift, repair, nextPoll }: Line): string {
  const why = suspended?.reason === undefined ? '' : `: "${suspended.reason}"`;
  return [
    ...(suspended === undefined
      ? []
      : [
          `suspended by ${suspended.by ?? 'a manifest'}${suspended.at === undefined ? '' : ` at ${suspended.at}`}${why}`,
        ]),
    ...(drift.length === 0 ? [] : [`drift: ${drift.join(', ')}`]),
    ...(repair === undefined
      ? []
      : [`${repair.attempts} repairs${repair.nextAttempt === undefined ? '' : `, next ${repair.nextAttempt}`}`]),
    ...(nextPoll === '' || suspended !== undefined ? [] : [`poll ${nextPoll}`]),
  ].join('; ');
}
