/** An API server that a test fills: our own kind with lists, watches and merge patches, and set answers for all else. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect } from '@jest/globals';
import { eventually } from '../../support/eventually.ts';
import { BadServer } from '../kube/client/bad-server.ts';

export interface StoredObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string; readonly [key: string]: unknown };
  readonly spec: Record<string, unknown>;
  readonly status?: Record<string, unknown>;
}

export const FACTORY = {
  subscriptionId: '00000000-0000-0000-0000-000000000001',
  resourceGroup: 'rg-data',
  name: 'SampleV2DataFactory1',
};
const TIME = '2026-01-01T00:00:00Z';

export interface Given {
  readonly spec?: Record<string, unknown>;
  readonly metadata?: Record<string, unknown>;
  readonly status?: Record<string, unknown>;
  /** Ready's reason; Stalled where it is not `Available`. */
  readonly reason?: string;
  readonly message?: string;
}

/** An object that the operator has looked at. */
export function stored(key: string, { spec, metadata, status, reason = 'Available', message = 'Fine.' }: Given = {}) {
  const [namespace = '', name = ''] = key.split('/');
  const generation = 1;
  const condition = (type: string, is: string) => ({
    type,
    status: is,
    reason,
    message,
    observedGeneration: generation,
    lastTransitionTime: TIME,
  });
  const isFine = reason === 'Available';
  const conditions = [
    ...['Ready', 'Synced', 'Healthy'].map((type) => condition(type, isFine ? 'True' : 'False')),
    ...(isFine ? [] : [condition('Stalled', 'True')]),
  ];
  return {
    apiVersion: 'azure-ir.io/v1beta1',
    kind: 'AzureIntegrationRuntime',
    metadata: { name, namespace, uid: `uid-${name}`, generation, creationTimestamp: TIME, ...metadata },
    spec: { factory: FACTORY, location: 'West Europe', ...spec },
    status: {
      uid: `uid-${name}`,
      observedGeneration: generation,
      state: 'Online',
      location: 'West Europe',
      conditions,
      ...status,
    },
  } satisfies StoredObject;
}

const KIND_PATH =
  /^\/apis\/azure-ir\.io\/v1beta1(?:\/namespaces\/(?<namespace>[^/]+))?\/azureintegrationruntimes(?:\/(?<name>[^/]+))?$/;

type Answer = { readonly status: number; readonly body: object };

export class ApiServer {
  readonly #server: BadServer;
  readonly #objects = new Map<string, StoredObject>();
  readonly #log: { version: number; type: string; object: object }[] = [];
  readonly #watches = new Set<ServerResponse>();
  #version = 1;
  /** What was asked, such as `GET /version`. */
  readonly requests: string[] = [];
  readonly headers: IncomingMessage['headers'][] = [];
  /** By `METHOD /path`; the first that fits. Nothing: 404. */
  readonly answers = new Map<string, Answer>();
  /** What the operator would do after a patch. */
  onPatch: (object: StoredObject) => StoredObject = (object) => object;

  private constructor(server: BadServer) {
    this.#server = server;
    server.handler = (request, response, body) => this.#handle(request, response, body);
  }

  static async start(): Promise<ApiServer> {
    return new ApiServer(await BadServer.start());
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  get kubeconfig(): string {
    return this.#server.kubeconfig;
  }

  put(object: StoredObject): void {
    const key = `${object.metadata.namespace}/${object.metadata.name}`;
    this.#change(this.#objects.has(key) ? 'MODIFIED' : 'ADDED', key, object);
  }

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key);
  }

  remove(key: string): void {
    const object = this.#objects.get(key);
    if (object !== undefined) this.#change('DELETED', key, object);
  }

  /** Resolves once so many watches are open. */
  watched(count = 1): Promise<void> {
    return eventually(async () => expect(this.#watches.size).toBeGreaterThanOrEqual(count));
  }

  /** As a load balancer does that has had enough. */
  dropWatches(): void {
    for (const response of this.#watches) response.destroy();
    this.#watches.clear();
  }

  #change(type: string, key: string, object: StoredObject): void {
    const version = ++this.#version;
    const now = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    if (type === 'DELETED') this.#objects.delete(key);
    else this.#objects.set(key, now);
    this.#log.push({ version, type, object: now });
    for (const response of this.#watches) response.write(`${JSON.stringify({ type, object: now })}\n`);
  }

  #handle(request: IncomingMessage, response: ServerResponse, body: string): void {
    const { method = '', url = '' } = request;
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    const isWatch = searchParams.get('watch') === 'true';
    this.requests.push(`${isWatch ? 'WATCH' : method} ${pathname}`);
    this.headers.push(request.headers);
    const send = ({ status, body: sent }: Answer) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(sent));
    const set = this.answers.get(`${isWatch ? 'WATCH' : method} ${pathname}`);
    const parts = KIND_PATH.exec(pathname)?.groups;
    if (set !== undefined) send(set);
    else if (parts === undefined) send(NOT_FOUND);
    else if (isWatch) this.#watch(response, Number(searchParams.get('resourceVersion')));
    else if (parts.name === undefined) send({ status: 200, body: this.#list(parts.namespace) });
    else send(this.#one(method, `${parts.namespace}/${parts.name}`, body));
  }

  #list(namespace: string | undefined): object {
    const items = [...this.#objects.values()].filter(
      ({ metadata }) => namespace === undefined || metadata.namespace === namespace,
    );
    return { kind: 'List', metadata: { resourceVersion: String(this.#version) }, items };
  }

  /** Of all namespaces: the tests of one have no others. */
  #watch(response: ServerResponse, since: number): void {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    for (const { version, type, object } of this.#log)
      if (version > since) response.write(`${JSON.stringify({ type, object })}\n`);
    this.#watches.add(response);
    response.on('close', () => this.#watches.delete(response));
  }

  #one(method: string, key: string, body: string): Answer {
    const object = this.#objects.get(key);
    if (object === undefined) return NOT_FOUND;
    if (method === 'GET') return { status: 200, body: object };
    const merged = merge(object, JSON.parse(body)) as StoredObject;
    const isChanged = JSON.stringify(merged.spec) !== JSON.stringify(object.spec);
    const generation = Number(object.metadata.generation) + (isChanged ? 1 : 0);
    const patched = { ...merged, metadata: { ...merged.metadata, generation } };
    this.put(patched);
    const now = this.onPatch(patched);
    if (now !== patched) setImmediate(() => this.put(now));
    return { status: 200, body: this.#objects.get(key) ?? patched };
  }
}

const NOT_FOUND: Answer = {
  status: 404,
  body: { kind: 'Status', code: 404, reason: 'NotFound', message: 'there is no such thing' },
};

/** RFC 7386. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = { ...(typeof target === 'object' && target !== null ? target : {}) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
}
