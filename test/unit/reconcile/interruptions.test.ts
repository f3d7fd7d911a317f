/** What interrupts a pass: an exhausted budget, a lost lease, an edit, a deletion, an error. */
import { describe, expect, test } from '@jest/globals';
import { valueAt } from '../../../src/core/model/fields.ts';
import { EMPTY_STATUS } from '../../../src/core/model/object.ts';
import type { CallContext, Runtimes } from '../../../src/ports.ts';
import { desired, fieldMap, runtimeId } from '../model/builders.ts';
import { UNBOUNDED } from '../model/fake-azure.ts';
import { settled } from '../model/gate.ts';
import { IDENTITY, INTERVAL_MS, Operator } from '../model/operator.ts';
import { document, exhausted, instead, MANAGED, ready, reasons } from './support.ts';

describe('a pass whose request budget is exhausted', () => {
  test('is parked, which is never a condition', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    instead(operator, 'hint', exhausted);
    expect(await operator.poll(key)).toEqual({ kind: 'parked', waitsFor: 'tokens' });
    expect(operator.cluster.writes).toEqual([]);
    expect(operator.summary(key)).toBe('Ready=True Available');
  });

  test('stores and tells what Azure has confirmed before', async () => {
    const operator = new Operator();
    const key = operator.apply('sample', desired());
    instead(operator, 'state', exhausted);
    expect(await operator.poll(key)).toEqual({ kind: 'parked', waitsFor: 'tokens' });
    expect(operator.object(key).status).toMatchObject({ claim: { origin: 'Created' }, ownedFields: ['location'] });
    expect(operator.object(key).status.conditions).toEqual([]);
    expect(reasons(operator)).toEqual(['Created']);
    operator.access = () => ({ granted: true, identity: IDENTITY, runtimes: operator.azure, budget: UNBOUNDED });
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
    expect(operator.azure.calls.filter((call) => call === 'create')).toHaveLength(1);
    expect(reasons(operator)).toEqual(['Created']);
  });
});

describe('a pass that has lost the leadership', () => {
  test('writes nothing', async () => {
    const abort = new AbortController();
    const operator = new Operator({ azure: { onRead: () => abort.abort() } });
    const key = operator.apply('sample', desired());
    operator.cluster.sync();
    expect(await operator.pass(key, abort.signal)).toEqual({ kind: 'backoff', baseMs: 500, maxMs: INTERVAL_MS });
    expect(operator.azure.runtimes.size).toBe(0);
    expect(operator.object(key).status).toEqual(EMPTY_STATUS);
  });
});

describe('a manifest that changes during a pass', () => {
  test('stops a write that was decided on the older one, and no status is written', async () => {
    let edit = () => {};
    const operator = new Operator({ azure: { onRead: () => edit() } });
    const key = operator.apply('sample', desired());
    edit = () => {
      operator.cluster.edit(key, { fields: fieldMap({ location: 'North Europe' }) });
      edit = () => {};
    };
    expect(await operator.poll(key)).toMatchObject({ kind: 'backoff', baseMs: 500 });
    expect(operator.azure.runtimes.size).toBe(0);
    expect(operator.object(key).status).toEqual(EMPTY_STATUS);
    await operator.poll(key);
    expect(valueAt(document(operator), 'location')).toBe('North Europe');
  });

  test('stops a PUT in the last moment when the watch shows it', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    const { azure } = operator;
    instead(operator, 'update', (...args: Parameters<Runtimes['update']>) => {
      operator.cluster.edit(key, { fields: fieldMap({ location: 'North Europe' }) });
      operator.cluster.sync();
      return azure.update(...args);
    });
    expect(await operator.poll(key)).toMatchObject({ kind: 'backoff', baseMs: 500 });
    expect(azure.calls).not.toContain('update');
    expect(operator.cluster.writes).toEqual([]);
  });

  test('stops an update that the watch has not shown yet: the server is asked before the PUT', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    operator.azure.refreshList();
    operator.cluster.edit(key, { fields: fieldMap({ location: 'North Europe' }) });
    expect(await operator.pass(key)).toMatchObject({ kind: 'backoff', baseMs: 500 });
    expect(operator.azure.calls).not.toContain('update');
  });

  test('stops a repair that a person asked for, though the watch has not shown it yet', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.annotate(key, { repair: 'r1' });
    operator.cluster.sync();
    operator.cluster.edit(key, { fields: fieldMap({ location: 'North Europe' }) });
    expect(await operator.pass(key)).toMatchObject({ kind: 'backoff', baseMs: 500 });
    expect(operator.azure.calls).not.toContain('update');
    expect(operator.object(key).status.lastHandledRepairAt).toBeUndefined();
  });

  test('stops a deletion by a Retain that the watch has not shown yet: the server is asked before the DELETE', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.cluster.delete(key);
    operator.cluster.sync();
    operator.cluster.edit(key, { deletionPolicy: 'Retain' });
    expect(await operator.pass(key)).toMatchObject({ kind: 'backoff', baseMs: 500 });
    expect(operator.azure.calls).not.toContain('delete');
    await operator.poll(key);
    expect(operator.azure.runtimes.size).toBe(1);
    expect(reasons(operator)).toEqual(['Retained']);
  });
});

describe('an object that goes during a pass', () => {
  test('stops the write that was being decided', async () => {
    let remove = () => {};
    const operator = new Operator({ azure: { onRead: () => remove() } });
    const key = await ready(operator);
    remove = () => operator.cluster.delete(key);
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    await operator.poll(key);
    expect(operator.azure.calls).not.toContain('update');
    remove = () => {};
    await operator.poll(key);
    expect(operator.azure.runtimes.size).toBe(0);
    expect(operator.cluster.server.size).toBe(0);
  });

  test('is not written for when it was made anew under the same name', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    const { azure, cluster } = operator;
    instead(operator, 'update', (...args: Parameters<Runtimes['update']>) => {
      cluster.delete(key);
      cluster.removeFinalizerByHand(key);
      cluster.create('sample', desired());
      cluster.sync();
      return azure.update(...args);
    });
    expect(await operator.poll(key)).toMatchObject({ kind: 'backoff', baseMs: 500 });
    expect(azure.calls).not.toContain('update');
    expect(operator.object(key).status).toEqual(EMPTY_STATUS);
  });

  test('is reconciled again when it is gone by the time its finalizer is removed', async () => {
    const operator = new Operator();
    operator.apply('older', desired());
    const { key } = operator.cluster.create('sample', desired(), { hasFinalizer: true, createdAt: 1 });
    operator.cluster.sync();
    operator.cluster.delete(key);
    operator.cluster.removeFinalizerByHand(key);
    expect(await operator.pass(key)).toMatchObject({ kind: 'backoff', baseMs: 500 });
    expect(operator.azure.calls).toEqual([]);
  });
});

describe('a document that changes between read and write', () => {
  test('is read again, and nothing is said', async () => {
    let meddle = () => {};
    const operator = new Operator({ azure: { onRead: () => meddle() } });
    const key = await ready(operator);
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    meddle = () => operator.azure.put(runtimeId(), { ...MANAGED('uksouth'), other: 1 });
    expect(await operator.poll(key)).toMatchObject({ kind: 'backoff', baseMs: 500 });
    expect(operator.cluster.writes).toEqual([]);
    expect(operator.cluster.events).toEqual([]);
    meddle = () => {};
    await operator.poll(key);
    expect(document(operator)).toEqual({ ...MANAGED('West Europe'), other: 1 });
  });
});

describe('an error of the API server', () => {
  test('is thrown, for the caller to back off', async () => {
    for (const method of ['addFinalizer', 'updateStatus'] as const) {
      const operator = new Operator();
      const key = operator.apply('sample', desired());
      const error = new Error('500 of the API server');
      const object = operator.cluster as { -readonly [K in typeof method]: unknown };
      object[method] = () => Promise.reject(error);
      await expect(operator.poll(key)).rejects.toBe(error);
    }
  });

  test('is thrown, though the pass was to be parked', async () => {
    const operator = new Operator();
    const key = operator.apply('sample', desired());
    instead(operator, 'state', exhausted);
    const error = new Error('500 of the API server');
    operator.cluster.updateStatus = () => Promise.reject(error);
    await expect(operator.poll(key)).rejects.toBe(error);
  });
});

describe('an error that no port declares', () => {
  test('is thrown too', async () => {
    const operator = new Operator();
    const key = operator.apply('sample', desired());
    const defect = new TypeError('undefined is no function');
    instead(operator, 'read', () => Promise.reject(defect));
    await expect(operator.poll(key)).rejects.toBe(defect);
  });
});

describe('an object that is not there', () => {
  test('causes no call and no write', async () => {
    const operator = new Operator();
    expect(await operator.poll('team/none')).toEqual({ kind: 'never' });
    expect(operator.azure.calls).toEqual([]);
    expect(operator.cluster.writes).toEqual([]);
  });
});

describe('two objects of one runtime', () => {
  test('are never in a pass at once', async () => {
    const gates: (() => void)[] = [];
    const pause = () => new Promise<void>((resolve) => gates.push(resolve));
    const operator = new Operator({ azure: { pause } });
    const [a, b] = [operator.apply('a', desired()), operator.apply('b', desired())];
    operator.cluster.sync();
    const first = operator.pass(a);
    expect(await operator.pass(b)).toEqual({ kind: 'backoff', baseMs: 500, maxMs: INTERVAL_MS });
    let done = false;
    first.finally(() => {
      done = true;
    });
    while (!done) {
      gates.shift()?.();
      await settled();
    }
    expect(operator.summary(a)).toBe('Ready=True Available');
    expect(operator.cluster.events.map(({ key }) => key)).toEqual([a]);
  });
});

describe('an object that changes while its pass waits for Azure', () => {
  /** Azure, where calls of this name come to no end unless somebody ends them. */
  function hanging(operator: Operator, name: keyof Runtimes): { under: string[] } {
    const under: string[] = [];
    instead(operator, name, (...args: unknown[]) => {
      under.push(name);
      const { signal } = args.at(-1) as CallContext;
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    return { under };
  }

  test.each(['hint', 'state'] as const)('is looked at anew at once, whatever becomes of the %s', async (name) => {
    const operator = new Operator();
    const key = await ready(operator);
    const { under } = hanging(operator, name);
    const superseded = new AbortController();
    const pass = operator.pass(key, undefined, superseded.signal);
    await settled();
    expect(under).toEqual([name]);
    superseded.abort(new Error('changed'));
    expect(await pass).toMatchObject({ kind: 'backoff' });
    expect(operator.cluster.writes).toEqual([]);
  });

  test('hears the answer to its write first', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.put(runtimeId(), MANAGED('northeurope'));
    operator.azure.refreshList();
    const { under } = hanging(operator, 'update');
    const [superseded, stop] = [new AbortController(), new AbortController()];
    let isOver = false;
    const pass = operator.pass(key, stop.signal, superseded.signal).catch(() => {
      isOver = true;
    });
    await settled();
    expect(under).toEqual(['update']);
    superseded.abort(new Error('changed'));
    await settled();
    expect(isOver).toBe(false);
    stop.abort(new Error('the end'));
    await pass;
  });
});
