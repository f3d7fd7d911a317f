/** What the operator needs with 1,000 objects, as the kubelet measures it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { memoryOf, operatorOf } from './support/containers.ts';
import { allReady, createMany } from './support/objects.ts';
import { MAX_WAIT_MS, Place } from './support/place.ts';
import { nodeRun } from './support/run.ts';

const COUNT = 1_000;
const MIB = 2 ** 20;
const LIMIT_MIB = 512;

interface Summary {
  readonly pods: readonly {
    readonly podRef: { readonly name: string };
    readonly containers?: readonly { readonly memory?: { readonly workingSetBytes?: number } }[];
  }[];
}

(nodeRun().long ? describe : describe.skip)('with 1,000 objects', () => {
  let place: Place;
  beforeAll(async () => {
    place = await Place.create();
    await place.install({ interval: '1m' });
    await createMany(place, COUNT);
    await allReady(place, '180s');
  });
  afterAll(async () => {
    try {
      await place?.kubectl(['delete', 'azir', '-l', 'many=yes', '--timeout=240s']);
    } finally {
      await place?.stop();
    }
  });

  test('the leader stays below half of the limit of the chart, and is never killed for memory', async () => {
    const leader = await place.pod(await place.leader());
    const pid = await operatorOf(leader.metadata.uid);
    const workingSet = await eventually(async () => {
      const path = '/api/v1/nodes/node1/proxy/stats/summary';
      const { pods }: Summary = JSON.parse(await place.kubectl(['get', '--raw', path]));
      const pod = pods.find(({ podRef }) => podRef.name === leader.metadata.name);
      const bytes = pod?.containers?.[0]?.memory?.workingSetBytes;
      if (bytes === undefined) throw new Error('the kubelet has not measured it yet');
      return bytes;
    }, MAX_WAIT_MS);
    const most = await memoryOf(pid, 'memory.max_usage_in_bytes');
    const inMib = (bytes: number) => `${Math.round(bytes / MIB)} MiB`;
    process.stderr.write(
      `[node] 1,000 objects: working set ${inMib(workingSet)}, at most ${inMib(most)} of ${LIMIT_MIB}\n`,
    );
    expect(workingSet).toBeLessThan((LIMIT_MIB / 2) * MIB);
    expect(most).toBeLessThan(LIMIT_MIB * MIB);
    for (const pod of await place.pods()) expect(pod.status.containerStatuses?.[0]?.restartCount).toBe(0);
  });
});
