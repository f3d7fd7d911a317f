/** Each of the tools runs: what other tests find out with it is its own word. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pathOf, type Tool } from '../../dev/tools/index.ts';
import { Kstatus } from '../../dev/tools/kstatus.ts';
import { Lua } from '../../dev/tools/lua.ts';
import { type Prometheus, startPrometheus } from '../../dev/tools/prometheus.ts';
import { eventually } from '../support/eventually.ts';
import { describeWith } from '../support/tools.ts';

const run = (tool: Tool, ...args: string[]) => promisify(execFile)(pathOf(tool), args);

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tools-test-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

(await describeWith('helm'))('helm', () => {
  test('makes a chart and finds nothing wrong with it', async () => {
    await run('helm', 'create', join(dir, 'sample'));
    const { stdout } = await run('helm', 'lint', join(dir, 'sample'));
    expect(stdout).toContain('1 chart(s) linted, 0 chart(s) failed');
  });
});

(await describeWith('promtool'))('promtool', () => {
  const rules = (expression: string) =>
    JSON.stringify({ groups: [{ name: 'g', rules: [{ alert: 'Down', expr: expression }] }] });

  test('accepts a rule, and refuses one that is none', async () => {
    const file = join(dir, 'rules.yaml');
    await writeFile(file, rules('up == 0'));
    expect((await run('promtool', 'check', 'rules', file)).stdout).toContain('SUCCESS: 1 rules found');
    await writeFile(file, rules('up =='));
    await expect(run('promtool', 'check', 'rules', file)).rejects.toThrow(/parse error/);
  });
});

(await describeWith('prometheus'))('prometheus', () => {
  let prometheus: Prometheus;
  beforeAll(async () => {
    const nobody = { job_name: 'nobody', scrape_interval: '100ms', static_configs: [{ targets: ['127.0.0.1:9'] }] };
    prometheus = await startPrometheus(JSON.stringify({ scrape_configs: [{ ...nobody, scrape_timeout: '100ms' }] }));
  });
  afterAll(() => prometheus?.stop());

  test('answers queries, and says what is wrong with one', async () => {
    expect(await prometheus.query('vector(1 + 1)')).toEqual([{ metric: {}, value: [expect.any(Number), '2'] }]);
    await expect(prometheus.query('vector(')).rejects.toThrow('parse error');
  });

  test('scrapes what it is told to', async () => {
    const down = [{ value: [expect.any(Number), '0'] }];
    await eventually(async () => expect(await prometheus.query('up{job="nobody"}')).toMatchObject(down));
  });
});

(await describeWith('kstatus'))('kstatus', () => {
  let kstatus: Kstatus;
  beforeAll(() => {
    kstatus = new Kstatus();
  });
  afterAll(() => kstatus.stop());

  const object = (conditions: readonly object[]) => ({
    apiVersion: 'azure-ir.io/v1beta1',
    kind: 'AzureIntegrationRuntime',
    metadata: { name: 'sample', namespace: 'default', generation: 2 },
    status: { observedGeneration: 2, conditions },
  });

  test('gives its verdict, and its reason, for each object in order', async () => {
    const stalled = { type: 'Stalled', status: 'True', reason: 'PolicyDenied', message: 'An Azure Policy refuses it.' };
    const ready = { type: 'Ready', status: 'True', reason: 'Available' };
    expect(await Promise.all([kstatus.of(object([stalled])), kstatus.of(object([ready]))])).toEqual([
      { status: 'Failed', message: 'An Azure Policy refuses it.' },
      { status: 'Current', message: 'Resource is Ready' },
    ]);
  });

  test('refuses what is no object, and goes on', async () => {
    await expect(kstatus.of({ metadata: {} })).rejects.toThrow("Object 'Kind' is missing");
    expect(await kstatus.of(object([]))).toMatchObject({ status: 'Current' });
  });
});

(await describeWith('lua'))("Argo CD's Lua", () => {
  let lua: Lua;
  beforeAll(() => {
    lua = new Lua();
  });
  afterAll(() => lua.stop());

  test('gives a script the object and returns its table', async () => {
    const script = 'obj.spec.suspend = true; table.insert(obj.list, 2); return obj';
    expect(await lua.run(script, { spec: {}, list: [1] })).toEqual({ spec: { suspend: true }, list: [1, 2] });
  });

  test('has no string library, unless all of it is asked for', async () => {
    const script = 'return {upper = string.upper(obj.name)}';
    await expect(lua.run(script, { name: 'a' })).rejects.toThrow('attempt to index a non-table object(nil)');
    expect(await lua.run(script, { name: 'a' }, { useOpenLibs: true })).toEqual({ upper: 'A' });
  });

  test('tells the time to who requires os, and lets nobody do more with it', async () => {
    const script = 'local os = require("os"); return {date = os.date("!%Y-%m-%d", 0), exit = os.exit == nil}';
    expect(await lua.run(script, {})).toEqual({ date: '1970-01-01', exit: true });
  });

  test('passes the parameters of an action', async () => {
    const actionParams = { token: 'now' };
    expect(await lua.run('return {token = actionParams.token}', {}, { actionParams })).toEqual({ token: 'now' });
  });

  test('ends a script that never ends', async () => {
    await expect(lua.run('while true do end', {})).rejects.toThrow('context deadline exceeded');
  });

  test('refuses a script that returns no table', async () => {
    await expect(lua.run('return 1', {})).rejects.toThrow('expect table output');
  });
});
