import type { ArmOptions } from './arm-calls.ts';
import { ArmClient } from './arm-client.ts';
import { isListed } from './parse.ts';
import { type Service, ServiceRuntimes } from './service.ts';

/** The runtimes of Data Factory: its writes have taken effect when they are answered (recorded). */
export function createDataFactory(options: ArmOptions): ServiceRuntimes {
  const client = new ArmClient('factory', '2018-06-01', options);
  const service: Service = {
    parent: 'factory',
    accepts: false,
    client,
    networks: {
      look: (...args) => client.networks(...args),
      isShown: isListed,
      create: (...args) => client.putNetwork(...args),
    },
  };
  return new ServiceRuntimes(service, options);
}
