import { SynapseManagementClient } from '@azure/arm-synapse';
import type { ArmOptions } from './arm-calls.ts';
import { createClient, PlainRequests } from './arm-client.ts';
import { isWorkspaceNetwork } from './parse.ts';
import { type Service, ServiceRuntimes } from './service.ts';

/**
 * The runtimes of Synapse. Its writes are answered 202 and go on (recorded). The SDK would poll for them; here nobody
 * does, since the requests are sent without its pollers.
 */
export function createSynapse(options: ArmOptions): ServiceRuntimes {
  const client = createClient(SynapseManagementClient, options.subscriptionId, options);
  const { integrationRuntimes, integrationRuntimeStatusOperations, workspaces } = client;
  const service: Service = {
    parent: 'workspace',
    accepts: true,
    plain: new PlainRequests(client, 'workspace', '2021-06-01-preview'),
    list: (group, workspace, given) => integrationRuntimes.listByWorkspace(group, workspace, given).byPage().next(),
    get: (...args) => integrationRuntimes.get(...args),
    status: (...args) => integrationRuntimeStatusOperations.get(...args),
    parentItself: (...args) => workspaces.get(...args),
    // The workspace itself says whether it has one.
    networks: { poll: (...args) => workspaces.get(...args), isShown: isWorkspaceNetwork },
  };
  return new ServiceRuntimes(service, options);
}
