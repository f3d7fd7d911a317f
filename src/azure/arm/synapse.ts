/** The runtimes of Synapse. */
import { SynapseManagementClient } from '@azure/arm-synapse';
import type { ArmOptions } from './arm-calls.ts';
import { createClient, PlainRequests } from './arm-client.ts';
import { isWorkspaceNetwork } from './parse.ts';
import { type Service, ServiceRuntimes } from './service.ts';

/** Writes are answered 202 and completed later (recorded). The SDK's pollers are not used: the operator polls the runtime. */
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
    // The workspace itself shows whether it has one.
    networks: { read: (...args) => workspaces.get(...args), isShown: isWorkspaceNetwork },
  };
  return new ServiceRuntimes(service, options);
}
