/** The control plane as one thing: start, kubeconfigs, restart, stop. */
import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiServer, certificateFile } from './apiserver.ts';
import { compactEtcd, startEtcd } from './etcd.ts';
import { admin, type Identity, kubeconfig, operator, type User, withToken } from './identity.ts';
import type { Task } from './log.ts';
import { stopGraceMs } from './server.ts';

export interface ControlPlane {
  /** An admin's kubeconfig file. */
  readonly kubeconfig: string;
  readonly kubectl: string;
  /** Of the API server. */
  readonly url: string;
  readonly caFile: string;
  /** Holds all state and the servers' logs; removed by stop(), and also when this process dies. */
  readonly dir: string;
  /** Writes a kubeconfig file for one of the users given at the start, or for the operator's service account. */
  kubeconfigFor(user: string): Promise<string>;
  /** Stops kube-apiserver and starts it again: same port, same certificate, same etcd. */
  restartApiServer(options?: { downMs?: number }): Promise<void>;
  /**
   * Makes etcd forget all history. The API server goes on serving watches out of its own cache: for a watch that ends in
   * 410 Gone, change the object and restart the API server (its new cache begins at the present, even without this);
   * for a `continue` token that does, change something and compact.
   */
  compact(): Promise<void>;
  /** Safe to call twice. */
  stop(): Promise<void>;
}

/** Starts etcd and kube-apiserver from the folder `assets`. What had been started is gone when this rejects. */
export async function startPlane(assets: string, users: readonly User[], { log, signal }: Task): Promise<ControlPlane> {
  const undo = new Undo();
  try {
    const dir = await stateFolder(undo);
    const etcd = await startEtcd(assets, dir, signal);
    undo.add(() => etcd.server.stop(stopGraceMs));
    const identities = [withToken(admin), ...[operator, ...users].map(withToken)] as const;
    const apiServer = await ApiServer.start({ assets, dir, etcdUrl: etcd.url, identities }, signal);
    undo.add(() => apiServer.stop());
    const access = await Access.create(dir, apiServer.port, identities);
    log(`the API server is ready at ${access.url}`);
    return {
      kubeconfig: await access.kubeconfigFor(admin.name),
      kubectl: join(assets, 'kubectl'),
      url: access.url,
      caFile: certificateFile(dir),
      dir,
      kubeconfigFor: (user) => access.kubeconfigFor(user),
      restartApiServer: ({ downMs = 0 } = {}) => apiServer.restart(downMs),
      compact: () => compactEtcd(etcd.url),
      stop: () => undo.all(),
    };
  } catch (error) {
    await undo.all();
    throw error;
  }
}

/** What has to be undone, the latest first. */
class Undo {
  readonly #actions: (() => Promise<void>)[] = [];
  #done: Promise<void> | undefined;

  add(action: () => Promise<void>): void {
    this.#actions.push(action);
  }

  all(): Promise<void> {
    this.#done ??= (async () => {
      for (const action of this.#actions.reverse()) await action();
    })();
    return this.#done;
  }
}

async function stateFolder(undo: Undo): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'azure-ir-controlplane-'));
  const removeAtExit = () => rmSync(dir, { recursive: true, force: true });
  process.on('exit', removeAtExit);
  undo.add(async () => {
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    process.off('exit', removeAtExit);
  });
  return dir;
}

/** Writes the kubeconfig files. */
class Access {
  readonly url: string;
  readonly #dir: string;
  readonly #ca: string;
  readonly #identities: readonly Identity[];

  private constructor(dir: string, url: string, ca: string, identities: readonly Identity[]) {
    this.url = url;
    this.#dir = dir;
    this.#ca = ca;
    this.#identities = identities;
  }

  static async create(dir: string, port: number, identities: readonly Identity[]): Promise<Access> {
    return new Access(dir, `https://127.0.0.1:${port}`, await readFile(certificateFile(dir), 'utf8'), identities);
  }

  async kubeconfigFor(user: string): Promise<string> {
    const index = this.#identities.findIndex(({ name }) => name === user);
    const identity = this.#identities[index];
    if (identity === undefined) {
      const names = this.#identities.map(({ name }) => name).join(', ');
      throw new Error(`The API server knows no ${user}, only ${names}: pass others as "users" to startControlPlane().`);
    }
    const file = join(this.#dir, `kubeconfig-${index}.yaml`);
    await writeFile(file, kubeconfig(this.url, this.#ca, identity), { mode: 0o600 });
    return file;
  }
}
