/** Which identity an object acts with, and what a change of its Secret does. */
import { describe, expect, test } from '@jest/globals';
import { AzureIdentities, type IdentitiesOptions } from '../../../src/azure/identities.ts';
import { resolveCloud } from '../../../src/azure/identity/clouds.ts';
import { identityOf } from '../../../src/azure/identity/credentials.ts';
import { type NamespaceCredential, Sealed } from '../../../src/core/model/credential.ts';
import { parseGrants } from '../../../src/core/model/grants.ts';
import { inShort } from '../../../src/core/model/message.ts';
import { EMPTY_STATUS, type ManagedObject } from '../../../src/core/model/object.ts';
import type { Access } from '../../../src/ports.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordedLog } from '../runtime/recorded-log.ts';
import { FakeArm } from './support/fake-arm.ts';
import { caller, failureOf, ID, RUNTIME_MISSING, SUBSCRIPTION } from './support/rig.ts';

const TENANT = '11111111-1111-1111-1111-111111111111';
const CLIENT = '22222222-2222-2222-2222-222222222222';
const OWN = `${TENANT}/${CLIENT}`;
const SECRET = { AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: CLIENT, AZURE_CLIENT_SECRET: 's3cret' };
const A = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa';
const B = 'bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb';

interface Options {
  env?: Record<string, string | undefined>;
  grants?: string;
}

/** The secrets called `later` that Entra knows by now. */
const known = new Set<string>();

/** Logins whose secret is `wrong…` get no token. */
function rig({ env = SECRET, grants = '*' }: Options = {}) {
  const clock = new FakeClock();
  const arm = new FakeArm(() => RUNTIME_MISSING);
  const budgetAvailable: string[] = [];
  const relogged: string[] = [];
  known.clear();
  const budgets = new Map<string, () => { readonly reads: number }>();
  const occupied = new Set<string>();
  const nameOf = (owner: { subscription: string; identity: string }) => `${owner.identity} ${owner.subscription}`;
  const tokens: string[] = [];
  const credential: NonNullable<IdentitiesOptions['credential']> = (login) => ({
    getToken: async () => {
      const material = login.method.kind === 'clientSecret' ? login.method.secret.open() : login.method.kind;
      const isLate = material === 'later' && !known.has(material);
      if (material.startsWith('wrong') || isLate) throw new Error('AADSTS7000215');
      if (material.startsWith('expired')) throw new Error('AADSTS7000222');
      tokens.push(identityOf(login));
      return { token: `token of ${identityOf(login)} by ${material}`, expiresOnTimestamp: clock.now() + 3_600_000 };
    },
  });
  const identities = new AzureIdentities({
    env,
    cloud: resolveCloud({}),
    grants: parseGrants(grants),
    occupied: (namespace) => occupied.has(namespace),
    clock,
    wake: (key) => void budgetAvailable.push(key),
    changed: () => {},
    relogged: (namespace) => void relogged.push(namespace),
    log: new RecordedLog(),
    metrics: {
      armRequest: () => {},
      budgetAdded: (owner, left) => void budgets.set(nameOf(owner), left),
      intervalFactorChanged: () => {},
      budgetRemoved: (owner) => void budgets.delete(nameOf(owner)),
    },
    httpClient: arm,
    credential,
  });
  /** Has Azure asked once in the object's name. */
  const reach = async (object: ManagedObject, key = object.key) => {
    const access = identities.accessFor(object);
    if (!access.granted) throw new Error(inShort(access.message));
    await access.runtimes.read(ID, caller({ key }));
  };
  return { identities, clock, arm, budgetAvailable, relogged, budgets, occupied, tokens, reach };
}

function objectIn(namespace: string, changes: Partial<ManagedObject> = {}, resourceGroup = 'Group'): ManagedObject {
  return {
    key: `${namespace}/a`,
    namespace,
    name: 'a',
    uid: 'u',
    generation: 1,
    resourceVersion: '1',
    createdAt: 0,
    deleting: false,
    isTrackedByArgoCd: false,
    hasOtherFinalizers: false,
    hasFinalizer: false,
    mark: undefined,
    spec: {
      valid: true,
      // Of what it declares, only where the runtime is matters here.
      desired: { id: { ...ID, parent: { ...ID.parent, resourceGroup } } } as never,
    },
    requests: {
      reconcile: undefined,
      requestedAt: undefined,
      repair: undefined,
      acceptIdentity: undefined,
      enableInteractiveAuthoring: undefined,
    },
    status: EMPTY_STATUS,
    ...changes,
  };
}

const deleted = (namespace: string, identity: string) =>
  objectIn(namespace, {
    deleting: true,
    hasFinalizer: true,
    status: { ...EMPTY_STATUS, claim: { origin: 'Created', identity } },
  });

const bySecret = (clientId: string, secret = 'good'): NamespaceCredential => ({
  valid: true,
  tenantId: TENANT,
  clientId,
  proof: { kind: 'clientSecret', secret: new Sealed(secret) },
});
const unproven = (clientId: string): NamespaceCredential => ({
  valid: true,
  tenantId: TENANT,
  clientId,
  proof: { kind: 'workloadIdentity' },
});
const WRONG: NamespaceCredential = { valid: false, problem: 'it lacks the key AZURE_CLIENT_ID' };

const refusalOf = (access: Access) => (access.granted ? undefined : inShort(access.message));
const identityIn = (access: Access) => (access.granted ? access.identity : undefined);
const runtimesOf = (access: Access) => (access.granted ? access.runtimes : undefined);

describe("the operator's own identity", () => {
  test('is told by tenant and client, and by its kind', () => {
    const { identities } = rig();
    expect(identities.accessFor(objectIn('team-a'))).toMatchObject({
      granted: true,
      identity: OWN,
      credential: "client secret, the operator's own",
    });
    expect(identities.describe()).toBe(`client secret of client ${CLIENT} in tenant ${TENANT}`);
  });

  test('that is not set up stops no start, and is told to every object', () => {
    const { identities } = rig({ env: {} });
    expect(refusalOf(identities.accessFor(objectIn('team-a')))).toMatch(
      /The operator has no Azure identity.*AZURE_TENANT_ID/,
    );
    expect(identities.describe()).toMatch(/^none: .*AZURE_TENANT_ID/);
  });

  test('is for the namespaces and scopes of the flag only', () => {
    const scope = `/subscriptions/${SUBSCRIPTION}/resourceGroups/group`;
    const { identities } = rig({ grants: `team-a,team-b=${scope}` });
    expect(identityIn(identities.accessFor(objectIn('team-a')))).toBe(OWN);
    expect(identityIn(identities.accessFor(objectIn('team-b')))).toBe(OWN);
    const outside = refusalOf(identities.accessFor(objectIn('team-b', {}, 'Other')));
    expect(outside).toContain('--operator-identity-namespaces');
    expect(outside).toContain(scope);
    expect(refusalOf(identities.accessFor(objectIn('team-c')))).toContain('--operator-identity-namespaces');
  });

  test('has one memory of Azure for all objects', () => {
    const { identities } = rig();
    expect(runtimesOf(identities.accessFor(objectIn('a')))).toBe(runtimesOf(identities.accessFor(objectIn('b'))));
  });
});

describe('a namespace with a Secret', () => {
  test('acts as its client and no other', () => {
    const { identities } = rig();
    expect(identities.put('team-a', bySecret(A))).toEqual({
      changed: true,
      credential: `client secret of client ${A} in tenant ${TENANT}`,
      wrong: false,
    });
    expect(identities.accessFor(objectIn('team-a'))).toMatchObject({
      identity: `${TENANT}/${A}`,
      credential: expect.stringContaining('the Secret azure-ir-credential of the namespace'),
    });
    expect(identityIn(identities.accessFor(objectIn('team-b')))).toBe(OWN);
    identities.put('team-a', bySecret(B));
    expect(identityIn(identities.accessFor(objectIn('team-a')))).toBe(`${TENANT}/${B}`);
  });

  test("goes back to the operator's own when the Secret goes, if it may", () => {
    const { identities } = rig({ grants: 'team-a' });
    for (const namespace of ['team-a', 'team-b']) {
      identities.put(namespace, bySecret(A));
      expect(identities.remove(namespace)).toMatchObject({ changed: true });
      expect(identities.remove(namespace)).toMatchObject({ changed: false });
    }
    expect(identityIn(identities.accessFor(objectIn('team-a')))).toBe(OWN);
    expect(identities.accessFor(objectIn('team-b')).granted).toBe(false);
  });

  test("that is wrong is told so, and does not fall back to the operator's", () => {
    const { identities } = rig();
    expect(identities.put('team-a', WRONG)).toMatchObject({ changed: true, wrong: true });
    expect(refusalOf(identities.accessFor(objectIn('team-a')))).toBe(
      'Secret team-a/azure-ir-credential is invalid: it lacks the key AZURE_CLIENT_ID. Correct the Secret; it is read again at once.',
    );
    expect(identities.put('team-a', WRONG)).toMatchObject({ changed: false });
    expect(identities.put('team-a', bySecret(A))).toMatchObject({ changed: true });
  });

  test('that is written again unchanged keeps its tokens', async () => {
    const { identities, reach, tokens } = rig();
    identities.put('team-a', bySecret(A));
    await reach(objectIn('team-a'));
    expect(identities.put('team-a', bySecret(A))).toMatchObject({ changed: false });
    await reach(objectIn('team-a'));
    expect(tokens).toEqual([`${TENANT}/${A}`]);
  });

  test('cannot borrow the own client of the operator without its secret', () => {
    const env = { ...SECRET, AZURE_CLIENT_SECRET: undefined, AZURE_FEDERATED_TOKEN_FILE: '/token' };
    const { identities } = rig({ env, grants: 'team-a' });
    for (const namespace of ['team-a', 'team-b']) identities.put(namespace, unproven(CLIENT.toUpperCase()));
    expect(identityIn(identities.accessFor(objectIn('team-a')))).toBe(OWN);
    const refusal = refusalOf(identities.accessFor(objectIn('team-b')));
    expect(refusal).toContain('AZURE_CLIENT_ID');
    expect(refusal).toContain('--operator-identity-namespaces');
    identities.put('team-b', unproven(A));
    expect(identityIn(identities.accessFor(objectIn('team-b')))).toBe(`${TENANT}/${A}`);
  });
});

describe('of two namespaces that name one client', () => {
  test('the one without the right secret gets neither token nor memory of the other', async () => {
    const { identities, reach } = rig();
    identities.put('team-a', bySecret(A));
    identities.put('team-b', bySecret(A, 'wrong guess'));
    await reach(objectIn('team-a'));
    const [a, b] = [objectIn('team-a'), objectIn('team-b')].map((object) => runtimesOf(identities.accessFor(object)));
    expect(a).not.toBe(b);
    await expect(reach(objectIn('team-b'))).rejects.toThrow('secret is wrong');
  });

  test('both with its secret share tokens and memory', async () => {
    const { identities, reach, tokens } = rig();
    identities.put('team-a', bySecret(A));
    identities.put('team-b', bySecret(A));
    await reach(objectIn('team-a'));
    await reach(objectIn('team-b'));
    expect(tokens).toHaveLength(1);
  });

  test('both spend one budget, as ARM counts', async () => {
    const { identities, reach, budgets } = rig();
    identities.put('team-a', bySecret(A, 'first secret'));
    identities.put('team-b', bySecret(A, 'second secret'));
    await reach(objectIn('team-a'));
    await reach(objectIn('team-b'));
    expect([...budgets].map(([name, left]) => [name, left().reads])).toEqual([[`${TENANT}/${A} ${SUBSCRIPTION}`, 243]]);
  });
});

describe('a Secret that is changed', () => {
  async function rotated(to: NamespaceCredential, { from = bySecret(A) } = {}) {
    const the = rig({ grants: '' });
    for (const namespace of ['team-a', 'team-b']) the.occupied.add(namespace);
    the.identities.put('team-a', from);
    await the.reach(objectIn('team-a'));
    the.identities.put('team-a', to);
    await the.clock.settle();
    const sent = async (namespace = 'team-a') => {
      await the.reach(objectIn(namespace));
      return the.arm.sent.at(-1)?.headers.authorization;
    };
    return { ...the, sent };
  }
  const FORMER = `Bearer token of ${TENANT}/${A} by good`;

  test('to a secret that Entra does not know yet: the former token is used on, and the new login is tried until it succeeds', async () => {
    const { clock, sent, identities } = await rotated(bySecret(A, 'later'));
    expect(await sent()).toBe(FORMER);
    known.add('later');
    await clock.advance(5_000);
    await clock.settle();
    expect(await sent()).toBe(`Bearer token of ${TENANT}/${A} by later`);
    expect(clock.pendingTimers).toBe(0);
    identities.stop();
  });

  test('to one that Entra never knows: after ten minutes it is told', async () => {
    const { clock, sent, identities } = await rotated(bySecret(A, 'wrong secret'));
    await clock.advance(599_000);
    expect(await sent()).toBe(FORMER);
    await clock.advance(1_000);
    await expect(sent()).rejects.toThrow('secret is wrong');
    identities.stop();
  });

  test('to one that has expired: it is told at once, to all objects of the namespace', async () => {
    const { sent, relogged, clock } = await rotated(bySecret(A, 'expired secret'));
    await expect(sent()).rejects.toThrow('secret has expired');
    await clock.advance(60_000);
    await expect(sent()).rejects.toThrow('secret has expired');
    expect(relogged).toEqual(['team-a']);
  });

  test('is a new login, to which refusals of the former one do not count; the one at the start is not', async () => {
    const { identities, reach, clock } = rig({ grants: '' });
    identities.put('team-a', bySecret(A, 'wrong secret'));
    const meet = () => failureOf(reach(objectIn('team-a')));
    expect(await meet()).not.toHaveProperty('notBefore');
    await clock.advance(60_000);
    identities.put('team-a', bySecret(A, 'wrong again'));
    expect(await meet()).toMatchObject({ mayPass: true, notBefore: clock.now() });
    identities.stop();
  });

  test('twice: the former token is that of the last good one', async () => {
    const { sent, identities, clock } = await rotated(bySecret(A, 'wrong secret'));
    identities.put('team-a', bySecret(A, 'wrong again'));
    expect(await sent()).toBe(FORMER);
    await clock.settle();
    identities.stop();
  });

  test.each([
    ['another client', bySecret(B, 'wrong secret')],
    ['another tenant', { ...bySecret(A, 'wrong secret'), tenantId: B } as NamespaceCredential],
  ])('to %s: the former token is not used', async (_, credential) => {
    const { sent } = await rotated(credential);
    await expect(sent()).rejects.toThrow('secret is wrong');
  });

  test('to a malformed one, or deleted: the former token is never used again, whatever comes then', async () => {
    for (const end of ['malformed', 'deleted'] as const) {
      const { sent, identities } = await rotated(bySecret(A, 'wrong secret'));
      if (end === 'deleted') identities.remove('team-a');
      else identities.put('team-a', WRONG);
      await expect(sent()).rejects.toThrow(/Secret/);
      identities.put('team-a', bySecret(A, 'wrong again'));
      await expect(sent()).rejects.toThrow('secret is wrong');
      identities.stop();
    }
  });

  test('gives its former token to no other namespace that names the client', async () => {
    const { sent, identities } = await rotated(bySecret(A, 'wrong secret'));
    identities.put('team-b', bySecret(A, 'wrong secret'));
    expect(await sent('team-a')).toBe(FORMER);
    await expect(sent('team-b')).rejects.toThrow('secret is wrong');
    identities.stop();
  });
});

describe('the memory for deletion', () => {
  async function lost({ grants = '' } = {}) {
    const the = rig({ grants });
    the.occupied.add('team-a');
    the.identities.put('team-a', bySecret(A));
    await the.reach(objectIn('team-a'));
    the.identities.remove('team-a');
    return the;
  }
  const CLAIM = `${TENANT}/${A}`;

  test('lets what is being deleted go on, and nothing that lives', async () => {
    const { identities } = await lost();
    const access = identities.accessFor(deleted('team-a', CLAIM));
    expect(access).toMatchObject({ identity: CLAIM, credential: expect.stringContaining('as it was') });
    expect(identities.accessFor(objectIn('team-a')).granted).toBe(false);
    expect(identities.accessFor(deleted('team-b', CLAIM)).granted).toBe(false);
  });

  test('is not needed where the namespace may use the operator’s own identity, and that is the claim’s', () => {
    const { identities, occupied } = rig({ grants: 'team-a' });
    occupied.add('team-a');
    const own = identityIn(identities.accessFor(objectIn('team-a'))) ?? '';
    const [tenant = '', client = ''] = own.split('/');
    expect([tenant, client]).toEqual([TENANT, expect.any(String)]);
    identities.put('team-a', bySecret(client, 'wrong secret'));
    identities.remove('team-a');
    const access = identities.accessFor(deleted('team-a', own));
    expect(access).toMatchObject({ identity: own, credential: expect.not.stringContaining('as it was') });
  });

  test('keeps its tokens and its budget', async () => {
    const { reach, tokens, budgets } = await lost();
    await reach(deleted('team-a', CLAIM));
    expect(tokens).toHaveLength(1);
    expect([...budgets.keys()]).toEqual([`${CLAIM} ${SUBSCRIPTION}`]);
  });

  test('ends with the last object of the namespace', async () => {
    const { identities, occupied, budgets } = await lost();
    identities.vacated('team-a');
    expect(identities.accessFor(deleted('team-a', CLAIM)).granted).toBe(true);
    occupied.clear();
    identities.vacated('team-a');
    expect(identities.accessFor(deleted('team-a', CLAIM)).granted).toBe(false);
    expect([...budgets.keys()]).toEqual([]);
  });

  test('is none in a namespace without objects', () => {
    const { identities } = rig({ grants: '' });
    identities.put('team-a', bySecret(A));
    identities.remove('team-a');
    expect(identities.accessFor(deleted('team-a', CLAIM)).granted).toBe(false);
  });

  test('yields to a Secret that comes', async () => {
    const { identities } = await lost();
    identities.put('team-a', bySecret(B));
    expect(identityIn(identities.accessFor(deleted('team-a', CLAIM)))).toBe(`${TENANT}/${B}`);
  });

  test.each([
    ['a wrong one', WRONG],
    ['one that gets no token', bySecret(A, 'wrong secret')],
    ['another client that gets no token', bySecret(B, 'wrong secret')],
  ])('is of the last good credential: a Secret that became %s before it went does not count', async (_, credential) => {
    const { identities, reach, occupied, tokens } = rig({ grants: '' });
    occupied.add('team-a');
    identities.put('team-a', bySecret(A));
    await reach(objectIn('team-a'));
    identities.put('team-a', credential);
    await reach(objectIn('team-a')).catch(() => {});
    identities.remove('team-a');
    expect(identityIn(identities.accessFor(deleted('team-a', CLAIM)))).toBe(CLAIM);
    await reach(deleted('team-a', CLAIM));
    expect(tokens).toHaveLength(1);
  });

  test('is of the newest Secret when none has been tried', async () => {
    const { identities, occupied } = rig({ grants: '' });
    occupied.add('team-a');
    identities.put('team-a', bySecret(A));
    identities.put('team-a', bySecret(B));
    identities.remove('team-a');
    expect(identityIn(identities.accessFor(deleted('team-a', CLAIM)))).toBe(`${TENANT}/${B}`);
  });

  test('of a claim made as the operator goes on as the operator', async () => {
    const { identities } = await lost({ grants: 'team-a' });
    expect(identityIn(identities.accessFor(deleted('team-a', OWN)))).toBe(OWN);
    expect(identityIn(identities.accessFor(deleted('team-a', CLAIM)))).toBe(CLAIM);
  });
});

describe('what no namespace needs any more', () => {
  test('is dropped with its budgets', async () => {
    const { identities, reach, budgets, clock } = rig();
    identities.put('team-a', bySecret(A));
    identities.put('team-b', bySecret(A));
    await reach(objectIn('team-a'));
    identities.remove('team-a');
    expect(budgets.size).toBe(1);
    identities.remove('team-b');
    expect(budgets.size).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  test('is dropped when the Secret names another client', async () => {
    const { identities, reach, budgets, occupied } = rig();
    occupied.add('team-a');
    identities.put('team-a', bySecret(A));
    await reach(objectIn('team-a'));
    identities.put('team-a', bySecret(B));
    // Until the other one has proved good.
    expect([...budgets.keys()]).toEqual([`${TENANT}/${A} ${SUBSCRIPTION}`]);
    await reach(objectIn('team-a'));
    expect([...budgets.keys()]).toEqual([`${TENANT}/${B} ${SUBSCRIPTION}`]);
  });

  test('wakes whoever waited for its budget, and whoever still asks', async () => {
    const { identities, reach, budgetAvailable, budgets, clock } = rig();
    identities.put('team-a', bySecret(A));
    const access = identities.accessFor(objectIn('team-a'));
    const spend = async () => {
      for (;;) await reach(objectIn('team-a'), 'team-a/spender');
    };
    await expect(spend()).rejects.toThrow('request budget');
    await expect(reach(objectIn('team-a'), 'team-a/waiter')).rejects.toThrow('request budget');
    expect(budgetAvailable).toEqual([]);
    identities.remove('team-a');
    expect(budgetAvailable.sort()).toEqual(['team-a/spender', 'team-a/waiter']);
    expect(clock.pendingTimers).toBe(0);
    const late = access.granted ? access.runtimes.read(ID, caller({ key: 'team-a/late' })) : undefined;
    await expect(late).rejects.toThrow('request budget');
    expect(budgetAvailable.at(-1)).toBe('team-a/late');
    expect(budgets.size).toBe(0);
  });

  test('never includes the identity of the operator', async () => {
    const { identities, reach, budgets } = rig();
    await reach(objectIn('team-a'));
    identities.put('team-a', bySecret(A));
    identities.remove('team-a');
    expect([...budgets.keys()]).toEqual([`${OWN} ${SUBSCRIPTION}`]);
  });
});

test('two tenants act at once, each with its own client', async () => {
  const { identities, reach, arm } = rig();
  const other = '33333333-3333-3333-3333-333333333333';
  identities.put('team-a', bySecret(A));
  identities.put('team-b', { ...bySecret(A), tenantId: other } as NamespaceCredential);
  await reach(objectIn('team-a'));
  await reach(objectIn('team-b'));
  expect(arm.sent.map(({ headers }) => headers.authorization)).toEqual([
    `Bearer token of ${TENANT}/${A} by good`,
    `Bearer token of ${other}/${A} by good`,
  ]);
});
