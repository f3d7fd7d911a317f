/** What the chart is told of the emulated Azure, which is none of Azure's clouds; its certificate authority is in the ConfigMap azure-ca. */
import type { Emulator } from '../emulator/index.ts';

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
