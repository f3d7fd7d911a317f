/** The runtimes of Data Factory. */
import { DataFactoryManagementClient } from '@azure/arm-datafactory';
import type { ArmOptions } from './arm-calls.ts';
import { createClient, PlainRequests } from './arm-client.ts';
import { isListed } from './parse.ts';
import { type Service, ServiceRuntimes } from './service.ts';

/** Writes have taken effect when they are answered (recorded). */
export function createDataFactory(options: ArmOptions): ServiceRuntimes {
  const client = createClient(DataFactoryManagementClient, options.subscriptionId, options);
  const { factories, integrationRuntimes, managedVirtualNetworks } = client;
  const service: Service = {
    parent: 'factory',
    accepts: false,
    plain: new PlainRequests(client, 'factory', '2018-06-01'),
    list: (group, factory, given) => integrationRuntimes.listByFactory(group, factory, given).byPage().next(),
    get: (...args) => integrationRuntimes.get(...args),
    status: (...args) => integrationRuntimes.getStatus(...args),
    parentItself: (...args) => factories.get(...args),
    networks: {
      read: (group, factory, given) => managedVirtualNetworks.listByFactory(group, factory, given).byPage({}).next(),
      isShown: isListed,
      create: (group, factory, name, given) =>
        managedVirtualNetworks.createOrUpdate(group, factory, name, { properties: {} }, given),
    },
  };
  return new ServiceRuntimes(service, options);
}
