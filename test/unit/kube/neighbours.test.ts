import { describe, expect, test } from '@jest/globals';
import { armKey } from '../../../src/core/runtime.ts';
import { parseNeighbour, sharingWith } from '../../../src/kube/neighbours.ts';
import { ObjectStore } from '../../../src/kube/store.ts';
import { parsed, type RawOptions, rawObject } from './objects-of-tests.ts';

const claim = { origin: 'Created', identity: 't/c' } as const;

function neighbour(options: RawOptions) {
  const object = parseNeighbour(rawObject(options));
  if (object === undefined) throw new Error('the test wants an object that cannot be parsed');
  return object;
}

function runtimeOf(options: RawOptions): string {
  const { spec } = parsed(options);
  if (!spec.valid) throw new Error(spec.problem);
  return armKey(spec.desired.id);
}

describe('of an object of another shard', () => {
  test('is kept to whom the runtime belongs, and nothing of what it declares or remembers besides', () => {
    const { key, spec, memory } = neighbour({ status: { observedGeneration: 1, state: 'Online', claim } });
    expect(key).toBe('team/runtime-a');
    expect(memory.claim).toEqual(claim);
    expect(memory.state).toBeUndefined();
    expect(spec.valid && spec.desired.fields.size).toBe(0);
    expect(spec.valid && spec.desired.managementPolicy).toBe('Manage');
  });
});

describe('the objects of a runtime', () => {
  test('are ours and those of other shards, each once', () => {
    const [own, neighbours] = [new ObjectStore(), new ObjectStore()];
    own.apply(parsed({ name: 'runtime-a' }));
    neighbours.apply(neighbour({ name: 'runtime-a' }));
    neighbours.apply(neighbour({ name: 'runtime-b' }));
    const keys = (name: string) => sharingWith(own, neighbours, runtimeOf({ name })).map(({ key }) => key);
    expect([keys('runtime-a'), keys('runtime-b')]).toEqual([['team/runtime-a'], ['team/runtime-b']]);
  });

  test('do not count one of ours a second time that was deleted and made again', () => {
    const [own, neighbours] = [new ObjectStore(), new ObjectStore()];
    own.apply(parsed({ uid: 'new', version: 2 }));
    neighbours.apply(neighbour({ uid: 'old', version: 1, status: { observedGeneration: 1, claim } }));
    expect(sharingWith(own, neighbours, runtimeOf({})).map(({ uid }) => uid)).toEqual(['new']);
  });
});
