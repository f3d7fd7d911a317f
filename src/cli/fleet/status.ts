/** `kubectl azir status`: the fleet, grouped by factory and workspace. */
import { compact } from '../../core/model/compact.ts';
import { isSameName } from '../../core/model/letter-case.ts';
import { condition, type ManagedObject } from '../../core/model/object.ts';
import { armId, type Json, parentArmId, parentKey, type RuntimeId } from '../../core/model/runtime.ts';
import { readText } from '../../kube/client/raw.ts';
import { systemClock, type Timer } from '../../runtime/clock.ts';
import { CommandError, EXIT, type ExitCode } from '../exit.ts';
import { outputs } from '../flags.ts';
import type { Io } from '../io.ts';
import { connect, type KubeClient } from '../kube.ts';
import { renderJson, renderYaml } from '../output/documents.ts';
import { type Cell, table } from '../output/table.ts';
import { safe } from '../output/text.ts';
import { OUTPUT_VERSION } from '../version.ts';
import { follow } from './follow.ts';
import { annotationsOf, type Choice, type Found, find, isReady, placesOf, SUSPEND } from './objects.ts';
import { inWords, iso } from './times.ts';

export interface StatusFlags extends Choice {
  readonly factory?: string;
  readonly exitCode: boolean;
  readonly watch: boolean;
  readonly output: readonly string[];
}

const FORMATS = ['text', 'wide', 'json', 'yaml', 'name'] as const;
type Format = (typeof FORMATS)[number];

export async function status(names: readonly string[], flags: StatusFlags, io: Io): Promise<ExitCode> {
  const [chosen] = outputs(flags.output, FORMATS, 'text');
  if (chosen?.file !== undefined) throw new CommandError('status writes to standard output: -o takes no file');
  if (flags.watch && flags.exitCode)
    throw new CommandError('-w goes on until it is interrupted: leave out --exit-code, or -w');
  const format = chosen?.format ?? 'text';
  const client = connect(flags, io);
  try {
    if (flags.watch) return await watch(client, names, flags, format, io);
    io.progress('listing objects');
    const found = (await find(client, names, flags, io.signal)).filter((each) => isOf(each, flags.factory));
    const lines = linesOf(found);
    if (lines.length === 0) io.note(nothingFound(flags));
    io.out(await render(lines, format, Date.now(), io));
    return flags.exitCode && !found.every(({ object }) => isReady(object)) ? EXIT.no : EXIT.done;
  } finally {
    await client.close();
  }
}

function nothingFound({ allNamespaces, notReady, selector, factory }: StatusFlags): string {
  const which = notReady ? ' that is not ready' : selector !== undefined || factory !== undefined ? ' of these' : '';
  return `no AzureIntegrationRuntime${which} was found${allNamespaces ? '' : ': -A looks in all namespaces'}`;
}

/** Draws anew on a screen; elsewhere a line is added for each object that changes. Ends when it is interrupted. */
async function watch(
  client: KubeClient,
  names: readonly string[],
  flags: StatusFlags,
  format: Format,
  io: Io,
): Promise<ExitCode> {
  const places = names.length === 0 ? undefined : placesOf(names, flags, client);
  const namespaces = new Set(places?.map(({ namespace }) => namespace));
  if (namespaces.size > 1) throw new CommandError('-w watches one namespace, or all: give names of one');
  const keys = places === undefined ? undefined : new Set(places.map(({ namespace, name }) => `${namespace}/${name}`));
  const [namespace = flags.allNamespaces ? undefined : (flags.namespace ?? client.namespace ?? 'default')] = namespaces;
  const isShown = (found: Found): boolean =>
    (keys?.has(found.object.key) ?? true) &&
    isOf(found, flags.factory) &&
    !(flags.notReady === true && isReady(found.object));
  const text = format === 'text' || format === 'wide';
  const shower = io.isScreen && text ? new Screen(format, io) : new Ticker(format, io);
  try {
    const scope = { namespace, labelSelector: flags.selector };
    await follow<never>(client, scope, (objects) => shower.show(linesOf([...objects.values()].filter(isShown))), {
      io,
      timeoutMs: undefined,
    });
    return EXIT.done;
  } finally {
    await shower.close();
  }
}

const REDRAW_MS = 200;
const HOME_AND_CLEAR = '\u001b[H\u001b[2J';

/** Not for each change: hundreds of them in a second are drawn once. */
class Screen {
  readonly #format: Format;
  readonly #io: Io;
  #lines: readonly Line[] = [];
  #timer: Timer | undefined;

  constructor(format: Format, io: Io) {
    this.#format = format;
    this.#io = io;
  }

  show(lines: readonly Line[]): undefined {
    this.#lines = lines;
    this.#timer ??= systemClock.setTimer(REDRAW_MS, () => this.#draw());
  }

  #draw(): void {
    this.#timer = undefined;
    const drawn = tree(this.#lines, this.#format === 'wide', Date.now(), this.#io);
    this.#io.out(`${HOME_AND_CLEAR}${drawn === '' ? 'no AzureIntegrationRuntime\n' : drawn}`);
  }

  /** What was seen last is shown. */
  async close(): Promise<void> {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#draw();
  }
}

/** Adds to what is there already, one after the other. */
class Ticker {
  readonly #format: Format;
  readonly #io: Io;
  #shown: ReadonlyMap<string, string> | undefined;
  #written: Promise<void> = Promise.resolve();

  constructor(format: Format, io: Io) {
    this.#format = format;
    this.#io = io;
  }

  show(lines: readonly Line[]): undefined {
    const before = this.#shown;
    const now = new Map(lines.map((line) => [line.key, JSON.stringify(line)]));
    this.#shown = now;
    const changed = lines.filter(({ key }) => before?.get(key) !== now.get(key));
    const gone = [...(before?.keys() ?? [])].filter((key) => !now.has(key));
    this.#written = this.#written.then(() => this.#write(changed, gone, before === undefined));
  }

  close(): Promise<void> {
    return this.#written;
  }

  async #write(changed: readonly Line[], gone: readonly string[], isFirst: boolean): Promise<void> {
    const isText = this.#format === 'text' || this.#format === 'wide';
    if (isText && !isFirst) this.#io.out(rowsOf(changed, this.#format === 'wide', Date.now(), this.#io));
    else if (isFirst || changed.length + gone.length > 0) await this.#document(changed, gone, isFirst);
    if (isText) for (const key of gone) this.#io.out(`${safe(key)}  gone, or not among these any more\n`);
  }

  async #document(changed: readonly Line[], gone: readonly string[], isFirst: boolean): Promise<void> {
    if (this.#format === 'yaml' && !isFirst) this.#io.out('---\n');
    this.#io.out(await render(changed, this.#format, Date.now(), this.#io, gone));
  }
}

function isOf({ object: { spec } }: Found, factory: string | undefined): boolean {
  return factory === undefined || (spec.valid && isSameName(spec.desired.id.parent.name, factory));
}

/** What is shown of an object. */
export interface Line {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly id: RuntimeId | undefined;
  readonly ready: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly state: string;
  readonly location: string;
  readonly drift: readonly string[];
  readonly repair: { readonly attempts: number; readonly nextAttemptTime: number | undefined } | undefined;
  /** As far as the object tells: a status does not change with each poll, so that the time of the next is in none. */
  readonly intervalMs: number | undefined;
  readonly suspended: { readonly by?: string; readonly at?: string; readonly reason?: string } | undefined;
}

export function linesOf(found: readonly Found[]): Line[] {
  return found.map(lineOf).sort(byName);
}

function lineOf(found: Found): Line {
  const { object } = found;
  const { status: told, spec } = object;
  const ready = condition(told, 'Ready');
  const isOld = told.observedGeneration !== object.generation;
  return {
    key: object.key,
    namespace: object.namespace,
    name: object.name,
    id: spec.valid ? spec.desired.id : undefined,
    ready: isOld || ready === undefined ? 'Unknown' : ready.status,
    reason: object.deleting ? 'Deleting' : isOld ? 'NotYetObserved' : (ready?.reason ?? 'NotYetObserved'),
    // What was said of an older generation says nothing of this one.
    message: isOld ? '' : (ready?.message ?? ''),
    state: told.state ?? '',
    location: told.location ?? '',
    drift: told.drift.map(({ field }) => field),
    repair: repairOf(object),
    intervalMs: spec.valid && !spec.desired.suspend ? spec.desired.intervalMs : undefined,
    suspended: suspendedOf(found),
  };
}

function repairOf({ status: { repair } }: ManagedObject): Line['repair'] {
  if (repair === undefined || repair.attempts === 0) return undefined;
  return { attempts: repair.attempts, nextAttemptTime: repair.nextAttemptTime };
}

function suspendedOf(found: Found): Line['suspended'] {
  const { spec } = found.object;
  if (!spec.valid || !spec.desired.suspend) return undefined;
  const annotations = annotationsOf(found);
  const text = (key: string) => readText(annotations[key]);
  return compact({ by: text(SUSPEND.by), at: text(SUSPEND.at), reason: text(SUSPEND.reason) });
}

function byName(a: Line, b: Line): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/** `gone`: keys of objects that a watch does not show any more. */
export function render(
  lines: readonly Line[],
  format: Format,
  now: number,
  io: Io,
  gone: readonly string[] = [],
): string | Promise<string> {
  if (format === 'name') return lines.map(({ key }) => `${safe(key)}\n`).join('');
  if (format === 'json') return renderJson(documentOf(lines, gone));
  if (format === 'yaml') return renderYaml(documentOf(lines, gone) as unknown as Json);
  return tree(lines, format === 'wide', now, io);
}

function documentOf(lines: readonly Line[], gone: readonly string[]) {
  const ready = lines.filter((line) => line.ready === 'True').length;
  return {
    apiVersion: OUTPUT_VERSION,
    kind: 'Status',
    summary: { objects: lines.length, ready },
    items: lines.map(itemOf),
    ...(gone.length === 0 ? {} : { gone }),
  };
}

/** In the words of a plan: the object, the ARM id, the reason. */
function itemOf({ namespace, name, id, repair, intervalMs, suspended, ready, reason, message, ...rest }: Line) {
  const { state, location, drift } = rest;
  const next = repair?.nextAttemptTime;
  return compact({
    object: { namespace, name },
    parent: id === undefined ? undefined : parentArmId(id.parent),
    runtime: id === undefined ? undefined : armId(id),
    ready,
    reason,
    message: message === '' ? undefined : safe(message),
    state: state || undefined,
    location: location || undefined,
    drift,
    repair:
      repair === undefined
        ? undefined
        : compact({ attempts: repair.attempts, nextAttemptTime: next === undefined ? undefined : iso(next) }),
    interval: intervalMs === undefined ? undefined : inWords(intervalMs),
    suspended,
  });
}

/** Each factory and workspace with what is in it. */
function tree(lines: readonly Line[], wide: boolean, now: number, io: Io): string {
  const groups = [...Map.groupBy(lines, ({ id }) => (id === undefined ? '' : parentKey(id.parent)))];
  groups.sort(([a], [b]) => (a < b ? -1 : 1));
  // One table for all, so that the columns of all groups are one below the other.
  const drawn = table(
    groups.flatMap(([, group]) =>
      group.map((line, i) => [
        { text: `${i === group.length - 1 ? '└─' : '├─'} ${line.key}` },
        ...rowOf(line, wide, now, io),
      ]),
    ),
  );
  let row = 0;
  const text = groups.flatMap(([, group]) => {
    const parent = group[0]?.id?.parent;
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

/** Without the tree, of which there may be no more than this. */
function rowsOf(lines: readonly Line[], wide: boolean, now: number, io: Io): string {
  return table(lines.map((line) => [line.key, ...rowOf(line, wide, now, io)]))
    .map((row) => `${row}\n`)
    .join('');
}

function rowOf(line: Line, wide: boolean, now: number, io: Io): Cell[] {
  const style =
    line.ready === 'True' ? 'green' : line.suspended !== undefined || line.ready === 'Unknown' ? 'yellow' : 'red';
  const paint = (text: string) => io.paint(style, text);
  return [
    { text: line.ready, paint },
    { text: line.reason, paint },
    { text: line.state },
    { text: line.location },
    { text: remarkOf(line, now) },
    ...(wide ? [{ text: line.id?.name ?? '' }, { text: line.message }] : []),
  ];
}

function remarkOf({ suspended, drift, repair, intervalMs }: Line, now: number): string {
  return [
    ...(suspended === undefined ? [] : [suspendedInWords(suspended, now)]),
    ...(drift.length === 0 ? [] : [`drift: ${drift.join(', ')}`]),
    ...(repair === undefined ? [] : [repairInWords(repair, now)]),
    ...(intervalMs === undefined ? [] : [`poll every ${inWords(intervalMs)}`]),
  ].join('; ');
}

function suspendedInWords({ by, at, reason }: NonNullable<Line['suspended']>, now: number): string {
  const time = Date.parse(at ?? '');
  const since = Number.isNaN(time) ? '' : ` ${inWords(now - time)} ago`;
  return `suspended by ${by ?? 'a manifest'}${since}${reason === undefined ? '' : `: "${reason}"`}`;
}

function repairInWords({ attempts, nextAttemptTime }: NonNullable<Line['repair']>, now: number): string {
  const isDue = nextAttemptTime !== undefined && nextAttemptTime > now;
  return `${attempts} repair${attempts === 1 ? '' : 's'}${isDue ? `, next in ${inWords(nextAttemptTime - now)}` : ''}`;
}
