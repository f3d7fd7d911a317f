/** The pages on monitoring say what there is: every metric, and every alert. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { createMetrics } from '../../src/telemetry/metrics/metrics.ts';

const file = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
/** The first two cells of all rows of tables, without backquotes. */
const rowsOf = (path: string) =>
  [...file(path).matchAll(/^\| `(\w+)` +\| (\w+)/gm)].map(([, name = '', second = '']) => ({ name, second }));

const all = createMetrics({ version: '1', node: '24', process: false, now: () => 0 });
// With all that is registered later, as by a leader that reads a change queue.
all.push.start();
const text = await all.exposition.text();
const metrics = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => ({
  name,
  second: type,
}));

interface Alert {
  readonly alert: string;
  readonly labels: { readonly severity: string };
}
const alerts: readonly Alert[] = parse(file('deploy/monitoring/rules.yaml')).groups[0].rules;

const sorted = (rows: readonly { name: string; second: string }[]) =>
  rows.map(({ name, second }) => `${name} ${second}`).sort();

test('docs/reference/metrics.md has every metric, with its type, and no other', () => {
  expect(sorted(rowsOf('docs/reference/metrics.md'))).toEqual(sorted(metrics));
});

test.each([...file('docs/monitoring.md').matchAll(/azure_ir_\w+/g)].map(([name]) => name))(
  'docs/monitoring.md speaks of %s, which there is',
  (name) => {
    expect(metrics.some((metric) => metric.name === name || (name.endsWith('_') && metric.name.startsWith(name)))).toBe(
      true,
    );
  },
);

test('docs/monitoring.md has every alert, with its severity, and no other', () => {
  expect(sorted(rowsOf('docs/monitoring.md').filter(({ name }) => name.startsWith('AzureIr')))).toEqual(
    sorted(alerts.map(({ alert, labels }) => ({ name: alert, second: labels.severity }))),
  );
});
