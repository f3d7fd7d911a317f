/** Errors of the emulated ARM, as recorded. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { DEFAULT_CLIENT, type FactoryRef } from '../../../../dev/emulator/index.ts';
import { failure, group, managed, runtimePath, useEmulator } from './helpers.ts';

const suite = useEmulator();
let factory: FactoryRef;
const runtimes = () => suite.client(factory.subscriptionId).integrationRuntimes;
const control = () => suite.emulator.control;
const factoryId = () =>
  `/subscriptions/${factory.subscriptionId}/resourceGroups/${group}/providers/Microsoft.DataFactory/factories/Factory1`;

beforeEach(async () => {
  factory = await suite.freshFactory();
});

describe('errors of the provider have a target and details', () => {
  test('a missing runtime', async () => {
    for (const call of [
      runtimes().get(group, 'Factory1', 'Missing'),
      runtimes().getStatus(group, 'Factory1', 'Missing'),
    ]) {
      const { status, body, headers } = await failure(call);
      expect(status).toBe(404);
      expect(body).toEqual({
        error: {
          code: 'NotFound',
          message: 'The document could not be retrieved because it does not exist.',
          target: `${factoryId()}/integrationruntimes/Missing`.toLowerCase(),
          details: null,
        },
      });
      expect(headers).not.toHaveProperty('x-ms-failure-cause');
      expect(headers).toHaveProperty('x-ms-ratelimit-remaining-subscription-reads');
    }
  });

  test('a runtime that is referred to', async () => {
    await runtimes().createOrUpdate(group, 'Factory1', 'abc', managed());
    await control().setReferences({ factory, name: 'abc', referrers: ['LS_X'] });
    const { status, body } = await failure(runtimes().delete(group, 'Factory1', 'abc'));
    expect(status).toBe(400);
    expect(body).toMatchObject({
      error: {
        code: 'BadRequest',
        message: 'The document cannot be deleted since it is referenced by LS_X.',
        details: null,
      },
    });
    await control().setReferences({ factory, name: 'abc', referrers: [] });
    await runtimes().delete(group, 'Factory1', 'abc');
  });

  test('a bad reference, once', async () => {
    await control().setBadReference({ factory, name: 'abc', reference: 'default' });
    const { status, body } = await failure(runtimes().createOrUpdate(group, 'Factory1', 'abc', managed()));
    expect(status).toBe(400);
    expect(body).toMatchObject({
      error: {
        code: 'BadRequest',
        message: "The document creation or update failed because of invalid reference 'default'.",
      },
    });
    await runtimes().createOrUpdate(group, 'Factory1', 'abc', managed());
  });

  test.each([
    ['no properties', '{}'],
    ['no type', '{"properties":{"description":"x"}}'],
    ['a type that is no text', '{"properties":{"type":1}}'],
    ['an array', '[]'],
  ])('a bad payload: %s', async (_, body) => {
    const response = await suite.fetch(runtimePath(factory, 'abc'), { method: 'PUT', body });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: {
        code: 'InvalidResourceRequest',
        message:
          "Invalid resource request. Resource type: 'IntegrationRuntime', Resource name: 'abc' 'Error: Invalid payload'",
      },
    });
  });

  test('a type that changes', async () => {
    await runtimes().createOrUpdate(group, 'Factory1', 'abc', managed());
    const { code } = await failure(
      runtimes().createOrUpdate(group, 'Factory1', 'abc', { properties: { type: 'SelfHosted' } }),
    );
    expect(code).toBe('InvalidResourceRequest');
  });
});

describe('errors of the gateway have code and message, and no rate header', () => {
  const expectGateway = async (call: Promise<unknown>, status: number, code: string, message: string) => {
    const failed = await failure(call);
    expect(failed.status).toBe(status);
    expect(failed.body).toEqual({ error: { code, message } });
    expect(failed.headers['x-ms-failure-cause']).toBe('gateway');
    expect(Object.keys(failed.headers).filter((name) => name.includes('ratelimit'))).toEqual([]);
    for (const id of ['x-ms-request-id', 'x-ms-correlation-request-id', 'x-ms-routing-request-id']) {
      expect(failed.headers[id]).toBeTruthy();
    }
    return failed;
  };

  test('a missing factory: one code for reading, another for writing', async () => {
    const notFound = `The Resource 'Microsoft.DataFactory/factories/Nope' under resource group '${group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`;
    await expectGateway(runtimes().listByFactory(group, 'Nope').byPage().next(), 404, 'ResourceNotFound', notFound);
    await expectGateway(runtimes().get(group, 'Nope', 'abc'), 404, 'ResourceNotFound', notFound);
    await expectGateway(
      runtimes().createOrUpdate(group, 'Nope', 'abc', managed()),
      404,
      'ParentResourceNotFound',
      "Can not perform requested operation on nested resource. Parent resource 'Nope' not found.",
    );
  });

  test('a missing resource group and a missing subscription', async () => {
    await expectGateway(
      runtimes().get('nope', 'Factory1', 'abc'),
      404,
      'ResourceGroupNotFound',
      "Resource group 'nope' could not be found.",
    );
    const other = 'bbbbbbbb-0000-0000-0000-000000000000';
    await expectGateway(
      suite.client(other).integrationRuntimes.get(group, 'Factory1', 'abc'),
      404,
      'SubscriptionNotFound',
      `The subscription '${other}' could not be found.`,
    );
  });

  test('no permission names client, object id, action and scope', async () => {
    const { id } = await control().addRefusal({
      kind: 'permission',
      action: 'Microsoft.DataFactory/*/write',
      scope: `/subscriptions/${factory.subscriptionId}`,
    });
    await expectGateway(
      runtimes().createOrUpdate(group, 'Factory1', 'abc', managed()),
      403,
      'AuthorizationFailed',
      `The client '${DEFAULT_CLIENT.clientId}' with object id '${DEFAULT_CLIENT.objectId}' does not have authorization to perform action 'Microsoft.DataFactory/factories/integrationruntimes/write' over scope '${factoryId()}/integrationRuntimes/abc' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
    );
    await runtimes().listByFactory(group, 'Factory1').byPage().next();
    await control().clearRefusals({ id });
    await runtimes().createOrUpdate(group, 'Factory1', 'abc', managed());
  });

  test('locks', async () => {
    const scope = `/subscriptions/${factory.subscriptionId}/resourceGroups/${group}`;
    await runtimes().createOrUpdate(group, 'Factory1', 'abc', managed());
    await control().addRefusal({ kind: 'lock', scope, level: 'CanNotDelete' });
    await runtimes().createOrUpdate(group, 'Factory1', 'abc', managed());
    await expectGateway(
      runtimes().delete(group, 'Factory1', 'abc'),
      409,
      'ScopeLocked',
      `The scope '${factoryId()}/integrationRuntimes/abc' cannot perform delete operation because following scope(s) are locked: '${scope}'. Please remove the lock and try again.`,
    );
    await control().addRefusal({ kind: 'lock', scope, level: 'ReadOnly' });
    expect(await failure(runtimes().createOrUpdate(group, 'Factory1', 'abc', managed()))).toMatchObject({
      status: 409,
      code: 'ScopeLocked',
    });
    await runtimes().getStatus(group, 'Factory1', 'abc');
  });

  test('a policy, told from a missing role by its code', async () => {
    await control().addRefusal({ kind: 'policy', scope: factoryId(), policyName: 'allowed-locations' });
    const { status, body } = await failure(runtimes().createOrUpdate(group, 'Factory1', 'abc', managed()));
    expect(status).toBe(403);
    expect(body).toMatchObject({
      error: {
        code: 'RequestDisallowedByPolicy',
        message: expect.stringContaining("Resource 'abc' was disallowed by policy. Policy identifiers: '[{"),
        target: 'abc',
        additionalInfo: [{ type: 'PolicyViolation', info: { policyAssignmentName: 'allowed-locations' } }],
      },
    });
  });

  test('a disabled subscription reads and deletes, and writes nothing', async () => {
    await runtimes().createOrUpdate(group, 'Factory1', 'abc', managed());
    await control().setSubscriptionState({ subscriptionId: factory.subscriptionId, state: 'Disabled' });
    await expectGateway(
      runtimes().createOrUpdate(group, 'Factory1', 'abc', managed()),
      409,
      'ReadOnlyDisabledSubscription',
      `The subscription '${factory.subscriptionId}' is disabled and therefore marked as read only. You cannot perform any write actions on this subscription until it is re-enabled.`,
    );
    await runtimes().get(group, 'Factory1', 'abc');
    await runtimes().delete(group, 'Factory1', 'abc');
  });
});

describe('requests that the SDK would not send', () => {
  const codeOf = async (response: Response): Promise<unknown> =>
    ((await response.json()) as { error: { code: string } }).error.code;

  test.each([
    ['/nothing/here?api-version=2018-06-01', 404, 'MissingSubscription'],
    ['/?api-version=2018-06-01', 404, 'MissingSubscription'],
    ['SUB/resourceGroups/RG/providers/Microsoft.Nope/things/x?api-version=2018-06-01', 404, 'InvalidResourceNamespace'],
    ['FACTORY/nopes/x?api-version=2018-06-01', 404, 'InvalidResourceType'],
    ['FACTORY/integrationRuntimes/abc/explode?api-version=2018-06-01', 404, 'InvalidResourceType'],
    ['FACTORY/integrationRuntimes/abc?api-version=2030-01-01', 400, 'InvalidResourceType'],
    ['FACTORY/integrationRuntimes/abc', 400, 'MissingApiVersionParameter'],
    ['FACTORY/integrationRuntimes/%zz?api-version=2018-06-01', 400, 'InvalidRequestUri'],
    ['FACTORY/integrationRuntimes/a%2Fb?api-version=2018-06-01', 404, 'NotFound'],
    ['FACTORY/integrationRuntimes/%00?api-version=2018-06-01', 404, 'NotFound'],
    ['FACTORY/integrationRuntimes/%E2%98%83?api-version=2018-06-01', 404, 'NotFound'],
    ['FACTORY/integrationRuntimes/__proto__?api-version=2018-06-01', 404, 'NotFound'],
    ['FACTORY/integrationRuntimes/..%2F..%2F..?api-version=2018-06-01', 404, 'NotFound'],
  ])('GET %s: %d %s', async (template, status, code) => {
    const places = { FACTORY: factoryId(), SUB: `/subscriptions/${factory.subscriptionId}`, RG: group };
    const path = template.replace(/FACTORY|SUB|RG/g, (place) => places[place as keyof typeof places]);
    const response = await suite.fetch(path);
    expect(response.status).toBe(status);
    expect(await codeOf(response)).toBe(code);
  });

  test.each(['ab', 'a'.repeat(64), 'a--b', '-ab', 'a%20b', 'a%2Fb', '%3Cscript%3E', 'caf%C3%A9'])(
    'the name %s is refused',
    async (name) => {
      const response = await suite.fetch(runtimePath(factory, name), {
        method: 'PUT',
        body: '{"properties":{"type":"Managed"}}',
      });
      expect(response.status).toBe(400);
      expect(await control().runtimes(factory)).toEqual([]);
    },
  );

  test('percent-encoded letters and other cases of the path are one and the same', async () => {
    await runtimes().createOrUpdate(group, 'Factory1', 'abc', managed());
    const path = runtimePath(factory, '%61bc')
      .replace('resourceGroups', 'RESOURCEGROUPS')
      .replace('factories', 'FACTORIES');
    expect((await suite.fetch(`/${path}`)).status).toBe(200);
  });

  test('content that is no JSON, content that is too large, a verb that is not known', async () => {
    const path = runtimePath(factory, 'abc');
    const broken = await suite.fetch(path, { method: 'PUT', body: '{"properties":' });
    expect([broken.status, await codeOf(broken)]).toEqual([400, 'InvalidRequestContent']);
    const large = await suite.fetch(path, { method: 'PUT', body: 'x'.repeat(1024 * 1024 + 1) });
    expect(large.status).toBe(413);
    const patch = await suite.fetch(path, { method: 'PATCH', body: '{}' });
    expect(patch.status).toBe(405);
  });
});
