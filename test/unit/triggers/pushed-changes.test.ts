/** What a change that Azure tells of means to the objects. */
import { describe, expect, test } from '@jest/globals';
import type { AzureChange } from '../../../src/core/model/azure-change.ts';
import type { Parent } from '../../../src/core/model/runtime.ts';
import { runtimeKeyOf } from '../../../src/kube/objects/runtime-key.ts';
import { ObjectStore } from '../../../src/kube/objects/store.ts';
import { PushedChanges } from '../../../src/triggers/pushed-changes.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FACTORY, parsed } from '../kube/objects/objects-of-tests.ts';
import { RecordedLog } from '../runtime/recorded-log.ts';

const MINUTE = 60_000;
const ONE = parsed({ name: 'one' });
const TWIN = parsed({ name: 'twin', spec: { azureName: 'one' } });
const TWO = parsed({ name: 'two' });
const AWAY = parsed({ name: 'away', spec: { factory: { ...FACTORY, name: 'factory-two' } } });
const ABROAD = parsed({ name: 'abroad', spec: { factory: { ...FACTORY, resourceGroup: 'other' } } });
const PARENT: Parent = { kind: 'factory', ...FACTORY };

function setUp({ listedAt = (): number | undefined => undefined } = {}) {
  const clock = new FakeClock();
  const objects = new ObjectStore();
  objects.replace([ONE, TWIN, TWO, AWAY, ABROAD]);
  const named: string[] = [];
  const announced: string[] = [];
  const asked: string[] = [];
  const log = new RecordedLog();
  const changes = new PushedChanges({
    objects,
    polls: { named: (key) => void named.push(key) },
    listedAt: (parent) => {
      asked.push(parent.name);
      return listedAt();
    },
    announced: (key) => void announced.push(key),
    clock,
    log,
  });
  const take = (change: Partial<AzureChange> = {}) =>
    changes.take({
      scope: { kind: 'runtime', id: { parent: PARENT, name: 'one' } },
      operation: 'x/write',
      at: clock.now(),
      ...change,
    });
  return { clock, named, announced, asked, log, take };
}

const keys = (...objects: readonly (typeof ONE)[]) => objects.map((object) => runtimeKeyOf(object) ?? '').sort();

describe('a change', () => {
  test('of a runtime that objects name leads to a poll, once for all of them, whatever its case', () => {
    const { take, named, announced } = setUp();
    const parent = { ...PARENT, name: PARENT.name.toUpperCase() };
    expect(take({ scope: { kind: 'runtime', id: { parent, name: 'ONE' } } })).toBe('poll');
    expect([named, announced]).toEqual([keys(ONE), keys(ONE)]);
  });

  test('of what no object names is unknown, and not even logged', () => {
    const { take, named, log } = setUp();
    expect(take({ scope: { kind: 'runtime', id: { parent: PARENT, name: 'stranger' } } })).toBe('unknown');
    expect(take({ scope: { kind: 'parent', parent: { ...PARENT, name: 'stranger' } } })).toBe('unknown');
    expect(take({ scope: { kind: 'runtime', id: { parent: { ...PARENT, kind: 'workspace' }, name: 'one' } } })).toBe(
      'unknown',
    );
    expect([named, log.lines]).toEqual([[], []]);
  });

  test('of many runtimes asks once for each parent when that was listed', () => {
    const { take, asked } = setUp();
    take({ scope: { kind: 'resourceGroup', subscriptionId: FACTORY.subscriptionId, resourceGroup: 'rg' } });
    expect(asked.sort()).toEqual(['factory-one', 'factory-two']);
  });

  test('of a parent concerns all of its runtimes, of a resource group those of all its parents', () => {
    const { take, named } = setUp();
    take({ scope: { kind: 'parent', parent: PARENT } });
    expect(named.splice(0).sort()).toEqual(keys(ONE, TWO));
    take({ scope: { kind: 'resourceGroup', subscriptionId: FACTORY.subscriptionId, resourceGroup: 'RG' } });
    expect(named.sort()).toEqual(keys(ONE, TWO, AWAY));
  });
});

describe('an old change', () => {
  test('is stale when a list was asked for two minutes later, and announces all the same', () => {
    const { clock, take, named, announced } = setUp({ listedAt: () => 10 * MINUTE });
    clock.suspend(11 * MINUTE);
    const listed = clock.now() - MINUTE;
    expect(take({ at: listed - 2 * MINUTE - 1 })).toBe('stale');
    expect([named, announced]).toEqual([[], keys(ONE)]);
    expect(take({ at: listed - 2 * MINUTE })).toBe('poll');
  });

  test('is stale when it is from before this process began: its first list comes later', () => {
    const { clock, take } = setUp();
    clock.suspend(5 * MINUTE);
    const began = clock.now() - 5 * MINUTE;
    expect([take({ at: began - 2 * MINUTE - 1 }), take({ at: began - 2 * MINUTE })]).toEqual(['stale', 'poll']);
  });

  test('from the future leads to a poll', () => {
    const { clock, take } = setUp();
    expect(take({ at: clock.now() + 60 * MINUTE })).toBe('poll');
  });
});
