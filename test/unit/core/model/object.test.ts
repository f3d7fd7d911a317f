/** What is read out of an object's status. */
import { describe, expect, test } from '@jest/globals';
import { condition, EMPTY_STATUS } from '../../../../src/core/model/object.ts';
import { armId, armKey } from '../../../../src/core/model/runtime.ts';
import { runtimeId } from '../../model/builders.ts';
import { IN_SYNC } from '../builders.ts';

describe('the memory', () => {
  test('of an object that nobody has looked at speaks of no generation and of nothing else', () => {
    expect(EMPTY_STATUS).toEqual({
      observedGeneration: -1,
      conditions: [],
      ownedFields: [],
      drift: [],
      corrections: [],
    });
  });

  test('gives a condition by its type', () => {
    expect(condition(IN_SYNC, 'Healthy')).toMatchObject({ type: 'Healthy', reason: 'Online' });
    expect(condition(IN_SYNC, 'Stalled')).toBeUndefined();
    expect(condition(EMPTY_STATUS, 'Ready')).toBeUndefined();
  });
});

describe('ids', () => {
  const id = runtimeId();

  test('the ARM id is as people read it', () => {
    expect(armId(id)).toBe(
      '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/ADFV2SampleRG/providers/Microsoft.DataFactory' +
        '/factories/SampleV2DataFactory1/integrationRuntimes/MySampleAzureIR',
    );
  });

  test('two ids are one runtime exactly when they differ in case alone', () => {
    const shouted = {
      name: id.name.toUpperCase(),
      parent: { ...id.parent, resourceGroup: 'adfv2samplerg', name: 'SAMPLEV2DATAFACTORY1' },
    };
    expect(armKey(shouted)).toBe(armKey(id));
    for (const part of ['subscriptionId', 'resourceGroup', 'name'] as const) {
      expect(armKey({ ...id, parent: { ...id.parent, [part]: 'another' } })).not.toBe(armKey(id));
    }
    expect(armKey(runtimeId('Another'))).not.toBe(armKey(id));
  });
});
