/** The operator's Azure identity: missing, wrong, refused, changed; and what one identity may ask of Azure in a while. */
import { describe, expect, test } from '@jest/globals';
import type { TokenEndpointMode } from '../../dev/emulator/index.ts';
import { LIST, PUT, STATUS } from '../operator/support/faults.ts';
import { eventually, message } from '../operator/support/place.ts';
import { newClient, site } from './support.ts';

const { inWorld } = site();

const INVALID = 'False CredentialsInvalid, Stalled CredentialsInvalid';
const REFUSED = 'False CredentialsInvalid, Reconciling CredentialsInvalid';
const UNAVAILABLE = 'Unknown CredentialUnavailable, Reconciling CredentialUnavailable';

describe('the token endpoint', () => {
  test.concurrent.each<[TokenEndpointMode, RegExp]>([
    ['unavailable', /authority/],
    ['drop', /authority/],
  ])('is down (%s): CredentialUnavailable, no call of Azure, and it heals by itself', (mode, words) =>
    inWorld(async ({ azure, place, history, operator }) => {
      const client = await newClient(azure);
      await azure.setTokenEndpoint({ mode, clientId: client.clientId });
      await operator({ azure: client });
      await place.apply('sample');
      const waiting = await history.until('sample', UNAVAILABLE);
      expect(message(waiting)).toMatch(words);
      expect(await azure.counts({ factory: place.factory.name })).toEqual({});
      await azure.setTokenEndpoint({ mode: 'up', clientId: client.clientId });
      await history.until('sample', 'True Available');
      expect(history.story('sample')).toEqual([UNAVAILABLE, 'True Available']);
    }),
  );

  test.concurrent('goes down under an object that is Ready: it keeps Ready, then waits, then knows nothing, then is Ready', () =>
    inWorld(async ({ azure, place, history, operator }) => {
      const client = await newClient(azure);
      await operator({ azure: client });
      await place.apply('sample');
      await history.until('sample', 'True Available');
      const before = await place.runtime('sample');
      await azure.setTokenEndpoint({ mode: 'unavailable', clientId: client.clientId });
      await azure.revokeTokens({ clientId: client.clientId });
      await history.until('sample', UNAVAILABLE);
      await azure.setTokenEndpoint({ mode: 'up', clientId: client.clientId });
      await history.until('sample', 'True Available');
      expect(history.story('sample')).toEqual([
        'True Available',
        'True Available, Reconciling CredentialUnavailable',
        UNAVAILABLE,
        'True Available',
      ]);
      expect(await place.runtime('sample')).toEqual(before);
    }));

  test.concurrent('refuses: CredentialsInvalid, also while deleting, with the way out, and it heals by itself', () =>
    inWorld(async ({ azure, place, history, operator }) => {
      const client = await newClient(azure);
      await operator({ azure: client });
      await place.apply('sample');
      await history.until('sample', 'True Available');
      await azure.setTokenEndpoint({ mode: 'refuse', clientId: client.clientId });
      await azure.revokeTokens({ clientId: client.clientId });
      await history.until('sample', REFUSED);
      await place.delete('sample');
      const withWayOut = await history.until(
        'sample',
        (object) => object.metadata.deletionTimestamp !== undefined && object.status?.observedGeneration === 2,
      );
      expect(message(withWayOut)).toMatch(/the client secret is wrong.*\(deletionPolicy: Retain\)\./);
      expect(await place.runtime('sample')).not.toBeNull();
      await azure.setTokenEndpoint({ mode: 'up', clientId: client.clientId });
      await history.untilGone('sample');
      expect(await place.runtime('sample')).toBeNull();
    }));
});

describe('an identity that cannot be', () => {
  const secret = 'not-the-secret';
  const someone = '99999999-9999-9999-9999-999999999999';
  test.concurrent.each<[string, Record<string, string>, RegExp[]]>([
    [
      'a wrong secret',
      { clientSecret: secret },
      [/the client secret is wrong\. Use the secret's value, not its id\./, /AADSTS7000215/],
    ],
    ['an unknown client', { clientId: someone }, [/no application has this client id in this tenant/, /AADSTS700016/]],
    [
      'a tenant that does not know the client',
      { tenantId: someone },
      [/no application has this client id in this tenant/],
    ],
  ])(
    '%s: CredentialsInvalid says what to check, nobody is called yet, and nothing is asked of Azure',
    (_what, change, words) =>
      inWorld(async ({ azure, place, history, operator }) => {
        const client = await newClient(azure);
        const { log } = await operator({ azure: { ...client, ...change } });
        await place.apply('sample');
        const object = await history.until('sample', REFUSED);
        for (const each of words) expect(message(object)).toMatch(each);
        expect(object.metadata.finalizers).toBeUndefined();
        expect(await azure.counts({ factory: place.factory.name })).toEqual({});
        expect(JSON.stringify([object, log])).not.toContain(secret);
        await place.delete('sample');
        await history.untilGone('sample');
      }),
  );

  test.concurrent.each<[string, Record<string, string>, RegExp]>([
    [
      'nothing at all',
      { AZURE_TENANT_ID: '', AZURE_CLIENT_ID: '', AZURE_CLIENT_SECRET: '' },
      /lacks AZURE_TENANT_ID and AZURE_CLIENT_ID and one of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH, AZURE_FEDERATED_TOKEN_FILE/,
    ],
    ['no client', { AZURE_CLIENT_ID: '' }, /lacks AZURE_CLIENT_ID\./],
    [
      'two proofs',
      { AZURE_FEDERATED_TOKEN_FILE: '/x' },
      /both AZURE_CLIENT_SECRET and AZURE_FEDERATED_TOKEN_FILE\. Remove one/,
    ],
    ['a tenant that is a path', { AZURE_TENANT_ID: '../common' }, /AZURE_TENANT_ID must be/],
    [
      'a certificate that is not there',
      { AZURE_CLIENT_SECRET: '', AZURE_CLIENT_CERTIFICATE_PATH: '/nowhere.pem' },
      /certificate or federated token cannot be read/,
    ],
    [
      'a token file that is not there',
      { AZURE_CLIENT_SECRET: '', AZURE_FEDERATED_TOKEN_FILE: '/nowhere' },
      /certificate or federated token cannot be read/,
    ],
  ])('%s in the environment: the operator starts, and its objects say what is missing', (_what, env, words) =>
    inWorld(async ({ azure, place, history, operator }) => {
      const { stop } = await operator({ env });
      await place.apply('sample');
      expect(message(await history.until('sample', INVALID))).toMatch(words);
      expect(await azure.counts({ factory: place.factory.name })).toEqual({});
      expect(await stop()).toBe(0);
    }),
  );

  test.concurrent('a namespace that may not use it: the flag is named, and nothing is asked of Azure', () =>
    inWorld(async ({ azure, place, history, operator }) => {
      const { stop } = await operator({ args: ['--operator-identity-namespaces=team-a,team-b'] });
      await place.apply('sample');
      const object = await history.until('sample', INVALID);
      expect(message(object)).toContain('--operator-identity-namespaces');
      expect(message(object)).toContain(place.namespace);
      expect(await azure.counts({ factory: place.factory.name })).toEqual({});
      await stop();
      await operator({ args: [`--operator-identity-namespaces=team-a,${place.namespace}`] });
      await history.until('sample', 'True Available');
    }));

  test.concurrent('a namespace that loses it: nothing is lost, and its deletions wait with the way out', () =>
    inWorld(async ({ place, history, operator }) => {
      const first = await operator();
      await place.apply('sample');
      await history.until('sample', 'True Available');
      await first.stop();
      await operator({ args: ['--operator-identity-namespaces='] });
      const lost = await history.until('sample', INVALID);
      expect(lost.status?.claim?.origin).toBe('Created');
      await place.delete('sample');
      const withWayOut = await history.until(
        'sample',
        (object) => object.metadata.deletionTimestamp !== undefined && object.status?.observedGeneration === 2,
      );
      expect(message(withWayOut)).toMatch(/--operator-identity-namespaces.*\(deletionPolicy: Retain\)\./);
      expect(await place.runtime('sample')).not.toBeNull();
    }));
});

describe('an identity that is another one after a restart', () => {
  test.concurrent('is not used silently: both are named, and the annotation lets it go on', () =>
    inWorld(async ({ azure, place, history, operator }) => {
      const first = await newClient(azure);
      const second = await newClient(azure);
      const { stop } = await operator({ azure: first });
      await place.apply('sample');
      await place.apply('going');
      await history.until('sample', 'True Available');
      await history.until('going', 'True Available');
      await stop();
      await azure.clearTrace({ subscriptionId: place.factory.subscriptionId });
      await operator({ azure: second });
      const stalled = await history.until('sample', INVALID);
      expect(message(stalled)).toContain(`${first.tenantId}/${first.clientId}`);
      expect(message(stalled)).toContain(`${second.tenantId}/${second.clientId}`);
      expect(message(stalled)).toContain('azure-ir.io/accept-identity');
      expect(stalled.status?.claim?.identity).toBe(`${first.tenantId}/${first.clientId}`);
      await place.delete('going');
      const withWayOut = await history.until(
        'going',
        (object) => object.metadata.deletionTimestamp !== undefined && object.status?.observedGeneration === 2,
      );
      expect(message(withWayOut)).toMatch(/\(deletionPolicy: Retain\)\. .*accept-identity/);
      expect(await azure.counts({ clientId: second.clientId, factory: place.factory.name })).toEqual({});
      // The wrong one agrees to nothing.
      const from = history.versions('sample').length;
      await place.annotate('sample', 'azure-ir.io/accept-identity', `${first.tenantId}/${first.clientId}`);
      await place.annotate('sample', 'azure-ir.io/reconcile', 'once');
      await history.until('sample', ({ status }) => status?.lastHandledReconcileAt === 'once', from);
      expect(history.story('sample').at(-1)).toBe(INVALID);
      await place.annotate('sample', 'azure-ir.io/accept-identity', `${second.tenantId}/${second.clientId}`);
      await place.annotate('going', 'azure-ir.io/accept-identity', `${second.tenantId}/${second.clientId}`);
      const accepted = await history.until('sample', 'True Available');
      expect(accepted.status?.claim).toEqual({ origin: 'Created', identity: `${second.tenantId}/${second.clientId}` });
      await history.untilGone('going');
      expect(await place.azure.runtimes(place.factory)).toHaveLength(1);
      // It is the claim's own now: the annotation may go.
      await place.kubectl('annotate', 'azir', 'sample', '-n', place.namespace, 'azure-ir.io/accept-identity-');
      await place.patch('sample', { spec: { description: 'by the second' } });
      await history.until(
        'sample',
        (object) => object.metadata.generation === 2 && object.status?.observedGeneration === 2,
      );
      await history.until('sample', 'True Available');
    }));
});

describe("ARM's token buckets", () => {
  test('sixty objects on one budget, looked at every second: all become Ready, nobody hears of the budget, and ARM hardly has to refuse', () =>
    inWorld(async ({ azure, place, history, operator }) => {
      const { subscriptionId } = place.factory;
      await azure.setBuckets({ enabled: true, subscriptionId });
      const { log } = await operator();
      const names = Array.from({ length: 60 }, (_, i) => `ir-${i}`);
      const items = names.map((name) => place.manifest(name));
      await place.try(['apply', '-f', '-'], { stdin: { apiVersion: 'v1', kind: 'List', items } });
      for (const name of names) await history.until(name, 'True Available');
      // From here on the looks alone ask for twice of what ARM grants: let the burst run out, and then some.
      const looks = async () => (await place.calls())[STATUS] ?? 0;
      const after = (await looks()) + 250;
      await eventually(async () => expect(await looks()).toBeGreaterThanOrEqual(after), 40_000);
      // A person's change goes before all of them.
      await place.patch('ir-59', { spec: { description: 'urgent' } });
      await eventually(async () =>
        expect((await place.runtime('ir-59'))?.properties).toHaveProperty('description', 'urgent'),
      );
      const counts = await azure.counts({ subscriptionId });
      const refused = await azure.counts({ subscriptionId, status: 429 });
      const sum = (of: object) => Object.values(of).reduce<number>((all, n) => all + n, 0);
      expect(sum(refused)).toBeLessThanOrEqual(sum(counts) / 100);
      expect(counts[PUT]).toBe(61);
      expect(counts[LIST] ?? 0).toBeGreaterThan(1);
      for (const name of names.slice(0, 59)) expect([name, history.story(name)]).toEqual([name, ['True Available']]);
      // Everybody has been looked at again, nobody starves.
      for (const name of names)
        expect([name, (await place.requests(name)).filter((call) => call === 'STATE').length > 1]).toEqual([
          name,
          true,
        ]);
      expect(log.filter(({ level }) => level === 'error')).toEqual([]);
    }));
});
