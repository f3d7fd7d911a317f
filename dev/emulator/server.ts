/** The HTTPS server, which also carries out faults of the connection. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { gatewayError } from './arm-errors.ts';
import { MAX_BODY_BYTES, TOO_LARGE } from './assumptions.ts';
import { type Incoming, type Reply, rawReply } from './exchange.ts';
import type { Met } from './faults.ts';
import type { ServerIdentity } from './tls.ts';

export type Answer = Reply | 'drop' | 'hang';

export interface Begun {
  /** The fault that this request meets. */
  readonly fault: Met | undefined;
  /** The request takes effect. */
  readonly answer: () => Answer;
  /** Wants the status that went out; 0 for none. */
  readonly done: (status: number) => void;
}

export type Service = (request: Incoming) => Begun;

export interface RunningServer {
  readonly port: number;
  stop(): Promise<void>;
}

export async function serveTls(
  identity: ServerIdentity,
  service: Service,
  listen: { host: string; port: number },
): Promise<RunningServer> {
  const server = createServer({ cert: identity.certPem, key: identity.keyPem, keepAliveTimeout: 60_000 }, (req, res) =>
    receive(service, req, res),
  );
  return start(server, listen);
}

async function start(server: Server, listen: { host: string; port: number }): Promise<RunningServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function receive(service: Service, req: IncomingMessage, res: ServerResponse): void {
  // Without a listener an aborted request would end the process.
  req.on('error', () => undefined);
  const length = req.headers['content-length'];
  if (length === '0' || (length === undefined && req.headers['transfer-encoding'] === undefined)) {
    respond(service, req, res, '');
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  req.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
    else if (!res.headersSent) tooLarge(res);
  });
  req.on('end', () => {
    if (size <= MAX_BODY_BYTES) respond(service, req, res, Buffer.concat(chunks).toString('utf8'));
  });
}

function tooLarge(res: ServerResponse): void {
  const message = `The request content size exceeds the maximum size of ${MAX_BODY_BYTES} bytes.`;
  res.setHeader('connection', 'close');
  send(res, gatewayError(TOO_LARGE.status, TOO_LARGE.code, message), undefined);
}

function respond(service: Service, req: IncomingMessage, res: ServerResponse, body: string): void {
  const request = incoming(req, body);
  const { fault, answer, done } = service(request);
  const safe = (): Answer => guarded(answer);
  const meet = fault === undefined ? safe : meeting(fault, request, safe);
  const finish = (): void => {
    const final = meet();
    done(typeof final === 'string' ? 0 : final.status);
    if (final === 'drop') req.socket.destroy();
    else if (final !== 'hang') send(res, final, request);
  };
  // A request takes effect though its client has gone away meanwhile, as with a real server.
  if (fault?.delayMs !== undefined) setTimeout(finish, fault.delayMs).unref();
  else finish();
}

/** A defect of the emulator must not look like an answer of Azure, and must not end the process. */
function guarded(answer: () => Answer): Answer {
  try {
    return answer();
  } catch (error) {
    console.error('emulator:', error);
    return gatewayError(500, 'EmulatorBug', String(error));
  }
}

/** The answer under a fault, to be asked for when the delay is over; what happens `after` takes effect at once. */
function meeting(fault: Met, request: Incoming, answer: () => Answer): () => Answer {
  const instead = replacement(fault, request);
  if (fault.when !== 'after') return () => instead ?? answer();
  const real = answer();
  return () => instead ?? real;
}

function replacement({ effect }: Met, { origin, path, query }: Incoming): Answer | undefined {
  if (effect.kind === 'delay') return undefined;
  if (effect.kind === 'endless') {
    const next = new URLSearchParams({ 'api-version': query.get('api-version') ?? '', $skiptoken: randomUUID() });
    return rawReply(200, JSON.stringify({ value: [], nextLink: `${origin}${path}?${next}` }));
  }
  if (effect.kind !== 'reply') return effect.kind;
  if (effect.body === undefined) return injected(effect.status, effect.headers);
  const body = typeof effect.body === 'string' ? effect.body : JSON.stringify(effect.body);
  return rawReply(effect.status, body, effect.headers);
}

function injected(status: number, headers: Record<string, string> | undefined): Reply {
  const codes: Record<number, string> = {
    429: 'TooManyRequests',
    500: 'InternalServerError',
    503: 'ServerUnavailable',
  };
  return gatewayError(status, codes[status] ?? `Injected${status}`, 'This answer was asked for by a test.', headers);
}

function incoming(req: IncomingMessage, body: string): Incoming {
  const url = req.url ?? '/';
  const mark = url.indexOf('?');
  return {
    method: req.method ?? 'GET',
    url,
    path: mark === -1 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1)),
    headers: req.headers,
    body,
    origin: `https://${req.headers.host ?? 'localhost'}`,
    correlationId: String(req.headers['x-ms-correlation-request-id'] ?? randomUUID()),
  };
}

function send(res: ServerResponse, answer: Reply, request: Incoming | undefined): void {
  const clientRequestId = request?.headers['x-ms-client-request-id'];
  res.writeHead(answer.status, {
    'cache-control': 'no-cache',
    pragma: 'no-cache',
    expires: '-1',
    'x-ms-request-id': randomUUID(),
    'x-ms-correlation-request-id': request?.correlationId ?? randomUUID(),
    'x-ms-routing-request-id': `EMULATOR:${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}:${randomUUID()}`,
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'x-content-type-options': 'nosniff',
    ...(clientRequestId === undefined ? {} : { 'x-ms-client-request-id': clientRequestId }),
    ...answer.headers,
    ...(answer.status === 204 || answer.status === 304 ? {} : { 'content-length': Buffer.byteLength(answer.body) }),
  });
  res.end(answer.body);
}
