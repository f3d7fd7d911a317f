/** Which objects belong to a shard. */
import { describe, expect, test } from '@jest/globals';
import { armKey } from '../../../../src/core/model/runtime.ts';
import { Shard } from '../../../../src/kube/objects/shard.ts';
import { parsed, type RawOptions } from './objects-of-tests.ts';

function runtimeOf(options: RawOptions): string {
  const { spec } = parsed(options);
  if (!spec.valid) throw new Error(spec.problem);
  return armKey(spec.desired.id);
}

describe('the objects of a runtime', () => {
  test('are ours where there is no other shard', () => {
    const shard = new Shard('');
    shard.own.apply(parsed());
    expect(shard.all).toBeUndefined();
    expect(shard.sharing(runtimeOf({})).map(({ key }) => key)).toEqual(['team/runtime-a']);
  });

  test('are ours and those of other shards, each once', () => {
    const shard = new Shard('shard=a');
    shard.own.apply(parsed({ name: 'runtime-a' }));
    shard.all?.apply(parsed({ name: 'runtime-a' }));
    shard.all?.apply(parsed({ name: 'runtime-b' }));
    const keys = (name: string) => shard.sharing(runtimeOf({ name })).map(({ key }) => key);
    expect([keys('runtime-a'), keys('runtime-b')]).toEqual([['team/runtime-a'], ['team/runtime-b']]);
  });

  test('do not count one of ours a second time that was deleted and made again', () => {
    const shard = new Shard('shard=a');
    shard.own.apply(parsed({ uid: 'new', version: 2 }));
    shard.all?.apply(parsed({ uid: 'old', version: 1 }));
    expect(shard.sharing(runtimeOf({})).map(({ uid }) => uid)).toEqual(['new']);
  });
});
