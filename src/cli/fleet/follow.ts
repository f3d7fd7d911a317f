/** The objects of the cluster as they are, and from then on as they change, whatever becomes of the connection. */

import { KubeError } from '../../kube/client/errors.ts';
import { createRuntimeApi } from '../../kube/objects/runtime-api.ts';
import { runWatcher, type WatchSource } from '../../kube/watch/watch.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import { CommandError } from '../exit.ts';
import type { Io } from '../io.ts';
import type { KubeClient } from '../kube.ts';
import { safe } from '../output/text.ts';
import { type Found, parsed } from './objects.ts';

export interface Scope {
  /** Undefined: all. */
  readonly namespace: string | undefined;
  readonly labelSelector?: string | undefined;
}

/** By `namespace/name`. */
export type Objects = ReadonlyMap<string, Found>;

const PAGE = 500;
/** How long the server keeps a stream open, in seconds. */
const STREAM_SECONDS = 240;

/**
 * Calls `see` with all objects once they are listed, and again after each change with its key, until it answers something;
 * resolves with that, or with undefined when the time is up. A watch that breaks off is opened again: only a first list
 * that is refused is an error.
 *
 * The operator's own watch, and not a poll: 5,000 objects cost one list and one stream.
 */
export async function follow<T>(
  client: KubeClient,
  scope: Scope,
  see: (objects: Objects, changed: string | undefined) => T | undefined,
  { io, timeoutMs }: { readonly io: Io; readonly timeoutMs: number | undefined },
): Promise<T | undefined> {
  const { promise: outcome, resolve, reject } = Promise.withResolvers<T | undefined>();
  const objects = new Map<string, Found>();
  const end = new AbortController();
  // As of kubectl: no time is one look.
  const isOnce = timeoutMs === 0;
  let isListed = false;
  const fail = (error: Error): void => {
    reject(error);
    end.abort();
  };
  const show = (changed?: string): void => {
    if (end.signal.aborted) return;
    try {
      const answer = see(objects, changed);
      if (answer !== undefined || isOnce) resolve(answer);
    } catch (error) {
      reject(error);
    }
  };
  const { done } = runWatcher<Found>({
    source: sourceOf(client, scope, (error) => isOnce || (!isListed && isRefusal(error)), fail),
    sink: {
      replace(all) {
        isListed = true;
        objects.clear();
        for (const found of all) objects.set(found.object.key, found);
        show();
      },
      apply(found) {
        objects.set(found.object.key, found);
        show(found.object.key);
      },
      remove({ object: { key } }) {
        objects.delete(key);
        show(key);
      },
    },
    clock: systemClock,
    signal: end.signal,
    log: noted(io),
  });
  const timer =
    timeoutMs === undefined || isOnce ? undefined : systemClock.setTimer(timeoutMs, () => resolve(undefined));
  const onAbort = (): void => reject(io.signal.reason);
  if (io.signal.aborted) onAbort();
  io.signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await outcome;
  } finally {
    io.signal.removeEventListener('abort', onAbort);
    timer?.cancel();
    end.abort();
    await done;
  }
}

/** What is refused once is refused again; 410 is the end of a list that took too long. */
function isRefusal({ status }: KubeError): boolean {
  return status >= 400 && status < 429 && status !== 410;
}

function sourceOf(
  client: KubeClient,
  scope: Scope,
  isTheEnd: (error: KubeError) => boolean,
  fail: (error: Error) => void,
): WatchSource<Found> {
  const source = createRuntimeApi(client);
  return {
    async list(token, signal) {
      try {
        return await source.list(scope, PAGE, token, signal);
      } catch (error) {
        if (error instanceof KubeError && isTheEnd(error))
          fail(new CommandError(`the objects cannot be listed: ${error.message}`));
        throw error;
      }
    },
    watch: (version, listener, signal) => source.watch(scope, version, STREAM_SECONDS, listener, signal),
    decode: (raw) => parsed(raw)[0],
  };
}

/** What the watch has to say to a person: that the API server does not answer, and that it does again. */
function noted(io: Io): Log {
  const nothing = (): void => {};
  const log: Log = {
    debug: nothing,
    info: (message) => io.note(`${message}: the API server answers again`),
    warn: (message, { error } = {}) => io.note(`${message}: ${safe(String(error))}; trying again`),
    error: nothing,
    with: () => log,
  };
  return log;
}
