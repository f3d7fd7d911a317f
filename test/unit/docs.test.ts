/** What docs/ says is so: nothing is left out, and the arithmetic is the code's. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { REASONS, RUNTIME_STATES, WARNING_REASONS } from '../../src/api/names.ts';
import { ArmBucket } from '../../src/azure/budget/arm-bucket.ts';
import { ARM_LIMITS } from '../../src/azure/budget/limits.ts';
import { RequestBudget } from '../../src/azure/budget/request-budget.ts';
import { FakeClock } from '../support/fake-clock.ts';

const url = (path: string): URL => new URL(`../../${path}`, import.meta.url);
const file = (path: string): string => readFileSync(url(path), 'utf8');
const runbook = file('docs/runbook.md');
const role = file('docs/azure-role.md');
const capacity = file('docs/capacity.md').replace(/ +/g, ' ');

/** The names that headings of the runbook are about, of a part of it. */
function entries(part: string): string[] {
  return [...part.matchAll(/^### (.+)$/gm)].flatMap(([, heading = '']) =>
    [...heading.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
  );
}

/** From that heading to the next of its kind. */
function section(title: string): string {
  return runbook.split(/^(?=## )/m).find((part) => part.startsWith(`## ${title}\n`)) ?? '';
}

describe('the runbook', () => {
  const states = REASONS.filter((reason) => RUNTIME_STATES.some((state) => state === reason));
  test.each([...WARNING_REASONS, ...states, 'Drifted', 'Suspended'])('has an entry for the reason %s', (reason) => {
    expect(entries(section('Reasons that need a person'))).toContain(reason);
  });

  const rules = 'deploy/monitoring/rules.yaml';
  const testRules = existsSync(url(rules)) ? test : test.skip;
  testRules('has an entry for every alert, which the alert refers to, and for no other', () => {
    const alerts = [...file(rules).matchAll(/^[ -]*alert: *(\w+)$/gm)].map(([, name = '']) => name);
    const referred = [...file(rules).matchAll(/runbook_url: *\S*docs\/runbook\.md#(\w+)$/gm)].map(([, at = '']) => at);
    expect(entries(section('Alerts')).sort()).toEqual([...alerts].sort());
    expect(referred).toEqual(alerts.map((name) => name.toLowerCase()));
  });
});

describe('the description of the Azure role', () => {
  test('tells of each action what it is for, and of no other', () => {
    const { Actions } = JSON.parse(file('deploy/azure/role.json'));
    const told = [...role.matchAll(/^\| `(Microsoft\.\S+)`/gm)].map(([, action]) => action);
    expect(told.sort()).toEqual([...Actions].sort());
  });

  test('assigns the role by its name, to the service account that is installed', () => {
    const { Name } = JSON.parse(file('deploy/azure/role.json'));
    const [account] = parseAllDocuments(file('deploy/kustomize/rbac.yaml')).map((document) => document.toJS());
    expect(role).toContain(`--role "${Name}"`);
    expect(role).toContain(`--subject system:serviceaccount:${account.metadata.namespace}:${account.metadata.name} `);
  });
});

describe('the arithmetic of capacity', () => {
  test.each(['reads', 'writes', 'deletes'] as const)('has what is spent of the %s', (kind) => {
    const allowance = ARM_LIMITS[kind];
    const bucket = new ArmBucket(allowance, new FakeClock());
    const perSecond = Number((bucket.perMs * 1000).toFixed(1));
    expect(capacity).toContain(
      `| ${kind} | ${allowance.burst} | ${allowance.perSecond} a second | ${bucket.most} | ${perSecond} a second |`,
    );
  });

  test.each([
    ['1m', 60],
    ['5m', 300],
    ['10m (the default)', 600],
    ['1h', 3600],
  ])('has how many objects at the interval %s are looked at without stretching', (interval, seconds) => {
    const row = capacity.split('\n').find((line) => line.startsWith(`| ${interval} |`)) ?? '';
    const most = Number(/\| ([\d,]+) \|$/.exec(row)?.[1]?.replaceAll(',', ''));
    // Looks at that interval, as if by so many objects: by one whose interval is so much shorter.
    const stretch = (objects: number) => {
      const budget = new RequestBudget({ clock: new FakeClock(), wake: () => {} });
      return budget.spacedInterval('all', (seconds * 1000) / objects) / ((seconds * 1000) / objects);
    };
    expect(stretch(most)).toBe(1);
    expect(stretch(most * 1.02)).toBe(1.1);
  });
});

test.each(readdirSync(url('docs')).filter((name) => name.endsWith('.md') && name !== 'README.md'))(
  'the index of docs/ leads to %s',
  (name) => {
    expect(file('docs/README.md')).toContain(`](${name})`);
  },
);
