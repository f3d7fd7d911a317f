/** Several operators, each with a part of the objects. */
import { describe, expect, test } from '@jest/globals';
import { eventually } from '../operator/support/place.ts';
import { site, type World } from './support.ts';

const { inWorld } = site();

const RUNTIME = 'SharedIR';

async function twoShards({ operator }: World) {
  const shard = (name: string) => operator({ args: [`--label-selector=shard=${name}`, '--arm-budget-share=1/2'] });
  return [await shard('a'), await shard('b')] as const;
}

/** Moves an object to another shard, or into one. */
async function assign({ place }: World, name: string, shard: string) {
  await place.kubectl('label', 'azir', name, '-n', place.namespace, `shard=${shard}`, '--overwrite');
}

describe('two operators with a label selector each', () => {
  test.concurrent('see the objects of the other: of two that name one runtime, one has it, and it is made once', () =>
    inWorld(async (world) => {
      const { place } = world;
      await twoShards(world);
      await place.apply('first', { azureName: RUNTIME });
      await assign(world, 'first', 'a');
      await place.until('first', 'Ready=True Available');
      await place.apply('second', { azureName: RUNTIME });
      await assign(world, 'second', 'b');
      const second = await place.until('second', 'Ready=False OwnedByAnother Stalled');
      expect(second.metadata.finalizers ?? []).toEqual([]);
      expect(await place.writes(RUNTIME)).toEqual(['PUT']);
    }));

  test.concurrent('hand a runtime from an object of one to an object of the other', () =>
    inWorld(async (world) => {
      const { place } = world;
      await twoShards(world);
      await place.apply('first', { azureName: RUNTIME, description: 'of the first' });
      await assign(world, 'first', 'a');
      await place.until('first', 'Ready=True Available');
      await place.apply('second', { azureName: RUNTIME });
      await assign(world, 'second', 'b');
      await place.until('second', 'Ready=False OwnedByAnother Stalled');
      await place.delete('first');
      const successor = await place.until('second', 'Ready=True Available');
      expect(successor.status?.claim?.origin).toBe('Created');
      await eventually(async () => expect((await place.runtime(RUNTIME))?.properties.description ?? '').toBe(''));
      expect(await place.writes(RUNTIME)).toEqual(['PUT', 'PUT']);
    }));

  test.concurrent('leave an object to the one to which it was moved', () =>
    inWorld(async (world) => {
      const { place } = world;
      const [a, b] = await twoShards(world);
      await place.apply('moving', { azureName: RUNTIME });
      await assign(world, 'moving', 'a');
      await place.until('moving', 'Ready=True Available');
      await assign(world, 'moving', 'b');
      await place.delete('moving');
      const deleted = ({ log }: typeof a) => log.some(({ msg }) => msg === 'runtime deleted');
      await eventually(async () => expect(deleted(b)).toBe(true));
      expect(deleted(a)).toBe(false);
      expect(await place.runtime(RUNTIME)).toBeNull();
    }));
});

test('an operator that watches some namespaces says that it does not see the others', () =>
  inWorld(async ({ place, operator }) => {
    const { log } = await operator();
    expect(log).toContainEqual(
      expect.objectContaining({
        msg: 'other namespaces are not watched: runtimes that their objects also declare are not detected',
        namespaces: [place.namespace],
      }),
    );
  }));
