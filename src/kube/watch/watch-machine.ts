import { type ApiProblem, isExpired, problemFromStatus } from '../client/errors.ts';
import { readRecord, readText } from '../client/raw.ts';

/**
 * Where a watch is. The only versions in it are those that the server has named: nothing is computed from them, since to
 * a client they are opaque.
 */
export type WatchState<T> =
  /** Nothing is known: list from the start. */
  | { readonly kind: 'empty' }
  /** In the middle of a list in pages. */
  | {
      readonly kind: 'listing';
      readonly continueToken: string;
      readonly version: string;
      readonly objects: readonly T[];
    }
  /** Everything up to this version is known: ask for what comes after. */
  | { readonly kind: 'watching'; readonly version: string };

export type WatchInput<T> =
  | {
      readonly kind: 'page';
      readonly objects: readonly T[];
      readonly version: string | undefined;
      readonly continueToken: string | undefined;
    }
  /** A line of the stream. `object` is undefined when it could not be understood. */
  | { readonly kind: 'applied'; readonly object: T | undefined; readonly version: string | undefined }
  | { readonly kind: 'deleted'; readonly object: T | undefined; readonly version: string | undefined }
  | { readonly kind: 'bookmark'; readonly version: string | undefined }
  /** A request, or the stream, ended with an error. */
  | { readonly kind: 'failed'; readonly problem: ApiProblem };

export type WatchOutput<T> =
  /** These are all objects that there are. */
  | { readonly kind: 'replaced'; readonly objects: readonly T[] }
  | { readonly kind: 'applied'; readonly object: T }
  | { readonly kind: 'deleted'; readonly object: T }
  /** Whatever is under way is to be given up, and the next request of the state made after a while. */
  | { readonly kind: 'problem'; readonly problem: ApiProblem };

export interface WatchStep<T> {
  readonly state: WatchState<T>;
  readonly outputs: readonly WatchOutput<T>[];
}

export const EMPTY = { kind: 'empty' } as const;

/**
 * What an input makes of a state. Pure.
 *
 * Guarantees: fed with what a server answers to the requests of its states (empty: the first page of a list; listing: the
 * next; watching: the stream after the version), the outputs, applied in order, end in the server's set of objects.
 * A replacement comes only from a complete list. History that is gone (410, as a status or in the stream) leads to a new
 * list; every other failure goes on where it was.
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
  // All pages show one version. Should a server not keep to that, the first is the one after which nothing is missed.
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

/** A line of the stream as an input; undefined for one of a kind that is not known. Never throws if `decode` does not. */
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
