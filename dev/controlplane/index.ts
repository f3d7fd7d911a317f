/**
 * A real Kubernetes API server for tests and for trying things out: kube-apiserver and etcd on loopback, nothing else.
 * No controller manager runs: nothing is garbage-collected, and a deleted namespace stays Terminating.
 */
import { findAssets } from './assets.ts';
import type { User } from './identity.ts';
import { type Log, stderrLog, type Task } from './log.ts';
import { type ControlPlane, startPlane } from './plane.ts';

export { operator, type User } from './identity.ts';
export type { ControlPlane } from './plane.ts';

export interface StartOptions {
  /** Takes the progress lines; standard error by default. */
  log?: Log;
  /** Gives up a start that is under way; it has no effect afterwards. */
  signal?: AbortSignal;
  /** Who may log in besides the admin and the operator's service account. */
  users?: readonly User[];
}

/**
 * Resolves when the API server is ready: after some seconds, or minutes when the binaries have to be built first.
 * Nothing it started outlives this process, however this process ends.
 */
export async function startControlPlane(options: StartOptions = {}): Promise<ControlPlane> {
  const task: Task = {
    log: options.log ?? stderrLog('controlplane'),
    signal: options.signal ?? new AbortController().signal,
  };
  return startPlane(await findAssets(task), options.users ?? [], task);
}
