/** The fleet as people and machines see it. The files under golden/ were read by a person. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parsed } from '../../../src/cli/fleet/objects.ts';
import { linesOf, render } from '../../../src/cli/fleet/status.ts';
import { run } from '../../../src/cli/run.ts';
import { ApiServer } from './api-server.ts';
import { FLEET, NOW } from './fleet-worlds.ts';
import { testIo } from './test-io.ts';

const golden = (name: string) => readFileSync(new URL(`golden/${name}`, import.meta.url), 'utf8');
const lines = linesOf(
  FLEET.map((object) => ({ ...object, metadata: { ...object.metadata, resourceVersion: '1' } })).flatMap(parsed),
);
let server: ApiServer;

beforeAll(async () => {
  server = await ApiServer.start();
  for (const object of FLEET) server.put(object);
  const event = {
    reason: 'Created',
    note: 'Runtime was created [request 1].',
    eventTime: '2026-01-01T00:00:05.000000Z',
  };
  const again = {
    reason: 'DriftCorrected',
    note: 'location was corrected.',
    eventTime: '2026-01-02T00:00:00.000000Z',
    series: { count: 3, lastObservedTime: '2026-01-03T00:00:00.000000Z' },
  };
  server.answers.set('GET /apis/events.k8s.io/v1/namespaces/team-a/events', {
    status: 200,
    body: { items: [again, event] },
  });
});
afterAll(() => server.stop());

test.each([
  ['text', 'status.txt'],
  ['wide', 'status-wide.txt'],
  ['json', 'status.json'],
  ['yaml', 'status.yaml'],
  ['name', 'status-names.txt'],
] as const)('status as %s', async (format, file) => {
  expect(await render(lines, format, NOW, testIo().io)).toBe(golden(file));
});

test.each([
  ['text', 'trace.txt'],
  ['json', 'trace.json'],
])('trace as %s', async (format, file) => {
  const { io, told } = testIo();
  expect(await run(['trace', 'etl', '-n', 'team-a', '-o', format, '--kubeconfig', server.kubeconfig], io)).toBe(0);
  expect(told).toMatchObject({ out: golden(file), notes: '' });
});
