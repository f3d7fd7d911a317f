export interface Resource {
  /** Such as `v1` or `events.k8s.io/v1`. */
  readonly groupVersion: string;
  readonly plural: string;
  /** Undefined for one that has none, and for those of all namespaces. */
  readonly namespace?: string | undefined;
  /** Undefined for all of them. */
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/** Where the API server has it. */
export function pathOf({ groupVersion, plural, namespace, name, subresource }: Resource): string {
  const root = groupVersion.includes('/') ? '/apis' : '/api';
  const within = namespace === undefined ? [] : ['namespaces', encodeURIComponent(namespace)];
  const which = [name, subresource].filter((part) => part !== undefined).map(encodeURIComponent);
  return [root, groupVersion, ...within, plural, ...which].join('/');
}
