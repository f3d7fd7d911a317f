/** Starts the node, once for all files. */
import { stderrLog } from '../../../dev/controlplane/log.ts';
import { type NodeCluster, startCluster } from '../../../dev/machine/cluster.ts';
import { CLUSTER, nodeRun, sandboxDir } from './run.ts';

declare global {
  var nodeCluster: NodeCluster | undefined;
}

export default async function setUp(): Promise<void> {
  const { assets, images } = nodeRun();
  const task = { log: stderrLog('node'), signal: new AbortController().signal };
  const { stop, ...cluster } = await startCluster({ dir: sandboxDir(), assets, images }, task);
  globalThis.nodeCluster = { ...cluster, stop };
  process.env[CLUSTER] = JSON.stringify(cluster);
}
