/**
 * Parses the messages of Event Grid about changes in Azure Resource Manager. Pure: text in, changes and counts of what was
 * dropped out. Nobody vouches for the author of a message, so all that is believed of one is which runtime may have changed.
 * `claims` (the names and addresses of people) is never read.
 */
import type { AzureChange, ChangedScope } from '../../core/model/azure-change.ts';
import { compact } from '../../core/model/compact.ts';
import { foldCase } from '../../core/model/letter-case.ts';
import { requestIds } from '../../core/model/request-ids.ts';
import { ARM_TYPES, type Parent } from '../../core/model/runtime.ts';
import { checkParent, checkResourceGroup, checkRuntimeId } from '../arm/ids.ts';

export interface ParsedMessage {
  readonly changes: readonly AzureChange[];
  /** Events that make sense, and are not about what is listened to. */
  readonly ignored: number;
  /** What makes no sense: the whole message, or an event of it. */
  readonly malformed: number;
}

/** The limit of a queue's message, which counts it as it is encoded (documented). */
const MAX_LENGTH = 64 * 1024;

const MALFORMED: ParsedMessage = { changes: [], ignored: 0, malformed: 1 };

/** One event, or an array of one, was recorded: an array of many is no message of Event Grid, and would be much work. */
const MAX_EVENTS = 8;

/** What an event says, as far as it is looked at: nothing of it is proven, and any of it may be missing. */
export interface ToldEvent {
  readonly id: string | undefined;
  readonly type: string | undefined;
  readonly operation: string | undefined;
  /** The id of what it is about. */
  readonly resource: string | undefined;
  readonly time: string | undefined;
  readonly correlationId: string | undefined;
}

/** JSON as it is, or base64 of it (both recorded); one event, or an array of a few. Undefined for no such text; never throws. */
export function eventsIn(text: string): ToldEvent[] | undefined {
  const json = text.length > MAX_LENGTH ? undefined : (parseJson(text) ?? parseJson(decoded(text)));
  const events = Array.isArray(json) ? json : [json];
  return json === undefined || events.length > MAX_EVENTS ? undefined : events.map(toldBy);
}

/** Never throws. */
export function parseMessage(text: string): ParsedMessage {
  const events = eventsIn(text)?.map(changeOf);
  if (events === undefined) return MALFORMED;
  return {
    changes: events.filter((event): event is AzureChange => typeof event === 'object'),
    ignored: events.filter((event) => event === 'ignored').length,
    malformed: events.filter((event) => event === 'malformed').length,
  };
}

/** An object, or what else can hold events; undefined for every other text. */
function parseJson(text: string | undefined): object | undefined {
  try {
    const value: unknown = JSON.parse((text ?? '').replace(/^\uFEFF/, ''));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function decoded(text: string): string | undefined {
  const base64 = text.trim();
  if (!/^[A-Za-z0-9+/\s]+={0,2}$/.test(base64)) return undefined;
  return Buffer.from(base64, 'base64').toString('utf8');
}

/** Only what has been done: a request that failed has changed nothing. */
export const EVENT_TYPES: ReadonlySet<string> = new Set(
  ['write', 'delete', 'action'].map((kind) => `microsoft.resources.resource${kind}success`),
);

const AUTHORING = ['enableinteractivequery/action', 'disableinteractivequery/action'];
const OF_RUNTIMES = ['write', 'delete', ...AUTHORING];

/**
 * Exactly these, in lower case. The list is closed because of Synapse's own `integrationRuntimes/getStatus/action`: if a poll
 * woke its object, each poll would lead to the next one.
 */
export const OPERATIONS: ReadonlyMap<string, ChangedScope['kind']> = new Map([
  ...OF_RUNTIMES.map((what) => [`microsoft.datafactory/factories/integrationruntimes/${what}`, 'runtime'] as const),
  ...OF_RUNTIMES.map((what) => [`microsoft.synapse/workspaces/integrationruntimes/${what}`, 'runtime'] as const),
  ['microsoft.datafactory/factories/delete', 'parent'],
  ['microsoft.synapse/workspaces/delete', 'parent'],
  ['microsoft.resources/subscriptions/resourcegroups/delete', 'resourceGroup'],
]);

/** Whether the documented event subscription leaves an operation out, as the operator does. */
export function isLeftOut(operation: string): boolean {
  return !OPERATIONS.has(foldCase(operation));
}

/** Of both schemas: Event Grid's own, and CloudEvents 1.0. */
function toldBy(event: unknown): ToldEvent {
  const data = fieldOf(event, 'data');
  return {
    id: textIn(event, 'id'),
    type: textIn(event, 'eventType') ?? textIn(event, 'type'),
    operation: textIn(data, 'operationName'),
    resource: textIn(data, 'resourceUri') ?? textIn(event, 'subject'),
    time: textIn(event, 'eventTime') ?? textIn(event, 'time'),
    correlationId: textIn(data, 'correlationId'),
  };
}

function changeOf({
  type,
  operation,
  resource,
  time,
  correlationId,
}: ToldEvent): AzureChange | 'ignored' | 'malformed' {
  if (type === undefined || operation === undefined) return 'malformed';
  const kind = EVENT_TYPES.has(foldCase(type)) ? OPERATIONS.get(foldCase(operation)) : undefined;
  if (kind === undefined) return 'ignored';
  const at = timeOf(time);
  const scope = scopeOf(resource ?? '');
  if (scope?.kind !== kind || at === undefined || !foldCase(operation).startsWith(providerOf(scope)))
    return 'malformed';
  const { correlation } = requestIds(undefined, correlationId) ?? {};
  return { scope, operation: foldCase(operation), at, ...compact({ correlationId: correlation }) };
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function textIn(value: unknown, name: string): string | undefined {
  const field = fieldOf(value, name);
  return typeof field === 'string' ? field : undefined;
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

function timeOf(text: string | undefined): number | undefined {
  const at = text !== undefined && TIME.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

const PARENT_KINDS: readonly Parent['kind'][] = ['factory', 'workspace'];

const RESOURCE =
  /^\/subscriptions\/([^/]+)\/resourcegroups\/([^/]+)(?:\/providers\/([^/]+\/[^/]+)\/([^/]+)(?:\/integrationruntimes\/([^/]+))?)?$/;

/** Undefined for what is no id of a runtime, a parent or a resource group, or none that ARM could have. */
function scopeOf(resource: string): ChangedScope | undefined {
  const [, subscriptionId = '', resourceGroup = '', provider, parentName = '', name] =
    RESOURCE.exec(foldCase(resource)) ?? [];
  const group = { subscriptionId, resourceGroup };
  if (provider === undefined) return ifValid({ kind: 'resourceGroup', ...group }, checkResourceGroup);
  const kind = PARENT_KINDS.find((each) => foldCase(ARM_TYPES[each]) === provider);
  if (kind === undefined) return undefined;
  const parent = { kind, ...group, name: parentName };
  return name === undefined
    ? ifValid({ kind: 'parent', parent }, (scope) => checkParent(scope.parent))
    : ifValid({ kind: 'runtime', id: { parent, name } }, ({ id }) => checkRuntimeId(id));
}

function ifValid<T extends ChangedScope>(scope: T, check: (scope: T) => void): T | undefined {
  try {
    check(scope);
    return scope;
  } catch {
    return undefined;
  }
}

/** An operation of one provider on a resource of another is forged. */
function providerOf(scope: ChangedScope): string {
  switch (scope.kind) {
    case 'resourceGroup':
      return 'microsoft.resources/';
    case 'parent':
      return foldCase(`${ARM_TYPES[scope.parent.kind]}/`);
    case 'runtime':
      return foldCase(`${ARM_TYPES[scope.id.parent.kind]}/`);
  }
}
