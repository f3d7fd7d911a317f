/** What the API server and kubectl make of the CRD: what is refused and how, what is filled in, what is shown. */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { API_VERSION, FIELD_MANAGER, KIND } from '../../src/api/names.ts';
import { isSameName } from '../../src/core/model/letter-case.ts';
import { acceptedManifests, refusedChanges, refusedManifests, unknownFields } from './support/judged-manifests.ts';
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

describe('a manifest is refused', () => {
  test.each([...refusedManifests])('%s, and the message says what to do', async (_, wrong, path, says) => {
    expect(complaint(await applyRefused(wrong), path)).toMatch(says);
  });

  test.each([...unknownFields])('with an unknown field %s, which the message names', async (_, wrong, says) => {
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
  test.each([...refusedChanges])('%s, and the message says what to do', async (_, before, after, path, says) => {
    await apply(before);
    expect(complaint(await applyRefused(after), path)).toMatch(says);
  });

  const { subscriptionId } = FACTORY;
  const previous = `just delete it and apply it again; the previous subscription is "${subscriptionId}"`;
  test.each<[string, Manifest, Manifest, string]>([
    [
      'azureName',
      manifest(),
      manifest({ azureName: 'Other' }),
      'azureName is immutable because Azure cannot rename a runtime: restore "MySampleAzureIR", or create a new object with the new azureName and delete this one; if it has no status.claim yet, just delete it and apply it again',
    ],
    [
      'factory',
      manifest(),
      inFactory({ name: 'Other' }),
      `factory is immutable because Azure cannot move a runtime to another factory: restore "SampleV2DataFactory1" (resource group "ADFV2SampleRG"), or create a new object for the other factory and delete this one; if it has no status.claim yet, ${previous}`,
    ],
    [
      'workspace',
      inWorkspace(),
      inWorkspace({ name: 'other' }),
      `workspace is immutable because Azure cannot move a runtime to another workspace: restore "samplesynapseworkspace1" (resource group "ADFV2SampleRG"), or create a new object for the other workspace and delete this one; if it has no status.claim yet, ${previous}`,
    ],
    [
      'factory',
      manifest(),
      inWorkspace(),
      `factory is immutable because Azure cannot move a runtime to a workspace: restore "SampleV2DataFactory1" (resource group "ADFV2SampleRG"), or create a new object for the workspace and delete this one; if it has no status.claim yet, ${previous}`,
    ],
    [
      'managedVirtualNetwork.name',
      manifest({ managedVirtualNetwork: {} }),
      manifest({ managedVirtualNetwork: { name: 'other' } }),
      'managedVirtualNetwork.name is immutable because Azure cannot move a runtime to another network: restore "default", or delete this object and its runtime, and apply it again',
    ],
  ])('of spec.%s, with the cause, the ways out, and ids last (%#)', async (field, before, after, says) => {
    await apply(before);
    const said = complaint(await applyRefused(after), `spec.${field}`);
    expect(said).toBe(`spec.${field}: Forbidden: ${says}`);
  });
});

describe('a manifest is accepted', () => {
  test.each([...acceptedManifests])('%s', async (_, right) => {
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
  ownedFields: ['location'],
  drift: [{ field: 'location', desired: 'West Europe', observed: 'North Europe' }],
  repair: { attempts: 1, lastAttemptTime: time, nextAttemptTime: time },
  lastHandledReconcileAt: 'a',
  lastHandledReconcileToken: 'b',
  lastHandledRepairAt: 'c',
  waitingSince: { reason: 'Forbidden', time },
  corrections: [{ field: 'location', times: [time], contested: true }],
  operation: { kind: 'Correct', time, fields: ['location'], specHash: 'abc', replacedEtag: 'e', repeated: true },
  syncedSpecHash: 'abc',
  warnings: [{ reason: 'FactoryNotFound', cause: '0123456789abcdef' }],
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
