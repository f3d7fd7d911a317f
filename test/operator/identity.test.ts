/** As whom an object reaches Azure: the client of its namespace's Secret, else the operator's own. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { DEFAULT_CLIENT } from '../../dev/emulator/index.ts';
import { createClientCertificate } from '../../dev/emulator/tls.ts';
import { actAs, actors, newClient, putSecret, removeSecret, secretValue } from './support/credentials.ts';
import { eventually, inPlace, message, type Place } from './support/place.ts';

const ready = (place: Place, name = 'sample') => place.until(name, 'Ready=True Available');
const waits = (place: Place, name = 'sample') => place.until(name, 'Ready=False CredentialsInvalid Reconciling');
const refused = (place: Place, name = 'sample') => place.until(name, 'Ready=False CredentialsInvalid Stalled');
const requests = async (place: Place) => (await place.trace()).length;
const OPERATOR = DEFAULT_CLIENT.clientId;

/**
 * Looks ask nothing of Azure, nor did anybody since `before`: counted at rest, of an object that is not polled meanwhile. A poll
 * that was under way would end after the object says that it is refused: its list serves all objects of the factory.
 */
async function expectUntouched(place: Place, before: number): Promise<void> {
  for (let look = 0; look < 3; look++) await place.look('sample');
  expect(await requests(place)).toBe(before);
}

/** Ready, and at rest for an hour; how many requests that took. */
async function atRest(place: Place): Promise<number> {
  await place.apply('sample', { interval: '1h' });
  await ready(place);
  return requests(place);
}

describe('a namespace with a Secret', () => {
  test("acts as the Secret's client from the first request, although it may use the operator's identity", () =>
    inPlace(async (place) => {
      const client = await newClient(place);
      await actAs(place, client);
      await place.apply('sample');
      const object = await ready(place);
      expect(object.status?.claim).toEqual({ origin: 'Created', identity: client.identity });
      expect(await actors(place)).toEqual([client.clientId]);
    }));

  test('acts by its certificate', () =>
    inPlace(async (place) => {
      const { tenantId, clientId } = await newClient(place);
      const { certPem, keyPem } = createClientCertificate();
      await putSecret(place, {
        AZURE_TENANT_ID: tenantId,
        AZURE_CLIENT_ID: clientId,
        AZURE_CLIENT_CERTIFICATE: keyPem + certPem,
      });
      await place.apply('sample');
      await ready(place);
      expect(await actors(place)).toEqual([clientId]);
    }));

  test('goes on with a new secret of the same client, without a word', () =>
    inPlace(async (place) => {
      const client = await newClient(place);
      await actAs(place, client);
      await place.apply('sample');
      await ready(place);
      const rotated = { ...client, clientSecret: secretValue() };
      await place.azure.putClient(rotated);
      await actAs(place, rotated);
      await eventually(async () => expect(await place.azure.presentedSecrets()).toContain(rotated.clientSecret));
      await place.passes('sample');
      expect((await place.versions('sample')).at(-1)?.status?.conditions).toEqual(
        (await ready(place)).status?.conditions,
      );
      await place.untilEvents('sample', 'Created');
      expect(await actors(place)).toEqual([client.clientId]);
    }));

  test('is told which credential lacks a role', () =>
    inPlace(async (place) => {
      const { factory } = place;
      await place.azure.addRefusal({ kind: 'permission', scope: `/subscriptions/${factory.subscriptionId}` });
      await place.apply('by-operator');
      const own = await place.until('by-operator', 'Ready=False Forbidden Reconciling');
      expect(message(own)).toContain(
        `Identity: ${DEFAULT_CLIENT.tenantId}/${OPERATOR} (client secret, the operator's own).`,
      );
      const client = await newClient(place);
      await actAs(place, client);
      await eventually(async () =>
        expect(message(await place.get('by-operator'))).toContain(
          `Identity: ${client.identity} (client secret, from the Secret azure-ir-credential of the namespace).`,
        ),
      );
    }));
});

describe('a Secret that is wrong', () => {
  const who = { AZURE_TENANT_ID: DEFAULT_CLIENT.tenantId, AZURE_CLIENT_ID: randomUUID() };

  test.each<[string, Record<string, string>, string]>([
    ['lacks a key', { AZURE_TENANT_ID: who.AZURE_TENANT_ID }, 'key AZURE_CLIENT_ID is missing'],
    ['has a misspelt key', { ...who, AZURE_CLIENT_SECRT: secretValue() }, 'key AZURE_CLIENT_SECRT is unknown'],
    ['has no GUID', { ...who, AZURE_CLIENT_ID: secretValue() }, 'AZURE_CLIENT_ID must be a client ID'],
    ['is a template', { ...who, AZURE_CLIENT_SECRET: '<client secret>' }, 'AZURE_CLIENT_SECRET is a placeholder'],
    ['has an empty secret', { ...who, AZURE_CLIENT_SECRET: '' }, 'AZURE_CLIENT_SECRET is empty'],
    [
      'has a certificate that is none',
      { ...who, AZURE_CLIENT_CERTIFICATE: secretValue() },
      'contains no PEM certificate',
    ],
    ['wants workload identity, which the operator has not', who, 'AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE'],
  ])('because it %s: the key is named, nobody else acts, and a right one takes effect at once', (_, values, words) =>
    inPlace(async (place) => {
      await putSecret(place, values);
      await place.apply('sample');
      const said = message(await refused(place));
      expect(said).toContain('/azure-ir-credential is invalid');
      expect(said).toContain(words);
      await place.untilEvents('sample', 'CredentialsInvalid');
      expect(await requests(place)).toBe(0);
      const client = await newClient(place);
      await actAs(place, client);
      expect((await ready(place)).status?.claim?.identity).toBe(client.identity);
    }),
  );

  test.each([
    ['secret', { clientSecret: secretValue() }, 'the client secret is wrong'],
    ['client', { clientId: randomUUID() }, 'no application has this client id'],
    ['tenant', { tenantId: randomUUID() }, 'tenant'],
  ])('because Azure knows no such %s: it says so, and a right one takes effect at once', (_, change, words) =>
    inPlace(async (place) => {
      const client = await newClient(place);
      const wrong = { ...client, ...change };
      await actAs(place, wrong);
      await place.apply('sample');
      const said = message(await waits(place));
      expect(said).toContain(words);
      expect(said).toContain(`Identity: ${wrong.tenantId}/${wrong.clientId} (client secret, from the Secret`);
      expect(await requests(place)).toBe(0);
      await actAs(place, client);
      await ready(place);
      expect(await actors(place)).toEqual([client.clientId]);
    }),
  );

  test('is nothing to an object whose namespace has none, and everything once it comes', () =>
    inPlace(async (place) => {
      const before = await atRest(place);
      await putSecret(place, { AZURE_CLIENT_ID: 'nobody' });
      await refused(place);
      await expectUntouched(place, before);
      await removeSecret(place);
      await ready(place);
    }));
});

describe('what passes is not told as something for a person', () => {
  const NAMES = Array.from({ length: 8 }, (_, i) => `ir-${i}`);
  const tokens = async (place: Place, { clientId }: { clientId: string }) =>
    (await place.azure.counts({ operation: 'Entra_Token', clientId })).Entra_Token ?? 0;
  const reasons = async (place: Place, name: string) =>
    (await place.versions(name)).flatMap(({ status }) =>
      (status?.conditions ?? []).map(({ type, reason }) => `${type} ${reason}`),
    );

  test.each([
    ['AADSTS700213, now and then', 700213],
    ['AADSTS70021, of a federated credential that has yet to spread', 70021],
    ['AADSTS7000215, of a secret that has yet to spread', 7000215],
    ['a code that nobody knows', 999999],
  ])('one refused token (%s): new objects wait, and all go on as soon as one is given', (_, code) =>
    inPlace(async (place) => {
      const client = await newClient(place);
      await place.azure.refuseTokens({ clientId: client.clientId, code });
      await actAs(place, client);
      for (const name of NAMES) await place.apply(name, { interval: '1h' });
      for (const name of NAMES) await ready(place, name);
      expect(await reasons(place, NAMES[0] ?? '')).toContain('Reconciling CredentialsInvalid');
      for (const name of NAMES) expect(await reasons(place, name)).not.toContain('Stalled CredentialsInvalid');
      expect(await tokens(place, client)).toBe(2);
    }),
  );

  test('one refused token does not touch those that are Ready', () =>
    inPlace(async (place) => {
      const client = await newClient(place);
      await actAs(place, client);
      for (const name of NAMES) await place.apply(name, { interval: '1h' });
      for (const name of NAMES) await ready(place, name);
      const before = await Promise.all(NAMES.map(async (name) => (await place.get(name))?.status?.conditions));
      await place.azure.refuseTokens({ clientId: client.clientId, code: 700213 });
      await place.azure.revokeTokens({ clientId: client.clientId });
      for (const name of NAMES) await place.annotate(name, 'azure-ir.io/reconcile', 'now');
      for (const name of NAMES) {
        await eventually(
          async () => expect((await place.get(name))?.status?.lastHandledReconcileAt).toBe('now'),
          40_000,
        );
      }
      expect(await Promise.all(NAMES.map(async (name) => (await place.get(name))?.status?.conditions))).toEqual(before);
      for (const name of NAMES) expect(await reasons(place, name)).not.toContain('Reconciling CredentialsInvalid');
    }));

  test.each([
    ['AADSTS7000222, an expired secret', 7000222, 'the client secret has expired'],
    ['AADSTS7000112, a disabled application', 7000112, 'the application is disabled'],
    ['AADSTS90002, no such tenant', 90002, 'there is no such tenant'],
  ])('what cannot pass (%s) is told at once', (_, code, words) =>
    inPlace(async (place) => {
      const client = await newClient(place);
      await place.azure.refuseTokens({ clientId: client.clientId, code, times: 'always' });
      await actAs(place, client);
      await place.apply('sample');
      expect(message(await refused(place))).toContain(words);
      expect(await reasons(place, 'sample')).not.toContain('Reconciling CredentialsInvalid');
    }),
  );

  test('a secret that Entra learns later: the namespace goes on by the former token, without a word', () =>
    inPlace(async (place) => {
      const client = await newClient(place);
      await actAs(place, client);
      await place.apply('sample');
      await ready(place);
      const rotated = { ...client, clientSecret: secretValue() };
      await place.azure.putClient({ ...rotated, learntAfterMs: 4_000 });
      await actAs(place, rotated);
      await eventually(async () => expect(await place.azure.presentedSecrets()).toContain(rotated.clientSecret));
      const before = await requests(place);
      await place.passes('sample');
      expect(await requests(place)).toBeGreaterThan(before);
      await eventually(async () => expect(await place.azure.issuedTokens(client)).toHaveLength(2), 40_000);
      await place.passes('sample');
      expect(await reasons(place, 'sample')).not.toContain('Reconciling CredentialsInvalid');
      await place.untilEvents('sample', 'Created');
    }));

  test('a secret that has expired, and then a good one that Entra learns later: only the former needs a person', () =>
    inPlace(async (place) => {
      const client = await newClient(place);
      await place.azure.refuseTokens({ clientId: client.clientId, code: 7000222, times: 'always' });
      await actAs(place, client);
      await place.apply('sample', { interval: '1h' });
      await refused(place);
      const renewed = { ...client, clientSecret: secretValue() };
      await place.azure.clearTokenRefusals({ clientId: client.clientId });
      await place.azure.putClient({ ...renewed, learntAfterMs: 6_000 });
      await actAs(place, renewed);
      await waits(place);
      await ready(place);
    }));

  test('a subscription that is not found once by each: all go on as soon as it answers one of them', () =>
    inPlace(async (place) => {
      const { subscriptionId } = place.factory;
      const body = { error: { code: 'SubscriptionNotFound', message: 'The subscription could not be found.' } };
      await place.azure.addFault({
        match: { subscriptionId },
        times: NAMES.length,
        effect: { kind: 'reply', status: 404, body },
      });
      for (const name of NAMES) await place.apply(name, { interval: '1h' });
      for (const name of NAMES) await ready(place, name);
      for (const name of NAMES) expect(await reasons(place, name)).not.toContain('Stalled SubscriptionNotFound');
      expect(await reasons(place, NAMES[0] ?? '')).toContain('Reconciling SubscriptionNotFound');
    }));
});

describe('an object claimed under one identity', () => {
  test('does not go on under another when a Secret appears, until a person agrees', () =>
    inPlace(async (place) => {
      const before = await atRest(place);
      const client = await newClient(place);
      await actAs(place, client);
      const said = message(await refused(place));
      expect(said).toContain(place.run.identity);
      expect(said).toContain(`azure-ir.io/accept-identity=${client.identity}`);
      await expectUntouched(place, before);
      expect(await actors(place)).toEqual([OPERATOR]);
      await place.untilEvents('sample', 'Created', 'CredentialsInvalid');
      await place.annotate('sample', 'azure-ir.io/accept-identity', client.identity);
      const object = await ready(place);
      expect(object.status?.claim).toEqual({ origin: 'Created', identity: client.identity });
      expect(await actors(place, before)).toEqual([client.clientId]);
      await place.untilEvents('sample', 'Created', 'CredentialsInvalid', 'IdentityAccepted');
    }));

  test('does not when the Secret changes its client, and does again when it changes back', () =>
    inPlace(async (place) => {
      const [first, second] = [await newClient(place), await newClient(place)];
      await actAs(place, first);
      const before = await atRest(place);
      await actAs(place, second);
      expect(message(await refused(place))).toContain(`previous identity: ${first.identity}`);
      await expectUntouched(place, before);
      // An agreement to somebody else is none.
      await place.annotate('sample', 'azure-ir.io/accept-identity', `${first.tenantId}/${randomUUID()}`);
      await place.barrier();
      await refused(place);
      await actAs(place, first);
      const object = await ready(place);
      expect(object.status?.claim?.identity).toBe(first.identity);
      expect(await actors(place)).toEqual([first.clientId]);
    }));

  test("does not when the Secret goes and only the operator's own is left", () =>
    inPlace(async (place) => {
      const client = await newClient(place);
      await actAs(place, client);
      const before = await atRest(place);
      await removeSecret(place);
      expect(message(await refused(place))).toContain(`previous identity: ${client.identity}`);
      await expectUntouched(place, before);
      await actAs(place, client);
      await ready(place);
      expect(await actors(place)).toEqual([client.clientId]);
    }));

  test('is not deleted under another either, and says how to let go', () =>
    inPlace(async (place) => {
      const [first, second] = [await newClient(place), await newClient(place)];
      await actAs(place, first);
      await place.apply('sample', { interval: '1h' });
      await ready(place);
      await actAs(place, second);
      await refused(place);
      await place.delete('sample');
      const said = message(
        await eventually(async () => {
          const object = await place.get('sample');
          expect(message(object)).toContain('deletionPolicy: Retain');
          return object;
        }),
      );
      expect(said).toContain(first.identity);
      expect(await place.writes('sample')).toEqual(['PUT']);
      await actAs(place, first);
      await place.untilGone('sample');
      expect(await place.writes('sample')).toEqual(['PUT', 'DELETE']);
      expect(await actors(place)).toEqual([first.clientId]);
    }));
});

describe('a namespace that is deleted, its Secret first', () => {
  test('has its runtimes deleted as its client all the same', () =>
    inPlace(async (place) => {
      const client = await newClient(place);
      await actAs(place, client);
      for (const name of ['one', 'two']) await place.apply(name, { interval: '1h' });
      for (const name of ['one', 'two']) await ready(place, name);
      await removeSecret(place);
      for (const name of ['one', 'two']) await refused(place, name);
      await place.kubectl('delete', 'azir', '--all', '-n', place.namespace, '--wait=false');
      for (const name of ['one', 'two']) await place.untilGone(name);
      for (const name of ['one', 'two']) expect(await place.runtime(name)).toBeNull();
      expect(await actors(place)).toEqual([client.clientId]);
    }));

  test('also when the Secret goes while a deletion is held up', () =>
    inPlace(async (place) => {
      const client = await newClient(place);
      await actAs(place, client);
      await place.apply('sample');
      await ready(place);
      await place.azure.setReferences({ factory: place.factory, name: 'sample', referrers: ['LS_X'] });
      await place.delete('sample');
      await eventually(async () => expect(message(await place.get('sample'))).toContain('LS_X'));
      await removeSecret(place);
      await place.barrier();
      await place.azure.setReferences({ factory: place.factory, name: 'sample', referrers: [] });
      await place.untilGone('sample');
      expect(await place.runtime('sample')).toBeNull();
      expect(await actors(place)).toEqual([client.clientId]);
    }));
});

describe('two tenants', () => {
  test('are served at once, each in its own subscription', () =>
    inPlace(async (a) =>
      inPlace(async (b) => {
        for (const place of [a, b]) {
          const tenantId = randomUUID();
          await place.azure.ensureSubscription({ subscriptionId: place.factory.subscriptionId, tenantId });
          await actAs(place, await newClient(place, tenantId));
        }
        await Promise.all([a, b].map((place) => place.apply('sample')));
        const [left, right] = await Promise.all([a, b].map((place) => ready(place)));
        expect(left?.status?.claim?.identity).not.toBe(right?.status?.claim?.identity);
      }),
    ));

  test('the client of one gets nowhere in the subscription of the other, and learns why', () =>
    inPlace(async (place) => {
      const tenantId = randomUUID();
      await place.azure.ensureSubscription({ subscriptionId: place.factory.subscriptionId, tenantId });
      const foreign = await newClient(place, randomUUID());
      await actAs(place, foreign);
      await place.apply('sample');
      const said = message(await waits(place));
      expect(said).toContain('InvalidAuthenticationTokenTenant');
      expect(said).toContain(tenantId);
      expect(said).toContain(`Identity: ${foreign.tenantId}/${foreign.clientId} (client secret`);
      expect(await place.writes('sample')).toEqual([]);
      await actAs(place, await newClient(place, tenantId));
      await ready(place);
    }));
});

describe('the credential of a namespace', () => {
  test('is told in the log when a namespace gets, changes and loses it', () =>
    inPlace(async (place) => {
      const client = await newClient(place);
      await actAs(place, client);
      await putSecret(place, { AZURE_TENANT_ID: client.tenantId });
      await removeSecret(place);
      await eventually(async () => {
        const lines = (await readFile(place.run.logFile, 'utf8')).split('\n').filter((line) => line !== '');
        const told = lines
          .map((line) => JSON.parse(line))
          .filter(({ msg, namespace }) => msg === 'azure credential of a namespace' && namespace === place.namespace);
        expect(told.at(-1)).toMatchObject({ level: 'info', credential: 'none' });
        expect(told).toContainEqual(
          expect.objectContaining({ level: 'info', credential: expect.stringContaining(client.clientId) }),
        );
      });
    }));
});
