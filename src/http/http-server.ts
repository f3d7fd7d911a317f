/** A small HTTP server, with or without TLS, whose connections end when it stops. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { isIPv6 } from 'node:net';
import type { Log } from '../runtime/log.ts';
import type { BindAddress } from './bind-address.ts';
import type { Certificate } from './certificate.ts';

export interface HttpReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Request {
  /** The `Authorization` header. */
  readonly authorization: string | undefined;
}

/** The answer to a GET of each path. A rejection becomes a 500 and is logged. */
export type Routes = ReadonlyMap<string, (request: Request) => HttpReply | Promise<HttpReply>>;

/** A server that listens, or that was not started. */
export interface Endpoint {
  /** `host:port` with the port in use; undefined when the server was not started. */
  readonly address: string | undefined;
  /** Accepts no more connections, lets answers under way finish, and resolves when no connection is left. */
  stop(): Promise<void>;
}

const TLS = { minVersion: 'TLSv1.2' } as const;

export const plain = (status: number, body: string, headers: HttpReply['headers'] = {}): HttpReply => ({
  status,
  contentType: 'text/plain; charset=utf-8',
  body: `${body}\n`,
  headers,
});

/**
 * Starts to listen: with a certificate, over TLS only.
 * @throws Error that names the endpoint and the address when it cannot.
 */
export async function serve(
  name: string,
  bind: BindAddress,
  routes: Routes,
  log: Log,
  certificate?: Certificate,
): Promise<Endpoint> {
  if (bind.kind === 'none') return { address: undefined, stop: () => Promise.resolve() };
  const underWay = new Set<ServerResponse>();
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    underWay.add(response);
    response.once('close', () => underWay.delete(response));
    void respond(request, response, routes, log);
  };
  const server =
    certificate === undefined
      ? createServer(onRequest)
      : createSecureServer({ ...TLS, ...certificate.pair }, onRequest);
  await listen(name, server, bind);
  // Open connections keep the certificate they started with.
  if ('setSecureContext' in server) certificate?.watch((pair) => server.setSecureContext({ ...TLS, ...pair }));
  const address = addressOf(server, bind.host);
  log.info('listening', { endpoint: name, address, ...(certificate === undefined ? {} : { secure: true }) });
  return {
    address,
    stop: () => {
      certificate?.stop();
      return close(server, underWay);
    },
  };
}

async function respond(request: IncomingMessage, response: ServerResponse, routes: Routes, log: Log): Promise<void> {
  const path = request.url?.split('?', 1)[0] ?? '/';
  const { status, contentType, body, headers } = await reply(request, path, routes, log);
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function reply(
  { method, headers: { authorization } }: IncomingMessage,
  path: string,
  routes: Routes,
  log: Log,
): Promise<HttpReply> {
  const route = routes.get(path);
  if (route === undefined) return plain(404, 'not found');
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'method not allowed', { allow: 'GET, HEAD' });
  try {
    return await route({ authorization });
  } catch (error) {
    log.error('failed to answer an HTTP request', { path, error });
    return plain(500, 'internal error');
  }
}

function listen(name: string, server: Server, { host, port }: BindAddress & { kind: 'tcp' }): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: Error): void => {
      const where = host === undefined ? `:${port}` : hostAndPort(host, port);
      reject(new Error(`the ${name} endpoint cannot listen on ${where}: ${cause.message}`, { cause }));
    };
    server.once('error', onError);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

function addressOf(server: Server, host: string | undefined): string {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the server has no TCP address');
  return hostAndPort(host ?? bound.address, bound.port);
}

const hostAndPort = (host: string, port: number): string => (isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`);

async function close(server: Server, underWay: ReadonlySet<ServerResponse>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  await Promise.all([...underWay].map((response) => new Promise((resolve) => response.once('close', resolve))));
  // The rest are idle connections, and those that have not finished sending a request.
  server.closeAllConnections();
  await closed;
}
