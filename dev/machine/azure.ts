/** The emulated Azure that pods on the node reach, and what the chart has to know of it. */
import { DEFAULT_FACTORY, type Emulator, startEmulator } from '../emulator/index.ts';
import { NODE_ADDRESS } from './configuration.ts';

/** It has the port of Azure, 443, which the chart's NetworkPolicy lets out to. `dir`: where it keeps its files, if not in one of its own. */
export function startAzure(dir?: string): Promise<Emulator> {
  return startEmulator({
    host: NODE_ADDRESS,
    port: 443,
    extraHosts: [NODE_ADDRESS],
    throttling: false,
    seed: [DEFAULT_FACTORY],
    ...(dir === undefined ? {} : { dir }),
  });
}

/** It is none of Azure's clouds. Its certificate authority is in the ConfigMap azure-ca. */
export function azureValues({ authorityUrl, armUrl }: Emulator): object {
  const env = {
    // Without the port, as people write them.
    AZURE_AUTHORITY_HOST: new URL(authorityUrl).origin,
    AZURE_RESOURCE_MANAGER_ENDPOINT: new URL(armUrl).origin,
    NODE_EXTRA_CA_CERTS: '/etc/azure/ca.pem',
  };
  return {
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
    volumes: [{ name: 'azure', configMap: { name: 'azure-ca' } }],
    volumeMounts: [{ name: 'azure', mountPath: '/etc/azure' }],
  };
}
