/** The watch as a pure state machine: from each answer of the server, what is known and what to ask for next. */
import { type ApiProblem, isExpired, problemFromStatus } from '../client/errors.ts';
import { readRecord, readText } from '../client/raw.ts';

/** Where a watch is. Versions are opaque: the machine passes on what the server has named, and computes nothing. */
export type WatchState<T> =
  /** Nothing is known: list from the start. */
  | { readonly kind: 'empty' }
  /** In the middle of a paged list. */
  | {
      readonly kind: 'listing';
      readonly continueToken: string;
      readonly version: string;
      readonly objects: readonly T[];
    }
  /** Everything up to this version is known: ask for later changes. */
  | { readonly kind: 'watching'; readonly version: string };

export type WatchInput<T> =
  | {
      readonly kind: 'page';
      readonly objects: readonly T[];
      readonly version: string | undefined;
      readonly continueToken: string | undefined;
    }
  /** A line of the stream. `object` is undefined when it could not be parsed. */
  | { readonly kind: 'applied'; readonly object: T | undefined; readonly version: string | undefined }
  | { readonly kind: 'deleted'; readonly object: T | undefined; readonly version: string | undefined }
  | { readonly kind: 'bookmark'; readonly version: string | undefined }
  /** A request, or the stream, ended with an error. */
  | { readonly kind: 'failed'; readonly problem: ApiProblem };

export type WatchOutput<T> =
  /** These are all objects. */
  | { readonly kind: 'replaced'; readonly objects: readonly T[] }
  | { readonly kind: 'applied'; readonly object: T }
  | { readonly kind: 'deleted'; readonly object: T }
  /** Abort the request under way, and make the next request of the state after a delay. */
  | { readonly kind: 'problem'; readonly problem: ApiProblem };

export interface WatchStep<T> {
  readonly state: WatchState<T>;
  readonly outputs: readonly WatchOutput<T>[];
}

export const EMPTY = { kind: 'empty' } as const;

/**
 * The next state, and what to do with the objects. Pure.
 *
 * Guarantees: given a server's answers to the requests of its states (empty: the first page of a list; listing: the next
 * page; watching: the stream after the version), the outputs, applied in order, end in the server's set of objects. Only a
 * complete list replaces the objects. Expired history (410, as a status or in the stream) leads to a new list; after any
 * other failure the watch continues where it was.
 */
export function step<T>(state: WatchState<T>, input: WatchInput<T>): WatchStep<T> {
  switch (input.kind) {
    case 'failed':
      return {
        state: isExpired(input.problem) ? EMPTY : state,
        outputs: [{ kind: 'problem', problem: input.problem }],
      };
    case 'page':
      return state.kind === 'watching' ? { state, outputs: [] } : takePage(state, input);
    default:
      return state.kind === 'watching' ? takeLine(state, input) : { state, outputs: [] };
  }
}

function takePage<T>(
  state: Exclude<WatchState<T>, { kind: 'watching' }>,
  { objects: page, version: listed, continueToken }: Extract<WatchInput<T>, { kind: 'page' }>,
): WatchStep<T> {
  const objects = state.kind === 'listing' ? [...state.objects, ...page] : page;
  // All pages show one version. If a server breaks that rule, the first version is the one that misses no change.
  const version = state.kind === 'listing' ? state.version : listed;
  if (version === undefined) return { state: EMPTY, outputs: [{ kind: 'problem', problem: VERSIONLESS }] };
  if (continueToken !== undefined) return { state: { kind: 'listing', continueToken, version, objects }, outputs: [] };
  return { state: { kind: 'watching', version }, outputs: [{ kind: 'replaced', objects }] };
}

const VERSIONLESS: ApiProblem = {
  status: 0,
  reason: 'NoVersion',
  message: 'the API server answered a list without a version',
};

function takeLine<T>(
  state: Extract<WatchState<T>, { kind: 'watching' }>,
  input: Extract<WatchInput<T>, { kind: 'applied' | 'deleted' | 'bookmark' }>,
): WatchStep<T> {
  const next = input.version === undefined ? state : { kind: 'watching' as const, version: input.version };
  if (input.kind === 'bookmark' || input.object === undefined) return { state: next, outputs: [] };
  return { state: next, outputs: [{ kind: input.kind, object: input.object }] };
}

/** A line of the stream as an input; undefined for an unknown type. Never throws if `decode` does not. */
export function readLine<T>(
  type: unknown,
  raw: unknown,
  decode: (raw: unknown) => T | undefined,
): WatchInput<T> | undefined {
  const version = readText(readRecord(readRecord(raw).metadata).resourceVersion);
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      return { kind: 'applied', object: decode(raw), version };
    case 'DELETED':
      return { kind: 'deleted', object: decode(raw), version };
    case 'BOOKMARK':
      return { kind: 'bookmark', version };
    case 'ERROR':
      return { kind: 'failed', problem: problemFromStatus(raw) };
    default:
      return undefined;
  }
}
