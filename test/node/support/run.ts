/** What main.ts hands to the tests, and the set-up to their files. */
import type { Cluster } from '../../../dev/installation/kubectl.ts';

export interface NodeRun {
  readonly assets: string;
  /** OCI archives. */
  readonly images: readonly string[];
  /** The name of the operator's image, without its tag. */
  readonly image: string;
  /** The sources of the parent commit, where there is one. */
  readonly parent?: string;
  /** OCI archives of the image of a release, each by a build of its own. */
  readonly releases: readonly string[];
  /** Whether tests that take minutes are asked for. */
  readonly long: boolean;
}

export const CLUSTER = 'NODE_CLUSTER';

export function nodeRun(): NodeRun {
  const { NODE_RUN } = process.env;
  if (NODE_RUN === undefined) throw new Error('these tests need a node: run them by npm run e2e:node');
  return JSON.parse(NODE_RUN);
}

export function sandboxDir(): string {
  const { SANDBOX_DIR } = process.env;
  if (SANDBOX_DIR === undefined) throw new Error('this is not in a sandbox');
  return SANDBOX_DIR;
}

export const currentCluster = (): Cluster => JSON.parse(process.env[CLUSTER] ?? '');
