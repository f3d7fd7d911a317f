/** Lists and watches the objects of a kind. */
import { type KubeClient, type StreamListener, WATCH_GRACE_MS } from '../client/client.ts';
import { pathOf, type Resource } from '../client/paths.ts';
import { type RawPage, readPage } from '../client/raw.ts';

/** The objects of one namespace (default all) with these labels (default any). */
export interface Scope {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
}

/** Objects are unparsed. Methods fail as those of `KubeClient`. */
export interface ScopedSource {
  list(scope: Scope, limit: number, continueToken: string | undefined, signal: AbortSignal): Promise<RawPage>;
  /** Changes after `resourceVersion`, bookmarks included, for about `timeoutSeconds`. */
  watch(
    scope: Scope,
    resourceVersion: string,
    timeoutSeconds: number,
    listener: StreamListener,
    signal: AbortSignal,
  ): Promise<void>;
}

/** All objects of the kind, or those that a field selector selects. */
export function createSource(
  client: KubeClient,
  kind: Pick<Resource, 'groupVersion' | 'plural'>,
  fieldSelector?: string,
): ScopedSource {
  return {
    async list({ namespace, labelSelector }, limit, continueToken, signal) {
      const query = { fieldSelector, limit, labelSelector, continue: continueToken };
      return readPage(await client.request({ method: 'GET', path: pathOf({ ...kind, namespace }), query }, signal));
    },

    watch({ namespace, labelSelector }, resourceVersion, timeoutSeconds, listener, signal) {
      return client.watch(
        {
          path: pathOf({ ...kind, namespace }),
          query: { resourceVersion, timeoutSeconds, allowWatchBookmarks: true, fieldSelector, labelSelector },
          silenceMs: timeoutSeconds * 1000 + WATCH_GRACE_MS,
        },
        listener,
        signal,
      );
    },
  };
}
