/** The credential of a namespace, by what its Secret says. */
import { describe, expect, test } from '@jest/globals';
import { namespaceCredentialOf } from '../../../../src/azure/identity/namespace-credential.ts';
import { Sealed } from '../../../../src/core/model/credential.ts';

const TENANT = 'aaaaaaaa-1111-1111-1111-111111111111';
const CLIENT = 'bbbbbbbb-2222-2222-2222-222222222222';
const TOKEN = { AZURE_FEDERATED_TOKEN_FILE: '/token' };

describe("a namespace's credential", () => {
  const named = { valid: true, tenantId: TENANT.toUpperCase(), clientId: CLIENT.toUpperCase() } as const;

  test('is known by tenant and client, whatever their case', () => {
    const found = namespaceCredentialOf({ ...named, proof: { kind: 'clientSecret', secret: new Sealed('x') } }, {});
    expect(found).toMatchObject({ tenantId: TENANT, clientId: CLIENT });
  });

  test("without a secret is workload identity, by the operator's token file", () => {
    const credential = { ...named, proof: { kind: 'workloadIdentity' } } as const;
    expect(namespaceCredentialOf(credential, TOKEN)).toMatchObject({
      method: { kind: 'workloadIdentity', tokenFile: '/token' },
    });
    expect(namespaceCredentialOf(credential, {})).toEqual({
      problem: 'neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE is set',
      remedy: expect.stringMatching(/^Set one of them .*federated token/),
    });
  });

  test('that is wrong stays wrong', () => {
    expect(namespaceCredentialOf({ valid: false, problem: 'it lacks x' }, TOKEN)).toMatchObject({
      problem: 'it lacks x',
    });
  });
});
