/** Manifests for tests: the sample, changed in one place. */

const SUBSCRIPTION = '00000000-0000-0000-0000-000000000001';

export const FACTORY = {
  subscriptionId: SUBSCRIPTION,
  resourceGroup: 'ADFV2SampleRG',
  name: 'SampleV2DataFactory1',
} as const;

export const WORKSPACE = { ...FACTORY, name: 'samplesynapseworkspace1' } as const;

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  spec: Record<string, unknown>;
}

/** The given fields of spec replace those of the sample; undefined leaves one out. */
export function manifest(spec: Record<string, unknown> = {}, name = 'my-sample-azure-ir'): Manifest {
  return {
    apiVersion: 'azure-ir.io/v1beta1',
    kind: 'AzureIntegrationRuntime',
    metadata: { name },
    spec: { azureName: 'MySampleAzureIR', factory: FACTORY, location: 'West Europe', ...spec },
  };
}

/** The sample with some fields of its factory replaced; undefined leaves one out. */
export const inFactory = (factory: Record<string, unknown>): Manifest =>
  manifest({ factory: { ...FACTORY, ...factory } });

/** The sample in a workspace instead, with some of its fields replaced; undefined leaves one out. */
export const inWorkspace = (workspace: Record<string, unknown> = {}): Manifest =>
  manifest({ factory: undefined, workspace: { ...WORKSPACE, ...workspace } });
