/** kube-apiserver: its command line, its start and its restart. */
import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from './child.ts';
import { type Identity, tokenFile } from './identity.ts';
import { retryTakenPort, startServer, stopGraceMs, withFreePort } from './server.ts';

const timeoutMs = 5_000;

export interface ApiServerSpec {
  assets: string;
  /** For its keys, its certificate and its log. */
  dir: string;
  etcdUrl: string;
  /** The first is the one that the waiting for readiness uses: an admin. */
  identities: readonly [Identity, ...Identity[]];
}

/** A kube-apiserver that can be restarted: every time the same command line and files, so the same port and certificate. */
export class ApiServer {
  readonly #spec: ApiServerSpec;
  readonly port: number;
  #server: Child;
  #ended = false;
  #turn: Promise<void> = Promise.resolve();

  private constructor(spec: ApiServerSpec, port: number, server: Child) {
    this.#spec = spec;
    this.port = port;
    this.#server = server;
  }

  static async start(spec: ApiServerSpec, signal: AbortSignal): Promise<ApiServer> {
    await writeSecrets(spec);
    return withFreePort(async (port) => new ApiServer(spec, port, await launch(spec, port, signal)));
  }

  restart(downMs: number): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#ended) throw new Error('The control plane has been stopped: its API server cannot be restarted.');
      await this.#server.stop(stopGraceMs);
      await sleep(downMs);
      this.#server = await retryTakenPort(() => launch(this.#spec, this.port, new AbortController().signal));
    });
  }

  stop(): Promise<void> {
    return this.#inTurn(async () => {
      this.#ended = true;
      await this.#server.stop(stopGraceMs);
    });
  }

  /** A stop in the middle of a restart would miss the server that the restart is about to start. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

/** The certificate, with its CA, that kube-apiserver makes for itself when it first starts. */
export const certificateFile = (dir: string): string => join(dir, 'apiserver.crt');

async function writeSecrets({ dir, identities }: ApiServerSpec): Promise<void> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writeFile(join(dir, 'service-account.key'), privateKey.export({ type: 'sec1', format: 'pem' }), {
    mode: 0o600,
  });
  await writeFile(join(dir, 'tokens.csv'), tokenFile(identities), { mode: 0o600 });
}

function launch(spec: ApiServerSpec, port: number, signal: AbortSignal): Promise<Child> {
  return startServer({
    command: join(spec.assets, 'kube-apiserver'),
    args: flags(spec, port),
    logFile: join(spec.dir, 'kube-apiserver.log'),
    removeWhenOrphaned: [spec.dir],
    // The namespace `default` appears only some time after /readyz turns green, and tests apply into it at once.
    ready: async () =>
      (await answers(spec, port, '/readyz')) && (await answers(spec, port, '/api/v1/namespaces/default')),
    signal,
  });
}

function flags({ dir, etcdUrl }: ApiServerSpec, port: number): string[] {
  const key = join(dir, 'service-account.key');
  return [
    `--etcd-servers=${etcdUrl}`,
    `--cert-dir=${dir}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    // Without it kube-apiserver publishes the address of a network interface, and fails where there is none.
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${key}`,
    `--service-account-signing-key-file=${key}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    `--token-auth-file=${join(dir, 'tokens.csv')}`,
    '--authorization-mode=RBAC',
    // No controller manager makes the service accounts that this plugin would demand of pods.
    '--disable-admission-plugins=ServiceAccount',
    '--allow-privileged',
    // Otherwise open watches keep a stopping server for a minute.
    '--shutdown-watch-termination-grace-period=1s',
  ];
}

async function answers({ dir, identities: [admin] }: ApiServerSpec, port: number, path: string): Promise<boolean> {
  const ca = await readFile(certificateFile(dir));
  const headers = { authorization: `Bearer ${admin.token}` };
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, ca, headers, agent: false, timeout: timeoutMs };
    const asked = request(options, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.once('timeout', () => asked.destroy(new Error(`${path} was not answered within ${timeoutMs / 1000} s`)));
    asked.once('error', reject);
    asked.end();
  });
}
