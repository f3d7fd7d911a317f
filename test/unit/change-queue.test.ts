/** What docs/change-queue.md has people type to see what Azure tells: it shows the facts, and nobody's name. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '../..');
const PROGRAM = join(ROOT, 'deploy/azure/change-events.jq');
const PAGE = readFileSync(join(ROOT, 'docs/change-queue.md'), 'utf8');
const CHECK = '5ec0de00-0000-4000-8000-000000000001';
const QUEUED = '2026-11-29T06:00:01+00:00';

const data = {
  operationName: 'Microsoft.DataFactory/factories/integrationruntimes/write',
  resourceUri:
    '/subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups/secret-group/providers/Microsoft.DataFactory/factories/secret-factory/integrationruntimes/secret-runtime',
  correlationId: CHECK,
  claims: { name: 'secret-person', ipaddr: '192.0.2.1' },
  authorization: { evidence: { principalId: 'secret-principal' } },
};
const EVENT_GRID = {
  id: '1',
  topic: '/subscriptions/00000000-0000-0000-0000-000000000001',
  subject: data.resourceUri,
  eventType: 'Microsoft.Resources.ResourceWriteSuccess',
  eventTime: '2026-11-29T06:00:00.1234567Z',
  data,
};
const CLOUD_EVENT = {
  id: '1',
  specversion: '1.0',
  source: EVENT_GRID.topic,
  subject: data.resourceUri,
  type: EVENT_GRID.eventType,
  time: EVENT_GRID.eventTime,
  data,
};
const SHOWN = {
  type: EVENT_GRID.eventType,
  operation: data.operationName,
  resource: 'Microsoft.DataFactory/factories/integrationruntimes',
  sameCorrelationId: true,
  changed: EVENT_GRID.eventTime,
  queued: QUEUED,
  encoding: 'base64',
  schema: 'EventGrid',
};
const base64 = (event: unknown): string => Buffer.from(JSON.stringify(event)).toString('base64');

/** Of messages as `az storage message peek` prints them. */
function shown(...contents: readonly string[]): string {
  const messages = contents.map((content) => ({ id: 'i', insertionTime: QUEUED, dequeueCount: 0, content }));
  const { status, stdout, stderr } = spawnSync('jq', ['-c', '-f', PROGRAM], {
    input: JSON.stringify(messages),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

const lines = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

const hasJq = spawnSync('jq', ['--version']).status === 0;
(hasJq ? describe : describe.skip)('change-events.jq', () => {
  test.each([
    ['in base64', base64(EVENT_GRID), SHOWN],
    ['in plain text', JSON.stringify(EVENT_GRID), { ...SHOWN, encoding: 'plain' }],
    ['in an array', base64([EVENT_GRID]), SHOWN],
    ['of the other schema', base64(CLOUD_EVENT), { ...SHOWN, schema: 'CloudEvents' }],
    [
      'without resourceUri, by its subject',
      base64({ ...EVENT_GRID, data: { ...data, resourceUri: undefined } }),
      SHOWN,
    ],
    [
      'of another request',
      base64({ ...EVENT_GRID, data: { ...data, correlationId: 'another' } }),
      { ...SHOWN, sameCorrelationId: false },
    ],
    [
      'of a resource group',
      base64({ ...EVENT_GRID, data: { ...data, resourceUri: '/subscriptions/S/resourceGroups/secret-group' } }),
      { ...SHOWN, resource: '' },
    ],
  ])('shows an event %s', (_, content, expected) => {
    expect(lines(shown(content))).toEqual([expected]);
  });

  test('shows nobody, and no name of what belongs to somebody', () => {
    const text = shown(base64(EVENT_GRID), base64(CLOUD_EVENT), JSON.stringify([EVENT_GRID, EVENT_GRID]));
    expect(lines(text).length).toBe(4);
    expect(text).not.toMatch(/secret|192\.0\.2\.1|00000000-/);
  });

  test('shows what the page says that it shows', () => {
    const [, example = ''] = /^```json\n(\{\n {2}"type"[\s\S]*?)^```$/m.exec(PAGE) ?? [];
    expect(lines(shown(base64(EVENT_GRID)))).toEqual([JSON.parse(example)]);
  });
});

describe('the page on the change queue', () => {
  test('brings the correlation id that change-events.jq looks for', () => {
    expect(PAGE).toContain(`x-ms-correlation-request-id=${CHECK} `);
    expect(readFileSync(PROGRAM, 'utf8')).toContain(`"${CHECK}"`);
  });

  test('leads to a form that asks for the output', () => {
    const [, template = ''] = /issues\/new\?template=([\w.-]+)\)/.exec(PAGE) ?? [];
    const form = parse(readFileSync(join(ROOT, '.github/ISSUE_TEMPLATE', template), 'utf8'));
    expect(form.body.map((each: { id?: string }) => each.id)).toContain('output');
  });
});
