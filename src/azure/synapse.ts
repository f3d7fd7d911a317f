import type { ArmOptions } from './arm-calls.ts';
import { ArmClient } from './arm-client.ts';
import { isWorkspaceNetwork } from './parse.ts';
import { type Service, ServiceRuntimes } from './service.ts';

/** The runtimes of Synapse. Its writes are answered 202 and go on (recorded). */
export function createSynapse(options: ArmOptions): ServiceRuntimes {
  const client = new ArmClient('workspace', '2021-06-01-preview', options);
  const workspaces = new ArmClient('workspace', '2021-06-01', options);
  const service: Service = {
    parent: 'workspace',
    accepts: true,
    client,
    // The workspace itself says whether it has one.
    networks: { look: (...args) => workspaces.parent(...args), isShown: isWorkspaceNetwork },
  };
  return new ServiceRuntimes(service, options);
}
