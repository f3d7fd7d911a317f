/** Manifests that the API server takes or refuses: whoever judges one without it has to come to the same. */
import { FACTORY, inFactory, inWorkspace, type Manifest, manifest, WORKSPACE } from './manifest.ts';

const withProperties = (...customProperties: object[]) => manifest({ dataFlow: { customProperties } });
const minutes = (least: number) => `must be ${least} or more minutes`;
const units = 'must be a multiple of 4 from 4 to 256';
const nodes = 'must be from 1 to 10';

/** Group, field, value, and what the refusal says: always what is allowed. */
const refusedFields: readonly [string, string, unknown, string | RegExp][] = [
  ['dataFlow', 'computeType', 'general', 'supported values: "General", "MemoryOptimized", "ComputeOptimized"'],
  ['dataFlow', 'coreCount', 24, 'supported values: "8", "16", "32", "48", "80", "144", "272"'],
  ['dataFlow', 'timeToLiveMinutes', -1, minutes(0)],
  ['dataFlow', 'timeToLiveMinutes', 1.5, /must be of type (int32|integer)/],
  ['dataFlow', 'timeToLiveMinutes', 2 ** 31, 'less than or equal to 2147483647'],
  ['dataFlow', 'cleanup', 'no', 'must be of type boolean'],
  ['copyCompute', 'dataIntegrationUnits', 2, units],
  ['copyCompute', 'dataIntegrationUnits', 6, units],
  ['copyCompute', 'dataIntegrationUnits', 260, units],
  ['copyCompute', 'timeToLiveMinutes', 4, minutes(5)],
  ['pipelineExternalCompute', 'timeToLiveMinutes', 4, minutes(5)],
  ['pipelineExternalCompute', 'pipelineNodes', 0, nodes],
  ['pipelineExternalCompute', 'pipelineNodes', 11, nodes],
  ['pipelineExternalCompute', 'externalNodes', 0, nodes],
  ['pipelineExternalCompute', 'externalNodes', 11, nodes],
];

const nameRule = '3 to 63 letters and digits, separated by single hyphens';

/** Longer than any name, and refused with a better hint than that. */
const group = `/subscriptions/${FACTORY.subscriptionId}/resourceGroups/${'g'.repeat(90)}`;
const factoryId = `${group}/providers/Microsoft.DataFactory/factories/${'f'.repeat(63)}`;
const workspaceId = `${group}/providers/Microsoft.Synapse/workspaces/${'w'.repeat(45)}`;
const only = (segment: string) => `must be the name alone: of a resource ID, only what follows "/${segment}/"`;
const resourceIds: readonly [string, Manifest, string, string][] = [
  ['with the id of a factory for its name', inFactory({ name: factoryId }), 'spec.factory.name', only('factories')],
  [
    'with the id of a workspace for its name',
    inWorkspace({ name: workspaceId }),
    'spec.workspace.name',
    only('workspaces'),
  ],
  [
    'with the id of a resource group for its name',
    inFactory({ resourceGroup: group }),
    'spec.factory.resourceGroup',
    only('resourceGroups'),
  ],
  [
    'with the id of a runtime for azureName',
    manifest({ azureName: `${factoryId}/integrationRuntimes/my` }),
    'spec.azureName',
    only('integrationRuntimes'),
  ],
  [
    'with the id of a factory for that of the subscription',
    inFactory({ subscriptionId: factoryId }),
    'spec.factory.subscriptionId',
    'must be the ID (GUID) of the subscription',
  ],
];

/** What is wrong, the manifest, the path that the message is about, and what it says: a pattern where one Kubernetes words it otherwise than another. */
export const refusedManifests: readonly [string, Manifest, string, string | RegExp][] = [
  ...resourceIds,
  ['without a factory', manifest({ factory: undefined }), 'spec.factory', 'set spec.factory.subscriptionId'],
  ['without a factory or workspace', manifest({ factory: undefined }), 'spec.factory', 'or set spec.workspace'],
  ['with both', manifest({ workspace: WORKSPACE }), 'spec.workspace', 'remove spec.factory or spec.workspace'],
  ['with a name of a workspace that none has', inWorkspace({ name: 'a_b' }), 'spec.workspace.name', '1 to 50 letters'],
  ['with a long name of a workspace', inWorkspace({ name: 'a'.repeat(51) }), 'spec.workspace.name', '1 to 50 letters'],
  ["without the workspace's name", inWorkspace({ name: undefined }), 'spec.workspace.name', 'Required value'],
  [
    "with a subscription's name for its id in workspace",
    inWorkspace({ subscriptionId: 'Pay-As-You-Go' }),
    'spec.workspace.subscriptionId',
    'must be the ID (GUID) of the subscription',
  ],
  [
    "with a dot at the end of the workspace's resource group",
    inWorkspace({ resourceGroup: 'rg.' }),
    'spec.workspace.resourceGroup',
    'not ending with a dot',
  ],
  ['with an empty factory', manifest({ factory: {} }), 'spec.factory.name', 'Required value'],
  [
    'without the subscription',
    inFactory({ subscriptionId: undefined }),
    'spec.factory.subscriptionId',
    'Required value',
  ],
  [
    'without the resource group',
    inFactory({ resourceGroup: undefined }),
    'spec.factory.resourceGroup',
    'Required value',
  ],
  ["without the factory's name", inFactory({ name: undefined }), 'spec.factory.name', 'Required value'],
  ['with a short factory name', inFactory({ name: 'ab' }), 'spec.factory.name', nameRule],
  ['with an empty factory name', inFactory({ name: '' }), 'spec.factory.name', nameRule],
  ['with a long factory name', inFactory({ name: 'a'.repeat(64) }), 'spec.factory.name', nameRule],
  [
    'with the end of the id of a factory for its name',
    inFactory({ name: '/factories/f' }),
    'spec.factory.name',
    only('factories'),
  ],
  ['with an empty resource group', inFactory({ resourceGroup: '' }), 'spec.factory.resourceGroup', '1 to 90 letters'],
  [
    'with a dot at the end of the resource group',
    inFactory({ resourceGroup: 'rg.' }),
    'spec.factory.resourceGroup',
    'not ending with a dot',
  ],
  [
    'with a long resource group',
    inFactory({ resourceGroup: 'a'.repeat(91) }),
    'spec.factory.resourceGroup',
    '1 to 90 letters',
  ],
  [
    "with a subscription's name for its id",
    inFactory({ subscriptionId: 'Pay-As-You-Go' }),
    'spec.factory.subscriptionId',
    'must be the ID (GUID) of the subscription',
  ],
  [
    'with a subscription id in braces',
    inFactory({ subscriptionId: `{${FACTORY.subscriptionId}}` }),
    'spec.factory.subscriptionId',
    'must be the ID (GUID) of the subscription',
  ],
  ['with an empty azureName', manifest({ azureName: '' }), 'spec.azureName', nameRule],
  ['with a short azureName', manifest({ azureName: 'ab' }), 'spec.azureName', nameRule],
  ['with a long azureName', manifest({ azureName: 'a'.repeat(64) }), 'spec.azureName', nameRule],
  ['with a hyphen at the start of azureName', manifest({ azureName: '-abc' }), 'spec.azureName', nameRule],
  ['with a hyphen at the end of azureName', manifest({ azureName: 'abc-' }), 'spec.azureName', nameRule],
  ['with two hyphens in a row in azureName', manifest({ azureName: 'a--b' }), 'spec.azureName', nameRule],
  ['with an underscore in azureName', manifest({ azureName: 'my_ir' }), 'spec.azureName', nameRule],
  [
    'with a dot in metadata.name and no azureName',
    manifest({ azureName: undefined }, 'my.ir'),
    'spec.azureName',
    'metadata.name "my.ir" is not a valid runtime name',
  ],
  [
    'with a short metadata.name and no azureName',
    manifest({ azureName: undefined }, 'ab'),
    'spec.azureName',
    'set spec.azureName, or rename',
  ],
  [
    'with two hyphens in metadata.name and no azureName',
    manifest({ azureName: undefined }, 'a--b'),
    'spec.azureName',
    'set spec.azureName, or rename',
  ],
  [
    'with a long metadata.name and no azureName',
    manifest({ azureName: undefined }, 'a'.repeat(64)),
    'spec.azureName',
    'set spec.azureName, or rename',
  ],
  ['with an empty location', manifest({ location: '' }), 'spec.location', 'omit the field'],
  [
    'with odd characters in location',
    manifest({ location: 'west_europe' }),
    'spec.location',
    'must be an Azure region',
  ],
  ['with a long location', manifest({ location: 'a'.repeat(65) }), 'spec.location', /may not be (more|longer) than 64/],
  [
    'with a long description',
    manifest({ description: 'a'.repeat(4097) }),
    'spec.description',
    /may not be (more|longer) than 4096/,
  ],
  ['with a number as interval', manifest({ interval: 60 }), 'spec.interval', 'must be of type string'],
  ['with an interval without a unit', manifest({ interval: '60' }), 'spec.interval', 'for example 90s, 10m or 1h30m'],
  ['with an empty interval', manifest({ interval: '' }), 'spec.interval', 'for example 90s, 10m or 1h30m'],
  ['with an interval in days', manifest({ interval: '1d' }), 'spec.interval', 'for example 90s, 10m or 1h30m'],
  ['with a fraction in interval', manifest({ interval: '1.5h' }), 'spec.interval', 'for example 90s, 10m or 1h30m'],
  ['with a short interval', manifest({ interval: '59s' }), 'spec.interval', 'must be at least 1m'],
  ['with a long interval', manifest({ interval: '24h1s' }), 'spec.interval', 'must be at most 24h'],
  ...refusedFields.map(([group, field, value, says]): [string, Manifest, string, string | RegExp] => [
    `with ${JSON.stringify(value)} as ${group}.${field}`,
    manifest({ [group]: { [field]: value } }),
    `spec.${group}.${field}`,
    says,
  ]),
  [
    'with two custom properties of one name',
    withProperties({ name: 'a', value: '1' }, { name: 'a', value: '2' }),
    'spec.dataFlow.customProperties[1]',
    /Duplicate value: .*\{"name":"a"\}/,
  ],
  [
    'with too many custom properties',
    withProperties(...Array.from({ length: 33 }, (_, i) => ({ name: `p${i}`, value: '' }))),
    'spec.dataFlow.customProperties',
    'must have at most 32 items',
  ],
  [
    'with a custom property without a name',
    withProperties({ value: '1' }),
    'spec.dataFlow.customProperties[0].name',
    'Required value',
  ],
  [
    'with an empty name of a custom property',
    withProperties({ name: '', value: '1' }),
    'spec.dataFlow.customProperties[0].name',
    'should be at least 1 chars long',
  ],
  [
    'with a custom property without a value',
    withProperties({ name: 'a' }),
    'spec.dataFlow.customProperties[0].value',
    'Required value',
  ],
  [
    'with a number as the value of a custom property',
    withProperties({ name: 'a', value: 250 }),
    'spec.dataFlow.customProperties[0].value',
    'must be of type string',
  ],
  [
    'with an unknown managementPolicy',
    manifest({ managementPolicy: 'manage' }),
    'spec.managementPolicy',
    'supported values: "Manage", "Observe"',
  ],
  [
    'with an unknown adoptionPolicy',
    manifest({ adoptionPolicy: 'Maybe' }),
    'spec.adoptionPolicy',
    'supported values: "Always", "IfIdentical", "Never"',
  ],
  [
    'with an unknown deletionPolicy',
    manifest({ deletionPolicy: 'Keep' }),
    'spec.deletionPolicy',
    'supported values: "DeleteIfCreated", "Delete", "Retain"',
  ],
  [
    'with an unknown repair mode',
    manifest({ repair: { mode: 'Never' } }),
    'spec.repair.mode',
    'supported values: "Auto", "Disabled"',
  ],
  [
    'with no repair attempt',
    manifest({ repair: { maxAttempts: 0 } }),
    'spec.repair.maxAttempts',
    'greater than or equal to 1',
  ],
  [
    'with too many repair attempts',
    manifest({ repair: { maxAttempts: 21 } }),
    'spec.repair.maxAttempts',
    'less than or equal to 20',
  ],
  [
    'with an odd name of a managed virtual network',
    manifest({ managedVirtualNetwork: { name: 'a/b' } }),
    'spec.managedVirtualNetwork.name',
    'omit spec.managedVirtualNetwork.name',
  ],
  [
    'with an unknown creation of the network',
    manifest({ managedVirtualNetwork: { creation: 'Always' } }),
    'spec.managedVirtualNetwork.creation',
    'supported values: "Never", "IfMissing"',
  ],
  [
    'with interactive authoring of a public runtime',
    manifest({ interactiveAuthoring: { autoTerminationMinutes: 10 } }),
    'spec.interactiveAuthoring',
    'or create a new object with spec.managedVirtualNetwork',
  ],
  [
    'with other minutes of interactive authoring',
    manifest({ managedVirtualNetwork: {}, interactiveAuthoring: { autoTerminationMinutes: 20 } }),
    'spec.interactiveAuthoring.autoTerminationMinutes',
    'supported values: "10", "30", "60", "120"',
  ],
  [
    'without minutes of interactive authoring',
    manifest({ managedVirtualNetwork: {}, interactiveAuthoring: {} }),
    'spec.interactiveAuthoring.autoTerminationMinutes',
    'Required value',
  ],
  [
    'for the default runtime',
    manifest({ azureName: 'AutoResolveIntegrationRuntime' }),
    'spec.azureName',
    'choose another azureName',
  ],
  [
    'for the default runtime by metadata.name',
    manifest({ azureName: undefined }, 'autoresolveintegrationruntime'),
    'spec.azureName',
    'set spec.managedVirtualNetwork',
  ],
  [
    'with a network to be made in a workspace',
    manifest({ factory: undefined, workspace: WORKSPACE, managedVirtualNetwork: { creation: 'IfMissing' } }),
    'spec.managedVirtualNetwork.creation',
    'set spec.managedVirtualNetwork.creation: Never',
  ],
];

/** Where the field is, the manifest, and what the message says. */
export const unknownFields: readonly [string, Manifest, string][] = [
  ['in spec', manifest({ loction: 'West Europe' }), 'unknown field "spec.loction"'],
  ['in factory', inFactory({ resourcegroup: 'rg' }), 'unknown field "spec.factory.resourcegroup"'],
  ['in workspace', inWorkspace({ resourcegroup: 'rg' }), 'unknown field "spec.workspace.resourcegroup"'],
  ['in repair', manifest({ repair: { attempts: 3 } }), 'unknown field "spec.repair.attempts"'],
  [
    'in dataFlow, such as the name that Azure has for it',
    manifest({ dataFlow: { timeToLive: 10 } }),
    'unknown field "spec.dataFlow.timeToLive"',
  ],
  ['in copyCompute', manifest({ copyCompute: { units: 4 } }), 'unknown field "spec.copyCompute.units"'],
  [
    'in pipelineExternalCompute',
    manifest({ pipelineExternalCompute: { nodes: 4 } }),
    'unknown field "spec.pipelineExternalCompute.nodes"',
  ],
  [
    'in managedVirtualNetwork',
    manifest({ managedVirtualNetwork: { create: 'IfMissing' } }),
    'unknown field "spec.managedVirtualNetwork.create"',
  ],
];

const factoryBack = 'restore "SampleV2DataFactory1" (resource group "ADFV2SampleRG"), or create';
const workspaceBack = factoryBack.replace('SampleV2DataFactory1', 'samplesynapseworkspace1');

/** What changes, before, after, the path that the message is about, and what it says. */
export const refusedChanges: readonly [string, Manifest, Manifest, string, string][] = [
  ['of azureName', manifest(), manifest({ azureName: 'Other' }), 'spec.azureName', 'restore "MySampleAzureIR"'],
  ['that adds azureName', manifest({ azureName: undefined }), manifest(), 'spec.azureName', 'remove spec.azureName'],
  [
    'that adds azureName equal to metadata.name',
    manifest({ azureName: undefined }),
    manifest({ azureName: 'my-sample-azure-ir' }),
    'spec.azureName',
    'remove spec.azureName',
  ],
  [
    'that removes azureName',
    manifest(),
    manifest({ azureName: undefined }),
    'spec.azureName',
    'restore "MySampleAzureIR"',
  ],
  [
    "of the factory's subscription",
    manifest(),
    inFactory({ subscriptionId: '00000000-0000-0000-0000-000000000002' }),
    'spec.factory',
    factoryBack,
  ],
  ["of the factory's resource group", manifest(), inFactory({ resourceGroup: 'Other' }), 'spec.factory', factoryBack],
  ["of the factory's name", manifest(), inFactory({ name: 'Other' }), 'spec.factory', factoryBack],
  ["of the workspace's name", inWorkspace(), inWorkspace({ name: 'other' }), 'spec.workspace', workspaceBack],
  [
    'of a letter of the resource group that is not ASCII',
    inFactory({ resourceGroup: 'Gr\u00fcn' }),
    inFactory({ resourceGroup: 'GR\u00dcN' }),
    'spec.factory',
    'restore "SampleV2DataFactory1" (resource group "Gr\u00fcn"',
  ],
  [
    'of the Kelvin sign in the resource group to a letter',
    inFactory({ resourceGroup: 'rg\u212a' }),
    inFactory({ resourceGroup: 'rgk' }),
    'spec.factory',
    'restore "SampleV2DataFactory1"',
  ],
  [
    "of one more than the case of the factory's letters",
    manifest(),
    inFactory({ resourceGroup: 'adfv2samplerg', name: 'samplev2datafactory2' }),
    'spec.factory',
    factoryBack,
  ],
  ['of the factory to a workspace', manifest(), inWorkspace(), 'spec.factory', factoryBack],
  ['of the workspace to a factory', inWorkspace(), manifest(), 'spec.workspace', workspaceBack],
  [
    'that adds a workspace to the factory',
    manifest(),
    manifest({ workspace: WORKSPACE }),
    'spec.workspace',
    'remove spec.factory or spec.workspace',
  ],
  [
    'that removes the factory',
    manifest(),
    manifest({ factory: undefined }),
    'spec.factory',
    'set spec.factory.subscriptionId',
  ],
  [
    'that adds a managed virtual network',
    manifest(),
    manifest({ managedVirtualNetwork: {} }),
    'spec.managedVirtualNetwork',
    'remove spec.managedVirtualNetwork, or create a new object with another azureName',
  ],
  [
    'that removes the managed virtual network',
    manifest({ managedVirtualNetwork: {} }),
    manifest(),
    'spec.managedVirtualNetwork',
    'restore spec.managedVirtualNetwork',
  ],
  [
    'of the managed virtual network',
    manifest({ managedVirtualNetwork: {} }),
    manifest({ managedVirtualNetwork: { name: 'other' } }),
    'spec.managedVirtualNetwork.name',
    'restore "default"',
  ],
  [
    'that makes an observer of the default runtime its manager',
    manifest({ azureName: 'AutoResolveIntegrationRuntime', managementPolicy: 'Observe' }),
    manifest({ azureName: 'AutoResolveIntegrationRuntime' }),
    'spec.azureName',
    'cannot be managed',
  ],
];

export const acceptedManifests: readonly [string, Manifest][] = [
  ['with a subscription id in any case', inFactory({ subscriptionId: 'ABCDEF00-abcd-ABCD-abcd-00000000000f' })],
  [
    'with letters of any script, dots and parentheses in the resource group',
    inFactory({ resourceGroup: 'Größe_(1).x-y' }),
  ],
  ['with the shortest names', manifest({ azureName: 'abc', factory: { ...FACTORY, name: 'abc', resourceGroup: 'a' } })],
  [
    'with the longest names',
    manifest({
      azureName: 'a'.repeat(63),
      factory: { ...FACTORY, name: 'b'.repeat(63), resourceGroup: 'c'.repeat(90) },
    }),
  ],
  ['with a metadata.name that Azure refuses and an azureName', manifest({}, 'my.ir')],
  ['with a workspace instead of a factory', inWorkspace()],
  ['with the shortest name of a workspace', inWorkspace({ name: 'a' })],
  ['with the longest name of a workspace', inWorkspace({ name: 'a'.repeat(50) })],
  ['with only a factory', manifest({ azureName: undefined, location: undefined })],
  ['with an empty description', manifest({ description: '' })],
  ['with groups of fields that are empty', manifest({ dataFlow: {}, copyCompute: {}, pipelineExternalCompute: {} })],
  ...[8, 16, 32, 48, 80, 144, 272].map((coreCount): [string, Manifest] => [
    `with ${coreCount} cores`,
    manifest({ dataFlow: { coreCount } }),
  ]),
  ...['General', 'MemoryOptimized', 'ComputeOptimized'].map((computeType): [string, Manifest] => [
    `with the compute type ${computeType}`,
    manifest({ dataFlow: { computeType } }),
  ]),
  [
    'with the least of everything',
    manifest({
      dataFlow: { timeToLiveMinutes: 0, cleanup: false, customProperties: [] },
      copyCompute: { dataIntegrationUnits: 4, timeToLiveMinutes: 5 },
      pipelineExternalCompute: { timeToLiveMinutes: 5, pipelineNodes: 1, externalNodes: 1 },
    }),
  ],
  [
    'with the most of everything',
    manifest({
      dataFlow: {
        timeToLiveMinutes: 2 ** 31 - 1,
        cleanup: true,
        customProperties: Array.from({ length: 32 }, (_, i) => ({
          name: `${i}`.padEnd(128, 'n'),
          value: 'v'.repeat(1024),
        })),
      },
      copyCompute: { dataIntegrationUnits: 256, timeToLiveMinutes: 2 ** 31 - 1 },
      pipelineExternalCompute: { timeToLiveMinutes: 2 ** 31 - 1, pipelineNodes: 10, externalNodes: 10 },
    }),
  ],
  ...[10, 30, 60, 120].map((autoTerminationMinutes): [string, Manifest] => [
    `with ${autoTerminationMinutes} minutes of interactive authoring`,
    manifest({ managedVirtualNetwork: {}, interactiveAuthoring: { autoTerminationMinutes } }),
  ]),
  [
    'for the default runtime in a managed virtual network',
    manifest({ azureName: 'AutoResolveIntegrationRuntime', managedVirtualNetwork: {} }),
  ],
  [
    'for the default runtime of a workspace',
    manifest({ factory: undefined, workspace: WORKSPACE, azureName: 'AutoResolveIntegrationRuntime' }),
  ],
  [
    "in a workspace's managed virtual network",
    manifest({ factory: undefined, workspace: WORKSPACE, managedVirtualNetwork: { creation: 'Never' } }),
  ],
  ...['westeurope', 'AutoResolve', 'US Gov Virginia', 'East US 2 EUAP', 'Central US (Stage)'].map(
    (location): [string, Manifest] => [`with the location ${location}`, manifest({ location })],
  ),
  ...['1m', '90s', '10m', '1h30m', '1h0m30s', '24h', '1440m', '86400s'].map((interval): [string, Manifest] => [
    `with the interval ${interval}`,
    manifest({ interval }),
  ]),
];
