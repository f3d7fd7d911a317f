/** From the version before, as helm upgrades it, while there is work to do, and back. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PARENT_TAG } from '../../dev/machine/prepare.ts';
import { CHART, RELEASE } from '../support/helm.ts';
import { allReady, createMany, MANY, manifest } from './support/objects.ts';
import { Place } from './support/place.ts';
import { nodeRun } from './support/run.ts';

const COUNT = 40;
const { parent } = nodeRun();
const describeParent = parent === undefined ? describe.skip : describe;

describeParent('an upgrade from the parent commit', () => {
  let place: Place;
  beforeAll(async () => {
    place = await Place.create();
    await place.prepare();
    const chart = join(parent ?? '', 'deploy', 'chart');
    await place.helm(['install', RELEASE, chart, '--wait', '--timeout', '120s'], place.values(PARENT_TAG));
    await createMany(place, COUNT);
    await allReady(place);
  });
  afterAll(() => place?.stop());

  const writes = async () => {
    const trace = await place.emulator.control.trace({ factory: MANY.name });
    return trace.filter(({ method }) => method === 'PUT' || method === 'DELETE');
  };
  const locations = async () =>
    (await place.emulator.control.runtimes(MANY)).map(
      ({ properties }) =>
        (properties.typeProperties as { computeProperties: { location: string } }).computeProperties.location,
    );

  test('under load, it ends with what is declared, and nothing is written twice or that nobody has asked for', async () => {
    const before = (await writes()).length;
    expect(before).toBe(COUNT);
    const upgraded = place.upgrade({});
    const moved = Array.from({ length: COUNT }, (_, n) => manifest(n, 'North Europe'));
    for (const object of moved)
      await place.kubectl(['apply', '--server-side', '-f', '-', '--force-conflicts'], { stdin: object });
    await upgraded;
    await place.settled();
    await allReady(place);
    expect(await locations()).toEqual(Array(COUNT).fill('North Europe'));
    const moves = (await writes()).slice(before);
    expect(moves.filter(({ method }) => method === 'DELETE')).toEqual([]);
    // One for each; what the former leader had sent when it was told to end may be sent again by the next.
    expect(new Set(moves.map(({ runtime }) => runtime)).size).toBe(COUNT);
    expect(moves.length).toBeLessThanOrEqual(COUNT + 1);
  });

  test('a rollback leaves Azure as it is', async () => {
    const before = (await writes()).length;
    await place.helm(['rollback', RELEASE, '1', '--wait', '--timeout', '120s']);
    await place.settled();
    await allReady(place);
    expect((await writes()).length).toBe(before);
    await place.upgrade({}, CHART);
    expect((await writes()).length).toBe(before);
  });
});
