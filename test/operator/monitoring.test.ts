/** What Prometheus makes of the metrics of the running operator: every query of the dashboard and every alert. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Prometheus, startPrometheus } from '../../dev/tools/prometheus.ts';
import { describeWith } from '../support/tools.ts';
import { announce, changeQueue } from './support/change-queue.ts';
import { eventually, inPlace } from './support/place.ts';
import { currentRun } from './support/run.ts';

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly description?: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const file = (path: string) => fileURLToPath(new URL(`../../deploy/monitoring/${path}`, import.meta.url));
const dashboard = JSON.parse(await readFile(file('dashboard.json'), 'utf8')) as { panels: readonly Panel[] };
const describe = await describeWith('prometheus');

/** Flags of the operator under test that panels are empty without. */
const FLAGS = changeQueue() === undefined ? [] : ['--change-queue'];

/** Of a panel that says so. */
function mayBeEmpty(description: string): boolean {
  const [, flag] = /\bEmpty without (--[a-z-]+)/.exec(description) ?? [];
  return flag !== undefined && !FLAGS.includes(flag);
}

/** With what Grafana fills in: every release, and an interval of some scrapes. */
const queries = dashboard.panels.flatMap(({ title, description = '', targets = [] }) =>
  targets.map(({ expr }) => ({
    title,
    mayBeEmpty: mayBeEmpty(description),
    expr: expr.replaceAll('$job', '.*').replaceAll('$__rate_interval', '20s'),
  })),
);

describe('Prometheus, scraping the operator', () => {
  let prometheus: Prometheus;

  beforeAll(async () => {
    const target = new URL(currentRun().metricsUrl).host;
    prometheus = await startPrometheus(
      JSON.stringify({
        global: { scrape_interval: '500ms', evaluation_interval: '500ms' },
        rule_files: [file('rules.yaml')],
        scrape_configs: [{ job_name: 'azure-ir-operator', static_configs: [{ targets: [target] }] }],
      }),
    );
  });
  afterAll(() => prometheus?.stop());

  test('answers every query of the dashboard with data, or with nothing where that is documented', () =>
    inPlace(async (place) => {
      // Something of everything that the dashboard shows: messages, an object that needs a person, drift, a repair.
      if (changeQueue() !== undefined) await announce(place);
      await place.azure.setBadReference({ factory: place.factory, name: 'bad', reference: 'x', times: 1_000 });
      await place.apply('bad');
      await place.until('bad', 'Ready=False InvalidDefinition Stalled');
      await place.apply('sample');
      await place.until('sample', 'Ready=True Available');
      await place.azure.drift({ factory: place.factory, name: 'sample', merge: { typeProperties: null } });
      await place.untilEvents('sample', 'Created', 'DriftDetected', 'DriftCorrected');
      await place.azure.setState({ factory: place.factory, name: 'sample', state: 'Limited' });
      await place.untilEvents('sample', 'Created', 'DriftDetected', 'DriftCorrected', 'RepairStarted', 'Repaired');
      expect(queries.length).toBeGreaterThan(30);
      await eventually(async () => {
        const answers = await Promise.all(queries.map(({ expr }) => prometheus.query(expr)));
        expect(queries.filter(({ mayBeEmpty }, i) => !mayBeEmpty && answers[i]?.length === 0)).toEqual([]);
      });
    }));

  test('counts the objects by what is wrong with them', () =>
    inPlace(async (place) => {
      await place.azure.setBadReference({ factory: place.factory, name: 'bad', reference: 'x', times: 1_000 });
      await place.apply('bad');
      await place.until('bad', 'Ready=False InvalidDefinition Stalled');
      await eventually(async () => {
        const [sample] = await prometheus.query('azure_ir_objects{reason="InvalidDefinition", progress="Stalled"}');
        expect(Number(sample?.value[1])).toBeGreaterThan(0);
      });
    }));

  test('evaluates every alert without a complaint', async () => {
    await eventually(async () => {
      const { data } = (await (await fetch(`${prometheus.url}/api/v1/rules`)).json()) as {
        data: { groups: { rules: { name: string; health: string }[] }[] };
      };
      const rules = data.groups.flatMap((group) => group.rules);
      expect(rules.length).toBeGreaterThan(5);
      expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    });
  });

  test('is told of no single object, so that a thousand of them have no more series than one', () =>
    inPlace(async (place) => {
      await place.apply('only-one-of-its-name');
      await place.until('only-one-of-its-name', 'Ready=True Available');
      const metrics = await (await fetch(`${currentRun().metricsUrl}/metrics`)).text();
      for (const name of ['only-one-of-its-name', place.namespace, place.factory.name])
        expect(metrics).not.toContain(name);
    }));
});

test('the panels of the dashboard are told apart', () => {
  const ids = dashboard.panels.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
