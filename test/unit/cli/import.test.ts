/** What is imported, how it is called, and what is left out. */
import { describe, expect, test } from '@jest/globals';
import { readOnly } from '../../../src/cli/azure/reader.ts';
import { parentOf } from '../../../src/cli/azure/scope.ts';
import { type ImportInput, importFrom } from '../../../src/cli/import/import.ts';
import { namesFor } from '../../../src/cli/import/names.ts';
import type { ObservedRuntime, Parent } from '../../../src/core/model/runtime.ts';

const parent = (name: string, resourceGroup = 'rg'): Parent => ({
  kind: 'factory',
  subscriptionId: '00000000-0000-0000-0000-000000000001',
  resourceGroup,
  name,
});
const id = (factory: string, name: string, resourceGroup?: string) => ({
  parent: parent(factory, resourceGroup),
  name,
});

describe('names', () => {
  test.each<[string, ReturnType<typeof id>[], string[]]>([
    ['are those of Azure in lower case', [id('F', 'EtlIR')], ['etlir']],
    [
      'of which two are equal all have the factory',
      [id('F1', 'A'), id('F2', 'a'), id('F1', 'B')],
      ['f1-a', 'f2-a', 'b'],
    ],
    ['that are equal by factory too have the group', [id('F', 'A', 'g1'), id('F', 'A', 'g2')], ['g1-f-a', 'g2-f-a']],
    [
      'have no letter that Kubernetes has not',
      [id('F', 'A', 'Größe_(1)'), id('F', 'A', 'x.y')],
      ['gro-e-1-f-a', 'x-y-f-a'],
    ],
  ])('%s', (_, ids, names) => {
    expect(namesFor(ids, undefined)).toEqual(names);
    expect(namesFor([...ids].reverse(), undefined).reverse()).toEqual(names);
  });

  test('follow a pattern', () => expect(namesFor([id('F', 'A')], '{factory}-{name}-x')).toEqual(['f-a-x']));

  test('that a pattern leaves empty are the next ones, and parts that nobody knows are refused', () => {
    expect(namesFor([id('F', 'A')], '-')).toEqual(['a']);
    expect(() => namesFor([id('F', 'A')], '{region}-{name}')).toThrow('{region}, which is none of {name}, {factory}');
  });

  test('that an object of the cluster has are not given again', () => {
    expect(namesFor([id('F', 'A'), id('F', 'B')], undefined, new Set(['a']))).toEqual(['f-a', 'b']);
  });
});

const runtime = (name: string, document: object, type: ObservedRuntime['type'] = 'Managed'): ObservedRuntime => ({
  name,
  type,
  document: { type: 'Managed', ...document },
  etag: 'e',
});
const compute = (properties: object) => ({ typeProperties: { computeProperties: properties } });
const imported = (runtimes: ObservedRuntime[], more = {}, input: Partial<ImportInput> = {}) => {
  const azure = {
    identity: 't/c',
    credential: '',
    reads: 1,
    list: async () => ({ runtimes, unparsed: [] }),
    state: async () => undefined,
    hasParent: async () => true,
    hasNetwork: async () => true,
  };
  const options = {
    namespace: 'team-a',
    include: undefined,
    exclude: undefined,
    minimal: false,
    observe: false,
    includeDefault: false,
    ...more,
  };
  const standard = { source: undefined, live: undefined, namespace: 'team-a', pattern: undefined };
  return importFrom({ parents: [parent('Factory')], azure, options, ...standard, ...input });
};

describe('a factory', () => {
  test('is declared with every field that a manifest has, and proves that nothing changes', async () => {
    const { objects, surprises } = await imported([
      runtime('EtlIR', {
        description: 'Old.',
        managedVirtualNetwork: { type: 'ManagedVirtualNetworkReference', referenceName: 'default' },
        ...compute({
          location: 'AutoResolve',
          dataFlowProperties: {
            computeType: 'general',
            coreCount: 24,
            timeToLive: 10,
            customProperties: [
              { name: 'p', value: 'v' },
              { name: 'sasToken', value: 's' },
            ],
          },
          copyComputeScaleProperties: { dataIntegrationUnit: 8, timeToLive: 5 },
        }),
      }),
    ]);
    expect(objects[0]?.manifest).toEqual({
      apiVersion: 'azure-ir.io/v1beta1',
      kind: 'AzureIntegrationRuntime',
      metadata: { name: 'etlir', namespace: 'team-a' },
      spec: {
        azureName: 'EtlIR',
        factory: { subscriptionId: parent('').subscriptionId, resourceGroup: 'rg', name: 'Factory' },
        managedVirtualNetwork: {},
        adoptionPolicy: 'IfIdentical',
        location: 'AutoResolve',
        description: 'Old.',
        dataFlow: { timeToLiveMinutes: 10, customProperties: [{ name: 'p', value: 'v' }] },
        copyCompute: { dataIntegrationUnits: 8, timeToLiveMinutes: 5 },
      },
    });
    expect(objects[0]?.undeclared.map(({ field }) => field)).toEqual([
      'dataFlow.computeType',
      'dataFlow.coreCount',
      'dataFlow.customProperties[sasToken]',
    ]);
    expect(surprises).toEqual([]);
  });

  test('leaves out what the operator leaves alone, and says why', async () => {
    const { objects, skipped } = await imported([
      runtime('Self', {}, 'SelfHosted'),
      runtime('Ssis', {}, 'AzureSsis'),
      runtime('Odd', {}, { unknown: 'Martian' }),
      runtime('AutoResolveIntegrationRuntime', {}),
    ]);
    expect(objects).toEqual([]);
    expect(skipped.map(({ reason }) => reason).sort()).toEqual(['AzureSsis', 'Default', 'SelfHosted', 'UnknownType']);
  });

  test('can be observed, its default runtime too', async () => {
    const { objects } = await imported([runtime('AutoResolveIntegrationRuntime', {})], { observe: true });
    expect(objects[0]?.manifest.spec).toMatchObject({ managementPolicy: 'Observe' });
  });
});

describe('of a factory, what a file names', () => {
  const inFactory = (name: string) => ({ id: { parent: parent('factory'), name }, declaredIn: `main.json: ${name}` });
  const source = (...names: string[]) => ({ wanted: names.map(inFactory), skipped: [], errors: [] });

  test('is imported alone, whatever the case of its id, and says where it has to go', async () => {
    const { objects, skipped } = await imported(
      [runtime('EtlIR', {}), runtime('Other', {})],
      {},
      { source: source('etlir') },
    );
    expect(objects.map(({ id, declaredIn }) => [id.name, declaredIn])).toEqual([['EtlIR', ['main.json: etlir']]]);
    expect(skipped).toEqual([]);
  });

  test('is skipped where Azure does not have it, like the default runtime that it does not list', async () => {
    const { objects, skipped } = await imported([], {}, { source: source('Gone', 'AutoResolveIntegrationRuntime') });
    expect(objects).toEqual([]);
    expect(skipped.map(({ runtime, reason }) => [runtime.split('/').at(-1), reason])).toEqual([
      ['Gone', 'Absent'],
      ['AutoResolveIntegrationRuntime', 'Default'],
    ]);
  });
});

describe('with the objects of a cluster', () => {
  const object = (name: string, azureName: string, spec = {}) => ({
    apiVersion: 'azure-ir.io/v1beta1',
    kind: 'AzureIntegrationRuntime',
    metadata: {
      name,
      namespace: 'team-a',
      uid: name,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: {
      azureName,
      factory: { subscriptionId: parent('').subscriptionId, resourceGroup: 'RG', name: 'FACTORY' },
      ...spec,
    },
  });

  test('what one of them declares is left out, and no name is used twice', async () => {
    const live = [
      object('mine', 'ETLIR'),
      object('seen', 'Seen', { managementPolicy: 'Observe' }),
      object('second', 'Elsewhere'),
    ];
    const runtimes = [runtime('EtlIR', {}), runtime('Seen', {}), runtime('Second', {})];
    const { objects, skipped, surprises } = await imported(runtimes, {}, { live });
    expect(objects.map(({ manifest }) => manifest.metadata.name)).toEqual(['factory-second']);
    expect(skipped.map(({ reason, message }) => `${reason}: ${message}`)).toEqual([
      'InCluster: the object team-a/mine manages it',
      'InCluster: the object team-a/seen observes it: set its managementPolicy to Manage and its adoptionPolicy to IfIdentical',
    ]);
    expect(surprises).toEqual([]);
  });
});

test('a place is named by its ARM id, or by name, group and subscription', () => {
  const { subscriptionId } = parent('');
  const place = { subscription: subscriptionId, resourceGroup: 'rg' };
  const text = `/subscriptions/${subscriptionId}/resourceGroups/rg/providers/Microsoft.DataFactory/factories/F`;
  expect(parentOf('factory', text, { subscription: undefined, resourceGroup: undefined })).toEqual(parent('F'));
  expect(parentOf('factory', 'F', place)).toEqual(parent('F'));
  expect(() => parentOf('workspace', text, place)).toThrow('is of the type');
  expect(() => parentOf('factory', 'F', { ...place, resourceGroup: undefined })).toThrow('only a name');
});

test('the transport lets nothing through but GET and the question for a state', async () => {
  const sent: string[] = [];
  const client = readOnly({ sendRequest: async (request) => void sent.push(request.method) as never });
  const url = 'https://arm/subscriptions/s/resourceGroups/r/providers/p/factories/f/integrationRuntimes/i';
  const send = async (method: string, path = '') =>
    client.sendRequest({ method, url: `${url}${path}?api-version=1` } as never);
  for (const method of ['PUT', 'DELETE', 'PATCH', 'POST']) await expect(send(method)).rejects.toThrow('does not send');
  for (const path of ['/enableInteractiveQuery', '/listAuthKeys', '/getStatus/x'])
    await expect(send('POST', path)).rejects.toThrow();
  await send('GET');
  await send('POST', '/getStatus');
  expect(sent).toEqual(['GET', 'POST']);
});
