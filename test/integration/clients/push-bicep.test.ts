/** deploy/azure/push.bicep, read by a parser that was not written for it, and held to what the SDK for Event Grid knows. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { run } from '../../../dev/controlplane/child.ts';
import { EVENT_TYPES, OPERATIONS, parseMessage } from '../../../src/azure/changes/parse-message.ts';
import { describeWithPython, INSTALL_MS, install, log } from '../../support/python.ts';

const ROOT = join(import.meta.dirname, '../../..');
const READER = join(ROOT, 'dev/clients/python/bicep.py');
const PAGE = join(ROOT, 'docs/change-queue.md');
const BICEP = join(ROOT, 'deploy/azure/push.bicep');
const READ_MS = 60_000;
/** Documented: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage */
const SENDER = 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a';
const PROCESSOR = '8a0f0c08-91a1-4084-bc3d-661d67233fed';
const OPERATOR = { operatorPrincipalId: '00000000-0000-0000-0000-00000000000a' };
const GROUP = '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/group';

interface Read {
  readonly resources: Readonly<Record<string, { readonly body: { readonly properties: unknown } }>>;
  readonly outputs: Readonly<Record<string, string>>;
}

/** `write`, `delete` or `action`, of an operation or of the type of its events. */
function foldedVerb(name: string): string | undefined {
  return /(write|delete|action)(?:success)?$/.exec(name.toLowerCase())?.[1];
}

/** Something that the operation is on: Provider/types/types/verb is of /providers/Provider/types/NAME/types/NAME. */
function resourceOf(operation: string): string {
  const [provider = '', ...types] = operation.replace(/\/(?:write|delete|\w+\/action)$/, '').split('/');
  const named = types.map((type) => `/${type}/some-name`).join('');
  return provider === 'Microsoft.Resources'
    ? named.replace('/some-name', '/00000000-0000-0000-0000-000000000001')
    : `${GROUP}/providers/${provider}${named}`;
}

describeWithPython('push.bicep', () => {
  let python: string;
  let folder: string;
  beforeAll(async () => {
    python = await install(process.env, { log, signal: AbortSignal.timeout(INSTALL_MS) });
    folder = await mkdtemp(join(tmpdir(), 'bicep-'));
  }, INSTALL_MS + 30_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const reader = (file: string, parameters: object) =>
    run(python, ['-I', READER, file, JSON.stringify(parameters)], {
      env: process.env,
      signal: AbortSignal.timeout(READ_MS),
    });
  async function read(parameters: object): Promise<Read> {
    const { code, stdout, tail } = await reader(BICEP, parameters);
    if (code !== 0) throw new Error(tail);
    return JSON.parse(stdout);
  }
  async function listenedTo(): Promise<{ readonly types: readonly string[]; readonly operations: readonly string[] }> {
    const { changes } = (await read(OPERATOR)).resources;
    const { filter } = (changes?.body.properties ?? {}) as {
      filter: { includedEventTypes: string[]; advancedFilters: { key: string; values: string[] }[] };
    };
    expect(filter.advancedFilters.map(({ key }) => key)).toEqual(['data.operationName']);
    return { types: filter.includedEventTypes, operations: filter.advancedFilters.flatMap(({ values }) => values) };
  }
  /** What is complained of when that stands in the file instead. */
  async function complaint(from: string, to: string): Promise<string> {
    const text = await readFile(BICEP, 'utf8');
    expect(text).toContain(from);
    const changed = join(folder, 'changed.bicep');
    await writeFile(changed, text.replace(from, to));
    const { code, tail } = await reader(changed, OPERATOR);
    expect(code).not.toBe(0);
    return tail;
  }

  test('lets the events into the queue by an identity of their own, and the operator take them out, and no more', async () => {
    const { resources } = await read(OPERATOR);
    const roles = Object.values(resources).filter((each) => JSON.stringify(each).includes('roleDefinitionId'));
    const role = (id: string) => expect.stringMatching(`/roleDefinitions/${id}$`);
    expect(roles).toMatchObject([
      {
        scope: '<queue>',
        body: { properties: { principalId: '<topic.identity.principalId>', roleDefinitionId: role(SENDER) } },
      },
      {
        scope: '<queue>',
        body: {
          properties: {
            principalId: OPERATOR.operatorPrincipalId,
            principalType: 'ServicePrincipal',
            roleDefinitionId: role(PROCESSOR),
          },
        },
      },
    ]);
  });

  test('makes an account that knows no keys and no plain text, and an event older than an hour is thrown away', async () => {
    const { account, changes } = (await read(OPERATOR)).resources;
    expect(account?.body.properties).toMatchObject({
      allowSharedKeyAccess: false,
      allowBlobPublicAccess: false,
      supportsHttpsTrafficOnly: true,
      networkAcls: { bypass: 'AzureServices', defaultAction: 'Allow' },
    });
    expect(changes?.body.properties).toMatchObject({
      deliveryWithResourceIdentity: {
        identity: { type: 'SystemAssigned' },
        destination: {
          endpointType: 'StorageQueue',
          properties: { resourceId: '<account.id>', queueName: 'ir-changes', queueMessageTimeToLiveInSeconds: 3600 },
        },
      },
      retryPolicy: { eventTimeToLiveInMinutes: 60 },
    });
  });

  test.each([
    ['the resource group that it is deployed into', {}, GROUP, 'Microsoft.Resources.ResourceGroups'],
    [
      'another resource group',
      { source: `${GROUP.toLowerCase()}-2` },
      `${GROUP.toLowerCase()}-2`,
      'Microsoft.Resources.ResourceGroups',
    ],
    [
      'a subscription',
      { source: '/subscriptions/00000000-0000-0000-0000-000000000002' },
      '/subscriptions/00000000-0000-0000-0000-000000000002',
      'Microsoft.Resources.Subscriptions',
    ],
  ])('listens to %s', async (_, parameters, source, topicType) => {
    const { topic } = (await read({ ...OPERATOR, ...parameters })).resources;
    expect(topic?.body).toMatchObject({ location: 'global', properties: { source, topicType } });
  });

  test('listens to changes of runtimes and to the end of what holds them, and never to the reading of a state', async () => {
    const { operations } = await listenedTo();
    const ofRuntimes = ['write', 'delete', 'enableInteractiveQuery/action', 'disableInteractiveQuery/action'];
    expect([...operations].sort()).toEqual(
      [
        ...ofRuntimes.map((what) => `Microsoft.DataFactory/factories/integrationruntimes/${what}`),
        ...ofRuntimes.map((what) => `Microsoft.Synapse/workspaces/integrationRuntimes/${what}`),
        'Microsoft.DataFactory/factories/delete',
        'Microsoft.Synapse/workspaces/delete',
        'Microsoft.Resources/subscriptions/resourceGroups/delete',
      ].sort(),
    );
  });

  test('listens to what the operator understands, and to nothing else', async () => {
    const { types, operations } = await listenedTo();
    const folded = (names: Iterable<string>) => [...names].map((name) => name.toLowerCase()).sort();
    expect(folded(types)).toEqual(folded(EVENT_TYPES));
    expect(folded(operations)).toEqual(folded(OPERATIONS.keys()));
    for (const operationName of operations) {
      const eventType = types.find((type) => foldedVerb(type) === foldedVerb(operationName));
      const data = { operationName, resourceUri: resourceOf(operationName) };
      const text = JSON.stringify({ eventType, eventTime: '2026-11-29T06:00:00Z', subject: data.resourceUri, data });
      expect([operationName, parseMessage(text)]).toMatchObject([operationName, { changes: [{}], malformed: 0 }]);
    }
  });

  test('says what the flag is to be, whatever the cloud', async () => {
    const { outputs } = await read({ ...OPERATOR, queueName: 'another' });
    expect(outputs).toEqual({
      changeQueueUrl: '<account.properties.primaryEndpoints.queue>another',
      accountName: 'irchanges0123456789abc',
    });
  });

  test('makes the event subscription that the page writes with az, letter by letter', async () => {
    const [, document = ''] = /^```json\n(\{\n {2}"properties"[\s\S]*?)^```$/m.exec(await readFile(PAGE, 'utf8')) ?? [];
    expect(JSON.parse(document)).toEqual((await read(OPERATOR)).resources.changes?.body);
  });

  test('needs to be told who reads the queue', async () => {
    expect((await reader(BICEP, {})).tail).toContain("not given: ['operatorPrincipalId']");
  });

  test.each([
    ['queueMessageTimeToLiveInSeconds: 3600', 'queueMessageTtl: 3600', 'does not know'],
    ["endpointType: 'StorageQueue'", "endpointType: 'Queue'", 'does not know'],
    ["operatorType: 'StringIn'", "operatorType: 'In'", 'does not know'],
    ['location: location', 'location: region', 'region is declared nowhere'],
    ['parent: topic', 'parent: topics', 'topics is declared nowhere'],
  ])('is read with care: %s would not pass as %s', async (from, to, complained) => {
    expect(await complaint(from, to)).toContain(complained);
  });
});
