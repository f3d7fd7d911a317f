/** A plan for people, for a pull request, and for machines. */
import type { Json } from '../../core/model/runtime.ts';
import type { Io } from '../io.ts';
import { KUSTOMIZED } from '../manifests/load.ts';
import { renderJson, renderYaml } from '../output/documents.ts';
import { table } from '../output/table.ts';
import { codeSpan, safe } from '../output/text.ts';
import { OUTPUT_VERSION } from '../version.ts';
import {
  type Change,
  type FieldChange,
  type Plan,
  type PlanAction,
  type PlannedObject,
  summaryOf,
  writes,
} from './change.ts';

export const PLAN_FORMATS = ['text', 'json', 'yaml', 'markdown'] as const;
export type PlanFormat = (typeof PLAN_FORMATS)[number];

export interface RenderOptions {
  /** Tells a pull request's comments apart. */
  readonly commentId: string;
  /** Characters of the markdown. */
  readonly maxLength: number;
}

export function render(plan: Plan, format: PlanFormat, io: Io, options: RenderOptions): string | Promise<string> {
  switch (format) {
    case 'text':
      return renderText(plan, io);
    case 'json':
      return renderJson(documentOf(plan));
    case 'yaml':
      return renderYaml(documentOf(plan) as unknown as Json);
    case 'markdown':
      return renderMarkdown(plan, options);
  }
}

function documentOf(plan: Plan) {
  const { complete, changes, errors, violations, assumptions, ignored, reads, as } = plan;
  return {
    apiVersion: OUTPUT_VERSION,
    kind: 'Plan',
    complete,
    summary: summaryOf(changes),
    changes,
    errors,
    violations,
    assumptions,
    ignored,
    requests: { reads },
    ...(as === undefined ? {} : { as }),
  };
}

const SIGNS: Readonly<Record<PlanAction, string>> = {
  create: '+',
  createNetwork: '+',
  adopt: '<',
  update: '~',
  repair: '!',
  delete: '-',
  retain: '=',
  handOver: '>',
  none: ' ',
  blocked: 'x',
  unknown: '?',
};
const STYLES: Partial<Record<PlanAction, Parameters<Io['paint']>[0]>> = {
  create: 'green',
  createNetwork: 'yellow',
  adopt: 'cyan',
  update: 'yellow',
  delete: 'red',
  blocked: 'red',
  unknown: 'yellow',
};

function actionOf({ action, certain, reason }: Change): string {
  if (reason === 'Offline') return 'valid';
  return action === 'delete' && !certain ? 'delete?' : action;
}

/** `SampleV2DataFactory1/EtlIR`; the rest of the id is the same for most, and in the JSON. */
function runtimeOf({ runtime }: Change): string {
  const [, parent, name] = /\/([^/]+)\/integrationRuntimes\/([^/]+)$/.exec(runtime ?? '') ?? [];
  return parent === undefined ? '' : `${parent}/${name}`;
}

/** A line of what kustomize made is in no file. */
function placeOf({ file, line }: PlannedObject): string {
  if (file === undefined) return '';
  return file.startsWith(KUSTOMIZED) ? file : `${file}:${line}`;
}

const nameOf = ({ namespace, name }: PlannedObject): string => `${namespace}/${name}`;

function remarkOf({ reason, message, action }: Change): string {
  if (reason === 'Offline') return '';
  const named = reason !== undefined && (action === 'blocked' || action === 'unknown') ? `${reason}: ` : '';
  return message === undefined ? named.replace(/: $/, '') : `${named}${message}`;
}

function literal(value: Json): string {
  return value === null ? 'nothing' : value === '(hidden)' ? value : JSON.stringify(value);
}

const CAUSES: Readonly<Record<FieldChange['cause'], string>> = {
  declared: 'declared',
  drift: 'drift (Azure was changed)',
  removed: "removed (back to Azure's default)",
};

/** `none` is counted, and shown only where there is something to say of it. */
function isShown(change: Change): boolean {
  return change.action !== 'none' || change.message !== undefined;
}

/** An import is forty of these: a line each is enough. */
function isBrief(change: Change): boolean {
  return change.action === 'adopt' && !writes(change);
}

function renderText(plan: Plan, io: Io): string {
  const shown = plan.changes.filter(isShown);
  const heads = table(
    shown.map((change) => {
      const style = STYLES[change.action];
      const paint = style === undefined ? {} : { paint: (text: string) => io.paint(style, text) };
      return [
        { text: `${SIGNS[change.action]} ${nameOf(change.object)}`, ...paint },
        { text: actionOf(change), ...paint },
        runtimeOf(change),
        placeOf(change.object),
        isBrief(change) ? remarkOf(change) : '',
      ];
    }),
  );
  const lines = shown.flatMap((change, i) => {
    const remark = isBrief(change) ? '' : remarkOf(change);
    const fields = change.fields.map((field) => [
      field.path,
      `${literal(field.before)} -> ${literal(field.after)}`,
      CAUSES[field.cause],
    ]);
    return [heads[i] ?? '', ...(remark === '' ? [] : [`    ${safe(remark)}`]), ...table(fields, '    ')];
  });
  return `${[...lines, ...plan.errors.map((error) => io.paint('red', `error: ${safe(error)}`)), ...plan.violations.map((each) => io.paint('red', safe(each))), conclusionOf(plan), ...plan.assumptions.map((each) => `Assumed: ${each}.`)].join('\n')}\n`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function countsOf(plan: Plan): string {
  const counts = summaryOf(plan.changes);
  const told: [number, string][] = [
    [counts.create, 'create'],
    [counts.createNetwork, 'create network'],
    [counts.adopt, 'adopt'],
    [counts.update, 'update'],
    [counts.repair, 'repair'],
    [counts.handOver, 'hand over'],
    [counts.delete, 'delete'],
    [counts.deleteUnknown, 'delete?'],
    [counts.retain, 'retain'],
    [counts.blocked, 'blocked'],
    [counts.unknown, plan.as === undefined ? 'valid' : 'unknown'],
  ];
  const parts = [
    ...told.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`),
    `${counts.unchanged} unchanged`,
  ];
  return parts.join(', ');
}

function conclusionOf(plan: Plan): string {
  const nothing = plan.complete && !plan.changes.some((change) => writes(change) || change.action === 'blocked');
  const seen =
    plan.as === undefined
      ? 'Azure was not asked.'
      : `${counted(plan.reads, 'read')}, as ${safe(plan.as)} (as you, not as the operator).`;
  const others = plan.ignored === 0 ? '' : ` ${counted(plan.ignored, 'object')} of other kinds passed over.`;
  const verdict = !plan.complete
    ? ' Incomplete: see the errors.'
    : nothing && plan.as !== undefined
      ? ' No changes in Azure.'
      : '';
  return `Plan: ${countsOf(plan)}.${verdict} ${seen}${others}`;
}

const GRAVE: readonly PlanAction[] = ['delete', 'blocked'];

/** Deletions and blocked objects come first and are never dropped; details are, where there is no room. */
function renderMarkdown(plan: Plan, { commentId, maxLength }: RenderOptions): string {
  const marker = `<!-- kubectl-azir:${commentId.replaceAll(/[^\w.-]/g, '')} -->`;
  const shown = plan.changes.filter(isShown);
  const grave = shown.filter(({ action }) => GRAVE.includes(action));
  const rest = shown.filter(({ action }) => !GRAVE.includes(action));
  const verdict = plan.complete ? '' : '\n\n**Incomplete:** something could not be read, so that there may be more.';
  const head = `${marker}\n### Azure integration runtimes: ${countsOf(plan)}${verdict}\n`;
  const by =
    plan.as === undefined
      ? 'Azure was not asked.'
      : `${counted(plan.reads, 'read')} of Azure, as ${codeSpan(plan.as)}: as you, not as the operator.`;
  const foot = [...plan.assumptions.map((each) => `Assumed: ${each}.`), by].join(' ');
  const mustWith = (row: (change: Change) => string, violations: readonly string[]): string => {
    const told = [...plan.errors, ...violations].map((each) => `- ${codeSpan(each)}`);
    return [
      head,
      ...(told.length > 0 ? [`${told.join('\n')}\n`] : []),
      ...(grave.length > 0 ? [`${TABLE_HEAD}${grave.map(row).join('')}`] : []),
    ].join('\n');
  };
  const whole = mustWith(rowOf, plan.violations);
  // Without remarks there is room for about three times as many.
  const isTooMuch = whole.length + foot.length + ROOM_FOR_NOTES > maxLength;
  const must = isTooMuch ? mustWith(shortRowOf, violationsInShort(plan)) : whole;
  const room = maxLength - must.length - foot.length - ROOM_FOR_NOTES;
  const rows = fitting(rest.map(rowOf), room - TABLE_HEAD.length);
  const details = fitting(
    shown.filter(({ fields }) => fields.length > 0).map(detailsOf),
    room - TABLE_HEAD.length - rows.join('').length,
  );
  const left = rest.length - rows.length + (shown.filter(({ fields }) => fields.length > 0).length - details.length);
  const parts = [
    must,
    rows.length > 0 ? `${TABLE_HEAD}${rows.join('')}` : '',
    details.join('\n'),
    isTooMuch ? '_Runtimes, places and remarks of deletions and blocked objects were left out for want of room._' : '',
    left > 0
      ? `_${rest.length - rows.length} rows and ${left - (rest.length - rows.length)} details were left out for want of room; deletions and counts are complete._`
      : '',
    foot,
  ];
  return `${parts.filter((part) => part !== '').join('\n')}\n`;
}

const ROOM_FOR_NOTES = 300;
const TABLE_HEAD = '|   | Object | Action | Runtime | Where | Remark |\n| - | - | - | - | - | - |\n';

function rowOf(change: Change): string {
  const remark = remarkOf(change);
  const cells = [
    change.action === 'none' ? '' : codeSpan(SIGNS[change.action]),
    codeSpan(nameOf(change.object)),
    actionOf(change),
    runtimeOf(change) === '' ? '' : codeSpan(runtimeOf(change)),
    codeSpan(placeOf(change.object)),
    remark === '' ? '' : codeSpan(remark),
  ];
  return `| ${cells.join(' | ')} |\n`;
}

function violationsInShort({ violations }: Plan): string[] {
  return violations.length === 0 ? [] : [`--policy forbids ${violations.length} of these changes`];
}

function shortRowOf(change: Change): string {
  return `| ${codeSpan(SIGNS[change.action])} | ${codeSpan(nameOf(change.object))} | ${actionOf(change)} | | | |\n`;
}

function detailsOf({ object, fields }: Change): string {
  const rows = fields.map(
    ({ path, before, after, cause }) =>
      `| ${codeSpan(path)} | ${codeSpan(literal(before))} | ${codeSpan(literal(after))} | ${cause} |`,
  );
  const summary = `<details><summary><code>${nameOf(object).replaceAll(/[^\w./-]/g, '')}</code>: ${counted(fields.length, 'field')}</summary>`;
  return `${summary}\n\n| Field | Before | After | Cause |\n| - | - | - | - |\n${rows.join('\n')}\n\n</details>\n`;
}

/** As many as there is room for, from the beginning. */
function fitting(parts: readonly string[], room: number): string[] {
  let left = room;
  const fit: string[] = [];
  for (const part of parts) {
    left -= part.length + 1;
    if (left < 0) break;
    fit.push(part);
  }
  return fit;
}
