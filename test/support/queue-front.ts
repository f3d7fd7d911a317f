/** What lies between the operator and its queue, for a test to break: it understands what passes, unlike a proxy of bytes. */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Certificate } from '../../dev/azurite/azurite.ts';

export type QueueFault =
  /** As Storage words it: the code is in a header. */
  | { readonly kind: 'refuse'; readonly status: number; readonly code: string; readonly retryAfter?: number }
  /** No answer, ever. */
  | { readonly kind: 'hang' }
  /** It takes effect, and its answer never comes. */
  | { readonly kind: 'lose the answer' };

export interface Passed {
  readonly method: string;
  readonly path: string;
  /** 0: unanswered. */
  readonly status: number;
}

export class QueueFront {
  readonly #server: Server;
  readonly #target: URL;
  readonly #agent: Agent;
  readonly #sockets = new Set<Socket>();
  readonly #faults = new Map<string, QueueFault>();
  /** All requests so far, oldest first. */
  readonly passed: Passed[] = [];

  private constructor(target: URL, cert: Buffer, key: Buffer, ca: Buffer) {
    this.#target = target;
    this.#agent = new Agent({ keepAlive: true, ca });
    this.#server = createServer({ cert, key }, (incoming, outgoing) => this.#pass(incoming, outgoing));
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** `target`: an account of azurite. */
  static async start(target: string, files: Certificate & { readonly caFile: string }): Promise<QueueFront> {
    const [cert, key, ca] = await Promise.all(
      [files.certFile, files.keyFile, files.caFile].map((file) => readFile(file)),
    );
    if (cert === undefined || key === undefined || ca === undefined) throw new Error('no certificate');
    const front = new QueueFront(new URL(target), cert, key, ca);
    await new Promise<void>((resolve, reject) => {
      front.#server.once('error', reject);
      front.#server.listen(0, '127.0.0.1', resolve);
    });
    return front;
  }

  /** The account, by this way. */
  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}${this.#target.pathname}`;
  }

  /** From now on: for requests of one method, or of any. */
  meet(fault: QueueFault, method = 'any'): void {
    this.#faults.set(method, fault);
  }

  mend(): void {
    this.#faults.clear();
  }

  count(method: string, status?: number): number {
    return this.passed.filter((one) => one.method === method && (status === undefined || one.status === status)).length;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    this.#agent.destroy();
    await closed;
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method = '', url = '' } = incoming;
    const told = (status: number) => void this.passed.push({ method, path: url, status });
    const fault = this.#faults.get(method) ?? this.#faults.get('any');
    if (fault?.kind === 'hang') {
      incoming.resume();
      told(0);
      return;
    }
    if (fault?.kind === 'refuse') {
      incoming.resume();
      told(fault.status);
      refuse(outgoing, fault);
      return;
    }
    const headers = { ...incoming.headers, host: this.#target.host };
    const { hostname, port } = this.#target;
    const onward = request({ method, path: url, hostname, port, headers, agent: this.#agent }, (answer) => {
      if (fault !== undefined) {
        answer.resume();
        told(0);
        return;
      }
      told(answer.statusCode ?? 0);
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.on('error', () => onward.destroy());
    incoming.pipe(onward);
  }
}

function refuse(outgoing: ServerResponse, { status, code, retryAfter }: QueueFault & { kind: 'refuse' }): void {
  const body = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>Said by the test: ${code}.</Message></Error>`;
  outgoing.writeHead(status, {
    'content-type': 'application/xml',
    'x-ms-error-code': code,
    'x-ms-request-id': 'aaaaaaaa-0003-0000-0000-000000000000',
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
  });
  outgoing.end(body);
}
