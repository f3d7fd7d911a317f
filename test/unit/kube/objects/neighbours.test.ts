/** Objects of other shards are kept as far as they matter. */
import { describe, expect, test } from '@jest/globals';
import { parseForeignObject } from '../../../../src/kube/objects/foreign-object.ts';
import { type RawOptions, rawObject } from './objects-of-tests.ts';

const claim = { origin: 'Created', identity: 't/c' } as const;

function neighbour(options: RawOptions) {
  const object = parseForeignObject(rawObject(options));
  if (object === undefined) throw new Error('the test wants an object that cannot be parsed');
  return object;
}

describe('of an object of another shard', () => {
  test('is kept to whom the runtime belongs, and nothing of what it declares or remembers besides', () => {
    const { key, spec, status } = neighbour({
      status: { observedGeneration: 1, state: 'Online', claim },
    });
    expect(key).toBe('team/runtime-a');
    expect(status.claim).toEqual(claim);
    expect(status.state).toBeUndefined();
    expect(spec.valid && spec.desired.fields.size).toBe(0);
    expect(spec.valid && spec.desired.managementPolicy).toBe('Manage');
  });

  test('is kept that it was creating its runtime', () => {
    const mark = { uid: 'uid-of-runtime-a', origin: 'Created', runtime: '/x' };
    const annotations = { 'azure-ir.io/mark': JSON.stringify(mark) };
    expect(neighbour({ annotations }).mark).toEqual({ origin: 'Created', runtime: '/x' });
  });
});
