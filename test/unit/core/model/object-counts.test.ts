/** What is counted of all objects for the metrics. */
import { describe, expect, test } from '@jest/globals';
import { EMPTY_STATUS, type ManagedObject } from '../../../../src/core/model/object.ts';
import { countObjects, polledObjects } from '../../../../src/core/model/object-counts.ts';
import { MINUTE } from '../../../../src/core/schedule.ts';
import { desired } from '../../model/builders.ts';
import { ago, managedObject, NOW, said } from '../builders.ts';

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
      NOW,
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
      NOW,
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
    const { objects, states } = countObjects(of(...invented), NOW);
    expect(objects).toEqual([{ ready: 'Unknown', reason: 'other', progress: 'Reconciling', count: 50 }]);
    expect(states).toEqual([{ state: 'other', count: 50 }]);
  });
});

describe('objects that are not ready', () => {
  const declaring = (status: Partial<ManagedObject['status']>, more: Parameters<typeof desired>[0] = {}) =>
    managedObject('a', { status: { ...EMPTY_STATUS, ...status }, spec: { valid: true, desired: desired(more) } });
  const since = (minutes: number, reason: string, ...progress: ('Stalled' | 'Reconciling')[]) => ({
    conditions: [
      said('Ready', 'False', reason, { lastTransitionTime: ago(minutes) }),
      ...progress.map((type) => said(type, 'True', reason)),
    ],
  });
  const notReady = (...objects: ManagedObject[]) => countObjects(objects, NOW).notReady;

  test('are told by the longest time for each reason', () => {
    const objects = [5, 31, 7].map((minutes) => declaring(since(minutes, 'FactoryNotFound', 'Reconciling')));
    expect(notReady(...objects, declaring(since(3, 'Forbidden', 'Reconciling')))).toEqual([
      { reason: 'FactoryNotFound', seconds: 31 * 60 },
      { reason: 'Forbidden', seconds: 3 * 60 },
    ]);
  });

  test('count from their creation before the first pass', () => {
    expect(notReady(managedObject('a', { createdAt: ago(40) }))).toEqual([{ reason: 'none', seconds: 40 * 60 }]);
  });

  test('do not count where a person knows, or another alert tells it', () => {
    const deleted = { ...declaring(since(60, 'Deleting', 'Reconciling')), deleting: true };
    expect(
      notReady(
        declaring({ conditions: [said('Ready', 'True', 'Available')] }),
        declaring(since(60, 'Suspended', 'Stalled'), { suspend: true }),
        declaring(since(60, 'Locked', 'Stalled')),
        declaring(since(60, 'Contested', 'Reconciling')),
        declaring(since(60, 'NotFound', 'Reconciling'), { managementPolicy: 'Observe' }),
        deleted,
      ),
    ).toEqual([]);
    expect(notReady({ ...deleted, hasFinalizer: true })).toHaveLength(1);
  });
});

describe('objects that are to be looked at', () => {
  const keys = (...objects: ManagedObject[]) =>
    polledObjects(objects, 10 * MINUTE, 0).map(({ intervalMs }) => intervalMs);
  const declaring = (more: Parameters<typeof desired>[0]) =>
    managedObject('a', { spec: { valid: true, desired: desired(more) } });

  test('are those that wait for no person, each with its interval', () => {
    expect(keys(declaring({}), declaring({ intervalMs: MINUTE }))).toEqual([10 * MINUTE, MINUTE]);
  });

  test('are those that wait for a factory, a workspace or a network too, and not those that wait for another object', () => {
    const waiting = (reason: string) => managedObject('a', { status: standing('False', reason, 'Reconciling') });
    const reasons = ['FactoryNotFound', 'WorkspaceNotFound', 'ManagedVirtualNetworkNotFound'];
    expect(keys(...reasons.map(waiting), waiting('OwnedByAnother'))).toHaveLength(3);
  });

  test('are not the suspended, the stalled and those that cannot be understood', () => {
    const stalled = managedObject('a', { status: standing('False', 'Forbidden', 'Stalled') });
    const invalid = managedObject('a', { spec: { valid: false, problem: 'x' } });
    expect(keys(declaring({ suspend: true }), stalled, invalid)).toEqual([]);
  });
});
