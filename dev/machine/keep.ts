/** In a sandbox: a node and an emulated Azure beside it, until they are told to end. For people who want to look, where jest would run tests. */
import { writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { stderrLog, type Task } from '../controlplane/log.ts';
import { DEFAULT_CLIENT } from '../emulator/index.ts';
import { pathOf } from '../tools/index.ts';
import { azureValues, startAzure } from './azure.ts';
import { startCluster } from './cluster.ts';

const { SANDBOX_DIR: dir = '', NODE_RUN = '' } = process.env;
const task: Task = { log: stderrLog('node'), signal: new AbortController().signal };

const told = new Promise<void>((resolve) => {
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve());
});
const cluster = await startCluster({ dir, ...JSON.parse(NODE_RUN) }, task);
// Its files go with the sandbox, whichever way that ends.
const emulator = await startAzure(join(dir, 'emulator'));
const file = (name: string) => join(dir, name);
await writeFile(file('azure.yaml'), JSON.stringify(azureValues(emulator)));
const path = [dirname(cluster.kubectl), dirname(pathOf('helm'))].join(delimiter);
await writeFile(file('profile'), `export KUBECONFIG=${cluster.kubeconfig} PATH=${path}${delimiter}$PATH\n`);
const { tenantId, clientId, clientSecret } = DEFAULT_CLIENT;
const inNamespace = '-n azure-ir-system';
task.log('the node is up. In another terminal, as root:');
for (const line of [
  `${file('enter')} bash`,
  `kubectl create configmap azure-ca ${inNamespace} --from-file=ca.pem=${emulator.caFile}`,
  `helm install azure-ir-operator deploy/chart ${inNamespace} -f values.yaml -f ${file('azure.yaml')}`,
])
  task.log(`  ${line}`);
task.log(`the emulated Azure: tenant ${tenantId}, client ${clientId}, secret ${clientSecret}`);
task.log('Ctrl-C ends it');
await told;
await emulator.stop();
await cluster.stop();
