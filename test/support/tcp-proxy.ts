/** What lies between a client and a server, for a test to cut. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/** Passes bytes on as they are, both ways, unless told otherwise. */
export class TcpProxy {
  readonly #listener: Server;
  readonly #pairs = new Set<Pair>();
  #passes: 'everything' | 'questions' | 'nothing' = 'everything';

  private constructor(target: URL) {
    this.#listener = createServer((client) => {
      const server = connect({ host: target.hostname, port: Number(target.port) });
      const pair = { client, server };
      this.#pairs.add(pair);
      for (const socket of [client, server]) {
        const end = () => {
          this.#pairs.delete(pair);
          client.destroy();
          server.destroy();
        };
        socket.on('error', end);
        socket.on('close', end);
      }
      this.#connect(pair);
    });
  }

  static async start(target: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(new URL(target));
    await new Promise<void>((resolve, reject) => {
      proxy.#listener.once('error', reject);
      proxy.#listener.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  /** As a client of https spells it. */
  get host(): string {
    return `127.0.0.1:${(this.#listener.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `https://${this.host}`;
  }

  /** What is sent, either way, is kept until `mend`, and nobody is told that anything is wrong. */
  fallSilent(): void {
    this.#pass('nothing');
  }

  /** What the server says is kept until `mend`; what it is asked arrives. */
  holdAnswers(): void {
    this.#pass('questions');
  }

  mend(): void {
    this.#pass('everything');
  }

  /** Of all connections that there are, once there is one. */
  async cutConnections(): Promise<void> {
    while (this.#pairs.size === 0) await once(this.#listener, 'connection');
    this.#cut();
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#listener.close(() => resolve()));
    this.#cut();
    await closed;
  }

  #cut(): void {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
  }

  #pass(what: 'everything' | 'questions' | 'nothing'): void {
    this.#passes = what;
    for (const pair of this.#pairs) this.#connect(pair);
  }

  #connect({ client, server }: Pair): void {
    client.unpipe(server);
    server.unpipe(client);
    if (this.#passes !== 'nothing') client.pipe(server);
    if (this.#passes === 'everything') server.pipe(client);
  }
}
