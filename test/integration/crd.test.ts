/** What the API server and kubectl make of the CRD: what is refused and how, what is filled in, what is shown. */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { API_VERSION, FIELD_MANAGER, KIND } from '../../src/api/names.ts';
import { isSameName } from '../../src/core/model/letter-case.ts';
import { kubectl, newNamespace, refusal, run } from './support/kubectl.ts';
import { FACTORY, inFactory, inWorkspace, type Manifest, manifest, WORKSPACE } from './support/manifest.ts';

let namespace: string;
beforeEach(async () => {
  namespace = await newNamespace();
});

const apply = (stdin: Manifest) => kubectl(['apply', '-n', namespace, '-f', '-'], { stdin });
const applyRefused = (stdin: Manifest) => refusal(['apply', '-n', namespace, '-f', '-'], { stdin });
const get = async (name = 'my-sample-azure-ir') =>
  JSON.parse(await kubectl(['get', 'azir', name, '-n', namespace, '-o', 'json']));

const writeStatus = (status: object, name = 'my-sample-azure-ir') =>
  run(
    [
      ...['apply', '-n', namespace, '-f', '-', '--server-side', '--subresource=status', '--force-conflicts'],
      ...[`--field-manager=${FIELD_MANAGER.status}`, '--validate=strict'],
    ],
    { stdin: { apiVersion: API_VERSION, kind: KIND, metadata: { name }, status } },
  );

/** The one complaint about a path, without kubectl's frame around it. */
function complaint(stderr: string, path: string): string {
  const lines = stderr.split('\n').filter((line) => line.includes(`${path}: `));
  expect({ stderr, lines }).toMatchObject({ lines: [expect.any(String)] });
  return (lines[0] ?? '').replace(/^.*?(?=spec)/, '');
}

const withProperties = (...customProperties: object[]) => manifest({ dataFlow: { customProperties } });
const minutes = (least: number) => `must be ${least} or more minutes`;
const units = 'must be a multiple of 4 from 4 to 256';
const nodes = 'must be from 1 to 10';

/** Group, field, value, and what the refusal says: always what is allowed. */
const refusedFields: readonly [string, string, unknown, string][] = [
  ['dataFlow', 'computeType', 'general', 'supported values: "General", "MemoryOptimized", "ComputeOptimized"'],
  ['dataFlow', 'coreCount', 24, 'supported values: "8", "16", "32", "48", "80", "144", "272"'],
  ['dataFlow', 'timeToLiveMinutes', -1, minutes(0)],
  ['dataFlow', 'timeToLiveMinutes', 1.5, 'must be of type int32'],
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

describe('a manifest is refused', () => {
  const nameRule = '3 to 63 letters and digits, separated by single hyphens';

  const group = `/subscriptions/${FACTORY.subscriptionId}/resourceGroups/${'g'.repeat(90)}`;
  const factory = `${group}/providers/Microsoft.DataFactory/factories/${'f'.repeat(63)}`;
  const workspace = `${group}/providers/Microsoft.Synapse/workspaces/${'w'.repeat(45)}`;
  const notItsId = 'not its resource ID';
  const RESOURCE_IDS: [string, Manifest, string, string][] = [
    ['with the id of a factory for its name', inFactory({ name: factory }), 'spec.factory.name', notItsId],
    ['with the id of a workspace for its name', inWorkspace({ name: workspace }), 'spec.workspace.name', notItsId],
    [
      'with the id of a resource group for its name',
      inFactory({ resourceGroup: group }),
      'spec.factory.resourceGroup',
      notItsId,
    ],
    [
      'with the id of a runtime for azureName',
      manifest({ azureName: `${factory}/integrationRuntimes/my` }),
      'spec.azureName',
      notItsId,
    ],
    [
      'with the id of a factory for that of the subscription',
      inFactory({ subscriptionId: factory }),
      'spec.factory.subscriptionId',
      'must be the ID (GUID) of the subscription',
    ],
  ];

  test.each<[string, Manifest, string, string]>([
    ['without a factory', manifest({ factory: undefined }), 'spec.factory', 'set spec.factory.subscriptionId'],
    ['without a factory or workspace', manifest({ factory: undefined }), 'spec.factory', 'or set spec.workspace'],
    ['with both', manifest({ workspace: WORKSPACE }), 'spec.workspace', 'remove spec.factory or spec.workspace'],
    [
      'with a name of a workspace that none has',
      inWorkspace({ name: 'a_b' }),
      'spec.workspace.name',
      '1 to 50 letters',
    ],
    [
      'with a long name of a workspace',
      inWorkspace({ name: 'a'.repeat(51) }),
      'spec.workspace.name',
      '1 to 50 letters',
    ],
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
      'not its resource ID',
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
    ...RESOURCE_IDS,
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
    ['with a long location', manifest({ location: 'a'.repeat(65) }), 'spec.location', 'may not be more than 64'],
    [
      'with a long description',
      manifest({ description: 'a'.repeat(4097) }),
      'spec.description',
      'may not be more than 4096',
    ],
    ['with a number as interval', manifest({ interval: 60 }), 'spec.interval', 'must be of type string'],
    ['with an interval without a unit', manifest({ interval: '60' }), 'spec.interval', 'for example 90s, 10m or 1h30m'],
    ['with an empty interval', manifest({ interval: '' }), 'spec.interval', 'for example 90s, 10m or 1h30m'],
    ['with an interval in days', manifest({ interval: '1d' }), 'spec.interval', 'for example 90s, 10m or 1h30m'],
    ['with a fraction in interval', manifest({ interval: '1.5h' }), 'spec.interval', 'for example 90s, 10m or 1h30m'],
    ['with a short interval', manifest({ interval: '59s' }), 'spec.interval', 'must be at least 1m'],
    ['with a long interval', manifest({ interval: '24h1s' }), 'spec.interval', 'must be at most 24h'],
    ...refusedFields.map(([group, field, value, says]): [string, Manifest, string, string] => [
      `with ${JSON.stringify(value)} as ${group}.${field}`,
      manifest({ [group]: { [field]: value } }),
      `spec.${group}.${field}`,
      says,
    ]),
    [
      'with two custom properties of one name',
      withProperties({ name: 'a', value: '1' }, { name: 'a', value: '2' }),
      'spec.dataFlow.customProperties[1]',
      'Duplicate value: {"name":"a"}',
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
  ])('%s, and the message says what to do', async (_, wrong, path, says) => {
    expect(complaint(await applyRefused(wrong), path)).toContain(says);
  });

  test.each<[string, Manifest, string]>([
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
  ])('with an unknown field %s, which the message names', async (_, wrong, says) => {
    expect(await applyRefused(wrong)).toContain(says);
  });

  test('with one complaint for one mistake', async () => {
    for (const wrong of [manifest({ interval: '1d' }), manifest({ copyCompute: { dataIntegrationUnits: 3 } })]) {
      const stderr = await applyRefused(wrong);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    }
  });
});

describe('a change is refused', () => {
  const factoryBack =
    'restore "SampleV2DataFactory1" (resource group "ADFV2SampleRG", subscription "00000000-0000-0000-0000-000000000001")';
  const workspaceBack = factoryBack.replace('SampleV2DataFactory1', 'samplesynapseworkspace1');

  test.each<[string, Manifest, Manifest, string, string]>([
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
  ])('%s, and the message says what to do', async (_, before, after, path, says) => {
    await apply(before);
    expect(complaint(await applyRefused(after), path)).toContain(says);
  });
});

describe('a manifest is accepted', () => {
  test.each<[string, Manifest]>([
    ['with a subscription id in any case', inFactory({ subscriptionId: 'ABCDEF00-abcd-ABCD-abcd-00000000000f' })],
    [
      'with letters of any script, dots and parentheses in the resource group',
      inFactory({ resourceGroup: 'Größe_(1).x-y' }),
    ],
    [
      'with the shortest names',
      manifest({ azureName: 'abc', factory: { ...FACTORY, name: 'abc', resourceGroup: 'a' } }),
    ],
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
  ])('%s', async (_, right) => {
    await apply(right);
  });

  const upper = {
    subscriptionId: 'ABCDEFAB-0000-0000-0000-00000000000A',
    resourceGroup: 'GR\u00fcN-(1)',
    name: 'PARENT-1',
  };
  const lower = {
    subscriptionId: 'abcdefab-0000-0000-0000-00000000000a',
    resourceGroup: 'gr\u00fcn-(1)',
    name: 'parent-1',
  };
  const network = (name: string) => manifest({ managedVirtualNetwork: { name } });

  test.each<[string, Manifest, Manifest]>([
    ['azureName', manifest(), manifest({ azureName: 'mysampleAZUREir' })],
    ['the subscription, resource group and factory', inFactory(lower), inFactory(upper)],
    ['the subscription, resource group and workspace', inWorkspace(upper), inWorkspace(lower)],
    ['the managed virtual network', manifest({ managedVirtualNetwork: {} }), network('DEFAULT')],
  ])('when it changes nothing but the case of %s', async (_, before, after) => {
    await apply(before);
    await apply(after);
    expect((await get()).spec).toMatchObject(JSON.parse(JSON.stringify(after.spec)));
    await apply(before);
  });

  test("where a change counts as one of case exactly when the operator's own fold says so", async () => {
    const letters = [
      'Ab',
      '\u00c9',
      '\u00e9',
      '\u212a',
      'k',
      '\u0130',
      'i',
      '\u0131',
      '\u017f',
      '\u00df',
      '\u03a3',
      '\u03c2',
    ];
    const groups = letters.map((letter, i) => `rG-${i % 2 === 0 ? letter : letter.toUpperCase()}`);
    const inGroups = (groupOf: (i: number) => string) => ({
      apiVersion: 'v1',
      kind: 'List',
      items: groups.map((_, i) => manifest({ factory: { ...FACTORY, resourceGroup: groupOf(i) } }, `sample-${i}`)),
    });
    await kubectl(['apply', '-n', namespace, '-f', '-'], { stdin: inGroups((i) => groups[i] ?? '') });
    for (const after of [...groups, 'RG-aB', 'RG-K']) {
      const dryRun = ['apply', '-n', namespace, '--dry-run=server', '-f', '-'];
      const { stdout } = await run(dryRun, { stdin: inGroups(() => after) });
      const accepted = groups.filter((_, i) => stdout.includes(`/sample-${i} `));
      expect({ after, accepted }).toEqual({ after, accepted: groups.filter((before) => isSameName(before, after)) });
    }
  });

  test('when it changes what is not immutable', async () => {
    await apply(manifest());
    await apply(
      manifest({
        location: 'North Europe',
        description: 'moved',
        deletionPolicy: 'Retain',
        interval: '1h',
        suspend: true,
      }),
    );
    expect(await get()).toMatchObject({
      metadata: { generation: 2 },
      spec: { location: 'North Europe', suspend: true },
    });
  });

  test('when it lets the network be made after all, and declares interactive authoring', async () => {
    await apply(manifest({ managedVirtualNetwork: {} }));
    await apply(
      manifest({
        managedVirtualNetwork: { creation: 'IfMissing' },
        interactiveAuthoring: { autoTerminationMinutes: 10 },
      }),
    );
    expect(await get()).toMatchObject({ metadata: { generation: 2 } });
  });

  test('when it is one of the examples', async () => {
    const { stdout, stderr } = await run(['apply', '-n', namespace, '--validate=strict', '-f', 'examples/']);
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n').length).toBeGreaterThanOrEqual(4);
  });
});

describe('what is filled in', () => {
  test('is nothing of a definition: a field that nobody declares is not managed', async () => {
    const definition = {
      dataFlow: { customProperties: [{ name: 'a', value: '' }] },
      copyCompute: {},
      pipelineExternalCompute: {},
    };
    await apply(manifest(definition));
    expect((await get()).spec).toMatchObject(definition);
  });

  test('are the policies, so that kubectl shows by what the object is handled, but never a location', async () => {
    await apply(manifest({ azureName: undefined, location: undefined }));
    expect((await get()).spec).toEqual({
      factory: FACTORY,
      managementPolicy: 'Manage',
      adoptionPolicy: 'Always',
      deletionPolicy: 'DeleteIfCreated',
      repair: { mode: 'Auto', maxAttempts: 5 },
      suspend: false,
    });
  });

  test('is the rest of the managed virtual network when it is declared', async () => {
    await apply(manifest({ managedVirtualNetwork: {} }));
    expect((await get()).spec.managedVirtualNetwork).toEqual({ name: 'default', creation: 'Never' });
  });

  test('is the rest of repair when a part of it is given', async () => {
    await apply(manifest({ repair: { maxAttempts: 2 } }));
    expect((await get()).spec.repair).toEqual({ mode: 'Auto', maxAttempts: 2 });
  });

  test('is a generation that nobody has observed, so that tools which wait do not take a new object for done', async () => {
    await apply(manifest());
    expect((await get()).status).toEqual({ observedGeneration: -1 });
  });
});

const time = '2026-01-02T03:04:05Z';
const condition = (type: string, status = 'True') => ({
  type,
  status,
  observedGeneration: 1,
  lastTransitionTime: time,
  reason: 'Available',
  message: 'The runtime is as declared, and online.',
});

const fullStatus = {
  uid: '00000000-0000-0000-0000-00000000000d',
  observedGeneration: 1,
  conditions: ['Ready', 'Synced', 'Healthy'].map((type) => condition(type)),
  state: 'Online',
  resourceId:
    '/subscriptions/0/resourceGroups/rg/providers/Microsoft.DataFactory/factories/f/integrationruntimes/MySampleAzureIR',
  location: 'West Europe',
  interactiveAuthoring: { status: 'Enabled', autoTerminationMinutes: 60, enabledUntil: time, requestedTime: time },
  lastHandledInteractiveAuthoringAt: 'token',
  connectVia: { referenceName: 'MySampleAzureIR', type: 'IntegrationRuntimeReference' },
  claim: { origin: 'Created', identity: 'client 00000000-0000-0000-0000-00000000000c' },
  managedFields: ['location'],
  drift: [{ field: 'location', desired: 'West Europe', observed: 'North Europe' }],
  repair: { attempts: 1, lastAttemptTime: time, nextAttemptTime: time },
  lastHandledReconcileAt: 'a',
  lastHandledReconcileToken: 'b',
  lastHandledRepairAt: 'c',
  waitingSince: { reason: 'Forbidden', time },
  corrections: [{ field: 'location', times: [time], contested: true }],
  operation: { kind: 'Correct', time, fields: ['location'], specHash: 'abc', replacedEtag: 'e', repeated: true },
  syncedSpecHash: 'abc',
};

describe('status', () => {
  beforeEach(() => apply(manifest()));

  test('keeps every field that the operator writes', async () => {
    expect(await writeStatus(fullStatus)).toMatchObject({ code: 0 });
    expect((await get()).status).toEqual(fullStatus);
  });

  test('cannot be set by applying a manifest', async () => {
    await kubectl(['apply', '-n', namespace, '-f', '-'], { stdin: { ...manifest(), status: { state: 'Online' } } });
    expect((await get()).status).toEqual({ observedGeneration: -1 });
  });

  test('does not count as a change of what is declared', async () => {
    await writeStatus(fullStatus);
    expect((await get()).metadata.generation).toBe(1);
  });

  test.each<[string, object, string]>([
    ['a condition of an unknown type', { conditions: [condition('Happy')] }, 'Unsupported value: "Happy"'],
    ['a reason in several words', { conditions: [{ ...condition('Ready'), reason: 'not one word' }] }, 'should match'],
    ['an unknown field', { etag: 'x' }, '.status.etag: field not declared in schema'],
    ['six times of one correction', { corrections: [{ field: 'location', times: Array(6).fill(time) }] }, 'Too many'],
  ])('refuses %s', async (_, status, says) => {
    expect(await writeStatus({ observedGeneration: 1, ...status })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(says),
    });
  });
});

describe('kubectl get', () => {
  const cells = async (...args: string[]) => {
    const table = await kubectl(['get', 'azir', '-n', namespace, ...args]);
    return table
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/));
  };

  test('shows Ready, Reason, State, Location, the factory and Age', async () => {
    await apply(manifest());
    await writeStatus(fullStatus);
    expect(await cells()).toEqual([
      ['NAME', 'READY', 'REASON', 'STATE', 'LOCATION', 'FACTORY/WORKSPACE', 'AGE'],
      [
        'my-sample-azure-ir',
        'True',
        'Available',
        'Online',
        'West Europe',
        'SampleV2DataFactory1',
        expect.stringMatching(/^\d+s$/),
      ],
    ]);
  });

  test('-o wide also shows the name in Azure and, last, the message', async () => {
    await apply(manifest());
    await writeStatus(fullStatus);
    const [header, row] = await cells('-o', 'wide');
    expect(header?.slice(-2)).toEqual(['AZURE NAME', 'MESSAGE']);
    expect(row?.slice(-2)).toEqual(['MySampleAzureIR', 'The runtime is as declared, and online.']);
  });

  test('knows the category azure', async () => {
    await apply(manifest());
    expect(await kubectl(['get', 'azure', '-n', namespace, '-o', 'name'])).toBe(
      'azureintegrationruntime.azure-ir.io/my-sample-azure-ir\n',
    );
  });

  test('shows the workspace in the place of the factory', async () => {
    await apply(inWorkspace());
    expect(await kubectl(['get', 'azir', '-n', namespace])).toMatch(/FACTORY\/WORKSPACE.*samplesynapseworkspace1/s);
  });

  test.each<[string, string]>([
    ['the workspace', 'spec.workspace.name=samplesynapseworkspace1'],
    ["the workspace's subscription", `spec.workspace.subscriptionId=${WORKSPACE.subscriptionId}`],
  ])('selects by %s', async (_, selector) => {
    await apply(manifest({}, 'in-a-factory'));
    await apply(inWorkspace());
    const names = await kubectl(['get', 'azir', '-n', namespace, '-o', 'name', '--field-selector', selector]);
    expect(names).toBe('azureintegrationruntime.azure-ir.io/my-sample-azure-ir\n');
  });

  test.each<[string, string]>([
    ['the name in Azure', 'spec.azureName=Other'],
    ['the factory', 'spec.factory.name=OtherFactory'],
    ['the subscription', 'spec.factory.subscriptionId=00000000-0000-0000-0000-000000000002'],
    ['the absence of a name in Azure', 'spec.azureName='],
  ])('selects by %s', async (_, selector) => {
    const azureName = selector === 'spec.azureName=' ? undefined : 'Other';
    const factory = { ...FACTORY, subscriptionId: '00000000-0000-0000-0000-000000000002', name: 'OtherFactory' };
    await apply(manifest());
    await apply(manifest({ azureName, factory }, 'wanted'));
    const names = await kubectl(['get', 'azir', '-n', namespace, '-o', 'name', '--field-selector', selector]);
    expect(names).toBe('azureintegrationruntime.azure-ir.io/wanted\n');
  });
});

interface Published {
  description?: string;
  properties?: Record<string, Published>;
  items?: Published;
}

/** The API server publishes the schema some time after the CRD is established. */
async function publishedSchema(): Promise<Published> {
  for (;;) {
    const { code, stdout } = await run(['get', '--raw', `/openapi/v3/apis/${API_VERSION}`]);
    const schema =
      code === 0 ? JSON.parse(stdout).components?.schemas?.['io.azure-ir.v1beta1.AzureIntegrationRuntime'] : undefined;
    if (schema) return schema;
    await sleep(200);
  }
}

function undescribed(schema: Published, path: string): string[] {
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    undescribed(child, `${path}.${name}`),
  );
  const items = schema.items ? undescribed(schema.items, `${path}[]`) : [];
  return [...(schema.description ? [] : [path]), ...below, ...items];
}

describe('kubectl explain', () => {
  test('has a description for every field', async () => {
    const { properties } = await publishedSchema();
    expect(Object.keys(properties?.spec?.properties ?? {}).length).toBeGreaterThan(8);
    expect(undescribed(properties?.spec ?? {}, 'spec')).toEqual([]);
    expect(undescribed(properties?.status ?? {}, 'status')).toEqual([]);
  });

  test('shows the description, the allowed values and what is required', async () => {
    await publishedSchema();
    expect(await kubectl(['explain', 'azir.spec.deletionPolicy'])).toMatch(/Retain: always keep it/);
    expect(await kubectl(['explain', 'azir.spec'])).toMatch(/enum: DeleteIfCreated, Delete, Retain/);
    expect(await kubectl(['explain', 'azir.spec.factory'])).toMatch(/subscriptionId\s+<string> -required-/);
  });
});
