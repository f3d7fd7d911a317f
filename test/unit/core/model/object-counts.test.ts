/** What is counted of all objects for the metrics. */
import { describe, expect, test } from '@jest/globals';
import { EMPTY_STATUS, type ManagedObject } from '../../../../src/core/model/object.ts';
import { countObjects, polledObjects } from '../../../../src/core/model/object-counts.ts';
import { MINUTE } from '../../../../src/core/schedule.ts';
import { desired } from '../../model/builders.ts';
import { managedObject, said } from '../builders.ts';

const standing = (
  status: 'True' | 'False' | 'Unknown',
  reason: string,
  ...progress: ('Stalled' | 'Reconciling')[]
) => ({
  ...EMPTY_STATUS,
  conditions: [said('Ready', status, reason), ...progress.map((type) => said(type, 'True', reason))],
});

const of = (...memories: ManagedObject['status'][]) => memories.map((status) => managedObject('a', { status }));

describe('the census', () => {
  test('counts objects by Ready, its reason and what goes on', () => {
    const { objects } = countObjects(
      of(
        standing('True', 'Available'),
        standing('True', 'Available'),
        standing('False', 'Forbidden', 'Reconciling'),
        standing('False', 'Forbidden', 'Stalled'),
        EMPTY_STATUS,
      ),
    );
    expect(objects).toEqual([
      { ready: 'True', reason: 'Available', progress: 'none', count: 2 },
      { ready: 'False', reason: 'Forbidden', progress: 'Reconciling', count: 1 },
      { ready: 'False', reason: 'Forbidden', progress: 'Stalled', count: 1 },
      { ready: 'Unknown', reason: 'none', progress: 'none', count: 1 },
    ]);
  });

  test('counts objects by the state of their runtime', () => {
    const { states } = countObjects(
      of({ ...EMPTY_STATUS, state: 'Online' }, { ...EMPTY_STATUS, state: 'Online' }, EMPTY_STATUS),
    );
    expect(states).toEqual([
      { state: 'Online', count: 2 },
      { state: 'none', count: 1 },
    ]);
  });

  test('has no line for each state or reason that Azure may invent', () => {
    const invented = Array.from({ length: 50 }, (_, i) => ({
      ...standing('Unknown', `Invented${i}`, 'Reconciling'),
      state: `Invented${i}`,
    }));
    const { objects, states } = countObjects(of(...invented));
    expect(objects).toEqual([{ ready: 'Unknown', reason: 'other', progress: 'Reconciling', count: 50 }]);
    expect(states).toEqual([{ state: 'other', count: 50 }]);
  });
});

describe('objects that are to be looked at', () => {
  const keys = (...objects: ManagedObject[]) => polledObjects(objects, 10 * MINUTE).map(({ intervalMs }) => intervalMs);
  const declaring = (more: Parameters<typeof desired>[0]) =>
    managedObject('a', { spec: { valid: true, desired: desired(more) } });

  test('are those that wait for no person, each with its interval', () => {
    expect(keys(declaring({}), declaring({ intervalMs: MINUTE }))).toEqual([10 * MINUTE, MINUTE]);
  });

  test('are not the suspended, the stalled and those that cannot be understood', () => {
    const stalled = managedObject('a', { status: standing('False', 'Forbidden', 'Stalled') });
    const invalid = managedObject('a', { spec: { valid: false, problem: 'x' } });
    expect(keys(declaring({ suspend: true }), stalled, invalid)).toEqual([]);
  });
});
