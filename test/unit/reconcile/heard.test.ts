/** Failures are heard: what events a pass tells, at which cost, and what a restart does not tell again. */
import { describe, expect, test } from '@jest/globals';
import { AzureFailure } from '../../../src/core/model/failure.ts';
import type { ManagedObject } from '../../../src/core/model/object.ts';
import { MINUTE } from '../../../src/core/schedule.ts';
import { FAILURE } from '../core/builders.ts';
import { desired, runtimeId } from '../model/builders.ts';
import { IDENTITY, Operator } from '../model/operator.ts';
import { instead, MANAGED, ready, reasons } from './support.ts';

const heardOf = (operator: Operator, key: string) =>
  operator.cluster.events.filter((event) => event.key === key).map(({ type, reason }) => `${type} ${reason}`);

/** So many minutes of passes, one a minute, and what the object shows after each. */
async function minutes(operator: Operator, key: string, count: number): Promise<string[]> {
  const seen: string[] = [];
  for (let minute = 0; minute < count; minute++) {
    await operator.poll(key);
    seen.push(operator.summary(key));
    operator.now += MINUTE;
  }
  return seen;
}

describe('a typo in the name of the factory', () => {
  async function mistyped() {
    const operator = new Operator();
    operator.azure.removed = ['hint', 'read', 'state'];
    return { operator, key: operator.apply('sample', desired()) };
  }

  test('is one Warning within two minutes, needs a person after thirty, is polled on, and ends with one Recovered', async () => {
    const { operator, key } = await mistyped();
    const seen = await minutes(operator, key, 2);
    expect(reasons(operator)).toEqual([]);
    seen.push(...(await minutes(operator, key, 33)));
    expect(heardOf(operator, key)).toEqual(['Warning FactoryNotFound']);
    expect(seen.indexOf('Ready=False FactoryNotFound Stalled')).toBe(30);
    expect(await operator.poll(key)).toMatchObject({ kind: 'backoff', maxMs: 10 * MINUTE });
    expect(operator.cluster.writes).toEqual(['status', 'status', 'status']);
    expect(operator.counted).toEqual(['stalled']);
    operator.azure.removed = [];
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(heardOf(operator, key)).toEqual(['Warning FactoryNotFound', 'Normal Created', 'Normal Recovered']);
  });

  test('counts as an observation: Azure has answered that there is nothing', async () => {
    const { operator, key } = await mistyped();
    await operator.poll(key);
    expect(operator.ends).toMatchObject([{ observed: true }]);
  });

  test('is looked at when the Warning is due, however long the back-off', async () => {
    const { operator, key } = await mistyped();
    expect(await operator.poll(key)).toMatchObject({ kind: 'backoff', latestMs: 2 * MINUTE });
    operator.now += MINUTE;
    expect(await operator.poll(key)).toMatchObject({ kind: 'backoff', latestMs: MINUTE });
    operator.now += MINUTE;
    expect(await operator.poll(key)).not.toHaveProperty('latestMs');
  });

  test('is not told again after a restart, nor is the object that is well again', async () => {
    const { operator, key } = await mistyped();
    await minutes(operator, key, 4);
    operator.restart();
    await minutes(operator, key, 4);
    expect(heardOf(operator, key)).toEqual(['Warning FactoryNotFound']);
    operator.azure.removed = [];
    operator.restart();
    await operator.poll(key);
    operator.restart();
    await operator.poll(key);
    expect(heardOf(operator, key)).toEqual(['Warning FactoryNotFound', 'Normal Created', 'Normal Recovered']);
  });
});

test('a factory that is deleted under a Ready object is one Warning within minutes', async () => {
  const operator = new Operator();
  const key = await ready(operator);
  operator.azure.removed = ['hint', 'read', 'state'];
  await minutes(operator, key, 4);
  expect(heardOf(operator, key)).toEqual(['Warning FactoryNotFound']);
});

test('Forbidden is one Warning after a minute, and one more for another action', async () => {
  const operator = new Operator();
  let action = 'read';
  instead(operator, 'read', async () => {
    throw new AzureFailure(FAILURE({ kind: 'forbidden', message: `No right to ${action}.` }));
  });
  const key = operator.apply('sample', desired());
  await minutes(operator, key, 12);
  expect(heardOf(operator, key)).toEqual(['Warning Forbidden']);
  action = 'write';
  // What was refused is tried again slowly.
  await minutes(operator, key, 12);
  expect(heardOf(operator, key)).toEqual(['Warning Forbidden', 'Warning Forbidden']);
});

test('an object that is resumed says so before what is done then', async () => {
  const operator = new Operator();
  const key = operator.apply('sample', desired({ suspend: true }));
  await minutes(operator, key, 2);
  operator.cluster.edit(key, { suspend: false });
  await minutes(operator, key, 2);
  expect(heardOf(operator, key)).toEqual(['Normal Suspended', 'Normal Resumed', 'Normal Created']);
});

test('suspending and resuming are one event each', async () => {
  const operator = new Operator();
  const key = await ready(operator);
  operator.cluster.edit(key, { suspend: true });
  await minutes(operator, key, 3);
  expect(heardOf(operator, key)).toEqual(['Normal Suspended']);
  operator.restart();
  operator.cluster.edit(key, { suspend: false });
  await minutes(operator, key, 3);
  expect(heardOf(operator, key)).toEqual(['Normal Suspended', 'Normal Resumed']);
});

test('an accepted identity is one event, after the Warning that asked for it', async () => {
  const operator = new Operator();
  const key = await ready(operator);
  const { budget, runtimes } = operator.access(operator.object(key)) as Extract<
    ReturnType<Operator['access']>,
    { granted: true }
  >;
  operator.access = () => ({ granted: true, identity: 'tenant/other', runtimes, budget });
  await minutes(operator, key, 3);
  operator.cluster.annotate(key, { acceptIdentity: 'tenant/other' });
  await minutes(operator, key, 3);
  expect(heardOf(operator, key)).toEqual(['Warning CredentialsInvalid', 'Normal IdentityAccepted']);
  expect(operator.cluster.events.at(-1)?.message).toContain(`no longer as ${IDENTITY}`);
});

test('a takeover is told on the object that takes over, and needs no Recovered', async () => {
  const operator = new Operator();
  const old = await ready(operator);
  const heir = operator.apply('heir', desired());
  await operator.poll(heir);
  operator.cluster.delete(old);
  for (let i = 0; i < 3; i++) {
    await operator.poll(old);
    operator.now += 5_000;
  }
  await operator.poll(heir);
  expect(operator.summary(heir)).toBe('Ready=True Available');
  expect(heardOf(operator, old)).toEqual(['Normal HandedOver']);
  expect(heardOf(operator, heir)).toEqual(['Warning OwnedByAnother', 'Normal TakenOver']);
});

describe('a deletion that hangs', () => {
  test('on a reference is one Warning after a minute that names it, and one for another reference', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    let by = 'LinkedServiceA';
    instead(operator, 'delete', async () => {
      throw new AzureFailure(FAILURE({ kind: 'refused', azure: `It is referenced by ${by}.` }));
    });
    operator.cluster.delete(key);
    await minutes(operator, key, 5);
    expect(heardOf(operator, key)).toEqual(['Warning ReferencedByOthers']);
    expect(operator.cluster.events[0]?.message).toContain('LinkedServiceA');
    by = 'LinkedServiceB';
    await minutes(operator, key, 3);
    expect(operator.cluster.events.map(({ message }) => /LinkedService./.exec(message)?.[0])).toEqual([
      'LinkedServiceA',
      'LinkedServiceB',
    ]);
  });

  test('for Argo CD says at once why it waits, once', async () => {
    const operator = new Operator();
    const tracked: Partial<ManagedObject> = { isTrackedByArgoCd: true };
    const { key } = operator.cluster.create('sample', desired(), tracked);
    await operator.poll(key);
    operator.cluster.events.length = 0;
    operator.cluster.delete(key);
    await operator.poll(key);
    operator.now += 10_000;
    await operator.poll(key);
    expect(operator.cluster.events).toMatchObject([
      { type: 'Normal', reason: 'DeletionWaits', message: expect.stringContaining('Argo CD') },
    ]);
    operator.now += 20_000;
    await operator.poll(key);
    expect(heardOf(operator, key)).toEqual(['Normal DeletionWaits', 'Normal Deleted']);
  });
});

test('an outage of a thousand objects is told as fast as there is room, at most one Warning and one Recovered each', async () => {
  let down = false;
  const operator = new Operator({
    azure: { fault: () => (down ? { when: 'before', failure: FAILURE({ kind: 'unavailable' }) } : undefined) },
  });
  const keys: string[] = [];
  for (let i = 0; i < 50; i++) {
    const name = `runtime-${i}`;
    operator.azure.put(runtimeId(name), MANAGED('West Europe'));
    const key = operator.apply(name, desired({ id: runtimeId(name) }));
    keys.push(key);
    await operator.poll(key);
  }
  operator.cluster.events.length = 0;
  const round = async (room: number) => {
    operator.cluster.room = room;
    for (const key of keys) await operator.poll(key);
    operator.now += 11 * MINUTE;
  };
  down = true;
  await round(0);
  await round(10);
  expect(operator.cluster.events).toHaveLength(10);
  for (let i = 0; i < 3; i++) await round(10);
  expect(operator.cluster.events).toHaveLength(40);
  down = false;
  await round(10);
  await round(100);
  await round(100);
  const told = keys.map((key) => heardOf(operator, key).join());
  expect(told.filter((each) => each === 'Warning AzureUnavailable,Normal Recovered')).toHaveLength(40);
  expect(told.filter((each) => each === '')).toHaveLength(10);
  operator.cluster.writes.length = 0;
  await round(100);
  expect(operator.cluster.writes).toEqual([]);
});

test('a create is two writes and one event', async () => {
  const operator = new Operator();
  const key = operator.apply('sample', desired());
  await operator.poll(key);
  expect(operator.cluster.writes).toEqual(['finalizer', 'status']);
  expect(heardOf(operator, key)).toEqual(['Normal Created']);
});
