/** Own writes, by their ids: which events are about them, and whether any come. */
import { describe, expect, test } from '@jest/globals';
import { OwnWrites } from '../../../../src/azure/changes/own-writes.ts';
import type { AzureChange } from '../../../../src/core/model/azure-change.ts';
import { type Parent, parentKey } from '../../../../src/core/model/runtime.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const MINUTE = 60_000;
const PARENT: Parent = {
  kind: 'factory',
  subscriptionId: '00000000-0000-0000-0000-000000000001',
  resourceGroup: 'rg',
  name: 'factory',
};

function setUp() {
  const clock = new FakeClock();
  let made = 0;
  const writes = new OwnWrites(clock, () => `id-${made++}`);
  const event = (correlationId: string, more: Partial<AzureChange> = {}): AzureChange => ({
    scope: { kind: 'runtime', id: { parent: PARENT, name: 'any' } },
    operation: 'x/write',
    at: clock.now(),
    correlationId,
    ...more,
  });
  const isEcho = (id: string) => writes.isEcho(event(id));
  return { clock, writes, event, isEcho };
}

describe('an event', () => {
  test('is an echo when it has the id of an own write, whatever its case, and however often it comes', () => {
    const { writes, isEcho } = setUp();
    const id = writes.sending('parent');
    expect([isEcho(id), isEcho(id.toUpperCase()), isEcho('other')]).toEqual([true, true, false]);
  });

  test('is none any more after an hour', () => {
    const { clock, writes, isEcho } = setUp();
    const id = writes.sending();
    clock.suspend(60 * MINUTE - 1);
    expect(isEcho(id)).toBe(true);
    clock.suspend(1);
    expect(isEcho(id)).toBe(false);
  });

  test('is none any more after 2,000 later writes', () => {
    const { writes, isEcho } = setUp();
    const ids = Array.from({ length: 2_001 }, () => writes.sending());
    expect([isEcho(ids[0] ?? ''), isEcho(ids[1] ?? '')]).toEqual([false, true]);
  });
});

describe('silence', () => {
  test('is a write that took effect, and that no event has told of for ten minutes', () => {
    const { clock, writes } = setUp();
    writes.tookEffect(writes.sending('parent'));
    clock.suspend(10 * MINUTE - 1);
    expect(writes.silent()).toEqual([]);
    clock.suspend(1);
    expect(writes.silent()).toEqual(['parent']);
  });

  test.each(['before', 'after'])('is none when the event comes %s the answer', (order) => {
    const { clock, writes, isEcho } = setUp();
    const id = writes.sending('parent');
    if (order === 'before') isEcho(id);
    writes.tookEffect(id);
    if (order === 'after') isEcho(id);
    clock.suspend(20 * MINUTE);
    expect(writes.silent()).toEqual([]);
  });

  test('ends with the event of any later write to the parent, and concerns no other parent', () => {
    const { clock, writes, isEcho } = setUp();
    for (const parent of ['one', 'two']) writes.tookEffect(writes.sending(parent));
    clock.suspend(10 * MINUTE);
    isEcho(writes.sending('one'));
    expect(writes.silent()).toEqual(['two']);
    writes.forget('two');
    expect(writes.silent()).toEqual([]);
  });

  test('is nothing that can be told of a write that was refused, only accepted, or raises no event', () => {
    const { clock, writes } = setUp();
    writes.sending('parent');
    writes.tookEffect(writes.sending());
    clock.suspend(20 * MINUTE);
    expect(writes.silent()).toEqual([]);
  });

  test.each(['runtime', 'parent'] as const)('ends with any event about the %s that is as late', (kind) => {
    const { clock, writes, event } = setUp();
    const parent = parentKey(PARENT);
    clock.suspend(60 * MINUTE);
    writes.tookEffect(writes.sending(parent));
    clock.suspend(10 * MINUTE);
    const scope = kind === 'parent' ? ({ kind, parent: PARENT } as const) : event('').scope;
    writes.isEcho(event('another', { scope, at: clock.now() - 13 * MINUTE }));
    const elsewhere = { kind: 'parent', parent: { ...PARENT, name: 'elsewhere' } } as const;
    writes.isEcho(event('another', { scope: elsewhere }));
    expect(writes.silent()).toEqual([parent]);
    expect(writes.isEcho(event('another', { scope, at: clock.now() - 11 * MINUTE }))).toBe(false);
    expect(writes.silent()).toEqual([]);
  });

  test('ends when the id is forgotten, for its event could not be told from another', () => {
    const { clock, writes } = setUp();
    writes.tookEffect(writes.sending('parent'));
    clock.suspend(60 * MINUTE - 1);
    expect(writes.silent()).toEqual(['parent']);
    clock.suspend(1);
    expect(writes.silent()).toEqual([]);
  });

  test('is none while the queue cannot be read, nor after that', () => {
    const { clock, writes } = setUp();
    writes.tookEffect(writes.sending('parent'));
    clock.suspend(9 * MINUTE);
    writes.interrupted();
    clock.suspend(9 * MINUTE);
    expect(writes.silent()).toEqual([]);
  });
});
