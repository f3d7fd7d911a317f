/** The operator as users run it: the bundle, as a process of its own, with the settings of the image. */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Child } from '../controlplane/child.ts';
import { operator } from '../controlplane/index.ts';
import { readImage } from './image.ts';

export interface AzureEnvironment {
  readonly armUrl: string;
  readonly authorityUrl: string;
  readonly caFile: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface OperatorOptions {
  readonly kubeconfig: string;
  readonly azure: AzureEnvironment;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Another bundle than `dist/main.mjs`. */
  readonly bundle?: string;
  /** Each line of its log as it comes. */
  readonly onLine?: (line: string) => void;
}

export type LogLine = Record<string, unknown> & { readonly level: string; readonly msg: string };

export interface OperatorProcess {
  /** All lines so far, on standard output. */
  readonly log: readonly LogLine[];
  /** What else it wrote: nothing, unless it could not start. */
  readonly stderr: () => string;
  readonly metricsUrl: string;
  readonly healthUrl: string;
  /** The exit code (128 + n for a signal) once it has ended. */
  readonly exited: Promise<number>;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

const BUNDLE = fileURLToPath(new URL('../../dist/main.mjs', import.meta.url));
const STARTS_WITHIN_MS = 30_000;

/** Resolves once it is ready; rejects with its output when it ends before. It ends with this process, however that ends. */
export async function startOperator(options: OperatorOptions): Promise<OperatorProcess> {
  await hasItsOwnRights(options.kubeconfig);
  return operatorOf(await launch(options), options.onLine);
}

/** Not an admin's: as an admin, the operator could do what `deploy/` forgot to grant, and no test would notice. */
async function hasItsOwnRights(kubeconfig: string): Promise<void> {
  const { users } = JSON.parse(await readFile(kubeconfig, 'utf8'));
  const [user] = users as { name: string }[];
  if (user?.name !== operator.name) throw new Error(`the operator is to be run as ${operator.name}, not ${user?.name}`);
}

/** The same for one that was started in another way: with any address of 127.0.0.1 for its endpoints. */
export async function operatorOf(child: Child, onLine?: (line: string) => void): Promise<OperatorProcess> {
  const log: LogLine[] = [];
  let stderr = '';
  const [out, err] = child.output();
  err?.on('data', (chunk) => {
    stderr += chunk;
  });
  const ready = Promise.withResolvers<void>();
  if (out !== undefined) {
    createInterface({ input: out }).on('line', (line) => {
      onLine?.(line);
      log.push(JSON.parse(line));
      if (log.at(-1)?.msg === 'objects listed') ready.resolve();
    });
  }
  const timer = setTimeout(
    () => ready.reject(new Error(`the operator was not ready in time: ${stderr}`)),
    STARTS_WITHIN_MS,
  );
  child.exited.then((code) =>
    ready.reject(new Error(`the operator ended with ${code}: ${stderr} ${JSON.stringify(log)}`)),
  );
  try {
    await ready.promise;
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    clearTimeout(timer);
  }
  const address = (endpoint: string) => `http://${log.find((line) => line.endpoint === endpoint)?.address}`;
  return {
    log,
    stderr: () => stderr,
    metricsUrl: address('metrics'),
    healthUrl: address('health'),
    exited: child.exited,
    signal: (signal) => child.kill(signal),
    stop: () => {
      child.kill('SIGTERM');
      return child.exited;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await child.exited;
    },
  };
}

async function launch({ kubeconfig, azure, args = [], env = {}, bundle = BUNDLE }: OperatorOptions): Promise<Child> {
  const image = await readImage();
  const nodeFlags = image.entrypoint.slice(1, -1);
  const standard = ['--metrics-bind-address=127.0.0.1:0', '--health-probe-bind-address=127.0.0.1:0'];
  return new Child(process.execPath, [...nodeFlags, bundle, ...standard, ...args], {
    // Nothing of the developer's own environment reaches it.
    env: {
      ...image.env,
      KUBECONFIG: kubeconfig,
      NODE_EXTRA_CA_CERTS: azure.caFile,
      AZURE_TENANT_ID: azure.tenantId,
      AZURE_CLIENT_ID: azure.clientId,
      AZURE_CLIENT_SECRET: azure.clientSecret,
      AZURE_AUTHORITY_HOST: azure.authorityUrl,
      AZURE_RESOURCE_MANAGER_ENDPOINT: azure.armUrl,
      ...env,
    },
  });
}
