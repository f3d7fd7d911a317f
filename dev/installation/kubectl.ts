/** The real kubectl, against one cluster. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Cluster {
  /** Path of the binary. */
  readonly kubectl: string;
  readonly kubeconfig: string;
  /** Its discovery cache: its own, because another run may have had another API on the same port. */
  readonly cache: string;
}

export interface Options {
  /** What to pass on standard input, for `-f -`: text, or an object to pass as JSON. */
  stdin?: string | object;
}

export interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

/** Where kubectl runs, so that tests can name files of the repository. */
const cwd = fileURLToPath(new URL('../..', import.meta.url));

/** Runs kubectl and resolves with what it said, whether it succeeded or not. */
export function runKubectl(cluster: Cluster, args: readonly string[], { stdin }: Options = {}): Promise<Result> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const env = { ...process.env, KUBECONFIG: cluster.kubeconfig, KUBECACHEDIR: cluster.cache };
  const child = execFile(cluster.kubectl, args, { cwd, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
    if (error && typeof error.code !== 'number') reject(error);
    else resolve({ code: Number(error?.code ?? 0), stdout, stderr });
  });
  child.stdin?.end(typeof stdin === 'object' ? JSON.stringify(stdin) : stdin);
  return promise;
}

/** Resolves with kubectl's standard output; rejects with what it complained of. */
export async function kubectlOf(cluster: Cluster, args: readonly string[], options: Options = {}): Promise<string> {
  const { code, stdout, stderr } = await runKubectl(cluster, args, options);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
}
