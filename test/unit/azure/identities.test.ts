import { describe, expect, test } from '@jest/globals';
import { resolveCloud } from '../../../src/azure/clouds.ts';
import { OperatorIdentities } from '../../../src/azure/identities.ts';
import { BLANK, type ManagedObject } from '../../../src/core/object.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const TENANT = '11111111-1111-1111-1111-111111111111';
const CLIENT = '22222222-2222-2222-2222-222222222222';
const SECRET = { AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: CLIENT, AZURE_CLIENT_SECRET: 's3cret' };

function identities(env: Record<string, string | undefined>, operatorNamespaces: '*' | readonly string[] = '*') {
  return new OperatorIdentities({
    env,
    cloud: resolveCloud({}),
    operatorNamespaces,
    clock: new FakeClock(),
    wake: () => {},
    changed: () => {},
  });
}

function objectIn(namespace: string): ManagedObject {
  return {
    key: `${namespace}/a`,
    namespace,
    name: 'a',
    uid: 'u',
    generation: 1,
    resourceVersion: '1',
    createdAt: 0,
    deleting: false,
    held: false,
    spec: { valid: false, problem: 'none' },
    requests: {
      reconcile: undefined,
      requestedAt: undefined,
      repair: undefined,
      acceptIdentity: undefined,
      enableInteractiveAuthoring: undefined,
    },
    memory: BLANK,
  };
}

const refusalOf = (access: ReturnType<OperatorIdentities['accessFor']>) =>
  access.granted ? undefined : access.message;

describe("the operator's own identity", () => {
  test('is told by tenant and client', () => {
    expect(identities(SECRET).accessFor(objectIn('team-a'))).toMatchObject({
      granted: true,
      identity: `${TENANT}/${CLIENT}`,
    });
  });

  test.each([
    [{ AZURE_CLIENT_SECRET: 's3cret' }, 'client secret'],
    [{ AZURE_CLIENT_CERTIFICATE_PATH: '/x.pem' }, 'client certificate'],
    [{ AZURE_FEDERATED_TOKEN_FILE: '/token', AZURE_CLIENT_SECRET: '' }, 'workload identity'],
  ])('is described by its kind, without a secret', (proof, words) => {
    const text = identities({ ...SECRET, AZURE_CLIENT_SECRET: undefined, ...proof }).describe();
    expect(text).toContain(words);
    expect(text).toContain(CLIENT);
    expect(text).not.toContain('s3cret');
  });

  test.each([
    [{}, /AZURE_TENANT_ID and AZURE_CLIENT_ID and one of AZURE_CLIENT_SECRET, .*AZURE_FEDERATED_TOKEN_FILE/],
    [{ ...SECRET, AZURE_TENANT_ID: '' }, /lacks AZURE_TENANT_ID$|lacks AZURE_TENANT_ID\./],
    [{ ...SECRET, AZURE_CLIENT_ID: undefined }, /AZURE_CLIENT_ID/],
    [{ ...SECRET, AZURE_CLIENT_SECRET: '' }, /one of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH/],
    [{ ...SECRET, AZURE_FEDERATED_TOKEN_FILE: '/token' }, /AZURE_CLIENT_SECRET and AZURE_FEDERATED_TOKEN_FILE/],
    [{ ...SECRET, AZURE_TENANT_ID: 'my tenant!' }, /AZURE_TENANT_ID/],
  ])('that is not fully set up (%j) stops no start, and is told to every object', (env, words) => {
    const own = identities(env);
    expect(refusalOf(own.accessFor(objectIn('team-a')))).toMatch(words);
    expect(own.describe()).toMatch(words);
    expect(own.describe()).not.toContain('s3cret');
  });

  test('is for the namespaces of the flag only', () => {
    const own = identities(SECRET, ['team-a']);
    expect(own.accessFor(objectIn('team-a')).granted).toBe(true);
    const refused = refusalOf(own.accessFor(objectIn('team-b')));
    expect(refused).toContain('--operator-identity-namespaces');
    expect(refused).toContain('team-b');
    expect(identities(SECRET, []).accessFor(objectIn('*')).granted).toBe(false);
  });

  test('has one memory of Azure for all objects', () => {
    const own = identities(SECRET);
    const [a, b] = [own.accessFor(objectIn('a')), own.accessFor(objectIn('b'))];
    expect(a.granted && b.granted && a.runtimes === b.runtimes).toBe(true);
  });
});
