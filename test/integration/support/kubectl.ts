/** The real kubectl, against the control plane of this run (global-setup.ts). */
import { randomUUID } from 'node:crypto';
import { type Cluster, kubectlOf, type Options, type Result, runKubectl } from '../../../dev/installation/kubectl.ts';

export type { Options, Result } from '../../../dev/installation/kubectl.ts';

/** Names of the variables by which the global set-up tells the tests where the control plane is. */
export const CONTROL_PLANE = {
  kubectl: 'TEST_KUBECTL',
  kubeconfig: 'TEST_KUBECONFIG',
  cache: 'TEST_KUBECACHE',
} as const;

function fromSetup(variable: string): string {
  const value = process.env[variable];
  // Never fall back to the developer's own cluster.
  if (value === undefined) throw new Error(`${variable} is not set: integration tests need their global set-up`);
  return value;
}

function cluster(): Cluster {
  return {
    kubectl: fromSetup(CONTROL_PLANE.kubectl),
    kubeconfig: fromSetup(CONTROL_PLANE.kubeconfig),
    cache: fromSetup(CONTROL_PLANE.cache),
  };
}

/** Runs kubectl and resolves with what it said, whether it succeeded or not. */
export function run(args: readonly string[], options: Options = {}): Promise<Result> {
  return runKubectl(cluster(), args, options);
}

/** Resolves with kubectl's standard output; rejects with what it complained of. */
export function kubectl(args: readonly string[], options: Options = {}): Promise<string> {
  return kubectlOf(cluster(), args, options);
}

/** Resolves with kubectl's complaint; rejects when it had none. */
export async function refusal(args: readonly string[], options: Options = {}): Promise<string> {
  const { code, stdout, stderr } = await run(args, options);
  if (code === 0) throw new Error(`kubectl ${args.join(' ')} was not refused: ${stdout}`);
  return stderr;
}

/** Makes a namespace for one test. It is not deleted: no controller would do that here, and the control plane goes away with the run. */
export async function newNamespace(): Promise<string> {
  const name = `test-${randomUUID().slice(0, 13)}`;
  await kubectl(['create', 'namespace', name]);
  return name;
}
