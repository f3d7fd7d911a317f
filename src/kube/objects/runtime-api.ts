import { PatchStrategy } from '@kubernetes/client-node';
import type { AzureIntegrationRuntimeStatus } from '../../api/generated.ts';
import { API_VERSION, FIELD_MANAGER, PLURAL } from '../../api/names.ts';
import type { KubeClient } from '../client/client.ts';
import { pathOf, type Resource } from '../client/paths.ts';
import { createSource, type ScopedSource } from '../watch/source.ts';

/** One version of one object; a write is refused with 409 when the server's object is another one. */
export interface Version {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** A status but for the name of its object, which is that of the version it is put into. */
export type StatusOfObject = Omit<AzureIntegrationRuntimeStatus, 'uid'>;

/** Our kind on the API server. All methods as those of `KubeClient`; objects are as they came. */
export interface RuntimeApi extends ScopedSource {
  get(object: { readonly namespace: string; readonly name: string }, signal: AbortSignal): Promise<unknown>;
  /** Makes this the whole status, whoever wrote what is there, and has it name the object that it is about. */
  replaceStatus(version: Version, status: StatusOfObject, signal: AbortSignal): Promise<unknown>;
  /** Makes these all the finalizers of the object; of the annotations changes those given, null takes one off. */
  setFinalizers(
    version: Version,
    finalizers: readonly string[],
    annotations: Readonly<Record<string, string | null>>,
    signal: AbortSignal,
  ): Promise<unknown>;
}

const RUNTIMES = { groupVersion: API_VERSION, plural: PLURAL };

/** All of them, of one namespace or of all, or one of them, or its status. */
export function runtimePath(which: Omit<Resource, 'groupVersion' | 'plural'>): string {
  return pathOf({ ...which, ...RUNTIMES });
}

export function createRuntimeApi(client: KubeClient): RuntimeApi {
  return {
    ...createSource(client, RUNTIMES),

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
            { op: 'add', path: '/status', value: { ...status, uid } },
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
