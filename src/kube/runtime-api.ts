import { PatchStrategy } from '@kubernetes/client-node';
import type { AzureIntegrationRuntimeStatus } from '../api/generated.ts';
import { API_VERSION, FIELD_MANAGER, PLURAL } from '../api/names.ts';
import { type KubeClient, type StreamListener, WATCH_GRACE_MS } from './client.ts';
import { pathOf, type Resource } from './paths.ts';
import { type RawPage, readPage } from './raw.ts';

/** Which objects: those of one namespace (default all) with these labels (default any). */
export interface Scope {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
}

/** One version of one object; a write is refused with 409 when the server's object is another one. */
export interface Version {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Our kind on the API server. All methods as `KubeClient.request`; objects are as they came. */
export interface RuntimeApi {
  list(scope: Scope, limit: number, continueToken: string | undefined, signal: AbortSignal): Promise<RawPage>;
  /** Changes after `resourceVersion`, bookmarks included, for about `timeoutSeconds`. */
  watch(
    scope: Scope,
    resourceVersion: string,
    timeoutSeconds: number,
    listener: StreamListener,
    signal: AbortSignal,
  ): Promise<void>;
  get(object: { readonly namespace: string; readonly name: string }, signal: AbortSignal): Promise<unknown>;
  /** Makes this the whole status, whoever wrote what is there. */
  replaceStatus(version: Version, status: AzureIntegrationRuntimeStatus, signal: AbortSignal): Promise<unknown>;
  /** Makes these all the finalizers of the object; of the annotations changes those given, null takes one off. */
  setFinalizers(
    version: Version,
    finalizers: readonly string[],
    annotations: Readonly<Record<string, string | null>>,
    signal: AbortSignal,
  ): Promise<unknown>;
}

/** All of them, of one namespace or of all, or one of them, or its status. */
export function runtimePath(which: Omit<Resource, 'groupVersion' | 'plural'>): string {
  return pathOf({ ...which, groupVersion: API_VERSION, plural: PLURAL });
}

export function createRuntimeApi(client: KubeClient): RuntimeApi {
  return {
    async list({ namespace, labelSelector }, limit, continueToken, signal) {
      const query = { limit, labelSelector, continue: continueToken };
      return readPage(await client.request({ method: 'GET', path: runtimePath({ namespace }), query }, signal));
    },

    watch({ namespace, labelSelector }, resourceVersion, timeoutSeconds, listener, signal) {
      return client.watch(
        {
          path: runtimePath({ namespace }),
          query: { resourceVersion, timeoutSeconds, allowWatchBookmarks: true, labelSelector },
          silenceMs: timeoutSeconds * 1000 + WATCH_GRACE_MS,
        },
        listener,
        signal,
      );
    },

    get: ({ namespace, name }, signal) =>
      client.request({ method: 'GET', path: runtimePath({ namespace, name }) }, signal),

    replaceStatus({ namespace, name, uid, resourceVersion }, status, signal) {
      return client.request(
        {
          method: 'PATCH',
          path: runtimePath({ namespace, name, subresource: 'status' }),
          query: { fieldManager: FIELD_MANAGER.status, fieldValidation: 'Strict' },
          body: [
            // Writing these two makes the server compare them with the object's: the patch's precondition.
            { op: 'replace', path: '/metadata/uid', value: uid },
            { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
            { op: 'add', path: '/status', value: status },
          ],
          contentType: PatchStrategy.JsonPatch,
        },
        signal,
      );
    },

    setFinalizers({ namespace, name, uid, resourceVersion }, finalizers, annotations, signal) {
      // An empty object would leave its trace among the managed fields.
      const changed = Object.keys(annotations).length > 0 ? { annotations } : {};
      return client.request(
        {
          method: 'PATCH',
          path: runtimePath({ namespace, name }),
          query: { fieldManager: FIELD_MANAGER.finalizer, fieldValidation: 'Strict' },
          body: { metadata: { uid, resourceVersion, finalizers, ...changed } },
          contentType: PatchStrategy.MergePatch,
        },
        signal,
      );
    },
  };
}
