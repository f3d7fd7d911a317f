/** The emulated Azure, checked by clients that were not written for it: the Azure SDKs for Python. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { playScenario, type Step, type Steps } from '../../../dev/clients/python/scenario.ts';
import {
  DEFAULT_CLIENT,
  DEFAULT_FACTORY,
  DEFAULT_WORKSPACE,
  type Emulator,
  type EntraClient,
  type FactoryRef,
  startEmulator,
} from '../../../dev/emulator/index.ts';
import { createServerIdentity } from '../../../dev/emulator/tls.ts';
import { describeWithPython, INSTALL_MS, install, log } from '../../support/python.ts';

const FACTORY = { kind: 'factory', ...DEFAULT_FACTORY } as const;
const WORKSPACE = DEFAULT_WORKSPACE;
const IN_NETWORK = { managedVirtualNetwork: { type: 'ManagedVirtualNetworkReference', referenceName: 'default' } };
const CLIENT = credentialOf(DEFAULT_CLIENT);

describeWithPython('the packages of the Python clients', () => {
  test('that cannot be installed leave nothing behind, and pip says why', async () => {
    const cache = await mkdtemp(join(tmpdir(), 'python-cache-'));
    const { PIP_FIND_LINKS: _, ...pending } = process.env;
    const env = { ...pending, XDG_CACHE_HOME: cache, PIP_CONFIG_FILE: '/dev/null', PIP_NO_INDEX: '1' };
    const task = { log: () => {}, signal: AbortSignal.timeout(INSTALL_MS) };
    await expect(install(env, task)).rejects.toThrow(/No matching distribution found for azure-/);
    expect(await readdir(join(cache, 'azure-ir-operator', 'python'))).toEqual([]);
    await rm(cache, { recursive: true });
  });
});

describeWithPython('a Python client', () => {
  let command: string;
  let emulator: Emulator;

  beforeAll(async () => {
    emulator = await startEmulator({ seed: [FACTORY, WORKSPACE] });
    command = await install(process.env, { log, signal: AbortSignal.timeout(INSTALL_MS) });
    // Later than the signal, so that what is under way is ended first.
  }, INSTALL_MS + 30_000);

  afterAll(() => emulator.stop());

  const play = (scenario: string, given: object): Promise<Steps> => playScenario(command, emulator, scenario, given);

  describe.each([
    // Recorded: a workspace's own errors have no `error` around them, so that the SDK finds no code in them.
    { parent: FACTORY, others: ['Another'], code: 'NotFound', refused: 'ResourceModifiedError' },
    {
      parent: WORKSPACE,
      others: ['Another', 'AutoResolveIntegrationRuntime'],
      code: null,
      refused: 'HttpResponseError',
    },
  ])('of a $parent.kind', ({ parent, others, code, refused }) => {
    const created = runtimeOf(parent, 'West Europe');
    const updated = runtimeOf(parent, 'North Europe');
    const missing = { error: { class: 'ResourceNotFoundError', status: 404, code } };
    let step: Steps;

    beforeAll(async () => {
      const { control } = emulator;
      await control.reset();
      await control.putRuntime({ factory: parent, name: 'Another', properties: { type: 'Managed' } });
      await control.setPageSize({ factory: parent, size: 1 });
      step = await play('life', { parent, credential: CLIENT });
    });

    test('learns that a runtime does not exist', () => {
      expect(step('missing')).toMatchObject(missing);
    });

    test('creates a runtime, and reads it as it was created', () => {
      expect(step('created')).toEqual({ result: created });
      expect(step('read')).toEqual(step('created'));
    });

    test('reads nothing of a runtime that is as it knows it', () => {
      expect(step('read if changed')).toEqual({ result: null });
    });

    test('gets the status of a runtime', () => {
      expect(step('status')).toEqual({ result: { properties: { type: 'Managed', state: 'Online' } } });
    });

    test('updates a runtime, whose etag changes', () => {
      expect(step('updated')).toEqual({ result: updated });
      expect(etagOf(step('updated'))).not.toBe(etagOf(step('created')));
    });

    test('does not update a runtime that has changed since it was read', () => {
      expect(step('updated with an old etag')).toMatchObject({ error: { class: refused, status: 412 } });
      expect(step('read when updated')).toEqual(step('updated'));
    });

    test('lists the runtimes of all pages', async () => {
      expect(namesIn(step('listed'))).toEqual([...others, 'Runtime']);
      const { IntegrationRuntimes_ListByFactory: pages } = await emulator.control.counts();
      expect(pages).toBe(others.length + 1);
    });

    test('deletes a runtime, and again without an error', () => {
      expect(step('deleted')).toEqual({ result: null });
      expect(step('read when deleted')).toMatchObject(missing);
      expect(step('deleted again')).toEqual({ result: null });
    });
  });

  test('creates, reads and lists the managed virtual network of a factory', async () => {
    await emulator.control.reset();
    const step = await play('network', { parent: FACTORY, credential: CLIENT });
    expect(step('missing')).toMatchObject({ error: { class: 'ResourceNotFoundError', code: 'NotFound' } });
    expect(step('created')).toMatchObject({
      result: { name: 'default', properties: { vNetId: expect.any(String), alias: expect.any(String) } },
    });
    expect(step('read')).toEqual(step('created'));
    expect(step('listed')).toEqual({ result: [step('created').result] });
  });

  test.each([
    { parent: FACTORY, properties: { provisioningState: 'Succeeded' }, minutes: 10, shown: true },
    // The SDK sends no minutes, and knows of no interactive authoring in a status.
    { parent: WORKSPACE, properties: { managedVirtualNetwork: 'default' }, minutes: 60, shown: false },
  ])(
    'switches the interactive authoring of a runtime in the network of a $parent.kind',
    async ({ parent, properties, minutes, shown }) => {
      const { control } = emulator;
      await control.reset();
      await control.ensureNetwork({ factory: parent });
      const step = await play('authoring', { parent, credential: CLIENT });
      const statusWith = (status: string) => ({
        properties: {
          type: 'Managed',
          state: 'Online',
          ...(shown ? { typeProperties: { interactiveQuery: { status, autoTerminationMinutes: minutes } } } : {}),
        },
      });
      expect(step('parent')).toMatchObject({ result: { name: parent.name, properties } });
      expect(step('created')).toEqual({ result: runtimeOf(parent, 'AutoResolve', IN_NETWORK) });
      expect(step('enabled too early')).toMatchObject({ error: { class: 'HttpResponseError', status: 400 } });
      expect(step('enabled')).toEqual({ result: null });
      expect(step('status when enabled')).toEqual({ result: statusWith('Enabled') });
      expect(step('disabled')).toEqual({ result: null });
      expect(step('status when disabled')).toEqual({ result: statusWith('Disabled') });
      expect(await control.getRuntime({ factory: parent, name: 'Runtime' })).toMatchObject({
        interactiveQuery: { status: 'Disabled', autoTerminationMinutes: minutes },
      });
    },
  );

  describe('of one of two tenants, each with a subscription of its own,', () => {
    const there = {
      tenantId: '44444444-4444-4444-4444-444444444444',
      clientId: '55555555-5555-5555-5555-555555555555',
      clientSecret: 'another-secret',
    };
    const elsewhere = { ...FACTORY, subscriptionId: '00000000-0000-0000-0000-000000000002', name: 'Elsewhere' };
    const { client_secret: _, ...login } = CLIENT;
    let dir: string;
    let step: Steps;

    beforeAll(async () => {
      const { control } = emulator;
      await control.reset();
      await control.putClient(there);
      await control.ensureSubscription({ subscriptionId: FACTORY.subscriptionId, tenantId: DEFAULT_CLIENT.tenantId });
      await control.ensureSubscription({ subscriptionId: elsewhere.subscriptionId, tenantId: there.tenantId });
      await control.ensureFactory(elsewhere);
      for (const factory of [FACTORY, elsewhere]) {
        await control.putRuntime({ factory, name: `In${factory.name}`, properties: { type: 'Managed' } });
      }
      dir = await mkdtemp(join(tmpdir(), 'python-client-'));
      const [certificate_path, token_file_path] = [join(dir, 'client.pem'), join(dir, 'token')];
      await writeFile(certificate_path, certificate());
      await writeFile(token_file_path, unsignedToken());
      const attempts = [
        { name: 'here', parent: FACTORY, credential: CLIENT },
        { name: 'there', parent: elsewhere, credential: credentialOf(there) },
        { name: 'across', parent: elsewhere, credential: CLIENT },
        { name: 'stranger', parent: elsewhere, credential: { ...CLIENT, tenant_id: there.tenantId } },
        { name: 'wrong secret', parent: FACTORY, credential: { ...CLIENT, client_secret: 'wrong' } },
        { name: 'certificate', parent: FACTORY, credential: { ...login, certificate_path } },
        { name: 'federated token', parent: FACTORY, credential: { ...login, token_file_path } },
      ];
      step = await play('lists', { attempts });
    });

    afterAll(() => rm(dir, { recursive: true, force: true }));

    test('reaches the subscription of its tenant, with its secret', () => {
      expect(namesIn(step('here'))).toEqual([`In${FACTORY.name}`]);
      expect(namesIn(step('there'))).toEqual([`In${elsewhere.name}`]);
    });

    test.each(['certificate', 'federated token'])('reaches it with its %s too', (proof) => {
      expect(step(proof)).toEqual(step('here'));
    });

    test('is turned away from the subscription of the other', () => {
      expect(step('across')).toMatchObject({
        error: { class: 'ClientAuthenticationError', status: 401, code: 'InvalidAuthenticationTokenTenant' },
      });
    });

    test.each([
      { name: 'stranger', how: 'in a tenant that does not know it', code: 'AADSTS700016' },
      { name: 'wrong secret', how: 'with a wrong secret', code: 'AADSTS7000215' },
    ])('is refused a token $how', ({ name, code }) => {
      expect(step(name)).toMatchObject({
        error: { class: 'ClientAuthenticationError', message: expect.stringContaining(code) },
      });
    });
  });
});

/** As the arguments of the credentials of azure-identity are called. */
function credentialOf({ tenantId, clientId, clientSecret }: EntraClient) {
  return { tenant_id: tenantId, client_id: clientId, client_secret: clientSecret };
}

/** The whole resource, as the SDK must see it. */
function runtimeOf(parent: FactoryRef, location: string, more: object = {}): object {
  const { kind, subscriptionId, resourceGroup, name } = parent;
  const type = kind === 'workspace' ? 'Microsoft.Synapse/workspaces' : 'Microsoft.DataFactory/factories';
  return {
    // Recorded: this segment is in lower case.
    id: `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${type}/${name}/integrationruntimes/Runtime`,
    name: 'Runtime',
    type: `${type}/integrationruntimes`,
    etag: expect.stringMatching(/^[0-9a-f]{8}-0000-0000-0000-[0-9a-f]{8}0000$/),
    properties: { type: 'Managed', ...more, typeProperties: { computeProperties: { location } } },
  };
}

const etagOf = ({ result }: Step): string => (result as { etag: string }).etag;
const namesIn = ({ result }: Step): string[] => (result as { name: string }[]).map(({ name }) => name);

/** Any certificate and any RSA key do: the emulator does not know which one belongs to the client. */
function certificate(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return `${privateKey.export({ type: 'pkcs8', format: 'pem' })}${createServerIdentity(['client']).certPem}`;
}

function unsignedToken(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ sub: 'system:serviceaccount:ns:sa' })}.c2ln`;
}
