/** Objects as the API server sends them. */

import { isObject } from '../../../../src/core/model/json.ts';
import { type ParsedObject, parseObject } from '../../../../src/kube/objects/codec.ts';

export const FACTORY = {
  subscriptionId: '00000000-0000-0000-0000-000000000001',
  resourceGroup: 'rg',
  name: 'factory-one',
};

export interface RawOptions {
  name?: string;
  namespace?: string;
  uid?: string;
  version?: number | string;
  generation?: number;
  deleting?: boolean;
  finalizers?: string[];
  annotations?: Record<string, unknown>;
  labels?: Record<string, unknown>;
  spec?: Record<string, unknown>;
  status?: unknown;
}

/** A sound object; each option changes one part of it. The status is its own unless it says whose it is. */
export function rawObject(options: RawOptions = {}) {
  const { name = 'runtime-a', namespace = 'team', uid = `uid-of-${name}`, version = 1, generation = 1 } = options;
  return {
    apiVersion: 'azure-ir.io/v1beta1',
    kind: 'AzureIntegrationRuntime',
    metadata: {
      name,
      namespace,
      uid,
      resourceVersion: String(version),
      generation,
      creationTimestamp: '2025-01-02T03:04:05Z',
      ...(options.deleting ? { deletionTimestamp: '2025-01-03T00:00:00Z' } : {}),
      ...(options.finalizers ? { finalizers: options.finalizers } : {}),
      ...(options.annotations ? { annotations: options.annotations } : {}),
      ...(options.labels ? { labels: options.labels } : {}),
    },
    spec: { factory: FACTORY, ...options.spec },
    ...(options.status === undefined
      ? {}
      : { status: isObject(options.status) ? { uid, ...options.status } : options.status }),
  };
}

export function parsed(options: RawOptions = {}): ParsedObject {
  const object = parseObject(rawObject(options));
  if (object === undefined) throw new Error('the test wants an object that cannot be parsed');
  return object;
}
