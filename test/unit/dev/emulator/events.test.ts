/** Events of ARM as the emulator raises them: which, for whom, in what form, and how they can go astray. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { DEFAULT_CLIENT, type EventSubscription, type FactoryRef } from '../../../../dev/emulator/index.ts';
import { eventually } from '../../../support/eventually.ts';
import { useEmulator } from './helpers.ts';

const QUEUE = 'https://account.queue.core.windows.net/changes';
const FACTORY_RUNTIMES = 'Microsoft.DataFactory/factories/integrationruntimes';
const WORKSPACE_RUNTIMES = 'Microsoft.Synapse/workspaces/integrationRuntimes';

const queued: { readonly queueUrl: string; readonly text: string }[] = [];
let refuses: string | undefined;
const suite = useEmulator({
  deliver: async (queueUrl, text) => {
    if (refuses !== undefined) throw new Error(refuses);
    queued.push({ queueUrl, text });
  },
});

afterEach(() => {
  queued.length = 0;
  refuses = undefined;
});

async function subscribed(factory: FactoryRef, how: Partial<EventSubscription> = {}): Promise<string> {
  const { subscriptionId } = factory;
  const { id } = await suite.emulator.control.putEventSubscription({ subscriptionId, queueUrl: QUEUE, ...how });
  return id;
}

function pathOf({ kind = 'factory', subscriptionId, resourceGroup, name }: FactoryRef, rest: string): string {
  const type = kind === 'factory' ? 'Microsoft.DataFactory/factories' : 'Microsoft.Synapse/workspaces';
  const version = kind === 'factory' ? '2018-06-01' : '2021-06-01';
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${type}/${name}${rest}?api-version=${version}`;
}

const DEFINITION = {
  properties: { type: 'Managed', typeProperties: { computeProperties: { location: 'AutoResolve' } } },
};

function put(factory: FactoryRef, name: string, headers: Record<string, string> = {}): Promise<Response> {
  const init = { method: 'PUT', body: JSON.stringify(DEFINITION), headers };
  return suite.fetch(pathOf(factory, `/integrationRuntimes/${name}`), init);
}

async function raised({ subscriptionId }: FactoryRef) {
  return suite.emulator.control.events({ subscriptionId });
}

async function workspaceBeside(factory: FactoryRef): Promise<FactoryRef> {
  const workspace = { ...factory, kind: 'workspace', name: 'workspace' } as const;
  await suite.emulator.control.ensureWorkspace(workspace);
  return workspace;
}

const eventIn = (text: string) => JSON.parse(Buffer.from(text, 'base64').toString());

describe('an event', () => {
  test('tells of each write, deletion and action of any client, and of no read', async () => {
    const factory = await suite.freshFactory();
    await subscribed(factory);
    await put(factory, 'sample');
    await suite.fetch(pathOf(factory, '/integrationRuntimes/sample'));
    await suite.fetch(pathOf(factory, '/integrationRuntimes'));
    await suite.fetch(pathOf(factory, '/integrationRuntimes/sample'), { method: 'DELETE' });
    expect((await raised(factory)).map(({ type, operationName }) => [type, operationName])).toEqual([
      ['Microsoft.Resources.ResourceWriteSuccess', `${FACTORY_RUNTIMES}/write`],
      ['Microsoft.Resources.ResourceDeleteSuccess', `${FACTORY_RUNTIMES}/delete`],
    ]);
  });

  test('tells of the state of a runtime of a workspace being read: an action, as its documentation calls it', async () => {
    const workspace = await workspaceBeside(await suite.freshFactory());
    await subscribed(workspace);
    const path = pathOf(workspace, '/integrationRuntimes/AutoResolveIntegrationRuntime/getStatus');
    expect((await suite.fetch(path, { method: 'POST' })).status).toBe(200);
    expect(await raised(workspace)).toMatchObject([
      { type: 'Microsoft.Resources.ResourceActionSuccess', operationName: `${WORKSPACE_RUNTIMES}/getStatus/action` },
    ]);
  });

  test('of a write that is only accepted comes when it is accepted, and never again', async () => {
    const workspace = await workspaceBeside(await suite.freshFactory());
    await subscribed(workspace);
    expect((await put(workspace, 'sample')).status).toBe(202);
    expect(await raised(workspace)).toHaveLength(1);
    suite.clock.advance(60_000);
    await suite.fetch(pathOf(workspace, '/integrationRuntimes'));
    expect(await raised(workspace)).toMatchObject([{ operationName: `${WORKSPACE_RUNTIMES}/write` }]);
  });

  test('of a write that the provider refuses tells of the failure', async () => {
    const factory = await suite.freshFactory();
    await subscribed(factory);
    expect((await put(factory, '-')).status).toBe(400);
    expect(await raised(factory)).toMatchObject([{ type: 'Microsoft.Resources.ResourceWriteFailure' }]);
  });

  test('has the correlation id of its caller, or one of its own', async () => {
    const factory = await suite.freshFactory();
    await subscribed(factory);
    const mine = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee';
    await put(factory, 'mine', { 'x-ms-correlation-request-id': mine });
    const theirs = await put(factory, 'theirs');
    expect((await raised(factory)).map(({ correlationId }) => correlationId)).toEqual([
      mine,
      theirs.headers.get('x-ms-correlation-request-id'),
    ]);
  });

  test('tells of what the control changes as another client would: each runtime, or one parent', async () => {
    const factory = await suite.freshFactory();
    const { control } = suite.emulator;
    await subscribed(factory);
    await control.putRuntime({ factory, name: 'sample', properties: { type: 'Managed' } });
    await control.drift({ factory, name: 'sample', merge: { description: 'theirs' } });
    await control.touch(factory);
    await control.deleteRuntime({ factory, name: 'sample' });
    await control.deleteRuntime({ factory, name: 'sample' });
    await control.removeFactory(factory);
    await control.removeResourceGroup({ subscriptionId: factory.subscriptionId, name: factory.resourceGroup });
    expect((await raised(factory)).map(({ operationName }) => operationName)).toEqual([
      `${FACTORY_RUNTIMES}/write`,
      `${FACTORY_RUNTIMES}/write`,
      `${FACTORY_RUNTIMES}/write`,
      `${FACTORY_RUNTIMES}/delete`,
      'Microsoft.DataFactory/factories/delete',
      'Microsoft.Resources/subscriptions/resourceGroups/delete',
    ]);
  });

  test('goes to who wants that operation, in that group of that subscription, and is not even raised for nobody', async () => {
    const factory = await suite.freshFactory();
    await put(factory, 'before');
    await subscribed(factory, { operations: [`${FACTORY_RUNTIMES}/WRITE`] });
    await subscribed(factory, { resourceGroup: 'another' });
    await subscribed(await suite.freshFactory());
    await put(factory, 'sample');
    await suite.fetch(pathOf(factory, '/integrationRuntimes/sample'), { method: 'DELETE' });
    expect(await raised(factory)).toMatchObject([{ operationName: `${FACTORY_RUNTIMES}/write` }]);
    await suite.emulator.control.removeEventSubscriptions({ subscriptionId: factory.subscriptionId });
    await put(factory, 'after');
    expect(await raised(factory)).toHaveLength(1);
  });
});

describe('a message', () => {
  test('is an event of Event Grid in base64, with the claims of the caller, unless asked for otherwise', async () => {
    const factory = await suite.freshFactory();
    await subscribed(factory);
    await put(factory, 'sample');
    const [message] = queued;
    expect(message?.queueUrl).toBe(QUEUE);
    expect(eventIn(message?.text ?? '')).toMatchObject({
      topic: `/subscriptions/${factory.subscriptionId}`,
      subject: expect.stringMatching(/\/resourcegroups\/.*\/integrationruntimes\/sample$/),
      eventType: 'Microsoft.Resources.ResourceWriteSuccess',
      eventTime: new Date(suite.clock.now()).toISOString(),
      dataVersion: '2',
      metadataVersion: '1',
      data: {
        operationName: `${FACTORY_RUNTIMES}/write`,
        resourceUri: pathOf(factory, '/integrationRuntimes/sample').replace(/\?.*/, ''),
        status: 'Succeeded',
        subscriptionId: factory.subscriptionId,
        claims: { appid: DEFAULT_CLIENT.clientId, name: expect.any(String) },
      },
    });
  });

  test('can be a cloud event, plain, in an array', async () => {
    const factory = await suite.freshFactory();
    await subscribed(factory, { schema: 'CloudEvents', encoding: 'plain', shape: 'array' });
    await put(factory, 'sample');
    const [event, ...more] = JSON.parse(queued[0]?.text ?? '');
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      specversion: '1.0',
      type: 'Microsoft.Resources.ResourceWriteSuccess',
      source: `/subscriptions/${factory.subscriptionId}`,
      time: expect.any(String),
    });
    expect(event).not.toHaveProperty('eventType');
  });

  test('can come twice, in the reverse order, or not at all', async () => {
    const factory = await suite.freshFactory();
    const names = () => queued.map(({ text }) => eventIn(text).subject.split('/').at(-1));
    const id = await subscribed(factory, { copies: 2, drop: 1 });
    await put(factory, 'lost');
    await put(factory, 'twice');
    expect(names()).toEqual(['twice', 'twice']);
    await suite.emulator.control.putEventSubscription({
      id,
      subscriptionId: factory.subscriptionId,
      queueUrl: QUEUE,
      reversed: 3,
    });
    for (const name of ['one', 'two', 'three', 'rest']) await put(factory, name);
    await eventually(async () => expect(names().slice(2)).toEqual(['three', 'two', 'one', 'rest']));
    expect((await raised(factory)).map(({ delivery }) => delivery)).toEqual(['dropped', ...Array(5).fill('delivered')]);
  });

  test('can come later, and one that the queue does not take is lost and says why', async () => {
    const factory = await suite.freshFactory();
    await subscribed(factory, { delayMs: 50 });
    await put(factory, 'later');
    expect([queued.length, (await raised(factory))[0]?.delivery]).toEqual([0, 'pending']);
    await eventually(async () => expect(queued).toHaveLength(1));
    refuses = '404 QueueNotFound';
    await put(factory, 'refused');
    await eventually(async () => expect((await raised(factory))[1]?.delivery).toBe('failed: 404 QueueNotFound'));
  });
});
