/** How the global set-up tells the tests where everything is. */
import type { Packages } from '../../../dev/azurite/install.ts';
import type { Cluster } from '../../../dev/installation/kubectl.ts';
import type { AzureEnvironment } from '../../../dev/installation/operator-process.ts';

export const SETUP = 'TEST_OPERATOR_RUN';
/** How namespaces begin in which the operator is known to log defects: the tear-down does not count those. */
export const KNOWN_DEFECT = 'known-defect';

export interface Run {
  readonly cluster: Cluster;
  readonly azure: AzureEnvironment;
  readonly emulatorControlUrl: string;
  readonly metricsUrl: string;
  readonly healthUrl: string;
  /** Every line that the operator has logged, as it came. */
  readonly logFile: string;
  /** As claims name it. */
  readonly identity: string;
  /** Which the operator reads; absent where azurite cannot be installed. */
  readonly changeQueue?: { readonly url: string; readonly packages: Packages };
}

export function currentRun(): Run {
  const setup = process.env[SETUP];
  if (setup === undefined) throw new Error(`${SETUP} is not set: these tests need their global set-up`);
  return JSON.parse(setup);
}
