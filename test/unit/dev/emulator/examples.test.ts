/**
 * The published examples of the specification for these operations (Azure/azure-rest-api-specs, Microsoft.DataFactory, stable
 * 2018-06-01), by their facts: status, names of headers, shape.
 */
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { FactoryRef } from '../../../../dev/emulator/index.ts';
import { runtimePath, useEmulator } from './helpers.ts';

interface Facts {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Behind the name of the runtime; undefined: the list. */
  readonly action?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly status: number;
  readonly names: readonly string[];
  /** What the body has; undefined: there is none. */
  readonly shape: object | undefined;
}

const suite = useEmulator();
const NAME = 'exampleIntegrationRuntime';
const ALWAYS = ['date', 'x-ms-request-id', 'x-content-type-options'];
const READ = [...ALWAYS, 'x-ms-ratelimit-remaining-subscription-reads', 'x-ms-correlation-request-id'];
const ETAG = expect.stringMatching(/^[0-9a-f]{8}-0000-0[0-9a-f]00-0000-[0-9a-f]{8}0000$/);
const properties = { type: 'SelfHosted', description: 'A selfhosted integration runtime' };
const DOCUMENT = {
  id: expect.stringMatching(
    /\/providers\/Microsoft\.DataFactory\/factories\/\w+\/integrationruntimes\/exampleIntegrationRuntime$/,
  ),
  name: NAME,
  type: 'Microsoft.DataFactory/factories/integrationruntimes',
  properties,
  etag: ETAG,
};

const EXAMPLES: Readonly<Record<string, Facts>> = {
  IntegrationRuntimes_Create: { method: 'PUT', body: { properties }, status: 200, names: ALWAYS, shape: DOCUMENT },
  IntegrationRuntimes_Get: { method: 'GET', status: 200, names: READ, shape: DOCUMENT },
  IntegrationRuntimes_Get_IfNoneMatch: {
    method: 'GET',
    headers: { 'if-none-match': 'THE CURRENT ONE' },
    status: 304,
    names: READ,
    shape: undefined,
  },
  IntegrationRuntimes_ListByFactory: {
    method: 'GET',
    action: '',
    status: 200,
    names: READ,
    shape: { value: [DOCUMENT] },
  },
  IntegrationRuntimes_GetStatus: {
    method: 'POST',
    action: '/getStatus',
    status: 200,
    names: ALWAYS,
    shape: { properties: { state: expect.any(String), type: 'SelfHosted' } },
  },
  IntegrationRuntimes_Delete: { method: 'DELETE', status: 200, names: [], shape: undefined },
};

let factory: FactoryRef;
let etag: string;

beforeEach(async () => {
  factory = await suite.freshFactory();
  ({ etag } = await suite.emulator.control.putRuntime({ factory, name: NAME, properties }));
});

async function ask({ method, headers = {}, body, action }: Facts, isList: boolean) {
  const path = runtimePath(factory, NAME, action);
  const response = await suite.fetch(isList ? path.replace(`/${NAME}`, '') : path, {
    method,
    headers: Object.fromEntries(Object.keys(headers).map((name) => [name, etag])),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

describe('the published example', () => {
  test.each(Object.entries(EXAMPLES))(
    '%s is answered with its status, its headers and its shape',
    async (id, facts) => {
      const { status, headers, body } = await ask(facts, id.endsWith('ListByFactory'));
      expect(status).toBe(facts.status);
      expect(facts.names.filter((name) => !headers.has(name))).toEqual([]);
      if (facts.shape === undefined) expect(body).toBeUndefined();
      else expect(body).toMatchObject(facts.shape);
    },
  );

  test('IntegrationRuntimes_Delete is answered 204 where nothing is', async () => {
    const facts = EXAMPLES.IntegrationRuntimes_Delete as Facts;
    await ask(facts, false);
    expect(await ask(facts, false)).toMatchObject({ status: 204, body: undefined });
  });

  test('IntegrationRuntimes_EnableInteractiveQuery is answered 202 with one address in two headers', async () => {
    await suite.emulator.control.ensureNetwork({ factory });
    const managedVirtualNetwork = { type: 'ManagedVirtualNetworkReference', referenceName: 'default' };
    await suite.emulator.control.putRuntime({
      factory,
      name: NAME,
      properties: { type: 'Managed', managedVirtualNetwork },
    });
    suite.clock.advance(60_000);
    const body = { autoTerminationMinutes: 10 };
    const facts: Facts = {
      method: 'POST',
      action: '/enableInteractiveQuery',
      body,
      status: 202,
      names: [],
      shape: undefined,
    };
    const { status, headers } = await ask(facts, false);
    expect(status).toBe(202);
    expect(headers.get('location')).toMatch(
      /\/integrationruntimes\/exampleIntegrationRuntime\/enableInteractiveQuery\/operationresults\/[0-9a-f-]+\?api-version=2018-06-01$/,
    );
    expect(headers.get('azure-asyncoperation')).toBe(headers.get('location'));
  });
});
