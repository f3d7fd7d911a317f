/** What Event Grid told of a run's own requests, and how that is matched: by the ids of its runtimes, and by those of its requests. */
import { isLeftOut, type ToldEvent } from '../../../azure/changes/parse-message.ts';
import { foldCase } from '../../../core/model/letter-case.ts';

export type Verb = 'write' | 'delete' | 'state';

/** A request of this run about a runtime of its own. */
export interface OwnRequest {
  readonly verb: Verb;
  /** The ARM id of the runtime, in lower case. */
  readonly resource: string;
  readonly correlationId: string;
  /** It was answered, and took effect or was accepted: an event is to come. */
  readonly succeeded: boolean;
}

/** An event about a runtime of this run. Of its message nothing else is kept. */
export interface OwnEvent {
  /** Empty: it names none. It may come more than once. */
  readonly id: string;
  /** Undefined: another operation. */
  readonly verb: Verb | undefined;
  readonly resource: string;
  readonly correlationId: string;
  /** It tells of what was done, and not of a failure. */
  readonly succeeded: boolean;
  /** The event subscription of docs/change-queue.md filters it out. */
  readonly isLeftOut: boolean;
}

/** What happened to a runtime. */
export const KINDS = ['create', 'update', 'deletion'] as const;
export type Kind = (typeof KINDS)[number];

export interface Count {
  readonly made: number;
  readonly announced: number;
}

/** Of one factory or workspace. */
export interface HeardEvents {
  readonly writes: Readonly<Record<Kind, Count>>;
  readonly states: Count;
  /** Events of writes and deletions: how many there were, and how many of them have the id of one of our requests. */
  readonly events: number;
  readonly withOurId: number;
  /** An event of the same resource group came that the event subscription of docs/change-queue.md filters out. */
  readonly unfiltered: boolean;
  /** How long was waited. */
  readonly seconds: number;
}

/** The verb and the id of the runtime that a request is about; undefined: it raises no event, or is about something else. */
export function subjectOf(method: string, path: string): Pick<OwnRequest, 'verb' | 'resource'> | undefined {
  const [, resource, action] = /^(.+\/integrationruntimes\/[^/]+)(?:\/([^/]+))?$/.exec(foldCase(path)) ?? [];
  if (resource === undefined) return undefined;
  if (action === undefined) {
    const verb = ({ PUT: 'write', DELETE: 'delete' } as const)[method];
    return verb && { verb, resource };
  }
  // A factory's is a read by its name (`getstatus/read`).
  const isState = method === 'POST' && action === 'getstatus' && resource.includes('/microsoft.synapse/');
  return isState ? { verb: 'state', resource } : undefined;
}

/** Undefined for an event about anything but a runtime of ours. */
export function ownEvent(event: ToldEvent, isOurs: (resource: string) => boolean): OwnEvent | undefined {
  const { id = '', type = '', operation = '', correlationId = '' } = event;
  // Whether the event of an action names the action in its id, too, is documented in examples only: there it does not.
  const resource = foldCase(event.resource ?? '').replace(/\/getstatus$/, '');
  if (!isOurs(resource)) return undefined;
  const [, told = ''] = /\/integrationruntimes\/(.*)$/.exec(foldCase(operation)) ?? [];
  const verb = told === 'write' || told === 'delete' ? told : told.startsWith('getstatus/') ? 'state' : undefined;
  const succeeded = /Success$/i.test(type);
  return { id, verb, resource, correlationId: foldCase(correlationId), succeeded, isLeftOut: isLeftOut(operation) };
}

export interface Matched {
  readonly request: OwnRequest;
  /** Undefined: no event is to come for it. */
  readonly kind: Kind | 'state' | undefined;
  readonly announced: boolean;
}

/**
 * Two designs. By the correlation id alone each event would find its request, unless just that assumption is false, and then
 * nothing would seem to be announced. So an event without one of our ids stands for the oldest request of its verb about its
 * runtime that no other event stands for: the names of the runtimes are random, so that nobody else writes to them.
 */
export function matched(requests: readonly OwnRequest[], events: readonly OwnEvent[]): Matched[] {
  const known = new Set(requests.map(({ correlationId }) => correlationId));
  const told = new Set(events.map(({ correlationId }) => correlationId));
  const strangers = new Map<string, Set<string>>();
  for (const event of events) {
    if (!event.succeeded || known.has(event.correlationId)) continue;
    const key = keyOf(event);
    strangers.set(key, (strangers.get(key) ?? new Set()).add(event.id || event.correlationId));
  }
  const there = new Set<string>();
  return requests.map((request) => {
    if (!request.succeeded) return { request, kind: undefined, announced: false };
    const left = strangers.get(keyOf(request));
    const [stranger] = left ?? [];
    const byId = told.has(request.correlationId);
    if (!byId && stranger !== undefined) left?.delete(stranger);
    return { request, kind: kindOf(request, there), announced: byId || stranger !== undefined };
  });
}

function keyOf({ verb, resource }: Pick<OwnEvent, 'verb' | 'resource'>): string {
  return `${verb} ${resource}`;
}

/** `there`: the runtimes that exist, which it keeps. */
function kindOf({ verb, resource }: OwnRequest, there: Set<string>): Kind | 'state' {
  if (verb === 'state') return 'state';
  if (verb === 'delete') {
    there.delete(resource);
    return 'deletion';
  }
  const isThere = there.has(resource);
  there.add(resource);
  return isThere ? 'update' : 'create';
}

/** Whether an event has come for each request that one is to come for; of the state of a runtime none need come. */
export function isAllAnnounced(all: readonly Matched[]): boolean {
  return all.every(({ kind, announced }) => announced || kind === undefined || kind === 'state');
}

/** What of it is about one factory or workspace. */
export function heardIn(
  parentId: string,
  { requests, events, seconds }: { requests: readonly OwnRequest[]; events: readonly OwnEvent[]; seconds: number },
): HeardEvents {
  const below = `${foldCase(parentId)}/`;
  const inGroup = below.slice(0, below.indexOf('/providers/') + 1);
  const isHere = ({ resource }: Pick<OwnEvent, 'resource'>) => resource.startsWith(below);
  const here = { requests: requests.filter(isHere), events: events.filter(isHere) };
  const all = matched(here.requests, here.events);
  const count = (wanted: Kind | 'state'): Count => {
    const of = all.filter(({ kind }) => kind === wanted);
    return { made: of.length, announced: of.filter(({ announced }) => announced).length };
  };
  const ours = new Set(here.requests.map(({ correlationId }) => correlationId));
  const writes = here.events.filter(({ verb, succeeded }) => succeeded && (verb === 'write' || verb === 'delete'));
  return {
    writes: { create: count('create'), update: count('update'), deletion: count('deletion') },
    states: count('state'),
    events: writes.length,
    withOurId: writes.filter(({ correlationId }) => ours.has(correlationId)).length,
    unfiltered: events.some((event) => event.isLeftOut && event.resource.startsWith(inGroup)),
    seconds,
  };
}
