/** The paths of resources on the API server. */

export interface Resource {
  /** Such as `v1` or `events.k8s.io/v1`. */
  readonly groupVersion: string;
  readonly plural: string;
  /** Undefined for a cluster-scoped resource, and for all namespaces. */
  readonly namespace?: string | undefined;
  /** Undefined for all objects. */
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

export function pathOf({ groupVersion, plural, namespace, name, subresource }: Resource): string {
  const root = groupVersion.includes('/') ? '/apis' : '/api';
  const within = namespace === undefined ? [] : ['namespaces', encodeURIComponent(namespace)];
  const which = [name, subresource].filter((part) => part !== undefined).map(encodeURIComponent);
  return [root, groupVersion, ...within, plural, ...which].join('/');
}
