import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Timer } from '../runtime/clock.ts';
import type { Log } from '../runtime/instruments.ts';

/** A certificate, with those that lead to its authority, and its key, as PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** As Secrets of the type kubernetes.io/tls have them. */
const CERT = 'tls.crt';
const KEY = 'tls.key';
const LOOK_EVERY_MS = 10_000;

export interface CertificateOptions {
  /** The folder that has tls.crt and tls.key. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The certificate of a server, read from files that somebody else renews: looked at every ten seconds, because a change of
 * a mounted Secret (a symbolic link that is exchanged) is not told on every file system.
 */
export class Certificate {
  readonly #options: CertificateOptions;
  #pair: Pair;
  /** What was wrong with the files when they were last read. */
  #problem: string | undefined;
  #timer: Timer | undefined;

  private constructor(options: CertificateOptions, pair: Pair) {
    this.#options = options;
    this.#pair = pair;
  }

  /** @throws Error that says what is wrong with which file. */
  static async load(options: CertificateOptions): Promise<Certificate> {
    return new Certificate(options, await read(options.dir));
  }

  get pair(): Pair {
    return this.#pair;
  }

  /** Calls `changed` with every pair that comes after this one. One that does not fit together is waited out. */
  watch(changed: (pair: Pair) => void): void {
    const { clock } = this.#options;
    this.#timer = clock.setTimer(LOOK_EVERY_MS, () => {
      void this.#look(changed).finally(() => {
        if (this.#timer !== undefined) this.watch(changed);
      });
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #look(changed: (pair: Pair) => void): Promise<void> {
    const { dir, log } = this.#options;
    try {
      const pair = await read(dir);
      if (pair.cert !== this.#pair.cert || pair.key !== this.#pair.key) {
        changed(pair);
        this.#pair = pair;
        log.info('certificate reloaded', { dir, validTo: new X509Certificate(pair.cert).validTo });
      }
      this.#problem = undefined;
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (problem !== this.#problem)
        log.warn('failed to reload the certificate; keeping the previous one', { problem });
      this.#problem = problem;
    }
  }
}

async function read(dir: string): Promise<Pair> {
  const [cert, key] = [join(dir, CERT), join(dir, KEY)];
  const pair = { cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') };
  const certificate = attempt(cert, () => new X509Certificate(pair.cert));
  const privateKey = attempt(key, () => createPrivateKey(pair.key));
  if (!certificate.checkPrivateKey(privateKey)) throw new Error(`${key} does not match ${cert}`);
  return pair;
}

/** The library's own error tells of ASN.1, and not of the file. */
function attempt<T>(file: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new Error(`${file} is not valid PEM`, { cause });
  }
}
