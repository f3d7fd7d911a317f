/** The operator's own login, by flag and variables. */
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import {
  type Credential,
  describeCredential,
  fingerprintOf,
  identityOf,
  namespaceCredentialOf,
  ownCredentialOf,
} from '../../../../src/azure/identity/logins.ts';
import { OWN_CREDENTIALS, type OwnCredential, Sealed } from '../../../../src/core/model/credential.ts';

const TENANT = 'aaaaaaaa-1111-1111-1111-111111111111';
const CLIENT = 'bbbbbbbb-2222-2222-2222-222222222222';
const WHO = { AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: CLIENT };
const SECRET = { AZURE_CLIENT_SECRET: 's3cret' };
const CERTIFICATE = { AZURE_CLIENT_CERTIFICATE_PATH: '/x.pem' };
const TOKEN = { AZURE_FEDERATED_TOKEN_FILE: '/token' };

type Environment = Record<string, string | undefined>;
const kindOf = (login: ReturnType<typeof ownCredentialOf>) => ('problem' in login ? login.problem : login.proof.kind);

describe("the choice of the operator's own credential", () => {
  test.each<[OwnCredential, Environment, string | RegExp]>([
    ['environment', { ...WHO, ...SECRET }, 'clientSecret'],
    ['environment', { ...WHO, ...CERTIFICATE }, 'clientCertificateFile'],
    ['environment', { ...WHO, ...TOKEN }, 'workloadIdentity'],
    ['environment', { ...WHO, ...TOKEN, AZURE_CLIENT_SECRET: '' }, 'workloadIdentity'],
    [
      'environment',
      { ...WHO, ...SECRET, ...TOKEN },
      /AZURE_CLIENT_SECRET and AZURE_FEDERATED_TOKEN_FILE.*--azure-credential/,
    ],
    ['environment', { ...WHO, ...SECRET, ...CERTIFICATE, ...TOKEN }, /AZURE_CLIENT_SECRET and .*_PATH and .*_FILE/],
    // The forgotten label: nothing of the node's is taken.
    ['environment', {}, /lacks AZURE_TENANT_ID and AZURE_CLIENT_ID and one of .*azure\.workload\.identity\/use/],
    ['environment', WHO, /lacks one of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH, AZURE_FEDERATED_TOKEN_FILE/],
    ['environment', { ...SECRET, AZURE_CLIENT_ID: CLIENT }, /lacks AZURE_TENANT_ID$/],
    ['environment', { ...SECRET, AZURE_TENANT_ID: TENANT }, /lacks AZURE_CLIENT_ID$/],
    ['environment', { ...WHO, ...SECRET, AZURE_TENANT_ID: 'my tenant!' }, /^AZURE_TENANT_ID is neither/],
    ['client-secret', { ...WHO, ...SECRET, ...TOKEN }, 'clientSecret'],
    ['client-secret', { ...WHO, ...TOKEN }, /lacks AZURE_CLIENT_SECRET /],
    ['client-certificate', { ...WHO, ...CERTIFICATE, ...SECRET }, 'clientCertificateFile'],
    ['client-certificate', { ...WHO, ...SECRET }, /lacks AZURE_CLIENT_CERTIFICATE_PATH /],
    ['workload-identity', { ...WHO, ...SECRET, ...TOKEN }, 'workloadIdentity'],
    ['workload-identity', WHO, /lacks AZURE_FEDERATED_TOKEN_FILE .*azure\.workload\.identity\/use/],
    ['managed-identity', WHO, 'managedIdentity'],
    ['managed-identity', {}, 'managedIdentity'],
    ['managed-identity', { ...WHO, ...SECRET }, 'managedIdentity'],
    // The SDK's credential would quietly be workload identity then.
    ['managed-identity', { ...WHO, ...TOKEN }, /AZURE_FEDERATED_TOKEN_FILE/],
    ['azure-cli', {}, 'azureCli'],
    ['azure-cli', { ...WHO, ...SECRET }, 'azureCli'],
    ['azure-cli', { AZURE_TENANT_ID: '../..' }, /^AZURE_TENANT_ID/],
  ])('%s with %j', (choice, env, expected) => {
    const kind = kindOf(ownCredentialOf(choice, env));
    if (typeof expected === 'string') expect(kind).toBe(expected);
    else expect(kind).toMatch(expected);
    expect(kind).not.toContain('s3cret');
  });

  test.each<[OwnCredential, Environment, string]>([
    ['environment', { ...WHO, ...SECRET }, `${TENANT}/${CLIENT}`],
    ['environment', { ...WHO, ...SECRET, AZURE_CLIENT_ID: CLIENT.toUpperCase() }, `${TENANT}/${CLIENT}`],
    // One name for one client, however it logs in: a move from one kind to the other keeps its claims.
    ['managed-identity', WHO, `${TENANT}/${CLIENT}`],
    ['managed-identity', { AZURE_CLIENT_ID: CLIENT }, `unnamed-tenant/${CLIENT}`],
    ['managed-identity', { AZURE_TENANT_ID: TENANT }, `${TENANT}/system-assigned`],
    ['azure-cli', { AZURE_TENANT_ID: TENANT }, `${TENANT}/azure-cli`],
    ['azure-cli', WHO, `${TENANT}/azure-cli`],
  ])('%s with %j is the identity %s', (choice, env, identity) => {
    const login = ownCredentialOf(choice, env);
    if ('problem' in login) throw new Error(login.problem);
    expect(identityOf(login)).toBe(identity);
  });

  test.each(OWN_CREDENTIALS)('%s is told by its kind, and shows no secret', (choice) => {
    const login = ownCredentialOf(choice, {
      ...WHO,
      ...SECRET,
      ...CERTIFICATE,
      ...(choice.includes('work') ? TOKEN : {}),
    });
    const told = 'problem' in login ? login.problem : describeCredential(login);
    expect(told).toMatch(
      /client secret|client certificate|workload identity|managed identity|Azure CLI|AZURE_CLIENT_SECRET/,
    );
    expect(inspect([told, login], { depth: 9, showHidden: true })).not.toContain('s3cret');
  });
});

describe("a namespace's login", () => {
  const named = { valid: true, tenantId: TENANT.toUpperCase(), clientId: CLIENT.toUpperCase() } as const;

  test('is known by tenant and client, whatever their case', () => {
    const login = namespaceCredentialOf({ ...named, proof: { kind: 'clientSecret', secret: new Sealed('x') } }, {});
    expect(login).toMatchObject({ tenantId: TENANT, clientId: CLIENT });
  });

  test("without a proof is workload identity, by the operator's token file", () => {
    const credential = { ...named, proof: { kind: 'workloadIdentity' } } as const;
    expect(namespaceCredentialOf(credential, TOKEN)).toMatchObject({
      proof: { kind: 'workloadIdentity', tokenFile: '/token' },
    });
    expect(kindOf(namespaceCredentialOf(credential, {}))).toMatch(
      /neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE.*federated token/,
    );
  });

  test('that is wrong stays wrong', () => {
    expect(namespaceCredentialOf({ valid: false, problem: 'it lacks x' }, TOKEN)).toMatchObject({
      problem: 'it lacks x',
    });
  });
});

test('two logins are the same only when their secrets are', () => {
  const login = (secret: string): Credential => ({
    tenantId: TENANT,
    clientId: CLIENT,
    proof: { kind: 'clientSecret', secret: new Sealed(secret) },
  });
  expect(fingerprintOf(login('a'))).toBe(fingerprintOf(login('a')));
  expect(fingerprintOf(login('a'))).not.toBe(fingerprintOf(login('b')));
  expect(fingerprintOf(login('a'))).not.toBe(
    fingerprintOf({ ...login('a'), proof: { kind: 'clientCertificate', pem: new Sealed('a') } }),
  );
});
