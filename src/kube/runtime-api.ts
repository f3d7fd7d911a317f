import { CustomObjectsApi, PatchStrategy } from '@kubernetes/client-node';
import type { AzureIntegrationRuntimeStatus } from '../api/generated.ts';
import { API_VERSION, FIELD_MANAGER, GROUP, KIND, PLURAL, VERSION } from '../api/names.ts';
import { type KubeClient, type StreamListener, WATCH_GRACE_MS } from './client.ts';
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

export interface JsonPatchOperation {
  readonly op: 'remove' | 'replace' | 'test';
  readonly path: string;
  readonly value?: unknown;
}

/** Our kind on the API server. All methods as `KubeClient.call`; objects are as they came. */
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
  /** Makes this the whole status that we own. */
  applyStatus(version: Version, status: AzureIntegrationRuntimeStatus, signal: AbortSignal): Promise<unknown>;
  /** Changes the status whoever owns its fields. */
  patchStatus(version: Version, changes: readonly JsonPatchOperation[], signal: AbortSignal): Promise<unknown>;
  /** Makes these all the finalizers of the object. */
  setFinalizers(version: Version, finalizers: readonly string[], signal: AbortSignal): Promise<unknown>;
}

const RESOURCE = { group: GROUP, version: VERSION, plural: PLURAL };

export function createRuntimeApi(client: KubeClient): RuntimeApi {
  const api = client.api(CustomObjectsApi);
  const locate = ({ namespace, name }: { namespace: string; name: string }) => ({ ...RESOURCE, namespace, name });

  return {
    async list({ namespace, labelSelector }, limit, continueToken, signal) {
      const query = {
        ...RESOURCE,
        limit,
        ...(labelSelector === undefined ? {} : { labelSelector }),
        ...(continueToken === undefined ? {} : { _continue: continueToken }),
      };
      return readPage(
        await client.call<unknown>(signal, (options) =>
          namespace === undefined
            ? api.listClusterCustomObject(query, options)
            : api.listNamespacedCustomObject({ ...query, namespace }, options),
        ),
      );
    },

    watch({ namespace, labelSelector }, resourceVersion, timeoutSeconds, listener, signal) {
      const within = namespace === undefined ? '' : `namespaces/${encodeURIComponent(namespace)}/`;
      return client.watch(
        {
          path: `/apis/${GROUP}/${VERSION}/${within}${PLURAL}`,
          query: { resourceVersion, timeoutSeconds, allowWatchBookmarks: true, labelSelector },
          silenceMs: timeoutSeconds * 1000 + WATCH_GRACE_MS,
        },
        listener,
        signal,
      );
    },

    get: (object, signal) =>
      client.call<unknown>(signal, (options) => api.getNamespacedCustomObject(locate(object), options)),

    applyStatus(version, status, signal) {
      const { namespace, name, uid, resourceVersion } = version;
      const body = { apiVersion: API_VERSION, kind: KIND, metadata: { namespace, name, uid, resourceVersion }, status };
      const how = { fieldManager: FIELD_MANAGER.status, fieldValidation: 'Strict', force: true };
      return client.call<unknown>(
        signal,
        (options) => api.patchNamespacedCustomObjectStatus({ ...locate(version), body, ...how }, options),
        PatchStrategy.ServerSideApply,
      );
    },

    patchStatus(version, changes, signal) {
      // Writing these two makes the server compare them with the object's: the patch's precondition.
      const body = [
        { op: 'replace', path: '/metadata/uid', value: version.uid },
        { op: 'replace', path: '/metadata/resourceVersion', value: version.resourceVersion },
        ...changes,
      ];
      const how = { fieldManager: FIELD_MANAGER.status, fieldValidation: 'Strict' };
      return client.call<unknown>(
        signal,
        (options) => api.patchNamespacedCustomObjectStatus({ ...locate(version), body, ...how }, options),
        PatchStrategy.JsonPatch,
      );
    },

    setFinalizers(version, finalizers, signal) {
      const body = { metadata: { uid: version.uid, resourceVersion: version.resourceVersion, finalizers } };
      const how = { fieldManager: FIELD_MANAGER.finalizer, fieldValidation: 'Strict' };
      return client.call<unknown>(
        signal,
        (options) => api.patchNamespacedCustomObject({ ...locate(version), body, ...how }, options),
        PatchStrategy.MergePatch,
      );
    },
  };
}
