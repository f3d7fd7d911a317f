/** An API server that misbehaves. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** Answers every request with this JSON. */
export function answer(status: number, body: object): Handler {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
}

/** An HTTP server on loopback that answers as badly as the test wants, and a kubeconfig for it. */
export class BadServer {
  handler: Handler = answer(200, {});
  connections = 0;
  readonly #server: Server;
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
    this.#server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => this.handler(request, response, body));
    });
    this.#server.on('connection', () => this.connections++);
  }

  static async start(): Promise<BadServer> {
    const bad = new BadServer(await mkdtemp(join(tmpdir(), 'bad-server-')));
    await new Promise<void>((resolve) => bad.#server.listen(0, '127.0.0.1', resolve));
    await writeFile(bad.kubeconfig, kubeconfigFor(`http://${bad.host}`));
    return bad;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get kubeconfig(): string {
    return join(this.#dir, 'kubeconfig');
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#dir, { recursive: true });
  }
}

function kubeconfigFor(server: string): string {
  return JSON.stringify({
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
    clusters: [{ name: 'k', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: 'token-of-u' } }],
  });
}
