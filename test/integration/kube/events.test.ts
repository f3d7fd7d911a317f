/** Events, as a real API server stores them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { OperatorEvent } from '../../../src/core/model/event.ts';
import type { KubeClient } from '../../../src/kube/client/client.ts';
import { createEvents } from '../../../src/kube/events/events.ts';
import { type Clock, systemClock } from '../../../src/runtime/clock.ts';
import { RecordedLog } from '../../unit/runtime/recorded-log.ts';
import { kubectl, newNamespace } from '../support/kubectl.ts';
import { clientOfRun, create } from './harness.ts';

let client: KubeClient;

beforeAll(() => {
  client = clientOfRun();
});
afterAll(() => client.close());

function events(signal = new AbortController().signal, clock: Clock = systemClock) {
  const log = new RecordedLog();
  const writes: string[] = [];
  const metrics = { kubernetesWrite: (kind: string) => writes.push(kind) };
  const publisher = createEvents({ client, clock, metrics, log, instance: 'operator-0', signal });
  return { log, writes, publish: publisher.publish.bind(publisher) };
}

async function published(namespace: string) {
  const list = await kubectl(['get', 'events.events.k8s.io', '-n', namespace, '-o', 'json']);
  return JSON.parse(list).items as Record<string, unknown>[];
}

describe('an event', () => {
  test('is to be seen on its object', async () => {
    const namespace = await newNamespace();
    const object = await create(namespace, 'one');
    const { publish, writes } = events();
    await publish(object, { type: 'Normal', reason: 'Created', message: 'made it' });
    expect(await published(namespace)).toMatchObject([
      {
        reason: 'Created',
        note: 'made it',
        type: 'Normal',
        reportingController: 'azure-ir.io/azure-ir-operator',
        reportingInstance: 'operator-0',
        regarding: { kind: 'AzureIntegrationRuntime', name: 'one', namespace, uid: object.uid },
      },
    ]);
    expect(await kubectl(['describe', 'azir', 'one', '-n', namespace])).toContain('made it');
    expect(writes).toEqual(['event']);
  });

  test('that is told again within some minutes is counted in the first, whichever request to Azure it was', async () => {
    const namespace = await newNamespace();
    const object = await create(namespace, 'one');
    let passed = 0;
    const clock = { ...systemClock, monotonic: () => passed };
    const { publish, log, writes } = events(undefined, clock);
    const told = (ids: string) => ({
      type: 'Warning',
      reason: 'Forbidden',
      message: `No. Do. Azure: No. [request id ${ids}]`,
    });
    for (const id of ['1', '2', '3']) await publish(object, told(id) as OperatorEvent);
    const series = { count: 3, lastObservedTime: expect.any(String) };
    expect(await published(namespace)).toMatchObject([{ note: 'No. Do. Azure: No. [request id 1]', series }]);
    expect(await kubectl(['describe', 'azir', 'one', '-n', namespace])).toMatch(/Forbidden +\S+ \(x3 over .*No\./);
    await publish(object, { type: 'Warning', reason: 'Forbidden', message: 'Something else.' });
    expect(await published(namespace)).toHaveLength(2);
    passed += 6 * 60_000;
    await publish(object, told('4') as OperatorEvent);
    expect(await published(namespace)).toHaveLength(3);
    expect(log.lines).toEqual([]);
    expect(writes).toHaveLength(5);
  });

  test('whose first one is gone is told as a new one', async () => {
    const namespace = await newNamespace();
    const object = await create(namespace, 'one');
    const { publish, log } = events();
    const event = { type: 'Normal', reason: 'Created', message: 'made it' } as const;
    await publish(object, event);
    await kubectl(['delete', 'events.events.k8s.io', '--all', '-n', namespace]);
    await publish(object, event);
    await publish(object, event);
    expect(await published(namespace)).toMatchObject([{ note: 'made it', series: { count: 2 } }]);
    expect(log.lines).toEqual([]);
  });

  test('can be published twice, with the longest of names and more text than fits', async () => {
    const namespace = await newNamespace();
    const object = await create(namespace, `${'n'.repeat(199)}.${'x'.repeat(53)}`);
    const { publish, log } = events();
    const event = { type: 'Warning', reason: 'AdoptionRefused', message: 'ü'.repeat(1000) } as const;
    await publish(object, event);
    await publish(object, event);
    expect(log.lines).toEqual([]);
    const all = await published(namespace);
    expect(all).toMatchObject([{ series: { count: 2 } }]);
    expect(Buffer.byteLength(String(all[0]?.note))).toBeLessThanOrEqual(1024);
  });

  test('that the namespace does not take any more is lost without harm, and that is said once', async () => {
    const namespace = await newNamespace();
    const object = await create(namespace, 'one');
    await kubectl(['delete', 'namespace', namespace, '--wait=false']);
    const { publish, log, writes } = events();
    await publish(object, { type: 'Normal', reason: 'Deleted', message: 'x' });
    await publish(object, { type: 'Normal', reason: 'Deleted', message: 'x' });
    expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'debug']);
    expect(log.lines[0]?.keys).toMatchObject({ status: 403, reason: 'Forbidden' });
    expect(writes).toEqual([]);
  });

  test('is not waited for when the operator stops', async () => {
    const namespace = await newNamespace();
    const object = await create(namespace, 'one');
    const { publish, log } = events(AbortSignal.abort());
    await publish(object, { type: 'Normal', reason: 'Created', message: 'x' });
    expect(log.lines).toEqual([]);
    expect(await published(namespace)).toEqual([]);
  });
});
