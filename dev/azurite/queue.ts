/** A Storage queue as another client uses it: through Microsoft's SDK, in a process of its own. */
import { join } from 'node:path';
import { LineServer } from '../tools/line-server.ts';
import type { Packages } from './install.ts';

/** Where tokens come from, and for which client. */
export interface QueueUser {
  readonly authorityUrl: string;
  readonly caFile: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface QueueMessage {
  readonly id: string;
  readonly receipt: string;
  readonly text: string;
  readonly dequeueCount: number;
}

/** What the SDK threw. */
export interface QueueError {
  readonly status: number | null;
  readonly code: string | null;
  readonly message: string;
}

const SENDER = join(import.meta.dirname, 'sender.mjs');

/** A process with the SDK, for any number of queues. */
export class QueueClient {
  readonly #server: LineServer;
  readonly #azure: Omit<QueueUser, 'caFile'>;

  constructor(packages: Packages, { caFile, authorityUrl, tenantId, clientId, clientSecret }: QueueUser) {
    this.#azure = { authorityUrl, tenantId, clientId, clientSecret };
    this.#server = new LineServer(process.execPath, [SENDER, packages], {
      PATH: process.env.PATH,
      NODE_EXTRA_CA_CERTS: caFile,
    });
  }

  /** `audience`: the scope to ask a token for, in place of the one that the SDK asks for. */
  queue(account: string, name: string, audience?: string): Queue {
    const about = { azure: this.#azure, account, queue: name, ...(audience === undefined ? {} : { audience }) };
    return new Queue(`${account}/${name}`, (act, given) => this.#server.ask({ act, ...about, ...given }));
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}

type Ask = (act: string, given?: object) => Promise<unknown>;

export class Queue {
  readonly url: string;
  readonly #ask: Ask;

  constructor(url: string, ask: Ask) {
    this.url = url;
    this.#ask = ask;
  }

  /** Resolves with the result, or with what the SDK threw. */
  async try(act: string, given?: object): Promise<{ readonly result?: unknown; readonly error?: QueueError }> {
    return (await this.#ask(act, given)) as { result?: unknown; error?: QueueError };
  }

  async create(): Promise<void> {
    await this.#done('create');
  }

  async remove(): Promise<void> {
    await this.#done('remove');
  }

  /** Sends several at a time, in any order. */
  async send(...texts: readonly string[]): Promise<void> {
    await this.#done('send', { texts });
  }

  async receive(given: { count?: number; visibleAfter?: number } = {}): Promise<readonly QueueMessage[]> {
    return (await this.#done('receive', given)) as readonly QueueMessage[];
  }

  /** Hidden messages included. */
  async count(): Promise<number> {
    return (await this.#done('count')) as number;
  }

  async #done(act: string, given?: object): Promise<unknown> {
    const { result, error } = await this.try(act, given);
    if (error !== undefined) throw new Error(`${act} in ${this.url}: ${error.status} ${error.code}: ${error.message}`);
    return result;
  }
}
