/** What the tests of a pass share: a ready object, Azure’s answers bent for one call, and what is there at each write. */
import type { Failure } from '../../../src/core/model/failure.ts';
import type { ManagedObject } from '../../../src/core/model/object.ts';
import { armKey } from '../../../src/core/model/runtime.ts';
import { ParkedError, type Runtimes } from '../../../src/ports.ts';
import { FAILURE } from '../core/builders.ts';
import { desired, runtimeId } from '../model/builders.ts';
import { UNBOUNDED } from '../model/fake-azure.ts';
import { IDENTITY, Operator } from '../model/operator.ts';

export const KEY = armKey(runtimeId());
export const reasons = (operator: Operator) => operator.cluster.events.map(({ reason }) => reason);
export const document = (operator: Operator) => operator.azure.runtimes.get(KEY)?.document ?? {};

export const MANAGED = (location: string) => ({ type: 'Managed', typeProperties: { computeProperties: { location } } });

export async function ready(operator: Operator, more: Parameters<typeof desired>[0] = {}): Promise<string> {
  const key = operator.apply('sample', desired(more));
  await operator.poll(key);
  operator.azure.calls.length = 0;
  operator.cluster.writes.length = 0;
  operator.cluster.events.length = 0;
  return key;
}

/** Notes the object (its status, its finalizer) at the moment of each write to Azure. */
export function noting(): { operator: Operator; notes: ManagedObject[] } {
  const notes: ManagedObject[] = [];
  const operator: Operator = new Operator({ azure: { onWrite: ({ by }) => notes.push(operator.object(by)) } });
  return { operator, notes };
}

/** Makes the next call of this name fail. */
export function failing(kind: Failure['kind'], at: string, when: 'before' | 'after' = 'before') {
  const faults = [{ when, failure: FAILURE({ kind }) }];
  return { fault: (call: string) => (call === at ? faults.shift() : undefined) };
}

/** The runtimes of Azure, one of whose methods does something else. */
export function instead(
  operator: Operator,
  name: keyof Runtimes,
  method: (...args: never[]) => Promise<unknown>,
): void {
  const runtimes = new Proxy<Runtimes>(operator.azure, {
    get: (azure, property) => {
      const value: unknown = property === name ? method : Reflect.get(azure, property);
      return typeof value === 'function' ? value.bind(azure) : value;
    },
  });
  operator.access = () => ({ granted: true, identity: IDENTITY, runtimes, budget: UNBOUNDED });
}

/** A call for which the request budget has nothing. */
export const exhausted = () => Promise.reject(new ParkedError('no token'));
