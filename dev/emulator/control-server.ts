/** Serves the control over HTTP. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EmulatorControl } from './control.ts';
import { CONTROL_ROUTES, fromQuery } from './control-routes.ts';
import { parseVerbatim } from './json.ts';

const HANDLERS = new Map(
  Object.entries(CONTROL_ROUTES).map(([name, [verb, path]]) => [`${verb} ${path}`, name as keyof EmulatorControl]),
);

/** The control over plain HTTP. A client that reaches it may do anything, so it belongs on the loopback address. */
export async function serveControl(
  control: EmulatorControl,
  listen: { host: string; port: number },
): Promise<{ port: number; stop(): Promise<void> }> {
  // Longer than any pause of a caller: one that uses a connection just as it is closed fails.
  const server = createServer({ keepAliveTimeout: 60_000 }, (req, res) => {
    handle(control, req, res).catch((error: unknown) => send(res, 400, { error: String(error) }));
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
        server.closeAllConnections();
      }),
  };
}

async function handle(control: EmulatorControl, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://localhost');
  if (req.method === 'GET' && url.pathname === '/') return send(res, 200, CONTROL_ROUTES);
  const name = HANDLERS.get(`${req.method} ${url.pathname}`);
  if (name === undefined) return send(res, 404, { error: `unknown: ${req.method} ${url.pathname}; GET / lists all` });
  const body = await text(req);
  const args: unknown = body === '' ? fromQuery(url.searchParams) : parseVerbatim(body);
  // The table pairs each path with the method whose argument it carries; a caller that sends another gets a 400.
  const method = control[name] as (args: unknown) => Promise<unknown>;
  send(res, 200, await method(args));
}

async function text(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function send(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(body === undefined ? '' : JSON.stringify(body));
}
