/** A started azurite: Storage queues over TLS, for tokens of an emulated Entra. */

import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Child } from '../controlplane/child.ts';
import type { Packages } from './install.ts';

/** The emulated Azure's own: it is valid for azurite's address, too, so that clients of the one trust the other. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/** The certificate in the folder of an emulated Azure. */
export function certificateIn(dir: string): Certificate {
  return { certFile: join(dir, 'cert.pem'), keyFile: join(dir, 'key.pem') };
}

export interface Azurite {
  /** The URL of its one account. */
  readonly url: string;
  readonly port: number;
  /** Resolves once the process has ended, within two seconds. It also ends when this process does, in whatever way. */
  stop(): Promise<void>;
}

const STARTS_WITHIN_MS = 60_000;
const STOPS_WITHIN_MS = 2_000;
const LISTENS = /successfully listens on (https:\/\/\S+)/;

/** Resolves once it listens, on the given port or on any free one. */
export async function startAzurite(packages: Packages, { certFile, keyFile }: Certificate, port = 0): Promise<Azurite> {
  const child = new Child(process.execPath, [
    join(packages, 'node_modules/azurite/dist/src/queue/main.js'),
    ...['--queueHost', '127.0.0.1', '--queuePort', String(port)],
    ...['--oauth', 'basic', '--cert', certFile, '--key', keyFile],
    ...['--inMemoryPersistence', '--extentMemoryLimit', '256', '--disableTelemetry', '--silent'],
  ]);
  const stop = () => child.stop(STOPS_WITHIN_MS);
  try {
    const { origin, port: listensOn } = new URL(await announced(child));
    return { url: `${origin}/${ACCOUNT}`, port: Number(listensOn), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The account that it has by default. */
const ACCOUNT = 'devstoreaccount1';

function announced(child: Child): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const said: string[] = [];
  for (const stream of child.output()) {
    createInterface({ input: stream }).on('line', (line) => {
      const url = LISTENS.exec(line)?.[1];
      if (url !== undefined) resolve(url);
      else said.push(line);
    });
  }
  const fail = (what: string) => reject(new Error(`azurite ${what}:\n${said.join('\n')}`));
  const timer = setTimeout(() => fail('does not listen'), STARTS_WITHIN_MS);
  void child.exited.then((code) => fail(`ended with ${code}`));
  return promise.finally(() => clearTimeout(timer));
}
