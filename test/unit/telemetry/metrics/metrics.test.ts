/** Metrics, as Prometheus reads them. */
import { describe, expect, test } from '@jest/globals';
import { Controller } from '../../../../src/runtime/controller.ts';
import { WorkQueue } from '../../../../src/runtime/queue.ts';
import { createMetrics } from '../../../../src/telemetry/metrics/metrics.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../runtime/recorded-log.ts';

const setUp = () => createMetrics({ version: '1.2.3', node: 'v24.0.0', process: false, now: () => 0 });

/** The samples of a metric, as the text format writes them. */
async function samples(metrics: ReturnType<typeof setUp>, name: string): Promise<string[]> {
  const text = await metrics.exposition.text();
  return text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
}

describe('the metrics of a controller', () => {
  test('have the names and labels of controller-runtime and client-go', async () => {
    const metrics = setUp();
    const clock = new FakeClock();
    const queue = new WorkQueue({ clock, metrics: metrics.queue('air') });
    const handler = async (): Promise<{ kind: 'done' }> => {
      await clock.advance(0);
      clock.suspend(2_000);
      return { kind: 'done' };
    };
    const controller = new Controller({
      ...{ name: 'air', queue, handler, concurrency: 3, clock },
      ...{ log: new RecordedLog(), metrics: metrics.controller },
    });
    const abort = new AbortController();
    const running = controller.run(abort.signal);
    queue.add('a');
    await clock.settle();
    abort.abort();
    await running;
    const expected = {
      controller_runtime_reconcile_total: [
        '{controller="air",result="success"} 1',
        '{controller="air",result="error"} 0',
        '{controller="air",result="requeue"} 0',
        '{controller="air",result="requeue_after"} 0',
      ],
      controller_runtime_reconcile_errors_total: ['{controller="air"} 0'],
      controller_runtime_terminal_reconcile_errors_total: ['{controller="air"} 0'],
      controller_runtime_max_concurrent_reconciles: ['{controller="air"} 3'],
      controller_runtime_active_workers: ['{controller="air"} 0'],
      controller_runtime_reconcile_time_seconds_sum: ['{controller="air"} 2'],
      controller_runtime_reconcile_time_seconds_count: ['{controller="air"} 1'],
      workqueue_adds_total: ['{name="air",controller="air"} 1'],
      workqueue_retries_total: ['{name="air",controller="air"} 0'],
      workqueue_depth: ['{name="air",controller="air"} 0'],
      workqueue_unfinished_work_seconds: ['{name="air",controller="air"} 0'],
      workqueue_longest_running_processor_seconds: ['{name="air",controller="air"} 0'],
      workqueue_queue_duration_seconds_count: ['{name="air",controller="air"} 1'],
      workqueue_work_duration_seconds_sum: ['{name="air",controller="air"} 2'],
    };
    for (const [name, values] of Object.entries(expected)) {
      expect(await samples(metrics, name)).toEqual(values.map((value) => name + value));
    }
  });

  test('count an error under its result and on its own', async () => {
    const { controller, ...metrics } = setUp();
    controller.passStarted('air');
    controller.passEnded('air', 'error', 5);
    controller.terminalError('air');
    const all = { controller, ...metrics };
    expect(await samples(all, 'controller_runtime_reconcile_total')).toContain(
      'controller_runtime_reconcile_total{controller="air",result="error"} 1',
    );
    for (const name of ['reconcile_errors_total', 'terminal_reconcile_errors_total']) {
      expect(await samples(all, `controller_runtime_${name}`)).toEqual([
        `controller_runtime_${name}{controller="air"} 1`,
      ]);
    }
  });

  test('show what a queue holds when they are scraped, not when they were made', async () => {
    const metrics = setUp();
    let depth = 1;
    metrics.queue('air').observe(() => ({ depth, unfinishedMs: 1_500, longestMs: 500 }));
    depth = 7;
    expect(await samples(metrics, 'workqueue_depth')).toEqual(['workqueue_depth{name="air",controller="air"} 7']);
    expect(await samples(metrics, 'workqueue_unfinished_work_seconds')).toEqual([
      'workqueue_unfinished_work_seconds{name="air",controller="air"} 1.5',
    ]);
  });
});

describe('our own metrics', () => {
  test('count requests, drift, repairs, writes and the lease under their names', async () => {
    const metrics = setUp();
    metrics.azure.armRequest('get', 200);
    metrics.azure.armRequest('get', 'timeout');
    metrics.azure.driftDetected('location');
    metrics.azure.driftCorrected('location');
    metrics.azure.repair('repaired');
    metrics.kubernetes.kubernetesRequest(201, 'POST', 'api:443');
    metrics.kubernetes.kubernetesWrite('status');
    metrics.kubernetes.leader('azure-ir-operator', true);
    const expected = [
      'azure_ir_arm_requests_total{operation="get",code="200"} 1',
      'azure_ir_arm_requests_total{operation="get",code="timeout"} 1',
      'azure_ir_drift_detected_total{field="location"} 1',
      'azure_ir_drift_corrected_total{field="location"} 1',
      'azure_ir_repairs_total{outcome="repaired"} 1',
      'azure_ir_repairs_total{outcome="exhausted"} 0',
      'rest_client_requests_total{code="201",method="POST",host="api:443"} 1',
      'azure_ir_kubernetes_writes_total{kind="status"} 1',
      'azure_ir_kubernetes_writes_total{kind="event"} 0',
      'leader_election_master_status{name="azure-ir-operator"} 1',
      'azure_ir_build_info{version="1.2.3",node="v24.0.0"} 1',
    ];
    const lines = (await metrics.exposition.text()).split('\n');
    expect(lines).toEqual(expect.arrayContaining(expected));
    metrics.kubernetes.leader('azure-ir-operator', false);
    expect(await samples(metrics, 'leader_election_master_status')).toEqual([
      'leader_election_master_status{name="azure-ir-operator"} 0',
    ]);
  });

  test('stay bounded however many values a label gets, and count what is beyond as other', async () => {
    const metrics = setUp();
    for (let i = 0; i < 1_000; i += 1) metrics.azure.driftDetected(`field${i}`);
    metrics.azure.driftDetected('field0');
    const lines = await samples(metrics, 'azure_ir_drift_detected_total');
    expect(lines).toHaveLength(101);
    expect(lines).toContain('azure_ir_drift_detected_total{field="field0"} 2');
    expect(lines).toContain('azure_ir_drift_detected_total{field="other"} 900');
  });

  test('of one set are not those of another', async () => {
    const [one, other] = [setUp(), setUp()];
    one.azure.armRequest('get', 200);
    expect(await samples(other, 'azure_ir_arm_requests_total')).toEqual([]);
  });

  test('come with those of the process unless unwanted', async () => {
    const text = await createMetrics({ version: '1', node: '24', now: () => 0 }).exposition.text();
    expect(text).toContain('process_resident_memory_bytes');
    expect(await setUp().exposition.text()).not.toContain('process_resident_memory_bytes');
  });
});

describe('the change queue', () => {
  test('has no series that could be taken for a fault before it is read', async () => {
    const metrics = setUp();
    expect(await samples(metrics, 'azure_ir_push_up')).toEqual([]);
    expect(await samples(metrics, 'azure_ir_push_messages_total')).toEqual([]);
    expect(await metrics.exposition.text()).not.toMatch(/^azure_ir_push_/m);
    metrics.push.start();
    expect(await samples(metrics, 'azure_ir_push_missed_total')).toEqual(['azure_ir_push_missed_total 0']);
    expect(await samples(metrics, 'azure_ir_push_delay_seconds_count')).toEqual([
      'azure_ir_push_delay_seconds_count 0',
    ]);
  });

  test('is up or down, and its messages are counted by what became of them', async () => {
    const metrics = setUp();
    metrics.push.start();
    metrics.push.up(false);
    expect(await samples(metrics, 'azure_ir_push_up')).toEqual(['azure_ir_push_up 0']);
    metrics.push.up(true);
    metrics.push.message('poll');
    metrics.push.message('malformed', 3);
    metrics.push.delay(-5_000);
    metrics.push.delay(1_500);
    metrics.push.missed();
    expect(await samples(metrics, 'azure_ir_push_up')).toEqual(['azure_ir_push_up 1']);
    const counts = await samples(metrics, 'azure_ir_push_messages_total');
    expect(counts.map((line) => line.slice(line.indexOf('"')))).toEqual([
      '"poll"} 1',
      '"echo"} 0',
      '"stale"} 0',
      '"unknown"} 0',
      '"malformed"} 3',
      '"ignored"} 0',
    ]);
    expect(await samples(metrics, 'azure_ir_push_delay_seconds_sum')).toEqual(['azure_ir_push_delay_seconds_sum 1.5']);
    expect(await samples(metrics, 'azure_ir_push_missed_total')).toEqual(['azure_ir_push_missed_total 1']);
  });
});

describe('the remaining budget', () => {
  const NAME = 'azure_ir_arm_budget_remaining';
  const owner = (i: number) => ({ subscription: `s${i}`, identity: 'id' });
  const line = (subscription: string, identity: string, value: number): string =>
    `${NAME}{subscription="${subscription}",identity="${identity}",kind="reads"} ${value}`;

  test('is shown by owner and kind as it is when asked for, and goes with its owner', async () => {
    const metrics = setUp();
    let reads = 10;
    metrics.azure.budgetAdded(owner(1), () => ({ reads }));
    metrics.azure.budgetAdded(owner(2), () => ({ reads: 5 }));
    expect(await samples(metrics, NAME)).toEqual([line('s1', 'id', 10), line('s2', 'id', 5)]);
    reads = 9;
    expect(await samples(metrics, NAME)).toEqual([line('s1', 'id', 9), line('s2', 'id', 5)]);
    metrics.azure.budgetRemoved(owner(1));
    expect(await samples(metrics, NAME)).toEqual([line('s2', 'id', 5)]);
  });

  test('of more than 50 owners is shown as the lowest of the others', async () => {
    const metrics = setUp();
    for (let i = 0; i < 60; i += 1) metrics.azure.budgetAdded(owner(i), () => ({ reads: 1_000 - i }));
    const lines = await samples(metrics, NAME);
    expect(lines).toHaveLength(51);
    expect(lines).toContain(line('other', 'other', 941));
    metrics.azure.budgetRemoved(owner(59));
    expect(await samples(metrics, NAME)).toContain(line('other', 'other', 942));
    for (let i = 50; i < 59; i += 1) metrics.azure.budgetRemoved(owner(i));
    expect(await samples(metrics, NAME)).toHaveLength(50);
  });

  test('of an owner that went makes room for one that comes', async () => {
    const metrics = setUp();
    for (let i = 0; i < 50; i += 1) metrics.azure.budgetAdded(owner(i), () => ({ reads: 1 }));
    metrics.azure.budgetRemoved(owner(0));
    metrics.azure.budgetAdded(owner(77), () => ({ reads: 4 }));
    expect(await samples(metrics, NAME)).toContain(line('s77', 'id', 4));
  });
});
