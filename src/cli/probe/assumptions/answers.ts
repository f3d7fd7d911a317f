/** What checks make of answers. */
import { isObject } from '../../../core/model/json.ts';
import type { Json, JsonObject } from '../../../core/model/runtime.ts';
import type { Refused } from './assumed.ts';
import type { Finding } from './assumption.ts';
import type { Answer, Ask, Site } from './site.ts';
import { Undecided } from './site.ts';

/** Undefined for what is no JSON. */
export function jsonOf({ text }: Pick<Answer, 'text'>): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** A value deep in a body; undefined where the way ends. */
export function valueAt(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let found = value;
  for (const name of path) found = isObject(found) ? found[name] : undefined;
  return found;
}

/** Both shapes are on the wire (recorded): in `error`, and bare. */
export function codeOf(answer: Answer): string | undefined {
  const body = jsonOf(answer);
  const code = valueAt(body, 'error', 'code') ?? valueAt(body, 'code');
  return typeof code === 'string' ? code : undefined;
}

/** `412 PreconditionFailed`, `200`. */
export function shownAnswer(answer: Answer): string {
  const code = codeOf(answer);
  return code === undefined ? `${answer.status}` : `${answer.status} ${code}`;
}

export function shownRefusal({ status, code }: Refused): string {
  return `${status} ${code}`;
}

/** Both in one form: equal exactly if the assumption holds. */
export function compared(assumed: string, seen: string): Finding {
  return { verdict: assumed === seen ? 'holds' : 'does not hold', assumed, seen };
}

export function untold(assumed: string, seen: string): Finding {
  return { verdict: 'could not tell', assumed, seen };
}

export function runtimePath(site: Site, name: string, action = ''): string {
  return `${site.parentId}/integrationRuntimes/${name}${action}`;
}

/** A public runtime: it is billed by what runs on it, and nothing does. */
export function publicRuntime(more: JsonObject = {}): JsonObject {
  const typeProperties = { computeProperties: { location: 'AutoResolve' } };
  return { properties: { type: 'Managed', description: 'A probe of azure-ir-operator', typeProperties, ...more } };
}

export interface Made {
  readonly name: string;
  readonly path: string;
  /** As the answer to its creation has it. */
  readonly document: JsonObject;
  readonly etag: string;
}

/**
 * A write, and what came of it. A workspace accepts it first: then the result counts.
 * @throws Undecided for one that is refused only after it was accepted, which says that in its own words
 */
export async function outcome(site: Site, ask: Ask): Promise<Answer> {
  const first = await site.send(ask);
  const last = await site.settled(first);
  if (last !== first && last.status >= 400) {
    throw new Undecided(`a write was accepted, and its result was ${shownAnswer(last)}`);
  }
  return last;
}

/** @throws Undecided when there is no runtime afterwards */
export async function make(site: Site, body: JsonObject | string = publicRuntime()): Promise<Made> {
  const name = await site.freshName();
  const path = runtimePath(site, name);
  const answer = await outcome(site, { method: 'PUT', path, body, headers: { 'If-None-Match': '*' } });
  const document = jsonOf(answer);
  const etag = valueAt(document, 'etag');
  if (answer.status !== 200 || !isObject(document) || typeof etag !== 'string') {
    throw new Undecided(`a create was answered ${shownAnswer(answer)}`);
  }
  return { name, path, document, etag };
}

/** @throws Undecided when it does not succeed */
export async function write(site: Site, ask: Omit<Ask, 'method'>): Promise<JsonObject> {
  const answer = await outcome(site, { method: 'PUT', ...ask });
  const document = jsonOf(answer);
  if (answer.status !== 200 || !isObject(document)) throw new Undecided(`a write was answered ${shownAnswer(answer)}`);
  return document;
}

/** @throws Undecided when it is not there */
export async function read(site: Site, path: string): Promise<JsonObject> {
  const answer = await site.send({ method: 'GET', path });
  const document = jsonOf(answer);
  if (answer.status !== 200 || !isObject(document)) throw new Undecided(`a read was answered ${shownAnswer(answer)}`);
  return document;
}

export interface Listed {
  /** The length of each page. */
  readonly pages: readonly number[];
  readonly more: boolean;
  readonly documents: readonly JsonObject[];
}

/** Enough for any factory whose list has pages of that many. */
const MOST_PAGES = 30;

/** @throws Undecided when a page is not one */
export async function list(site: Site): Promise<Listed> {
  const pages: number[] = [];
  const documents: JsonObject[] = [];
  let path: string | undefined = `${site.parentId}/integrationRuntimes`;
  while (path !== undefined && pages.length < MOST_PAGES) {
    const body = await read(site, path);
    const { value, nextLink } = body;
    if (!Array.isArray(value)) throw new Undecided('a list has no array of runtimes');
    pages.push(value.length);
    documents.push(...value.filter(isObject));
    path = typeof nextLink === 'string' && nextLink !== '' ? nextLink : undefined;
  }
  return { pages, more: pages.length > 1 || path !== undefined, documents };
}

/** Asks for what is billed once it is enabled: then it is disabled again at once. */
export async function enableAuthoring(site: Site, path: string): Promise<Answer> {
  const body = { autoTerminationMinutes: 10 };
  let answer: Answer | undefined;
  try {
    answer = await site.send({ method: 'POST', path: `${path}/enableInteractiveQuery`, body });
    return answer;
  } finally {
    if (answer === undefined || answer.status < 300) await disableAuthoring(site, path, answer).catch(() => undefined);
  }
}

async function disableAuthoring(site: Site, path: string, enabling: Answer | undefined): Promise<void> {
  if (enabling !== undefined) await site.settled(enabling);
  await site.send({ method: 'POST', path: `${path}/disableInteractiveQuery` });
}
