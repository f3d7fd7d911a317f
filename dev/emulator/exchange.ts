/** A request to the emulator and the reply to it, as its parts hand them on. */
import type { Json, JsonObject } from './json.ts';
import type { Operation } from './operations.ts';

export interface Incoming {
  readonly method: string;
  /** As it came, with its query. */
  readonly url: string;
  /** Still percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** Scheme, host and port as the caller spelled them: answers that hold URLs must name the same origin. */
  readonly origin: string;
  /** The caller's, or one that ARM makes up. */
  readonly correlationId: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** What is known about a request before it is answered: faults and the trace match on it. */
export interface Subject {
  operation: Operation;
  subscriptionId?: string;
  resourceGroup?: string;
  factory?: string;
  runtime?: string;
  clientId?: string;
}

const JSON_TYPE = 'application/json; charset=utf-8';

export function reply(status: number, body: unknown, headers: Record<string, string> = {}): Reply {
  return rawReply(status, body === undefined ? '' : JSON.stringify(body), headers);
}

export function rawReply(status: number, body: string, headers: Record<string, string> = {}): Reply {
  return { status, body, headers: body === '' ? headers : { 'content-type': JSON_TYPE, ...headers } };
}

export function header(request: Incoming, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** A property of a document, whatever the case of its name. */
export function property(object: JsonObject, name: string): Json | undefined {
  return object[propertyName(object, name)];
}

export function propertyName(object: JsonObject, name: string): string {
  if (name in object) return name;
  return Object.keys(object).find((key) => key.toLowerCase() === name.toLowerCase()) ?? name;
}
