/** The operator's own credential, by flag and environment. */
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { describeCredential, identityOf } from '../../../../src/azure/identity/credentials.ts';
import { type Environment, ownCredentialOf } from '../../../../src/azure/identity/own-credential.ts';
import { OWN_CREDENTIALS, type OwnCredential } from '../../../../src/core/model/credential.ts';

const TENANT = 'aaaaaaaa-1111-1111-1111-111111111111';
const CLIENT = 'bbbbbbbb-2222-2222-2222-222222222222';
const NIL = '00000000-0000-0000-0000-000000000000';
const WHO = { AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: CLIENT };
const SECRET = { AZURE_CLIENT_SECRET: 's3cret' };
const CERTIFICATE = { AZURE_CLIENT_CERTIFICATE_PATH: '/x.pem' };
const TOKEN = { AZURE_FEDERATED_TOKEN_FILE: '/token' };

const kindOf = (credential: ReturnType<typeof ownCredentialOf>) =>
  'problem' in credential ? `${credential.problem}. ${credential.remedy}` : credential.method.kind;

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
    ['environment', { ...SECRET, AZURE_CLIENT_ID: CLIENT }, /lacks AZURE_TENANT_ID\. Set it\.$/],
    ['environment', { ...SECRET, AZURE_TENANT_ID: TENANT }, /lacks AZURE_CLIENT_ID\. Set it\.$/],
    ['environment', { ...WHO, ...SECRET, AZURE_TENANT_ID: 'my tenant!' }, /^AZURE_TENANT_ID must be/],
    [
      'environment',
      { ...WHO, ...SECRET, AZURE_TENANT_ID: NIL },
      /^the value of AZURE_TENANT_ID is a placeholder\. Set the real one\.$/,
    ],
    [
      'managed-identity',
      { ...WHO, AZURE_CLIENT_ID: NIL },
      /^the value of AZURE_CLIENT_ID is a placeholder\. Set the real one\.$/,
    ],
    [
      'environment',
      { ...WHO, AZURE_CLIENT_SECRET: '<client secret>' },
      /^the value of AZURE_CLIENT_SECRET is a placeholder\. Set the real one\.$/,
    ],
    // Of a secret that is not used, nothing is said.
    ['workload-identity', { ...WHO, ...TOKEN, AZURE_CLIENT_SECRET: '<client secret>' }, 'workloadIdentity'],
    ['client-secret', { ...WHO, ...SECRET, ...TOKEN }, 'clientSecret'],
    ['client-secret', { ...WHO, ...TOKEN }, /lacks AZURE_CLIENT_SECRET\. /],
    ['client-certificate', { ...WHO, ...CERTIFICATE, ...SECRET }, 'clientCertificateFile'],
    ['client-certificate', { ...WHO, ...SECRET }, /lacks AZURE_CLIENT_CERTIFICATE_PATH\. /],
    ['workload-identity', { ...WHO, ...SECRET, ...TOKEN }, 'workloadIdentity'],
    ['workload-identity', WHO, /lacks AZURE_FEDERATED_TOKEN_FILE\. .*azure\.workload\.identity\/use/],
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
    const credential = ownCredentialOf(choice, env);
    if ('problem' in credential) throw new Error(credential.problem);
    expect(identityOf(credential)).toBe(identity);
  });

  test.each(OWN_CREDENTIALS)('%s is told by its kind, and shows no secret', (choice) => {
    const credential = ownCredentialOf(choice, {
      ...WHO,
      ...SECRET,
      ...CERTIFICATE,
      ...(choice.includes('work') ? TOKEN : {}),
    });
    const told = 'problem' in credential ? credential.problem : describeCredential(credential);
    expect(told).toMatch(
      /client secret|client certificate|workload identity|managed identity|Azure CLI|AZURE_CLIENT_SECRET/,
    );
    expect(inspect([told, credential], { depth: 9, showHidden: true })).not.toContain('s3cret');
  });
});
