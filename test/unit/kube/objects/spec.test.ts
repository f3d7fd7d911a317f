/** A spec is parsed, or refused with a sentence for its author. */
import { describe, expect, test } from '@jest/globals';
import { parseSpec } from '../../../../src/kube/objects/spec.ts';
import { FACTORY } from './objects-of-tests.ts';

const WORKSPACE = { ...FACTORY, name: 'w' };

const GROUP_OF_90 = 'g'.repeat(90);

function desired(spec: Record<string, unknown>, name = 'runtime-a') {
  const result = parseSpec({ factory: FACTORY, ...spec }, name);
  if (!result.valid) throw new Error(result.problem);
  return result.desired;
}

function problem(spec: unknown, name = 'runtime-a'): string {
  const result = parseSpec(spec, name);
  return result.valid ? 'none' : result.problem;
}

describe('what a manifest leaves out', () => {
  test('has the meaning that the CRD gives to absence', () => {
    expect(desired({})).toEqual({
      id: { parent: { kind: 'factory', ...FACTORY }, name: 'runtime-a' },
      fields: new Map(),
      managementPolicy: 'Manage',
      adoptionPolicy: 'Always',
      deletionPolicy: 'DeleteIfCreated',
      repair: { mode: 'Auto', maxAttempts: 5 },
      intervalMs: undefined,
      suspend: false,
    });
  });

  test('may be written as null', () => {
    expect(desired({ location: null, interval: null, repair: null, azureName: null })).toEqual(desired({}));
  });

  test('is not managed, and an empty description is declared', () => {
    expect([...desired({ description: '' }).fields]).toEqual([['description', '']]);
  });
});

describe('a managed virtual network', () => {
  test('has the meaning that the CRD gives to what is left out of it', () => {
    expect(desired({ managedVirtualNetwork: {} }).managedVirtualNetwork).toEqual({
      name: 'default',
      creation: 'Never',
    });
    const spelled = { name: 'Net_1', creation: 'IfMissing' };
    expect(desired({ managedVirtualNetwork: spelled }).managedVirtualNetwork).toEqual(spelled);
  });

  test('is where the default runtime can be managed, and interactive authoring declared', () => {
    const spec = { managedVirtualNetwork: {}, interactiveAuthoring: { autoTerminationMinutes: 30 } };
    expect(desired({ ...spec, azureName: 'AutoResolveIntegrationRuntime' })).toMatchObject({
      interactiveAuthoring: { autoTerminationMinutes: 30 },
    });
  });

  test('need not be declared to observe the default runtime', () => {
    const observed = { managementPolicy: 'Observe', azureName: 'AutoResolveIntegrationRuntime' };
    expect(desired(observed).id.name).toBe('AutoResolveIntegrationRuntime');
  });
});

describe('what a manifest declares', () => {
  test('is taken as it is spelled', () => {
    expect(
      desired({
        azureName: 'MySampleAzureIR',
        location: 'West Europe',
        description: 'x',
        managementPolicy: 'Observe',
        adoptionPolicy: 'IfIdentical',
        deletionPolicy: 'Retain',
        repair: { mode: 'Disabled', maxAttempts: 20 },
        interval: '1h30m',
        suspend: true,
      }),
    ).toMatchObject({
      id: { name: 'MySampleAzureIR' },
      fields: new Map([
        ['location', 'West Europe'],
        ['description', 'x'],
      ]),
      managementPolicy: 'Observe',
      adoptionPolicy: 'IfIdentical',
      deletionPolicy: 'Retain',
      repair: { mode: 'Disabled', maxAttempts: 20 },
      intervalMs: 5_400_000,
      suspend: true,
    });
  });

  test('is one leaf for each field of the definition, spelled as the manifest spells it', () => {
    const fields = {
      dataFlow: {
        computeType: 'MemoryOptimized',
        coreCount: 16,
        timeToLiveMinutes: 0,
        cleanup: false,
        customProperties: [
          { name: 'Shuffle Partitions', value: '250' },
          { name: 'a[b]', value: '' },
        ],
      },
      copyCompute: { dataIntegrationUnits: 256, timeToLiveMinutes: 5 },
      pipelineExternalCompute: { timeToLiveMinutes: 60, pipelineNodes: 1, externalNodes: 10 },
    };
    expect(Object.fromEntries(desired(fields).fields)).toEqual({
      'dataFlow.computeType': 'MemoryOptimized',
      'dataFlow.coreCount': 16,
      'dataFlow.timeToLiveMinutes': 0,
      'dataFlow.cleanup': false,
      'dataFlow.customProperties[Shuffle Partitions]': '250',
      'dataFlow.customProperties[a[b]]': '',
      'copyCompute.dataIntegrationUnits': 256,
      'copyCompute.timeToLiveMinutes': 5,
      'pipelineExternalCompute.timeToLiveMinutes': 60,
      'pipelineExternalCompute.pipelineNodes': 1,
      'pipelineExternalCompute.externalNodes': 10,
    });
  });

  test('is nothing where a group of fields is empty', () => {
    const empty = {
      dataFlow: { customProperties: [], coreCount: null },
      copyCompute: {},
      pipelineExternalCompute: null,
    };
    expect(desired(empty).fields.size).toBe(0);
  });

  test.each(['1m', '60s', '90s', '24h', '1440m', '23h59m60s'])('can be an interval of %s', (interval) => {
    expect(desired({ interval }).intervalMs).toBeGreaterThanOrEqual(60_000);
  });

  test('in a workspace may be the default runtime, and may be in the network of the workspace', () => {
    const spec = { workspace: WORKSPACE, azureName: 'AutoResolveIntegrationRuntime' };
    expect(parseSpec(spec, 'runtime-a').valid).toBe(true);
    expect(parseSpec({ ...spec, managedVirtualNetwork: {} }, 'runtime-a')).toMatchObject({
      desired: { managedVirtualNetwork: { name: 'default', creation: 'Never' } },
    });
  });

  test('can be in a workspace instead of a factory', () => {
    const result = parseSpec({ workspace: WORKSPACE }, 'runtime-a');
    expect(result).toMatchObject({ desired: { id: { parent: { kind: 'workspace', ...WORKSPACE } } } });
  });

  test('may use the letters of every script in the name of a resource group, which are counted as characters', () => {
    expect(desired({ factory: { ...FACTORY, resourceGroup: '𝒢'.repeat(90) } }).id.parent.resourceGroup).toHaveLength(
      180,
    );
    expect(desired({ factory: { ...FACTORY, resourceGroup: GROUP_OF_90 } }).id.parent.resourceGroup).toBe(GROUP_OF_90);
  });
});

describe('what cannot be understood is told to the person who wrote it', () => {
  test.each<[unknown, RegExp]>([
    [undefined, /^spec is missing/],
    ['text', /^spec is missing/],
    [{}, /^spec\.factory and spec\.workspace are both missing/],
    [{ factory: FACTORY, workspace: WORKSPACE }, /^spec\.factory and spec\.workspace are mutually exclusive/],
    [{ workspace: { ...WORKSPACE, name: undefined } }, /^spec\.workspace\.name is missing/],
    [{ workspace: { ...WORKSPACE, name: '-ws' } }, /^spec\.workspace\.name must be the name of a Synapse workspace/],
    [{ workspace: { ...WORKSPACE, name: 'w'.repeat(51) } }, /^spec\.workspace\.name must be/],
    [
      { workspace: WORKSPACE, managedVirtualNetwork: { creation: 'IfMissing' } },
      /^spec\.managedVirtualNetwork\.creation must be Never for a Synapse workspace: /,
    ],
    [{ workspace: { ...WORKSPACE, resourceGroup: '../..' } }, /^spec\.workspace\.resourceGroup must be/],
    [{ factory: 'f' }, /^spec\.factory must be an object/],
    [{ factory: { ...FACTORY, name: undefined } }, /^spec\.factory\.name is missing/],
    [{ factory: { ...FACTORY, name: '/subscriptions/x' } }, /^spec\.factory\.name must be the name of a Data Factory/],
    [
      { factory: { ...FACTORY, subscriptionId: 'Pay-As-You-Go' } },
      /^spec\.factory\.subscriptionId must be the ID \(GUID\)/,
    ],
    [{ factory: { ...FACTORY, resourceGroup: 'a/b' } }, /^spec\.factory\.resourceGroup must be/],
    [{ factory: { ...FACTORY, resourceGroup: '../..' } }, /^spec\.factory\.resourceGroup must be/],
    [{ factory: { ...FACTORY, resourceGroup: `${GROUP_OF_90}g` } }, /^spec\.factory\.resourceGroup must be/],
    [{ factory: FACTORY, azureName: 'a--b' }, /^spec\.azureName must be 3 to 63 letters and digits/],
    [{ factory: FACTORY, azureName: 'ab' }, /^spec\.azureName must be/],
    [{ factory: FACTORY, location: 7 }, /^spec\.location must be an Azure region/],
    [{ factory: FACTORY, location: '' }, /^spec\.location must be an Azure region/],
    [{ factory: FACTORY, description: ['x'] }, /^spec\.description must be/],
    [{ factory: FACTORY, dataFlow: 8 }, /^spec\.dataFlow must be an object/],
    [
      { factory: FACTORY, dataFlow: { computeType: 'general' } },
      /^spec\.dataFlow\.computeType must be one of General, MemoryOptimized, ComputeOptimized$/,
    ],
    [
      { factory: FACTORY, dataFlow: { coreCount: 24 } },
      /^spec\.dataFlow\.coreCount must be one of 8, 16, 32, 48, 80, 144, 272$/,
    ],
    [{ factory: FACTORY, dataFlow: { coreCount: '8' } }, /^spec\.dataFlow\.coreCount must be/],
    [
      { factory: FACTORY, dataFlow: { timeToLiveMinutes: -1 } },
      /^spec\.dataFlow\.timeToLiveMinutes must be a whole number of minutes, 0 or more$/,
    ],
    [{ factory: FACTORY, dataFlow: { timeToLiveMinutes: 1.5 } }, /^spec\.dataFlow\.timeToLiveMinutes must be/],
    [{ factory: FACTORY, dataFlow: { cleanup: 'no' } }, /^spec\.dataFlow\.cleanup must be one of true, false$/],
    [{ factory: FACTORY, dataFlow: { customProperties: {} } }, /customProperties must be a list of at most 32/],
    [
      { factory: FACTORY, dataFlow: { customProperties: Array(33).fill({ name: 'a', value: '' }) } },
      /customProperties must be a list of at most 32/,
    ],
    [{ factory: FACTORY, dataFlow: { customProperties: ['a'] } }, /customProperties\[0\] must be an object/],
    [
      { factory: FACTORY, dataFlow: { customProperties: [{ name: '', value: '1' }] } },
      /customProperties\[0\]\.name must be text of 1 to 128 characters/,
    ],
    [{ factory: FACTORY, dataFlow: { customProperties: [{ value: '1' }] } }, /customProperties\[0\]\.name is missing/],
    [{ factory: FACTORY, dataFlow: { customProperties: [{ name: 'a' }] } }, /customProperties\[0\]\.value is missing/],
    [
      { factory: FACTORY, dataFlow: { customProperties: [{ name: 'a', value: 250 }] } },
      /customProperties\[0\]\.value must be text/,
    ],
    [
      {
        factory: FACTORY,
        dataFlow: {
          customProperties: [
            { name: 'a', value: '1' },
            { name: 'a', value: '1' },
          ],
        },
      },
      /customProperties has two entries with the name "a"/,
    ],
    [
      { factory: FACTORY, copyCompute: { dataIntegrationUnits: 6 } },
      /^spec\.copyCompute\.dataIntegrationUnits must be a multiple of 4 from 4 to 256$/,
    ],
    [
      { factory: FACTORY, copyCompute: { dataIntegrationUnits: 260 } },
      /^spec\.copyCompute\.dataIntegrationUnits must be/,
    ],
    [
      { factory: FACTORY, copyCompute: { timeToLiveMinutes: 4 } },
      /^spec\.copyCompute\.timeToLiveMinutes must be a whole number of minutes, 5 or more$/,
    ],
    [
      { factory: FACTORY, pipelineExternalCompute: { timeToLiveMinutes: 2 ** 31 } },
      /^spec\.pipelineExternalCompute\.timeToLiveMinutes must be a whole number of minutes, 5 or more$/,
    ],
    [
      { factory: FACTORY, pipelineExternalCompute: { pipelineNodes: 0 } },
      /^spec\.pipelineExternalCompute\.pipelineNodes must be a whole number from 1 to 10$/,
    ],
    [
      { factory: FACTORY, pipelineExternalCompute: { externalNodes: 11 } },
      /^spec\.pipelineExternalCompute\.externalNodes must be a whole number from 1 to 10$/,
    ],
    [{ factory: FACTORY, managementPolicy: 'manage' }, /^spec\.managementPolicy must be one of Manage, Observe$/],
    [{ factory: FACTORY, repair: { mode: 'On' } }, /^spec\.repair\.mode must be one of Auto, Disabled$/],
    [
      { factory: FACTORY, repair: { maxAttempts: 2.5 } },
      /^spec\.repair\.maxAttempts must be a whole number from 1 to 20/,
    ],
    [{ factory: FACTORY, repair: { maxAttempts: 0 } }, /^spec\.repair\.maxAttempts/],
    [{ factory: FACTORY, interval: '10' }, /^spec\.interval must be a duration/],
    [{ factory: FACTORY, interval: '' }, /^spec\.interval must be a duration/],
    [{ factory: FACTORY, interval: 600 }, /^spec\.interval must be a duration/],
    [{ factory: FACTORY, interval: '59s' }, /^spec\.interval must be from 1m to 24h/],
    [{ factory: FACTORY, interval: '24h1s' }, /^spec\.interval must be from 1m to 24h/],
    [{ factory: FACTORY, managedVirtualNetwork: 'default' }, /^spec\.managedVirtualNetwork must be an object/],
    [
      { factory: FACTORY, managedVirtualNetwork: { name: '-' } },
      /^spec\.managedVirtualNetwork\.name must be a valid network name/,
    ],
    [
      { factory: FACTORY, managedVirtualNetwork: { creation: 'Always' } },
      /^spec\.managedVirtualNetwork\.creation must be one of Never, IfMissing$/,
    ],
    [
      { factory: FACTORY, interactiveAuthoring: { autoTerminationMinutes: 10 } },
      /^spec\.interactiveAuthoring applies only to runtimes in a managed virtual network/,
    ],
    ...[undefined, 20, '10'].map((minutes): [unknown, RegExp] => [
      { factory: FACTORY, managedVirtualNetwork: {}, interactiveAuthoring: { autoTerminationMinutes: minutes } },
      /^spec\.interactiveAuthoring\.autoTerminationMinutes must be one of 10, 30, 60, 120$/,
    ]),
    [
      { factory: FACTORY, azureName: 'autoResolveIntegrationRuntime' },
      /^autoResolveIntegrationRuntime is the factory's built-in default runtime.* another azureName/,
    ],
    [{ factory: FACTORY, suspend: 'yes' }, /^spec\.suspend must be true or false/],
  ])('%j', (spec, expected) => {
    expect(problem(spec)).toMatch(expected);
  });

  test('the name of the object, where it has to serve as the name in Azure', () => {
    expect(problem({ factory: FACTORY }, 'has.dots')).toMatch(
      /^metadata\.name "has\.dots" is not a valid runtime name .*set spec\.azureName/,
    );
  });
});
