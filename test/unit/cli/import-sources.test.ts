/** The ids of the runtimes that a Terraform state, an ARM template and a Git folder declare. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { fromAdfGit } from '../../../src/cli/import/sources/adf-git.ts';
import { fromArm, parametersOf } from '../../../src/cli/import/sources/arm.ts';
import { limited, readText, type Source } from '../../../src/cli/import/sources/source.ts';
import { fromTerraform, letGo } from '../../../src/cli/import/sources/terraform.ts';
import type { Io } from '../../../src/cli/io.ts';
import { armId, type Parent } from '../../../src/core/model/runtime.ts';

const SUBSCRIPTION = '00000000-0000-0000-0000-000000000001';
const factory = (name: string, group = 'rg-data') =>
  `/subscriptions/${SUBSCRIPTION}/resourceGroups/${group}/providers/Microsoft.DataFactory/factories/${name}`;
const workspace = (name: string) =>
  `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-data/providers/Microsoft.Synapse/workspaces/${name}`;

const ids = ({ wanted }: Source) => wanted.map(({ id }) => armId(id));
const reasons = ({ skipped }: Source) => skipped.map(({ reason, message }) => `${reason}: ${message}`);
const io = { stdin: async () => '\uFEFF{"stdin":true}' } as Io;

/** As `terraform show -json` prints a state: https://developer.hashicorp.com/terraform/internals/json-format. */
const resource = (address: string, values: object, more: object = {}) => ({
  address,
  mode: 'managed',
  type: address.replace(/^(module\.[^.]+\.)*(data\.)?/, '').split('.')[0],
  name: 'example',
  provider_name: 'registry.terraform.io/hashicorp/azurerm',
  schema_version: 0,
  values,
  sensitive_values: {},
  ...more,
});
const state = (root: object, more: object = {}) =>
  JSON.stringify({ format_version: '1.0', terraform_version: '1.14.2', values: { root_module: root }, ...more });

describe('a Terraform state', () => {
  const etl = resource('azurerm_data_factory_integration_runtime_azure.etl', {
    // As azurerm writes it.
    id: `${factory('Fact1')}/integrationruntimes/EtlIR`,
    location: 'West Europe',
  });

  test('names the runtimes of its modules too, of azurerm and of azapi, and nothing else', () => {
    const source = fromTerraform(
      'state.json',
      state({
        resources: [etl, resource('azurerm_key_vault_secret.s', { value: 's3cret' })],
        child_modules: [
          {
            address: 'module.synapse["a"]',
            resources: [
              resource('module.synapse["a"].azurerm_synapse_integration_runtime_azure.w', {
                id: `${workspace('ws')}/integrationRuntimes/Spark`,
              }),
            ],
            child_modules: [
              {
                resources: [
                  resource('azapi_resource.x', {
                    id: `${factory('Fact2')}/integrationRuntimes/Api`,
                    type: 'Microsoft.DataFactory/factories/integrationRuntimes@2018-06-01',
                  }),
                  resource('azapi_resource.y', {
                    id: factory('Fact2'),
                    type: 'Microsoft.DataFactory/factories@2018-06-01',
                  }),
                ],
              },
            ],
          },
        ],
      }),
    );
    expect(ids(source)).toEqual([
      `${factory('Fact1')}/integrationRuntimes/EtlIR`,
      `${workspace('ws')}/integrationRuntimes/Spark`,
      `${factory('Fact2')}/integrationRuntimes/Api`,
    ]);
    expect(source.wanted[0]?.declaredIn).toBe('state.json: azurerm_data_factory_integration_runtime_azure.etl');
    expect(JSON.stringify(source)).not.toContain('s3cret');
  });

  test('tells of self-hosted and SSIS runtimes, and passes over what is only read or about to go', () => {
    const source = fromTerraform(
      'state.json',
      state({
        resources: [
          resource('azurerm_data_factory_integration_runtime_self_hosted.s', {
            id: `${factory('Fact')}/integrationruntimes/S`,
          }),
          resource('azurerm_data_factory_integration_runtime_azure_ssis.i', {
            id: `${factory('Fact')}/integrationruntimes/I`,
          }),
          resource('azurerm_data_factory_integration_runtime_azure.none', {}),
          resource('azurerm_data_factory_integration_runtime_azure.odd', {
            id: `${factory('Fact')}/integrationRuntimes/a b`,
          }),
          { ...etl, mode: 'data' },
          { ...etl, deposed_key: '00000000' },
        ],
      }),
    );
    expect(ids(source)).toEqual([]);
    expect(reasons(source)).toEqual([
      'SelfHosted: declared by azurerm_data_factory_integration_runtime_self_hosted.s, of the type azurerm_data_factory_integration_runtime_self_hosted',
      'AzureSsis: declared by azurerm_data_factory_integration_runtime_azure_ssis.i, of the type azurerm_data_factory_integration_runtime_azure_ssis',
      expect.stringMatching(/^Unresolved: .*none has no id: run terraform refresh/),
      expect.stringMatching(/^Unresolved: .*odd has an id that is none of a runtime/),
    ]);
  });

  test('of a plan is what was before it', () => {
    const { values } = JSON.parse(state({ resources: [etl] }));
    const plan = { format_version: '1.2', prior_state: { format_version: '1.0', values }, planned_values: {} };
    expect(ids(fromTerraform('plan.json', JSON.stringify(plan)))).toHaveLength(1);
  });

  test('that is empty names none', () => {
    expect(fromTerraform('state.json', '{"format_version":"1.0"}')).toEqual({ wanted: [], skipped: [], errors: [] });
  });

  test.each([
    [
      'what Terraform stores',
      '{"version":4,"lineage":"x","resources":[]}',
      /terraform show -json state.json > state.json/,
    ],
    ['a later format', '{"format_version":"2.0"}', /the format 2.0, and only 0 and 1 are known: update/],
    ['something else', '{"resources":[]}', /no format_version. Give what terraform show -json prints/],
    ['a list', '[]', /holds no state/],
    [
      'text',
      '# azurerm_key_vault.x: secret = "s3cret"',
      /^state.json\S* is not JSON. Give what terraform show -json prints.$/,
    ],
    ['half a file', '{"format_version": "1.0",\n"values": {"secret": "s3cret"', /^state.json:2: is not JSON/],
  ])('is not %s: that is said, and no secret', (_, text, message) => {
    expect(() => fromTerraform('state.json', text)).toThrow(message);
    expect(() => fromTerraform('state.json', text)).not.toThrow(/s3cret/);
  });

  test('lets go by removed blocks, which have no key of an instance', () => {
    const wanted = (address: string) => ({ id: {} as never, declaredIn: address, address });
    const all = ['a.plain', 'module.m["x"].a.each["k"]', 'module.m["y"].a.each["k"]', 'a.part[0]', 'a.part[1]'].map(
      wanted,
    );
    expect(letGo(all.slice(0, 4), all)).toBe(
      [
        "# Other instances of it stay: terraform state rm 'a.part[0]'\n",
        'removed {\n  from = a.plain\n  lifecycle {\n    destroy = false\n  }\n}\n',
        'removed {\n  from = module.m.a.each\n  lifecycle {\n    destroy = false\n  }\n}\n',
      ].join('\n'),
    );
    expect(letGo([], all)).toBe('');
    expect(letGo([wanted('a.b\n}\nevil "x" {')], [wanted('a.b\n}\nevil "x" {')])).toMatch(/^# [^\n]*\n$/);
  });
});

describe('an ARM template', () => {
  const place = { subscription: SUBSCRIPTION, resourceGroup: 'rg-data' };
  const runtime = (name: string, more: object = {}) => ({
    type: 'Microsoft.DataFactory/factories/integrationRuntimes',
    apiVersion: '2018-06-01',
    name,
    properties: { type: 'Managed', typeProperties: { computeProperties: { location: 'AutoResolve' } } },
    ...more,
  });
  const template = (resources: unknown, more: object = {}) =>
    JSON.stringify({
      $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
      contentVersion: '1.0.0.0',
      resources,
      ...more,
    });
  const read = (text: string, parameters = {}) => fromArm('main.json', text, parameters, place);

  test('as Data Factory exports it names runtimes by the parameter factoryName', () => {
    // ARMTemplateForFactory.json: the parameter has the factory's name as its default, or none after a publish.
    const text = (parameter: object) =>
      template([runtime("[concat(parameters('factoryName'), '/EtlIR')]")], { parameters: { factoryName: parameter } });
    expect(ids(read(text({ type: 'string', defaultValue: 'Fact1' })))).toEqual([
      `${factory('Fact1')}/integrationRuntimes/EtlIR`,
    ]);
    expect(ids(read(text({ type: 'string' }), { FactoryName: 'Fact2' }))).toEqual([
      `${factory('Fact2')}/integrationRuntimes/EtlIR`,
    ]);
    expect(reasons(read(text({ type: 'string' })))).toEqual([
      'Unresolved: its id cannot be told: parameter factoryName has no value: give --parameters factoryName=VALUE, or their file. Or name the runtime by --factory and --include',
    ]);
  });

  test('as Bicep builds it has children, modules, symbolic names and format()', () => {
    const resources = {
      existing: { existing: true, ...runtime('Fact0/There') },
      factory: {
        type: 'Microsoft.DataFactory/factories',
        name: "[variables('names').factory]",
        resources: [{ type: 'integrationRuntimes', name: 'Child' }],
      },
      named: runtime("[format('{0}/{1}', variables('names')['factory'], toUpper('etl'))]"),
      synapse: { type: 'Microsoft.Synapse/workspaces/integrationRuntimes', name: 'ws-1/Spark' },
      module: {
        type: 'Microsoft.Resources/deployments',
        name: 'runtimes',
        resourceGroup: 'rg-other',
        properties: {
          expressionEvaluationOptions: { scope: 'inner' },
          parameters: { name: { value: "[parameters('factory')]" } },
          template: {
            parameters: { name: { type: 'string' } },
            resources: [runtime("[format('{0}/Inner', parameters('name'))]")],
          },
        },
      },
    };
    const source = read(
      template(resources, {
        languageVersion: '2.0',
        parameters: { factory: { type: 'string', defaultValue: 'Fact1' } },
        variables: { names: { factory: "[toLower(parameters('factory'))]" } },
      }),
    );
    expect(source.wanted.map(({ id, declaredIn }) => [armId(id), declaredIn])).toEqual([
      [`${factory('fact1')}/integrationRuntimes/Child`, 'main.json: resources.factory.resources[0]'],
      [`${factory('fact1')}/integrationRuntimes/ETL`, 'main.json: resources.named'],
      [`${workspace('ws-1')}/integrationRuntimes/Spark`, 'main.json: resources.synapse'],
      [
        `${factory('Fact1', 'rg-other')}/integrationRuntimes/Inner`,
        'main.json: resources.module.properties.template.resources[0]',
      ],
    ]);
    expect(source.skipped).toEqual([]);
  });

  test.each([
    ["[concat('Fact/', uniqueString(resourceGroup().id))]", {}, 'only Azure knows resourceGroup()'],
    ["[concat('Fact/', copyIndex())]", { copy: { name: 'loop', count: 2 } }, 'a copy loop makes it'],
    ["[concat(parameters('secret'), '/A')]", {}, 'parameter secret is a secret'],
    ["[concat(variables('a'), '/A')]", {}, 'is made of itself'],
    ["[concat('Fact/', 'A'", {}, 'is not the name of a factory'],
    ["[concat('Fact/' 'A')]", {}, 'its expression is not understood'],
    [`[${'concat('.repeat(99)}'Fact/A'${')'.repeat(99)}]`, {}, 'its expression is too deep'],
    ['Fact', {}, '"Fact" is not the name of a factory, a slash, and the name of a runtime'],
    ['Fact/../../x', {}, 'is not the name of a factory'],
    ['Fff/Abc', { condition: false }, 'its condition is false'],
    [7, {}, 'it has no name'],
  ])('whose runtime is called %s says why it is skipped', (name, more, why) => {
    const text = template([runtime(name as string, more), runtime('Fff/Other')], {
      parameters: { secret: { type: 'secureString', defaultValue: 'Fff' } },
      variables: { a: "[variables('A')]" },
    });
    const source = read(text);
    expect(reasons(source)).toEqual([expect.stringContaining(why)]);
    expect(ids(source)).toEqual([`${factory('Fff')}/integrationRuntimes/Other`]);
  });

  test('may have comments, and names other files that it links to', () => {
    const text = template([
      { type: 'Microsoft.Resources/deployments', properties: { templateLink: { uri: 'https://example.com/a.json' } } },
      runtime('Fff/Abc', { comments: 'a // b /* c */' }),
    ]).replace('{', '{ // what it is\n /* and\n more */');
    const source = read(text);
    expect(ids(source)).toHaveLength(1);
    expect(reasons(source)).toEqual([
      expect.stringMatching(/^Unresolved: its template is another file: give that one/),
    ]);
  });

  test.each([
    ['main.bicep', '', /main.bicep is Bicep: give what bicep build main.bicep makes of it/],
    ['a.json', '{"parameters":{}}', /a.json has no resources: it is no ARM template/],
    ['a.json', '[]', /no ARM template/],
    ['a.json', '{\n\n"resources": [}', /^a.json:3: is not JSON. Give an ARM template/],
  ])('is not %s with %s', (file, text, message) => {
    expect(() => fromArm(file, text, {}, place)).toThrow(message);
  });

  test('needs to be told where it is deployed', () => {
    expect(() => fromArm('a.json', template([]), {}, { ...place, resourceGroup: undefined })).toThrow(
      'a.json does not tell where it is deployed: give --subscription ID and -g GROUP too',
    );
  });

  test('takes its parameters from files and from names, the last one counts', async () => {
    const file = JSON.stringify({
      parameters: { a: { value: 'x' }, b: { value: 'y' }, c: { reference: { keyVault: {} } } },
    });
    expect(await parametersOf(['p.json', 'b=z=1'], async () => file)).toEqual({ a: 'x', b: 'z=1' });
    await expect(parametersOf(['p.json'], async () => '{}')).rejects.toThrow('p.json has no parameters');
  });
});

describe('a Git folder', () => {
  const parent: Parent = { kind: 'factory', subscriptionId: SUBSCRIPTION, resourceGroup: 'rg-data', name: 'Fact1' };
  let root: string | undefined;
  afterAll(() => rm(root ?? '', { recursive: true, force: true }));

  test('names a runtime a file; a file that cannot be read is told, and the rest is taken', async () => {
    root = await mkdtemp(join(tmpdir(), 'adf-git-'));
    const write = (name: string, text: string | Buffer) => writeFile(join(root ?? '', name), text);
    for (const folder of ['integrationRuntime', 'factory', 'pipeline']) await mkdir(join(root, folder));
    await write('factory/F1.json', '{"name":"Fact1","identity":{"type":"SystemAssigned"}}');
    // As the Studio writes them.
    await write(
      'integrationRuntime/EtlIR.json',
      '{\n\t"name": "EtlIR",\n\t"properties": {\n\t\t"type": "Managed"\n\t}\n}',
    );
    await write('integrationRuntime/Bom.json', Buffer.from('\uFEFF{"name":"BomIR"}', 'utf16le'));
    await write('integrationRuntime/conflict.json', '<<<<<<< HEAD\n{"name":"A"}');
    await write('integrationRuntime/odd.json', '{"name":"../../x"}');
    await write('integrationRuntime/nameless.json', '{"properties":{}}');
    await write('integrationRuntime/.gitkeep', '');
    const { wanted, errors } = await fromAdfGit(root, [parent], io);
    expect(wanted.map(({ id }) => armId(id)).sort()).toEqual([
      `${factory('Fact1')}/integrationRuntimes/BomIR`,
      `${factory('Fact1')}/integrationRuntimes/EtlIR`,
    ]);
    expect(errors).toEqual([
      expect.stringMatching(/conflict.json\S* is not JSON. Open it in the Studio/),
      expect.stringMatching(/nameless.json has no name/),
      expect.stringMatching(/odd.json has a name that no runtime in Azure can have/),
    ]);
  });

  test('needs a factory, and to be the root folder', async () => {
    await expect(fromAdfGit('x', [], io)).rejects.toThrow('give --factory ARM-ID');
    await expect(fromAdfGit(tmpdir(), [parent], io)).rejects.toThrow('has no folder integrationRuntime: give the root');
  });
});

test('factories that are named limit what is taken, and what is left keeps its resource from being forgotten', () => {
  const type = 'azurerm_data_factory_integration_runtime_azure';
  const resources = ['Fact1', 'Fact2'].map((name) =>
    resource(`${type}.each["${name}"]`, { id: `${factory(name)}/integrationruntimes/EtlIR` }),
  );
  const named = { kind: 'factory' as const, subscriptionId: SUBSCRIPTION, resourceGroup: 'RG-DATA', name: 'fact1' };
  const { wanted, left = [] } = limited(fromTerraform('state.json', state({ resources })), [named]);
  expect(wanted.map(({ address }) => address)).toEqual([`${type}.each["Fact1"]`]);
  expect(letGo(wanted, [...wanted, ...left])).toBe(
    `# Other instances of it stay: terraform state rm '${type}.each["Fact1"]'\n`,
  );
});

test('a file that is not there is told by its name, and - is standard input', async () => {
  await expect(readText('/nowhere/state.json', io)).rejects.toThrow('/nowhere/state.json cannot be read');
  expect(await readText('-', io)).toBe('{"stdin":true}');
});
