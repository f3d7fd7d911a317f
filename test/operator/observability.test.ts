/** What the operator tells those who run it. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { DEFAULT_CLIENT } from '../../dev/emulator/index.ts';
import { fault, PUT, refusal, untilCalled } from './support/faults.ts';
import { eventually, inPlace, message, type Place } from './support/place.ts';
import { currentRun } from './support/run.ts';

const ready = (place: Place) => place.until('sample', 'Ready=True Available');

async function get(url: string): Promise<{ status: number; type: string; text: string }> {
  const answer = await fetch(url);
  return { status: answer.status, type: answer.headers.get('content-type') ?? '', text: await answer.text() };
}

/** The sum of all series of a metric with these labels. */
async function metric(name: string, labels: string): Promise<number> {
  const { text } = await get(`${currentRun().metricsUrl}/metrics`);
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && line.includes(labels))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

describe('the endpoints', () => {
  test.each(['/healthz', '/readyz'])('%s answers', async (path) => {
    expect(await get(`${currentRun().healthUrl}${path}`)).toMatchObject({ status: 200 });
  });

  test('/metrics answers with the metrics that dashboards and alerts expect', async () => {
    const { status, type, text } = await get(`${currentRun().metricsUrl}/metrics`);
    expect({ status, type }).toEqual({ status: 200, type: expect.stringContaining('text/plain') });
    const names = new Set(text.split('\n').flatMap((line) => /^# TYPE (\S+)/.exec(line)?.[1] ?? []));
    const expected = [
      ...['controller_runtime_reconcile_total', 'controller_runtime_reconcile_errors_total'],
      ...['controller_runtime_terminal_reconcile_errors_total', 'controller_runtime_reconcile_time_seconds'],
      ...['controller_runtime_max_concurrent_reconciles', 'controller_runtime_active_workers'],
      ...[
        'workqueue_depth',
        'workqueue_adds_total',
        'workqueue_queue_duration_seconds',
        'workqueue_work_duration_seconds',
      ],
      ...[
        'workqueue_unfinished_work_seconds',
        'workqueue_longest_running_processor_seconds',
        'workqueue_retries_total',
      ],
      ...['rest_client_requests_total', 'azure_ir_arm_requests_total', 'azure_ir_kubernetes_writes_total'],
      ...[
        'azure_ir_drift_detected_total',
        'azure_ir_drift_corrected_total',
        'azure_ir_repairs_total',
        'azure_ir_build_info',
        'azure_ir_objects',
        'azure_ir_runtimes',
        'azure_ir_oldest_observation_seconds',
        'azure_ir_oldest_observation_intervals',
        'azure_ir_arm_budget_waiting',
        'azure_ir_arm_budget_waits_total',
        'azure_ir_arm_budget_wait_seconds',
      ],
    ];
    expect(expected.filter((name) => !names.has(name))).toEqual([]);
  });
});

describe('the metrics', () => {
  test('count passes, requests to Azure and writes to Kubernetes', () =>
    inPlace(async (place) => {
      const counted = async () => ({
        passes: await metric('controller_runtime_reconcile_total', 'controller="azureintegrationruntime"'),
        creates: await metric('azure_ir_arm_requests_total', 'operation="create",code="200"'),
        statuses: await metric('azure_ir_kubernetes_writes_total', 'kind="status"'),
        finalizers: await metric('azure_ir_kubernetes_writes_total', 'kind="finalizer"'),
        events: await metric('azure_ir_kubernetes_writes_total', 'kind="event"'),
        calls: await metric('rest_client_requests_total', 'code="200"'),
      });
      const before = await counted();
      await place.apply('sample', { interval: '1h' });
      await ready(place);
      await place.untilEvents('sample', 'Created');
      // Other tests share the operator: the counters may rise by more.
      const after = await counted();
      const grown = Object.entries(after).map(([name, value]) => [name, value > before[name as keyof typeof before]]);
      expect(Object.fromEntries(grown)).toEqual(Object.fromEntries(grown.map(([name]) => [name, true])));
    }));

  test('count drift and repairs', () =>
    inPlace(async (place) => {
      const counted = async () => ({
        detected: await metric('azure_ir_drift_detected_total', 'field="location"'),
        corrected: await metric('azure_ir_drift_corrected_total', 'field="location"'),
        repairs: await metric('azure_ir_repairs_total', 'outcome="started"'),
      });
      await place.apply('sample');
      await ready(place);
      const before = await counted();
      await place.azure.drift({ factory: place.factory, name: 'sample', merge: { typeProperties: null } });
      await place.untilEvents('sample', 'Created', 'DriftDetected', 'DriftCorrected');
      await place.azure.setState({ factory: place.factory, name: 'sample', state: 'Limited' });
      await place.untilEvents('sample', 'Created', 'DriftDetected', 'DriftCorrected', 'RepairStarted', 'Repaired');
      const after = await counted();
      expect(after.detected).toBeGreaterThan(before.detected);
      expect(after.corrected).toBeGreaterThan(before.corrected);
      expect(after.repairs).toBeGreaterThan(before.repairs);
    }));

  test('count how repairs ended', () =>
    inPlace(async (place) => {
      await place.apply('sample');
      await ready(place);
      await place.azure.setState({ factory: place.factory, name: 'sample', state: 'Limited' });
      await place.untilEvents('sample', 'Created', 'RepairStarted', 'Repaired');
      expect(await metric('azure_ir_repairs_total', 'outcome="repaired"')).toBeGreaterThan(0);
    }));

  // Nobody counts them: the series exists and stays 0.
  test('count passes that end with what only a person can mend', () =>
    inPlace(async (place) => {
      await place.azure.setBadReference({ factory: place.factory, name: 'sample', reference: 'x', times: 1_000 });
      await place.apply('sample');
      await place.until('sample', 'Ready=False InvalidDefinition Stalled');
      const controller = 'controller="azureintegrationruntime"';
      expect(await metric('controller_runtime_terminal_reconcile_errors_total', controller)).toBeGreaterThan(0);
    }));

  test('tell what is left of the request budget', () =>
    inPlace(async (place) => {
      await place.apply('sample');
      await ready(place);
      // Of fifty subscriptions at most; the other tests have more.
      expect(
        await metric('azure_ir_arm_budget_remaining', `identity="${place.run.identity}",kind="reads"`),
      ).toBeGreaterThan(0);
    }));
});

describe('the log', () => {
  test('has one line for each action and each change of the status, none for a pass in which nothing happens', () =>
    inPlace(async (place) => {
      await place.apply('sample');
      await ready(place);
      await place.passes('sample', 4);
      await place.azure.drift({ factory: place.factory, name: 'sample', merge: { typeProperties: null } });
      await place.untilEvents('sample', 'Created', 'DriftDetected', 'DriftCorrected');
      await place.passes('sample', 4);
      await place.delete('sample');
      await place.untilGone('sample');
      await eventually(async () =>
        expect((await place.log()).map(({ msg }) => msg)).toEqual([
          'runtime created',
          'status changed',
          'runtime updated',
          'runtime deleted',
        ]),
      );
      for (const line of await place.log()) {
        expect(line).toMatchObject({
          object: `${place.namespace}/sample`,
          runtime: 'sample',
          factory: place.factory.name,
        });
      }
    }));

  test('tells what Azure refused', () =>
    inPlace(async (place) => {
      await place.apply('sample', { interval: '1h' });
      await ready(place);
      await place.azure.setBadReference({ factory: place.factory, name: 'sample', reference: 'vnet-x' });
      await place.apply('sample', { interval: '1h', location: 'North Europe' });
      await place.until('sample', 'Ready=False InvalidDefinition Stalled');
      await eventually(async () =>
        expect((await place.log()).slice(2)).toMatchObject([
          { level: 'warn', msg: 'azure request failed', during: 'update', failure: 'refused' },
          { level: 'info', msg: 'status changed', ready: 'False', reason: 'InvalidDefinition' },
        ]),
      );
    }));

  test('complains once of an object that waits on a failure, whose message keeps the id of the request that met it first', () =>
    inPlace(async (place) => {
      await fault(place, PUT, refusal(403, 'AuthorizationFailed'));
      await place.apply('sample');
      const told = message(await place.until('sample', 'Ready=False Forbidden Reconciling'));
      await untilCalled(place, PUT, 3);
      const lines = await eventually(async () => {
        const failed = (await place.log()).filter(({ msg }) => msg === 'azure request failed');
        expect(failed.length).toBeGreaterThan(1);
        return failed;
      });
      expect(lines.map(({ level }) => level)).toEqual(['warn', ...lines.slice(1).map(() => 'debug')]);
      expect(new Set(lines.map(({ requestId }) => requestId)).size).toBe(lines.length);
      const [first] = lines;
      expect(told).toMatch(
        new RegExp(`Assign it a role.* \\[request id ${first?.requestId}, correlation id ${first?.correlationId}\\]$`),
      );
      // That the Warning was told is noted in the status, at its own time.
      const statuses = (await place.allVersions('sample')).map(({ status }) =>
        JSON.stringify({ ...status, warnings: undefined }),
      );
      expect(message(await place.get('sample'))).toBe(told);
      expect(statuses.filter((status, i) => i > 0 && status !== statuses[i - 1])).toHaveLength(1);
    }));

  test('holds no secret and no token', () =>
    inPlace(async (place) => {
      await place.apply('sample', { interval: '1h' });
      await ready(place);
      const log = await readFile(place.run.logFile, 'utf8');
      expect(log).not.toContain(DEFAULT_CLIENT.clientSecret);
      expect(log).not.toMatch(/eyJ[\w-]{10,}/);
    }));
});
