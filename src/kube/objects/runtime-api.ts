/** The requests for our own kind. */
import { PatchStrategy } from '@kubernetes/client-node';
import type { AzureIntegrationRuntimeStatus } from '../../api/generated.ts';
import { API_VERSION, FIELD_MANAGER, PLURAL } from '../../api/names.ts';
import type { KubeClient } from '../client/client.ts';
import { pathOf, type Resource } from '../client/paths.ts';
import { createSource, type ScopedSource } from '../watch/source.ts';

/** One version of one object; the server refuses a write with 409 when it has another version, or another object. */
export interface Version {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** A status without the uid of its object, which is that of the version it is written to. */
export type StatusOfObject = Omit<AzureIntegrationRuntimeStatus, 'uid'>;

/** Objects are unparsed. Methods fail as those of `KubeClient`. */
export interface RuntimeApi extends ScopedSource {
  get(object: { readonly namespace: string; readonly name: string }, signal: AbortSignal): Promise<unknown>;
  /** Replaces the whole status, also what others have written, and puts the uid of its object in. */
  replaceStatus(version: Version, status: StatusOfObject, signal: AbortSignal): Promise<unknown>;
  /** Replaces all finalizers of the object; changes only the given annotations, null removes one. */
  setFinalizers(
    version: Version,
    finalizers: readonly string[],
    annotations: Readonly<Record<string, string | null>>,
    signal: AbortSignal,
  ): Promise<unknown>;
}

const RUNTIMES = { groupVersion: API_VERSION, plural: PLURAL };

/** The path of all runtimes, of one namespace or of all, of one runtime, or of its status. */
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
            // The precondition of the patch: writing these two makes the server compare them with the object's.
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
      // An empty object would leave a trace in the managed fields.
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
