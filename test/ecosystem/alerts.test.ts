/** The alerts, as Prometheus' own tool understands them: alerts.yaml says when each fires, and when not. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { pathOf } from '../../dev/tools/index.ts';
import { describeWith } from '../support/tools.ts';

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
}

interface Case {
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly object[] }[];
}

const RULES = fileURLToPath(new URL('../../deploy/monitoring/rules.yaml', import.meta.url));
const CASES = fileURLToPath(new URL('./alerts.yaml', import.meta.url));

const promtool = (...args: string[]) => promisify(execFile)(pathOf('promtool'), args);

const describe = await describeWith('promtool');
const alerts: readonly Alert[] = parse(await readFile(RULES, 'utf8')).groups.flatMap(
  ({ rules }: { rules: Alert[] }) => rules,
);
const cases: readonly Case[] = parse(await readFile(CASES, 'utf8')).tests;

describe('the alerts', () => {
  test('are well made, as promtool sees it', async () => {
    const { stdout } = await promtool('check', 'rules', '--lint=all', '--lint-fatal', RULES);
    expect(stdout).toContain(`SUCCESS: ${alerts.length} rules found`);
  });

  test('fire when they should, and only then, as promtool evaluates them', async () => {
    const { stdout } = await promtool('test', 'rules', CASES);
    expect(stdout).toContain('SUCCESS');
  });

  test.each(alerts)('$alert is tried both firing and not', ({ alert }) => {
    const tried = cases.flatMap((each) => each.alert_rule_test).filter(({ alertname }) => alertname === alert);
    expect(tried.some(({ exp_alerts }) => exp_alerts.length > 0)).toBe(true);
    expect(tried.some(({ exp_alerts }) => exp_alerts.length === 0)).toBe(true);
  });

  test.each(alerts)(
    '$alert says what is wrong, how urgent it is, and where to read on',
    ({ alert, labels, annotations }) => {
      expect(labels.severity).toMatch(/^(critical|warning)$/);
      expect(annotations).toEqual({
        summary: expect.stringMatching(/^[A-Z].*\.$/),
        description: expect.stringMatching(/^[^ ].*\.$/),
        runbook_url: `docs/runbook.md#${alert.toLowerCase()}`,
      });
    },
  );
});
