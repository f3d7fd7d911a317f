/** Drift: corrected, told and counted once; contested where another writer keeps changing it back. */
import { describe, expect, test } from '@jest/globals';
import { AzureFailure } from '../../../src/core/model/failure.ts';
import { valueAt } from '../../../src/core/model/fields.ts';
import { MINUTE, RUNTIME_MISSING_MS } from '../../../src/core/schedule.ts';
import type { Runtimes } from '../../../src/ports.ts';
import { FAILURE } from '../core/builders.ts';
import { desired, runtimeId } from '../model/builders.ts';
import { UNBOUNDED } from '../model/fake-azure.ts';
import { IDENTITY, INTERVAL_MS, Operator } from '../model/operator.ts';
import { document, instead, KEY, MANAGED, ready, reasons } from './support.ts';

describe('drift', () => {
  test('is corrected, and told once', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.put(runtimeId(), { ...MANAGED('northeurope'), other: { kept: true } });
    await operator.poll(key);
    expect(valueAt(document(operator), 'location')).toBe('West Europe');
    expect(document(operator)).toHaveProperty('other.kept', true);
    expect(reasons(operator)).toEqual(['DriftDetected', 'DriftCorrected']);
    expect(operator.azure.calls).toEqual(['hint', 'read', 'update', 'state']);
  });

  test('costs one PUT, one status, two events, and is counted', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    await operator.poll(key);
    expect(operator.cluster.writes).toEqual(['status']);
    expect(operator.counted).toEqual(['detected location', 'corrected location']);
    expect(operator.object(key).status.corrections).toEqual([
      { field: 'location', times: [operator.now], contested: false },
    ]);
    expect(operator.cluster.events[0]?.message).toBe('location is "northeurope", want "West Europe"');
  });

  test('is counted when an observer is told of it', async () => {
    const operator = new Operator();
    operator.azure.put(runtimeId(), MANAGED('West Europe'));
    const key = await ready(operator, { managementPolicy: 'Observe' });
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    await operator.poll(key);
    expect(reasons(operator)).toEqual(['DriftDetected']);
    expect(operator.counted).toEqual(['detected location']);
  });

  test('is one Warning to an observer, also where the runtime never was as declared', async () => {
    const operator = new Operator();
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    const key = operator.apply('sample', desired({ managementPolicy: 'Observe' }));
    await operator.poll(key);
    expect(operator.cluster.events).toMatchObject([
      { type: 'Warning', reason: 'DriftDetected', message: expect.stringContaining('in location.') },
    ]);
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False Drifted Stalled');
    expect(reasons(operator)).toEqual(['DriftDetected']);
    operator.azure.put(runtimeId(), MANAGED('West Europe'));
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
  });

  test('is not told again when it is corrected, having been told as contested', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    const summaries: string[] = [];
    const told: string[][] = [];
    for (let i = 0; i < 7; i++) {
      operator.azure.put(runtimeId(), MANAGED('northeurope'));
      operator.cluster.events.length = 0;
      await operator.poll(key);
      summaries.push(operator.summary(key));
      told.push(reasons(operator));
      operator.now += INTERVAL_MS;
    }
    expect(summaries[5]).toBe('Ready=False Contested Reconciling');
    expect(told[5]).toEqual(['DriftDetected', 'Contested']);
    expect(summaries[6]).toBe('Ready=False Contested Reconciling');
    expect(told[6]).toEqual(['DriftCorrected']);
  });
});

describe('a missing runtime', () => {
  test('is drift: it is told, created again, and its object keeps the finalizer all the while', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.remove(runtimeId());
    expect(await operator.poll(key)).toEqual({ kind: 'after', ms: RUNTIME_MISSING_MS });
    expect(operator.azure.calls).toEqual(['hint', 'read']);
    expect(operator.summary(key)).toBe('Ready=True Available');
    operator.now += RUNTIME_MISSING_MS - 1_000;
    await operator.poll(key);
    operator.now += 1_000;
    operator.azure.calls.length = 0;
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['hint', 'read', 'create', 'state']);
    expect(operator.cluster.writes).toEqual([]);
    expect(reasons(operator)).toEqual(['DriftDetected', 'Created']);
    expect(operator.cluster.events[0]?.message).toContain('missing');
    expect(operator.summary(key)).toBe('Ready=True Available');
  });

  test('is not created again when Azure denied it only once, and nothing is written or told', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    const was = operator.azure.runtimes.get(KEY);
    operator.azure.remove(runtimeId());
    await operator.poll(key);
    if (was !== undefined) operator.azure.runtimes.set(KEY, was);
    operator.now += MINUTE;
    await operator.poll(key);
    operator.azure.remove(runtimeId());
    operator.now += MINUTE;
    await operator.poll(key);
    expect(operator.azure.calls).not.toContain('create');
    expect(operator.cluster.writes).toEqual([]);
    expect(reasons(operator)).toEqual([]);
  });
});

describe('a contested field', () => {
  const contest = async (operator: Operator, key: string, hours: number) => {
    const corrected: number[] = [];
    for (let minute = 0; minute < hours * 60; minute += 10) {
      operator.azure.put(runtimeId(), MANAGED('northeurope'));
      operator.azure.calls.length = 0;
      await operator.poll(key);
      if (operator.azure.calls.includes('update')) corrected.push(minute);
      operator.now += INTERVAL_MS;
    }
    return corrected;
  };

  test('is one that was corrected five times within six intervals, and is left alone for a while', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    for (let i = 0; i < 5; i++) {
      operator.now += INTERVAL_MS;
      operator.azure.put(runtimeId(), MANAGED('northeurope'));
      await operator.poll(key);
    }
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    operator.azure.calls.length = 0;
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False Contested Reconciling');
    expect(operator.azure.calls).not.toContain('update');
  });

  test.each([
    ['is Online', 'Online', {}, 'Contested'],
    ['is Limited, and not to be repaired', 'Limited', { mode: 'Disabled' }, 'Limited'],
    ['is Limited, and was repaired in vain', 'Limited', { maxAttempts: 1 }, 'RepairExhausted'],
  ] as const)(
    'of a runtime that %s is corrected five times, then ever less often, at last once an hour',
    async (_, state, more, said) => {
      const operator = new Operator();
      const key = await ready(operator, { repair: { mode: 'Auto', maxAttempts: 5, ...more } });
      operator.azure.setState(runtimeId(), state);
      operator.azure.repairsNeeded = 99;
      // Past the repair, if one is made.
      await operator.poll(key);
      operator.now += INTERVAL_MS;
      const corrected = await contest(operator, key, 12);
      expect(operator.summary(key)).toContain(` ${said} `);
      expect(corrected.slice(0, 5)).toEqual([0, 10, 20, 30, 40]);
      const waits = corrected.slice(4).map((minute, i) => minute - (corrected[i + 3] ?? 0));
      expect(waits.slice(1, 4)).toEqual([20, 40, 60]);
      expect(new Set(waits.slice(3))).toEqual(new Set([60]));
    },
  );

  test('is told of with a Warning', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    await contest(operator, key, 1);
    const warnings = operator.cluster.events.filter(({ type }) => type === 'Warning');
    expect(warnings.map(({ reason }) => reason)).toEqual(['Contested']);
    expect(warnings[0]?.message).toContain('location "northeurope" (want "West Europe")');
  });

  test('stays Contested, whether it has just been corrected or changed back, and is told once', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    await contest(operator, key, 1);
    const told: string[] = [];
    for (let poll = 0; poll < 72; poll++) {
      operator.azure.put(runtimeId(), MANAGED('northeurope'));
      await operator.poll(key);
      told.push(operator.summary(key));
      operator.now += INTERVAL_MS;
    }
    expect(new Set(told)).toEqual(new Set(['Ready=False Contested Reconciling']));
    expect(reasons(operator).filter((reason) => reason === 'Contested')).toHaveLength(1);
    expect(reasons(operator)).toContain('DriftCorrected');
  });

  test('is polled as at rest, and its state shown', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    await contest(operator, key, 80 / 60);
    operator.azure.calls.length = 0;
    operator.cluster.writes.length = 0;
    expect(await operator.poll(key)).toMatchObject({ ms: INTERVAL_MS });
    expect(operator.azure.calls).toEqual(['hint', 'state']);
    expect(operator.cluster.writes).toEqual([]);
    operator.azure.setState(runtimeId(), 'Offline');
    await operator.poll(key);
    expect(operator.object(key).status.state).toBe('Offline');
    expect(operator.summary(key)).toBe('Ready=False Contested Reconciling');
  });

  test('is over once others have set it back and left it alone for six intervals', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    await contest(operator, key, 6);
    operator.azure.put(runtimeId(), MANAGED('West Europe'));
    const told: string[] = [];
    for (let poll = 0; poll < 8; poll++) {
      await operator.poll(key);
      told.push(operator.summary(key));
      operator.now += INTERVAL_MS;
    }
    expect(told.indexOf('Ready=True Available')).toBe(6);
    expect(new Set(told.slice(6)).size).toBe(1);
  });

  test('is forgotten after six intervals of peace', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    await contest(operator, key, 6);
    operator.now += 60 * MINUTE;
    await operator.poll(key);
    for (let poll = 0; poll < 6; poll++) {
      expect(operator.summary(key)).toBe('Ready=False Contested Reconciling');
      operator.now += INTERVAL_MS;
      await operator.poll(key);
    }
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(await contest(operator, key, 0.5)).toEqual([0, 10, 20]);
  });
});

describe('a write that Azure accepts and does not make', () => {
  /** Of what is sent only the description is kept. */
  const stubborn = (operator: Operator) => {
    const { azure } = operator;
    instead(operator, 'update', (...[id, { description }, etag, caller]: Parameters<Runtimes['update']>) => {
      const was = document(operator);
      return azure.update(id, description === undefined ? was : { ...was, description }, etag, caller);
    });
  };

  test('is NotApplied, and is neither told nor counted as a correction', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    stubborn(operator);
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False NotApplied Stalled');
    expect(reasons(operator)).toEqual(['DriftDetected', 'NotApplied']);
    expect(operator.counted).toEqual(['detected location', 'stalled']);
    expect(operator.object(key).status.corrections).toEqual([]);
  });

  test('tells of the leaf that was corrected, and of the one that was not', async () => {
    const operator = new Operator();
    const key = await ready(operator, { fields: { location: 'West Europe', description: 'ours' } });
    operator.azure.put(runtimeId(), { ...MANAGED('northeurope'), description: 'theirs' });
    stubborn(operator);
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=False NotApplied Stalled');
    const corrected = operator.cluster.events.find(({ reason }) => reason === 'DriftCorrected');
    expect(corrected?.message).toContain('description');
    expect(corrected?.message).not.toContain('location');
    expect(operator.object(key).status.corrections.map(({ field }) => field)).toEqual(['description']);
  });
});

describe('a custom property whose name looks like that of a secret', () => {
  const FIELD = 'dataFlow.customProperties[storageKey]';
  const having = (value: string) => ({
    type: 'Managed',
    typeProperties: {
      computeProperties: {
        location: 'West Europe',
        dataFlowProperties: { customProperties: [{ name: 'storageKey', value }] },
      },
    },
  });
  const declaring = { fields: { location: 'West Europe', [FIELD]: 'declared-value' } };

  function expectHidden(operator: Operator, key: string): void {
    const said = JSON.stringify([operator.object(key).status, operator.cluster.events, operator.logged]);
    expect(said).toContain('(hidden)');
    expect(said).not.toMatch(/(azure|declared)-value/);
  }

  test('is told without its values when it is adopted, corrected and contested', async () => {
    const operator = new Operator();
    operator.azure.put(runtimeId(), having('azure-value'));
    const key = operator.apply('sample', desired(declaring));
    for (let times = 0; times < 7; times++) {
      await operator.poll(key);
      operator.azure.put(runtimeId(), having('azure-value'));
      operator.now += MINUTE;
    }
    expect(operator.summary(key)).toBe('Ready=False Contested Reconciling');
    expect(reasons(operator)).toEqual(expect.arrayContaining(['Adopted', 'DriftDetected', 'DriftCorrected']));
    expectHidden(operator, key);
  });

  test('is told without its values when Azure ignores it, and to an observer', async () => {
    const ignoring = new Operator();
    instead(ignoring, 'update', (...[id, , etag, caller]: Parameters<Runtimes['update']>) =>
      ignoring.azure.update(id, document(ignoring), etag, caller),
    );
    for (const [operator, managementPolicy, reason] of [
      [ignoring, 'Manage', 'NotApplied'],
      [new Operator(), 'Observe', 'Drifted'],
    ] as const) {
      operator.azure.put(runtimeId(), having('azure-value'));
      const key = operator.apply('sample', desired({ ...declaring, managementPolicy }));
      await operator.poll(key);
      expect(operator.summary(key)).toBe(`Ready=False ${reason} Stalled`);
      expect(operator.object(key).status.drift).toEqual([{ field: FIELD, desired: '(hidden)', observed: '(hidden)' }]);
      expectHidden(operator, key);
    }
  });
});

const ID = runtimeId();

describe('what another writer did is counted', () => {
  function counting() {
    const found: string[] = [];
    const operator = new Operator({ metrics: { foreignChange: (key) => void found.push(key) } });
    return { operator, found };
  }

  test('when it is found, and not once more when it can be set back at last', async () => {
    const { operator, found } = counting();
    const key = await ready(operator);
    operator.azure.put(ID, MANAGED('northeurope'));
    instead(operator, 'update', () => Promise.reject(new AzureFailure(FAILURE({ kind: 'locked' }))));
    await operator.poll(key);
    expect(found).toEqual([key]);
    expect(operator.ends.at(-1)).toMatchObject({ observed: true, isAsDeclared: false });
    operator.access = () => ({ granted: true, identity: IDENTITY, runtimes: operator.azure, budget: UNBOUNDED });
    operator.now += 2 * INTERVAL_MS;
    await operator.poll(key);
    expect(document(operator)).toEqual(MANAGED('West Europe'));
    expect(found).toEqual([key]);
    expect(operator.ends.at(-1)).toMatchObject({ observed: true, isAsDeclared: true });
  });

  test('when the pass that finds it sets it back', async () => {
    const { operator, found } = counting();
    const key = await ready(operator);
    operator.azure.put(ID, MANAGED('northeurope'));
    await operator.poll(key);
    expect([document(operator), found]).toEqual([MANAGED('West Europe'), [key]]);
  });

  test('as declared is not what is gone', async () => {
    const { operator } = counting();
    const key = await ready(operator);
    operator.azure.remove(ID);
    await operator.poll(key);
    expect(operator.ends.at(-1)).toMatchObject({ observed: true, isAsDeclared: false });
  });
});
