/** Lists and answers without an end, over the real SDK and TLS: they are broken, and what they are about is read by itself. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DEFAULT_FACTORY, type FaultEffect } from '../../../dev/emulator/index.ts';
import { caller, ID, RUNTIME, startWorld, type World } from './support/world.ts';

const LIST = 'IntegrationRuntimes_ListByFactory';
const GET = 'IntegrationRuntimes_Get';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.stop());

const LONG = { value: [], padding: 'x'.repeat(17 * 2 ** 20) };

test.each<[string, FaultEffect, number]>([
  ['a list that goes on and on', { kind: 'endless' }, 250],
  ['a page of 17 MiB', { kind: 'reply', status: 200, body: LONG }, 1],
  ['a refusal of 17 MiB', { kind: 'reply', status: 403, body: LONG }, 1],
])('%s costs so many requests, and the runtime is seen all the same', async (_what, effect, pages) => {
  const { control } = world.emulator;
  await control.putRuntime({ ...RUNTIME, properties: { type: 'Managed' } });
  await control.addFault({ match: { operation: LIST, factory: DEFAULT_FACTORY.name }, times: 'always', effect });
  const before = await control.counts({});
  const definition = await world.runtimes().hint(ID, 600_000, caller());
  expect(definition).toMatchObject({ presence: 'present', fresh: false });
  const after = await control.counts({});
  expect((after[LIST] ?? 0) - (before[LIST] ?? 0)).toBe(pages);
  expect((after[GET] ?? 0) - (before[GET] ?? 0)).toBe(1);
  await control.clearFaults({});
});
