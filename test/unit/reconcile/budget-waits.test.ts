/** How many objects are said to wait for the request budget, whatever becomes of them meanwhile. */
import { expect, test } from '@jest/globals';
import { KubeError } from '../../../src/kube/client/errors.ts';
import { ParkedError } from '../../../src/ports.ts';
import { createMetrics } from '../../../src/telemetry/metrics/metrics.ts';
import { desired } from '../model/builders.ts';
import { Operator } from '../model/operator.ts';

async function waiting() {
  const metrics = createMetrics({ version: '1', node: '24', process: false, now: () => 0 });
  const operator = new Operator({ metrics: metrics.polls });
  const { azure } = operator;
  const read = azure.read.bind(azure);
  const key = operator.apply('sample', desired());
  azure.read = () => Promise.reject(new ParkedError('no reads left'));
  await operator.poll(key);
  const value = async (name: string) =>
    Number(new RegExp(`^${name} (.*)$`, 'm').exec(await metrics.exposition.text())?.[1]);
  const said = async () => [
    await value('azure_ir_arm_budget_waiting'),
    await value('azure_ir_arm_budget_wait_seconds_count'),
  ];
  expect(await said()).toEqual([1, 0]);
  const suffices = () => {
    azure.read = read;
  };
  return { operator, key, said, suffices };
}

test('an object waits no more once the budget has sufficed for it', async () => {
  const { operator, key, said, suffices } = await waiting();
  suffices();
  await operator.poll(key);
  expect(await said()).toEqual([0, 1]);
});

test('an object goes on waiting when the budget has nothing again', async () => {
  const { operator, key, said } = await waiting();
  await operator.poll(key);
  expect(await said()).toEqual([1, 0]);
});

test('an object whose subscription does not answer does not wait for the budget', async () => {
  const { operator, key, said } = await waiting();
  operator.azure.read = () => Promise.reject(new ParkedError('no answer', 'answers'));
  expect(await operator.poll(key)).toEqual({ kind: 'parked', waitsFor: 'answers' });
  expect((await said())[0]).toBe(0);
});

const CHANGES: Record<string, (operator: Operator, key: string) => void> = {
  'its pass fails before it asks Azure': ({ cluster }) => {
    cluster.sharing = defect;
  },
  'its pass fails when it asks Azure': ({ azure }) => {
    azure.read = defect;
  },
  'the API server fails': ({ cluster }) => {
    cluster.updateStatus = down;
  },
  'its spec has become invalid': ({ cluster }, key) => cluster.spoil(key),
  'its spec has become invalid, and the API server fails': ({ cluster }, key) => {
    cluster.spoil(key);
    cluster.updateStatus = down;
  },
  'it is gone': ({ cluster }, key) => cluster.delete(key),
};

test.each(Object.entries(CHANGES))(
  'an object waits no more, and has not waited until the budget sufficed, when %s',
  async (_, change) => {
    const { operator, key, said, suffices } = await waiting();
    suffices();
    change(operator, key);
    // Whether a pass rejects is not what this is about.
    await operator.poll(key).catch(() => {});
    expect(await said()).toEqual([0, 0]);
  },
);

function defect(): never {
  throw new Error('a defect');
}

function down(): Promise<never> {
  return Promise.reject(new KubeError({ status: 503, reason: 'ServiceUnavailable', message: 'down' }));
}
