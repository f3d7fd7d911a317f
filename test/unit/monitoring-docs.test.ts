/** The page on monitoring says what there is: every metric of our own, and every alert. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { createMetrics } from '../../src/telemetry/metrics.ts';

const file = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const page = file('docs/monitoring.md');
/** The first cells of all rows of tables, without backquotes and labels. */
const rows = [...page.matchAll(/^\| `(\w+)(?:\{[\w,]+\})?` +\| (\w+)/gm)].map(([, name = '', second = '']) => ({
  name,
  second,
}));
const named = (prefix: string) => rows.filter(({ name }) => name.startsWith(prefix));

const text = await createMetrics({ version: '1', node: '24', process: false, now: () => 0 }).exposition.text();
const metrics = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => ({
  name,
  second: type,
}));

interface Alert {
  readonly alert: string;
  readonly labels: { readonly severity: string };
}
const alerts: readonly Alert[] = parse(file('deploy/monitoring/rules.yaml')).groups[0].rules;

const sorted = (all: readonly { name: string; second: string }[]) =>
  all.map(({ name, second }) => `${name} ${second}`).sort();

describe('docs/monitoring.md', () => {
  test("has every metric of the operator's own, with its type, and no other", () => {
    expect(sorted(named('azure_ir_'))).toEqual(sorted(metrics.filter(({ name }) => name.startsWith('azure_ir_'))));
  });

  test.each(metrics.filter(({ name }) => !name.startsWith('azure_ir_')))('names $name', ({ name }) => {
    expect(page).toContain(`\`${name}\``);
  });

  test('has every alert, with its severity, and no other', () => {
    expect(sorted(named('AzureIr'))).toEqual(
      sorted(alerts.map(({ alert, labels }) => ({ name: alert, second: labels.severity }))),
    );
  });
});
