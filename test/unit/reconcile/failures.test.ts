/** Failures of Azure: which status they become and when, and what is told of them. */
import { describe, expect, test } from '@jest/globals';
import { failureOfRefusal } from '../../../src/azure/arm/refusals.ts';
import type { Failure } from '../../../src/core/model/failure.ts';
import { condition } from '../../../src/core/model/object.ts';
import { MINUTE } from '../../../src/core/schedule.ts';
import type { Runtimes } from '../../../src/ports.ts';
import { FAILURE } from '../core/builders.ts';
import { desired, runtimeId } from '../model/builders.ts';
import { INTERVAL_MS, Operator } from '../model/operator.ts';
import { failing, instead, MANAGED, ready, reasons } from './support.ts';

describe('a failure of Azure', () => {
  const FIRST: Record<Failure['kind'], string> = {
    parentNotFound: 'Ready=False FactoryNotFound Reconciling',
    subscriptionNotFound: 'Ready=False SubscriptionNotFound Reconciling',
    forbidden: 'Ready=False Forbidden Reconciling',
    policyDenied: 'Ready=False PolicyDenied Stalled',
    locked: 'Ready=False Locked Stalled',
    credentialsInvalid: 'Ready=False CredentialsInvalid Stalled',
    credentialUnavailable: 'Ready=Unknown CredentialUnavailable Reconciling',
    notOffered: 'Ready=False ProviderNotRegistered Stalled',
    readRefused: 'Ready=False RequestRefused Stalled',
    refused: 'Ready=False InvalidDefinition Stalled',
    preconditionFailed: 'Ready=undefined',
    throttled: 'Ready=Unknown Throttled Reconciling',
    unavailable: 'Ready=Unknown AzureUnavailable Reconciling',
  };

  test.each(Object.entries(FIRST))('becomes status when a create meets it: %s', async (kind, summary) => {
    const operator = new Operator({ azure: failing(kind as Failure['kind'], 'create') });
    const key = operator.apply('sample', desired());
    await operator.poll(key);
    expect(operator.summary(key).trim()).toBe(summary);
    const warns = summary.endsWith('Stalled');
    expect(reasons(operator)).toEqual(warns ? [summary.split(' ')[1]] : []);
    expect(operator.object(key).status.claim).toBeUndefined();
    const open = ['unavailable', 'throttled', 'credentialUnavailable'];
    expect(operator.object(key).hasFinalizer).toBe(open.includes(kind));
    operator.now += 10 * MINUTE;
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
  });
});

describe('a Forbidden object', () => {
  test('waits ten minutes, then is Stalled, and one Warning is told', async () => {
    const operator = new Operator({
      azure: { fault: () => ({ when: 'before', failure: FAILURE({ kind: 'forbidden' }) }) },
    });
    const key = operator.apply('sample', desired());
    const seen: string[] = [];
    for (let minute = 0; minute <= 14; minute++) {
      await operator.poll(key);
      seen.push(operator.summary(key));
      operator.now += MINUTE;
    }
    expect(seen.indexOf('Ready=False Forbidden Stalled')).toBe(10);
    expect(new Set(seen.slice(10)).size).toBe(1);
    expect(operator.cluster.writes).toEqual(['status', 'status', 'status']);
    expect(operator.cluster.events.map(({ type, reason }) => `${type} ${reason}`)).toEqual(['Warning Forbidden']);
  });
});

describe('an outage', () => {
  test('is nothing for an interval, then a mark, then Unknown, and over when it is over', async () => {
    let down = false;
    const operator = new Operator({
      azure: { fault: () => (down ? { when: 'before', failure: FAILURE({ kind: 'unavailable' }) } : undefined) },
    });
    const key = await ready(operator);
    down = true;
    const seen: string[] = [];
    for (let minute = 0; minute < 60; minute++) {
      await operator.poll(key);
      seen.push(operator.summary(key));
      operator.now += MINUTE;
    }
    expect(seen.indexOf('Ready=True Available Reconciling')).toBe(10);
    expect(seen.indexOf('Ready=Unknown AzureUnavailable Reconciling')).toBe(40);
    expect(operator.cluster.writes).toEqual(['status', 'status']);
    expect(reasons(operator)).toEqual(['AzureUnavailable']);
    down = false;
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(operator.cluster.events.slice(1)).toMatchObject([
      { type: 'Normal', message: 'Recovered from AzureUnavailable. Runtime is Online and matches the spec.' },
    ]);
    expect(operator.object(key).status.waitingSince).toBeUndefined();
  });

  test('in which Azure asks to be left alone for longer than an interval is marked at once, and Azure is left alone', async () => {
    const failure: Failure = {
      ...FAILURE({ kind: 'unavailable' }),
      kind: 'unavailable',
      retryAfterMs: 6 * INTERVAL_MS,
    };
    let down = false;
    const operator = new Operator({ azure: { fault: () => (down ? { when: 'before', failure } : undefined) } });
    const key = await ready(operator);
    down = true;
    expect(await operator.poll(key)).toMatchObject({ kind: 'backoff', minMs: 6 * INTERVAL_MS });
    expect(operator.summary(key)).toBe('Ready=True Available Reconciling');
    operator.now += 6 * INTERVAL_MS;
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=Unknown AzureUnavailable Reconciling');
    expect(operator.cluster.writes).toEqual(['status', 'status']);
  });

  test('goes on where it was after a restart', async () => {
    let down = false;
    const operator = new Operator({
      azure: { fault: () => (down ? { when: 'before', failure: FAILURE({ kind: 'unavailable' }) } : undefined) },
    });
    const key = await ready(operator);
    down = true;
    for (let minute = 0; minute <= 40; minute++) {
      await operator.poll(key);
      if (minute === 11) operator.restart();
      operator.now += MINUTE;
    }
    expect(operator.summary(key)).toBe('Ready=Unknown AzureUnavailable Reconciling');
  });

  test('does not restart the 30 minutes of Provisioning', async () => {
    let minute = 0;
    const operator = new Operator({
      azure: {
        fault: () => (minute === 20 ? { when: 'before', failure: FAILURE({ kind: 'unavailable' }) } : undefined),
      },
    });
    operator.azure.put(runtimeId(), MANAGED('West Europe'), { state: 'Starting' });
    const key = operator.apply('sample', desired());
    for (; minute <= 30; minute++) {
      await operator.poll(key);
      operator.now += MINUTE;
    }
    expect(operator.summary(key)).toBe('Ready=False Provisioning Stalled');
  });
});

describe('a back-off', () => {
  test.each(['unavailable', 'forbidden'] as const)(
    'after a write that failed is firm against messages: %s',
    async (kind) => {
      const operator = new Operator({ azure: failing(kind, 'create') });
      const next = await operator.poll(operator.apply('sample', desired()));
      expect(next).toMatchObject({ kind: 'backoff', isFirm: true });
    },
  );

  test.each(['forbidden', 'locked'] as const)('after a DELETE that failed is firm, too: %s', async (kind) => {
    const operator = new Operator({ azure: failing(kind, 'delete') });
    const key = await ready(operator);
    operator.cluster.delete(key);
    expect(await operator.poll(key)).toMatchObject({ kind: 'backoff', isFirm: true });
  });

  test('after a write that left nothing to be written gives way to them', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.put(runtimeId(), MANAGED('northeurope'), { state: 'Starting' });
    const next = await operator.poll(key);
    expect(operator.azure.calls).toContain('update');
    expect(next.kind).toBe('backoff');
    expect(next).not.toHaveProperty('isFirm');
  });

  test('after a write is firm where drift is left', async () => {
    const operator = new Operator();
    const key = await ready(operator, { fields: { location: 'West Europe', description: 'ours' } });
    const foreign = (location: string, description: string) =>
      operator.azure.put(runtimeId(), { ...MANAGED(location), description });
    foreign('northeurope', 'ours');
    instead(operator, 'update', async (...[id, , , caller]: Parameters<Runtimes['update']>) => {
      foreign('West Europe', 'theirs');
      const shown = await operator.azure.read(id, caller);
      return shown.presence === 'present' ? shown.runtime : undefined;
    });
    expect(await operator.poll(key)).toMatchObject({ kind: 'backoff', isFirm: true });
  });
});

describe('an answer that stays the same', () => {
  /** A new object that meets it at every call for two hours: what it shows, minute by minute. */
  async function meeting(answers: readonly (readonly [number, string])[]) {
    let minute = 0;
    const failure = () => {
      const [status, code] = answers[minute % answers.length] ?? [500, ''];
      const refusal = { status, code, message: 'Busy.', retryAfter: undefined, fromGateway: true };
      return failureOfRefusal(refusal, 0, { parent: 'factory', writes: false });
    };
    const operator = new Operator({ azure: { fault: () => ({ when: 'before', failure: failure() }) } });
    const key = operator.apply('sample', desired());
    const seen: string[] = [];
    for (; minute < 120; minute++) {
      await operator.poll(key);
      seen.push(operator.summary(key));
      operator.now += MINUTE;
    }
    return { operator, key, seen };
  }
  const readyOf = (operator: Operator, key: string) => condition(operator.object(key).status, 'Ready')?.message;

  test.each([
    [409, 'Conflict'],
    [404, 'Odd'],
  ])('needs a person after an hour where it is a refusal: %i %s', async (...answer) => {
    const { operator, key, seen } = await meeting([answer]);
    expect(seen.indexOf('Ready=False RequestRefused Stalled')).toBe(60);
    expect(seen.at(-1)).toBe('Ready=False RequestRefused Stalled');
    expect(readyOf(operator, key)).toContain(answer[1]);
    expect(operator.cluster.writes).toEqual(['status', 'status', 'status']);
    expect(reasons(operator)).toEqual(['AzureUnavailable', 'RequestRefused']);
  });

  test.each([
    [500, 'InternalServerError'],
    [503, 'ServiceUnavailable'],
    [408, 'RequestTimeout'],
  ])('says that it lasts, and needs nobody, where it is none: %i %s', async (...answer) => {
    const { operator, key, seen } = await meeting([answer]);
    expect(new Set(seen)).toEqual(new Set(['Ready=Unknown AzureUnavailable Reconciling']));
    expect(readyOf(operator, key)).toMatch(/^For over an hour: /);
    expect(operator.cluster.writes).toEqual(['status', 'status', 'status']);
    expect(reasons(operator)).toEqual(['AzureUnavailable']);
  });

  test('is none where two alternate', async () => {
    const { seen } = await meeting([
      [409, 'Conflict'],
      [503, 'ServiceUnavailable'],
    ]);
    expect(seen.join()).not.toContain('Stalled');
  });
});

describe('a factory that Azure denies', () => {
  test('is nothing for two minutes, and then it is told, by one Warning', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.removed = ['hint', 'read', 'state'];
    const seen: string[] = [];
    for (let minute = 0; minute < 20; minute++) {
      await operator.poll(key);
      seen.push(operator.summary(key));
      operator.now += MINUTE;
    }
    expect(seen.indexOf('Ready=False FactoryNotFound Reconciling')).toBe(2);
    expect(operator.cluster.writes).toEqual(['status']);
    operator.azure.removed = [];
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(operator.cluster.events.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'Warning FactoryNotFound',
      'Normal Recovered',
    ]);
  });

  test.each(['hint', 'state'])('leaves no trace in the status when it is denied once, to a %s', async (call) => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.failing.push({ call, failure: FAILURE({ kind: 'parentNotFound' }) });
    expect((await operator.poll(key)).kind).toBe('backoff');
    await operator.poll(key);
    operator.now += 2 * INTERVAL_MS;
    operator.azure.failing.push({ call, failure: FAILURE({ kind: 'parentNotFound' }) });
    await operator.poll(key);
    await operator.poll(key);
    expect(operator.cluster.writes).toEqual([]);
    expect(reasons(operator)).toEqual([]);
  });
});

describe('what is told of a failure', () => {
  /** Azure refuses, or fails, each time as another request. */
  function refusing() {
    const azure = { failure: FAILURE({ kind: 'forbidden' }) as Failure | undefined, requests: 0 };
    const operator = new Operator({
      azure: {
        fault: () => {
          const ids = { request: `r-${++azure.requests}`, correlation: `c-${azure.requests}` };
          return azure.failure === undefined ? undefined : { when: 'before', failure: azure.failure, ids };
        },
      },
    });
    return { azure, operator, key: operator.apply('sample', desired()) };
  }
  const complaints = ({ logged }: Operator) =>
    logged
      .filter(({ message }) => message === 'azure request failed')
      .map(({ level, requestId }) => [level, requestId]);
  const messages = (operator: Operator, key: string) =>
    new Set(operator.object(key).status.conditions.map(({ message }) => message));

  test('has the ids of the request that met it first, also when it comes to need a person', async () => {
    const { operator, key } = refusing();
    for (let minute = 0; minute <= 12; minute++) {
      await operator.poll(key);
      operator.now += MINUTE;
    }
    expect(operator.summary(key)).toBe('Ready=False Forbidden Stalled');
    const { status } = operator.object(key);
    expect(condition(status, 'Ready')?.message).toMatch(
      /^Azure says forbidden\. Assign it a role.* Azure: \[request id r-1, correlation id c-1\]$/,
    );
    expect(condition(status, 'Stalled')?.message).not.toContain('r-1');
    expect(operator.cluster.writes).toEqual(['status', 'status', 'status']);
    expect(operator.cluster.events.map(({ message }) => message)).toEqual([expect.stringContaining('request id r-1,')]);
  });

  test('has other ids when it is another failure', async () => {
    const { azure, operator, key } = refusing();
    await operator.poll(key);
    azure.failure = FAILURE({ kind: 'forbidden', message: 'No to something else.' });
    await operator.poll(key);
    expect([...messages(operator, key)].join()).toContain('r-2');
    expect([...messages(operator, key)].join()).not.toContain('r-1');
  });

  test('has no ids in a mark on an object that stays Ready, which is gone when it is over', async () => {
    const { azure, operator, key } = refusing();
    azure.failure = undefined;
    await operator.poll(key);
    azure.failure = FAILURE({ kind: 'unavailable' });
    for (let i = 0; i < 3; i++) {
      operator.now += INTERVAL_MS;
      await operator.poll(key);
    }
    expect(operator.summary(key)).toBe('Ready=True Available Reconciling');
    expect(condition(operator.object(key).status, 'Reconciling')?.message).toMatch(
      /^Azure says unavailable\. Retrying/,
    );
    azure.failure = undefined;
    await operator.poll(key);
    expect(condition(operator.object(key).status, 'Reconciling')).toBeUndefined();
  });

  test('is a warning once, and debug for the repetitions, each line with its own ids', async () => {
    const { azure, operator, key } = refusing();
    for (let i = 0; i < 3; i++) await operator.poll(key);
    expect(complaints(operator)).toEqual([
      ['warn', 'r-1'],
      ['debug', 'r-2'],
      ['debug', 'r-3'],
    ]);
    azure.failure = undefined;
    await operator.poll(key);
    azure.failure = FAILURE({ kind: 'forbidden' });
    await operator.poll(key);
    expect(complaints(operator).at(-1)?.[0]).toBe('warn');
  });
});
