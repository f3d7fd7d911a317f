/** Interactive authoring: enabled when somebody asks for it, shown as Azure says it, and never kept up. */
import { describe, expect, test } from '@jest/globals';
import type { Desired } from '../../../src/core/model/desired.ts';
import type { Failure } from '../../../src/core/model/failure.ts';
import { condition, type Status } from '../../../src/core/model/object.ts';
import { MINUTE } from '../../../src/core/schedule.ts';
import { desired, runtimeId } from '../model/builders.ts';
import type { AzureHooks } from '../model/fake-azure.ts';
import { Operator } from '../model/operator.ts';

const ID = runtimeId();
const SECOND = 1_000;
const DECLARED = {
  managedVirtualNetwork: { name: 'default', creation: 'Never' },
  interactiveAuthoring: { autoTerminationMinutes: 60 },
} as const;

const reasons = (operator: Operator) => operator.cluster.events.map(({ reason }) => reason);
const ready = (status: Status) => condition(status, 'Ready')?.message;
const enables = ({ azure }: Operator) => azure.calls.filter((call) => call === 'enable');

async function created(more: Partial<Desired> = {}, hooks: AzureHooks = {}) {
  const operator = new Operator({ azure: hooks });
  operator.azure.putNetwork(ID.parent);
  const key = operator.apply('sample', { ...desired(), ...DECLARED, ...more });
  await operator.poll(key);
  if (more.managementPolicy === 'Observe') {
    operator.azure.put(ID, { type: 'Managed', managedVirtualNetwork: { referenceName: 'default' } });
    await operator.poll(key);
  }
  forget(operator);
  return { operator, key, status: () => operator.object(key).status };
}

function forget(operator: Operator): void {
  operator.azure.calls.length = 0;
  operator.cluster.events.length = 0;
  operator.cluster.writes.length = 0;
}

const ask = (operator: Operator, key: string, token: string | undefined) =>
  operator.cluster.annotate(key, { enableInteractiveAuthoring: token });

describe('a request', () => {
  test('has Azure enable it, is followed to its end, and is had once', async () => {
    const { operator, key, status } = await created();
    const began = operator.now;
    ask(operator, key, 't1');
    expect(await operator.poll(key)).toMatchObject({ kind: 'backoff', baseMs: 5 * SECOND });
    expect(operator.azure.calls).toEqual(['hint', 'state', 'read', 'enable']);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(ready(status())).toBe('Runtime is Online and matches the spec. Interactive authoring is being enabled.');
    expect(status().interactiveAuthoring).toEqual({ requestedTime: began });
    expect(status().lastHandledInteractiveAuthoringAt).toBeUndefined();

    operator.now += 5 * SECOND;
    await operator.poll(key);
    expect(status().interactiveAuthoring).toMatchObject({ status: 'Enabling' });
    operator.now += 5 * SECOND;
    expect((await operator.poll(key)).kind).toBe('periodic');
    expect(status()).toMatchObject({
      interactiveAuthoring: { status: 'Enabled', autoTerminationMinutes: 60, enabledUntil: began + 60 * MINUTE },
      lastHandledInteractiveAuthoringAt: 't1',
    });
    expect(status().interactiveAuthoring).not.toHaveProperty('requestedTime');
    expect(ready(status())).toBe('Runtime is Online and matches the spec.');
    expect(reasons(operator)).toEqual(['InteractiveAuthoringEnabled']);
    expect(enables(operator)).toHaveLength(1);
  });

  test('that is answered leaves the object alone, and that Azure ends it is no drift', async () => {
    const { operator, key, status } = await created();
    ask(operator, key, 't1');
    for (let i = 0; i < 3; i++) await operator.poll(key);
    forget(operator);
    for (let i = 0; i < 3; i++) {
      operator.now += 10 * MINUTE;
      await operator.poll(key);
    }
    expect(operator.cluster.writes).toEqual([]);
    operator.azure.setAuthoring(ID, { status: 'Disabled', autoTerminationMinutes: 60 });
    await operator.poll(key);
    expect(operator.cluster.writes).toEqual(['status']);
    expect(status().interactiveAuthoring).toEqual({ status: 'Disabled', autoTerminationMinutes: 60 });
    await operator.poll(key);
    expect(operator.cluster.writes).toEqual(['status']);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(operator.cluster.events).toEqual([]);
    expect(enables(operator)).toEqual([]);
  });

  test('of a new token is another one', async () => {
    const { operator, key } = await created();
    for (const token of ['t1', 't2']) {
      operator.azure.setAuthoring(ID, { status: 'Disabled', autoTerminationMinutes: 60 });
      ask(operator, key, token);
      for (let i = 0; i < 3; i++) await operator.poll(key);
    }
    expect(enables(operator)).toHaveLength(2);
    expect(reasons(operator)).toEqual(['InteractiveAuthoringEnabled', 'InteractiveAuthoringEnabled']);
  });

  test('is had without a call when it is enabled already, of which the end is not known', async () => {
    const { operator, key, status } = await created();
    operator.azure.setAuthoring(ID, { status: 'Enabled', autoTerminationMinutes: 60 });
    ask(operator, key, 't1');
    await operator.poll(key);
    expect(enables(operator)).toEqual([]);
    expect(status()).toMatchObject({ lastHandledInteractiveAuthoringAt: 't1' });
    expect(status().interactiveAuthoring).toEqual({ status: 'Enabled', autoTerminationMinutes: 60 });
    expect(operator.cluster.events[0]?.message).toMatch(/enabled already/);
  });

  test('of other minutes than those that it is enabled with is made', async () => {
    const { operator, key } = await created();
    operator.azure.setAuthoring(ID, { status: 'Enabled', autoTerminationMinutes: 10 });
    ask(operator, key, 't1');
    await operator.poll(key);
    expect(enables(operator)).toHaveLength(1);
  });

  test.each(['Enabling', 'Disabling'])('waits while Azure is %s on somebody else’s behalf', async (status) => {
    const { operator, key } = await created();
    operator.azure.looksWhileEnabling = 9;
    operator.azure.setAuthoring(ID, { status, autoTerminationMinutes: 60 });
    ask(operator, key, 't1');
    expect(await operator.poll(key)).toMatchObject({ kind: 'backoff' });
    expect(enables(operator)).toEqual([]);
  });

  test.each(['Starting', 'Limited', 'Offline', 'Started'])(
    'waits for a runtime that is %s, and says so',
    async (state) => {
      const { operator, key, status } = await created();
      operator.azure.repairsNeeded = 2;
      operator.azure.setState(ID, state);
      ask(operator, key, 't1');
      await operator.poll(key);
      expect(enables(operator)).toEqual([]);
      expect(ready(status())).toMatch(/ Interactive authoring is enabled once the runtime is Online\.$/);
      operator.azure.repairsNeeded = 1;
      operator.azure.setState(ID, 'Online');
      for (let i = 0; i < 3; i++) await operator.poll(key);
      expect(operator.summary(key)).toBe('Ready=True Available');
      expect(reasons(operator)).toContain('InteractiveAuthoringEnabled');
    },
  );

  test('of an object that is only being created comes after the create, in another pass', async () => {
    const operator = new Operator();
    operator.azure.putNetwork(ID.parent);
    const key = operator.apply('sample', { ...desired(), ...DECLARED });
    ask(operator, key, 't1');
    expect(await operator.poll(key)).toMatchObject({ kind: 'backoff', baseMs: 1 });
    expect(enables(operator)).toEqual([]);
    await operator.poll(key);
    expect(enables(operator)).toHaveLength(1);
  });

  test('to a suspended object is left until it is resumed', async () => {
    const { operator, key, status } = await created({ suspend: true });
    ask(operator, key, 't1');
    await operator.poll(key);
    expect(enables(operator)).toEqual([]);
    expect(status().lastHandledInteractiveAuthoringAt).toBeUndefined();
  });

  test('does nothing without the declaration, and nothing is shown', async () => {
    const operator = new Operator();
    operator.azure.putNetwork(ID.parent);
    const { interactiveAuthoring: _, ...declared } = DECLARED;
    const key = operator.apply('sample', { ...desired(), ...declared });
    await operator.poll(key);
    operator.azure.setAuthoring(ID, { status: 'Enabled', autoTerminationMinutes: 60 });
    ask(operator, key, 't1');
    await operator.poll(key);
    expect(enables(operator)).toEqual([]);
    expect(operator.object(key).status.interactiveAuthoring).toBeUndefined();
    expect(ready(operator.object(key).status)).toBe('Runtime is Online and matches the spec.');
  });
});

describe('a request that fails', () => {
  const failing = (failure: Failure): AzureHooks => ({
    fault: (call) => (call === 'enable' ? { when: 'before', failure } : undefined),
  });

  test.each<Failure>([
    { kind: 'refused', message: 'BadRequest: No.' },
    { kind: 'forbidden', message: 'AuthorizationFailed: No.' },
    { kind: 'policyDenied', message: 'RequestDisallowedByPolicy: No.' },
    { kind: 'locked', message: 'ScopeLocked: No.' },
  ])('for good ($kind) is told once, and does not shake the runtime', async (failure) => {
    const { operator, key, status } = await created({}, failing(failure));
    ask(operator, key, 't1');
    for (let i = 0; i < 3; i++) await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(enables(operator)).toHaveLength(1);
    expect(status().lastHandledInteractiveAuthoringAt).toBe('t1');
    expect(operator.cluster.events).toMatchObject([
      { type: 'Warning', reason: 'InteractiveAuthoringFailed', message: expect.stringContaining(failure.message) },
    ]);
    expect(operator.cluster.events[0]?.message).toMatch(/new value to ask again/);
  });

  test.each<Failure>([
    { kind: 'unavailable', message: 'cut' },
    { kind: 'throttled', message: 'slow down', retryAfterMs: 5_000 },
    { kind: 'credentialUnavailable', message: 'no token' },
  ])('for the moment ($kind) is tried again', async (failure) => {
    let fails = true;
    const { operator, key } = await created(
      {},
      { fault: (call) => (call === 'enable' && fails ? { when: 'before', failure } : undefined) },
    );
    ask(operator, key, 't1');
    expect((await operator.poll(key)).kind).toBe('backoff');
    expect(operator.cluster.writes).toEqual([]);
    fails = false;
    for (let i = 0; i < 3; i++) await operator.poll(key);
    expect(reasons(operator)).toEqual(['InteractiveAuthoringEnabled']);
  });

  test('although Azure accepted it is given up after ten minutes, over restarts', async () => {
    const { operator, key, status } = await created();
    operator.azure.looksWhileEnabling = 99;
    ask(operator, key, 't1');
    for (let minute = 0; minute < 12; minute++) {
      await operator.poll(key);
      operator.restart();
      operator.now += MINUTE;
    }
    expect(enables(operator)).toHaveLength(1);
    expect(operator.cluster.events).toMatchObject([{ reason: 'InteractiveAuthoringFailed' }]);
    expect(status().interactiveAuthoring).toEqual({ status: 'Enabling', autoTerminationMinutes: 60 });
  });

  test('by its lost answer is not made twice when it took effect', async () => {
    let lost = true;
    const { operator, key } = await created(
      {},
      {
        fault: (call) => {
          if (call !== 'enable' || !lost) return undefined;
          lost = false;
          return { when: 'after', failure: { kind: 'unavailable', message: 'cut' } };
        },
      },
    );
    ask(operator, key, 't1');
    for (let i = 0; i < 4; i++) await operator.poll(key);
    expect(enables(operator)).toHaveLength(1);
    expect(reasons(operator)).toEqual(['InteractiveAuthoringEnabled']);
  });

  test('to be wanted any longer, since the annotation is gone, is waited for no longer', async () => {
    const { operator, key, status } = await created();
    operator.azure.looksWhileEnabling = 99;
    ask(operator, key, 't1');
    await operator.poll(key);
    ask(operator, key, undefined);
    expect((await operator.poll(key)).kind).toBe('periodic');
    expect(status().interactiveAuthoring).toEqual({ status: 'Enabling', autoTerminationMinutes: 60 });
  });
});

test('what somebody else enabled is shown, without an end that nobody knows', async () => {
  const { operator, key, status } = await created();
  operator.azure.setAuthoring(ID, { status: 'Enabled', autoTerminationMinutes: 120 });
  await operator.poll(key);
  expect(status().interactiveAuthoring).toEqual({ status: 'Enabled', autoTerminationMinutes: 120 });
  expect(operator.cluster.events).toEqual([]);
});

test('what was last said of it stays while the state cannot be looked at', async () => {
  let fails = false;
  const { operator, key, status } = await created(
    {},
    {
      fault: (call) =>
        call === 'state' && fails ? { when: 'before', failure: { kind: 'forbidden', message: 'No.' } } : undefined,
    },
  );
  operator.azure.setAuthoring(ID, { status: 'Enabled', autoTerminationMinutes: 60 });
  await operator.poll(key);
  fails = true;
  await operator.poll(key);
  expect(operator.summary(key)).toBe('Ready=False Forbidden Reconciling');
  expect(status().interactiveAuthoring).toEqual({ status: 'Enabled', autoTerminationMinutes: 60 });
});
