/** The certificate of the metrics server, read from files and reloaded when they change. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Timer } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { WarnOnce } from '../runtime/warn-once.ts';

/** A certificate with its chain, and its key, as PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** The file names of a mounted Secret of type kubernetes.io/tls. */
const CERT = 'tls.crt';
const KEY = 'tls.key';
const READ_EVERY_MS = 10_000;

export interface CertificateOptions {
  /** The folder with tls.crt and tls.key. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Reads the files every ten seconds: not every file system reports a change of a mounted Secret, where the kubelet swaps a
 * symbolic link.
 */
export class Certificate {
  readonly #options: CertificateOptions;
  #pair: Pair;
  readonly #warnOnce = new WarnOnce();
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

  /** Calls `changed` with every new pair. While certificate and key do not belong together, the old pair stays in use. */
  watch(changed: (pair: Pair) => void): void {
    const { clock } = this.#options;
    this.#timer = clock.setTimer(READ_EVERY_MS, () => {
      void this.#reload(changed).finally(() => {
        if (this.#timer !== undefined) this.watch(changed);
      });
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #reload(changed: (pair: Pair) => void): Promise<void> {
    const { dir, log } = this.#options;
    try {
      const pair = await read(dir);
      if (pair.cert !== this.#pair.cert || pair.key !== this.#pair.key) {
        changed(pair);
        this.#pair = pair;
        log.info('certificate reloaded', { dir, validTo: new X509Certificate(pair.cert).validTo });
      }
      this.#warnOnce.clear(dir);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      log[this.#warnOnce.level(dir, problem)]('failed to reload the certificate; keeping the previous one', {
        problem,
      });
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

/** The library's own error names an ASN.1 problem, but not the file. */
function attempt<T>(file: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new Error(`${file} is not valid PEM`, { cause });
  }
}
