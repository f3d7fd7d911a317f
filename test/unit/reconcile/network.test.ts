/** Runtimes in a managed virtual network: what a pass does, and what it never does. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decide } from '../../../src/core/decide.ts';
import type { Desired } from '../../../src/core/model/desired.ts';
import { isIn } from '../../../src/core/model/network.ts';
import { condition } from '../../../src/core/model/object.ts';
import { armKey, type RuntimeDocument } from '../../../src/core/model/runtime.ts';
import { MINUTE } from '../../../src/core/schedule.ts';
import type { Action } from '../../../src/core/situation.ts';
import { desired, runtimeId } from '../model/builders.ts';
import { WRITES } from '../model/fake-azure.ts';
import { INTERVAL_MS, Operator } from '../model/operator.ts';

const ID = runtimeId();
const KEY = armKey(ID);
const NEVER = { name: 'default', creation: 'Never' } as const;
const IF_MISSING = { name: 'default', creation: 'IfMissing' } as const;
const REFERENCE = { type: 'ManagedVirtualNetworkReference', referenceName: 'default' };
const PUBLIC: RuntimeDocument = { type: 'Managed', typeProperties: { computeProperties: { location: 'AutoResolve' } } };
const MANAGED: RuntimeDocument = { ...PUBLIC, managedVirtualNetwork: REFERENCE };

const inNetwork = (more: Partial<Desired> = {}): Desired => ({
  ...desired({ fields: {} }),
  managedVirtualNetwork: NEVER,
  ...more,
});
const reasons = (operator: Operator) => operator.cluster.events.map(({ reason }) => reason);
const message = (operator: Operator, key: string) => condition(operator.object(key).status, 'Ready')?.message ?? '';
const writesOf = ({ azure }: Operator) => azure.calls.filter((call) => WRITES.includes(call));

/** With a network in the factory, unless told otherwise. */
function start(network = true): Operator {
  const operator = new Operator();
  if (network) operator.azure.putNetwork(ID.parent);
  return operator;
}

async function created(operator = start(), more: Partial<Desired> = {}): Promise<string> {
  const key = operator.apply('sample', inNetwork(more));
  await operator.poll(key);
  operator.azure.calls.length = 0;
  operator.cluster.events.length = 0;
  return key;
}

describe('a create', () => {
  test('sends the reference, and reads back what became of it', async () => {
    const operator = start();
    const key = operator.apply('sample', inNetwork());
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(operator.azure.runtimes.get(KEY)?.document).toEqual(MANAGED);
    expect(operator.azure.calls).toEqual(['read', 'hasNetwork', 'create', 'read', 'state']);
    expect(operator.cluster.writes).toEqual(['finalizer', 'status']);
  });

  test('waits for a network that somebody else may be making', async () => {
    const operator = start(false);
    const key = operator.apply('sample', inNetwork());
    expect(await operator.poll(key)).toMatchObject({ kind: 'backoff', maxMs: INTERVAL_MS });
    expect(operator.summary(key)).toBe('Ready=False ManagedVirtualNetworkNotFound Reconciling');
    expect(message(operator, key)).toMatch(
      /no managed virtual network "default".*creation: IfMissing.*never be deleted/,
    );
    expect(writesOf(operator)).toEqual([]);
    expect(operator.object(key).hasFinalizer).toBe(false);
    operator.azure.putNetwork(ID.parent);
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
  });

  test('makes the network first where that is declared, and goes on in the next pass at once', async () => {
    const operator = start(false);
    const key = operator.apply('sample', inNetwork({ managedVirtualNetwork: IF_MISSING }));
    expect(await operator.poll(key)).toMatchObject({ kind: 'backoff', baseMs: 1 });
    expect(writesOf(operator)).toEqual(['createNetwork']);
    expect(operator.object(key).hasFinalizer).toBe(true);
    expect(operator.cluster.writes).toEqual(['finalizer']);
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(writesOf(operator)).toEqual(['createNetwork', 'create']);
    expect(reasons(operator)).toEqual(['ManagedVirtualNetworkCreated', 'Created']);
  });

  test('whose network is refused says so, and holds nothing', async () => {
    const refused = { kind: 'refused', message: 'No.', azure: 'BadRequest: No.' } as const;
    const operator = new Operator({
      azure: { fault: (call) => (call === 'createNetwork' ? { when: 'before', failure: refused } : undefined) },
    });
    const key = operator.apply('sample', inNetwork({ managedVirtualNetwork: IF_MISSING }));
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False InvalidDefinition Stalled');
    expect(message(operator, key)).toMatch(
      /^Azure rejected the managed virtual network\. Fix the spec.* Azure: BadRequest: No\.$/,
    );
    expect(operator.object(key).hasFinalizer).toBe(false);
  });

  test('that does not find the network which a list has just shown waits for it', async () => {
    const missing = { kind: 'refused', message: "invalid reference 'default'", reference: 'default' } as const;
    const operator = new Operator({
      azure: { fault: (call) => (call === 'create' ? { when: 'before', failure: missing } : undefined) },
    });
    operator.azure.putNetwork(ID.parent);
    const key = operator.apply('sample', inNetwork());
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False ManagedVirtualNetworkNotFound Reconciling');
  });

  test.each([
    ['West Europe', true],
    ['autoresolve', false],
    [undefined, false],
  ])('that Azure refuses with the location %s is explained: %s', async (location, explained) => {
    const refused = { kind: 'refused', message: 'No.', azure: 'BadRequest: No.' } as const;
    const operator = new Operator({
      azure: { fault: (call) => (call === 'create' ? { when: 'before', failure: refused } : undefined) },
    });
    operator.azure.putNetwork(ID.parent);
    const fields = desired({ fields: location === undefined ? {} : { location } }).fields;
    const key = operator.apply('sample', inNetwork({ fields }));
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False InvalidDefinition Stalled');
    expect(message(operator, key).includes("factory's own region")).toBe(explained);
  });

  test.each(['openly', 'secretly'] as const)(
    'that Azure answers with yes and makes a public runtime, %s, is NotApplied until somebody deletes that',
    async (loses) => {
      const operator = start();
      operator.azure.losesNetwork = loses;
      const key = await created(operator);
      expect(operator.summary(key)).toBe('Ready=False NotApplied Stalled');
      expect(message(operator, key)).toMatch(/is public, not in the managed virtual network default as declared/);
      await operator.poll(key);
      expect(operator.summary(key)).toBe('Ready=False NotApplied Stalled');
      expect(writesOf(operator)).toEqual([]);
      operator.azure.losesNetwork = 'never';
      operator.azure.remove(ID);
      await operator.lookAgain(key);
      expect(operator.summary(key)).toBe('Ready=True Available');
    },
  );

  test('that was not applied stays when its object goes: somebody else may have put it there', async () => {
    const operator = start();
    operator.azure.losesNetwork = 'openly';
    const key = await created(operator);
    operator.cluster.delete(key);
    await operator.poll(key);
    expect(operator.azure.runtimes.size).toBe(1);
    expect(reasons(operator)).toEqual(['Retained']);
  });

  test('that is not seen right after it was made is not made again in the same pass', async () => {
    const operator = start();
    const read = operator.azure.read.bind(operator.azure);
    operator.azure.read = async (...args) => {
      await read(...args);
      return { presence: 'absent', fresh: true };
    };
    const key = operator.apply('sample', inNetwork());
    await operator.poll(key);
    expect(writesOf(operator)).toEqual(['create']);
    expect(operator.object(key).status.claim?.origin).toBe('Created');
  });

  test('needs no look at the network once the runtime is there', async () => {
    const operator = start();
    const key = await created(operator);
    expect((await operator.poll(key)).kind).toBe('periodic');
    expect(operator.azure.calls).toEqual(['hint', 'state']);
  });
});

describe('a runtime that is where it is not declared to be', () => {
  const cases: [string, RuntimeDocument, Desired][] = [
    ['public, and declared in a network', PUBLIC, inNetwork()],
    ['in a network, and declared public', MANAGED, desired({ fields: {} })],
    ['in another network', MANAGED, inNetwork({ managedVirtualNetwork: { name: 'other', creation: 'Never' } })],
  ];

  test.each(cases)('%s: is a conflict, and never written', async (_, document, declared) => {
    const operator = start();
    operator.azure.put(ID, document);
    const key = operator.apply('sample', declared);
    for (let i = 0; i < 3; i++) await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False NetworkConflict Stalled');
    expect(message(operator, key)).toMatch(/cannot move a runtime.*another azureName.*delete the runtime/);
    expect(condition(operator.object(key).status, 'Synced')).toMatchObject({ status: 'False', reason: 'Drifted' });
    expect(operator.object(key)).toMatchObject({ hasFinalizer: false, status: { ownedFields: [] } });
    expect(writesOf(operator)).toEqual([]);
    expect(reasons(operator)).toEqual(['NetworkConflict']);
  });

  test.each(cases)(
    '%s: is a conflict also when it is claimed, and stays when its object goes',
    async (_, other, declared) => {
      const operator = start();
      operator.azure.putNetwork(ID.parent, declared.managedVirtualNetwork?.name);
      const key = operator.apply('sample', declared);
      await operator.poll(key);
      operator.azure.put(ID, other);
      operator.azure.calls.length = 0;
      await operator.poll(key);
      expect(operator.summary(key)).toBe('Ready=False NetworkConflict Stalled');
      operator.cluster.delete(key);
      await operator.poll(key);
      expect(writesOf(operator)).toEqual([]);
      expect(operator.azure.runtimes.size).toBe(1);
      expect(operator.cluster.events.at(-1)).toMatchObject({ reason: 'Retained' });
    },
  );

  test('is drift to an observer', async () => {
    const operator = start();
    operator.azure.put(ID, MANAGED);
    const key = operator.apply('sample', desired({ fields: {}, managementPolicy: 'Observe' }));
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False Drifted Stalled');
    expect(condition(operator.object(key).status, 'Synced')).toMatchObject({
      status: 'False',
      message: 'The runtime is in the managed virtual network default.',
    });
  });

  test('is replaced by deleting the one object and keeping the other', async () => {
    const operator = start();
    const old = operator.apply('old', desired({ fields: {} }));
    await operator.poll(old);
    const next = operator.apply('next', inNetwork());
    await operator.poll(next);
    expect(operator.summary(next)).toBe('Ready=False OwnedByAnother Stalled');
    operator.cluster.delete(old);
    await operator.poll(old);
    await operator.poll(next);
    expect(operator.summary(next)).toBe('Ready=True Available');
    expect(operator.azure.runtimes.get(KEY)?.document).toEqual(MANAGED);
    expect(reasons(operator)).not.toContain('HandedOver');
  });

  test('one that is where it is declared to be is adopted, with the network untouched', async () => {
    const operator = start();
    operator.azure.put(ID, { ...MANAGED, other: 1 });
    const key = operator.apply('sample', inNetwork({ fields: desired({ fields: { description: 'ours' } }).fields }));
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(operator.azure.runtimes.get(KEY)?.document).toEqual({ ...MANAGED, other: 1, description: 'ours' });
    expect(operator.azure.calls).not.toContain('hasNetwork');
  });
});

describe('a fresh runtime in a network', () => {
  test.each(['Initial', 'Starting', 'Limited', 'Offline', 'Stopped'])(
    'that is %s is being provisioned, and is not repaired',
    async (state) => {
      const operator = start();
      operator.azure.stateOfNew = state;
      const key = await created(operator);
      expect(operator.summary(key)).toBe('Ready=False Provisioning Reconciling');
      operator.now += 29 * MINUTE;
      expect(await operator.poll(key)).toMatchObject({ kind: 'backoff', baseMs: 5_000 });
      expect(operator.summary(key)).toBe('Ready=False Provisioning Reconciling');
      expect(writesOf(operator)).toEqual([]);
      operator.azure.setState(ID, 'Online');
      await operator.poll(key);
      expect(operator.summary(key)).toBe('Ready=True Available');
    },
  );

  test.each([
    ['Limited', 'Ready=True Available'],
    ['Offline', 'Ready=False Offline Reconciling'],
    ['Starting', 'Ready=False Provisioning Stalled'],
  ])('that is still %s after half an hour is that', async (state, summary) => {
    const operator = start();
    operator.azure.stateOfNew = state;
    const key = await created(operator);
    operator.now += 31 * MINUTE;
    await operator.poll(key);
    expect(operator.summary(key)).toBe(summary);
    expect(writesOf(operator)).toEqual(state === 'Limited' ? ['update'] : []);
  });

  test('is repaired at once when it was well before', async () => {
    const operator = start();
    const key = await created(operator);
    operator.azure.setState(ID, 'Limited');
    await operator.poll(key);
    expect(writesOf(operator)).toEqual(['update']);
    expect(operator.summary(key)).toBe('Ready=True Available');
  });

  test('is repaired when a person asks for it', async () => {
    const operator = start();
    operator.azure.stateOfNew = 'Limited';
    const key = await created(operator);
    operator.cluster.annotate(key, { repair: 't1' });
    await operator.poll(key);
    expect(writesOf(operator)).toEqual(['update']);
  });
});

describe('whatever is known', () => {
  const MAY_WRITE: readonly Action['kind'][] = [
    'Create',
    'Adopt',
    'Update',
    'Repair',
    'Claim',
    'EnableInteractiveAuthoring',
    'CreateNetwork',
    'Delete',
  ];
  const network = fc.constantFrom(undefined, NEVER, IF_MISSING, { name: 'Default', creation: 'Never' } as const);
  const claim = fc.constantFrom(
    undefined,
    { origin: 'Created', identity: 'tenant/client' } as const,
    { origin: 'Adopted', identity: 'tenant/client' } as const,
  );

  test('a runtime in another network than declared is neither written nor claimed nor deleted', async () => {
    const object = new Operator().cluster.create('sample', desired());
    fc.assert(
      fc.property(
        fc.record({
          document: fc.constantFrom(PUBLIC, MANAGED),
          declared: network,
          claim,
          hasFinalizer: fc.boolean(),
          deleting: fc.boolean(),
          location: fc.constantFrom('West Europe', 'AutoResolve'),
          state: fc.constantFrom('Online', 'Limited', undefined),
          token: fc.constantFrom('t1', undefined),
          deletionPolicy: fc.constantFrom('Delete', 'DeleteIfCreated', 'Retain'),
        }),
        ({ document, declared, claim: had, hasFinalizer, deleting, location, state, token, deletionPolicy }) => {
          fc.pre(!isIn(declared, document));
          const wanted: Desired = {
            ...desired({ fields: { location }, deletionPolicy }),
            ...(declared === undefined ? {} : { managedVirtualNetwork: declared }),
            ...(declared === undefined ? {} : { interactiveAuthoring: { autoTerminationMinutes: 10 } }),
          };
          const status = { ...object.status, ...(had === undefined ? {} : { claim: had }) };
          const requests = { ...object.requests, repair: token, enableInteractiveAuthoring: token };
          const action = decide({
            object: { ...object, hasFinalizer, deleting, status, requests, spec: { valid: true, desired: wanted } },
            desired: wanted,
            status,
            peers: [],
            contenders: [],
            access: { granted: true, identity: 'tenant/client' },
            now: 0,
            intervalMs: INTERVAL_MS,
            failingSince: undefined,
            definition: {
              presence: 'present',
              fresh: true,
              runtime: { name: ID.name, type: 'Managed', document, etag: 'e' },
            },
            ...(state === undefined ? {} : { state }),
          });
          expect(MAY_WRITE).not.toContain(action.kind);
        },
      ),
    );
  });
});
