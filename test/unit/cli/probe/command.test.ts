/** `kubectl azir probe` as somebody runs it who has a factory: the emulator plays it, under a name of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Assumed } from '../../../../dev/emulator/assumptions.ts';
import { DEFAULT_CLIENT, type Emulator, type FactoryRef, startEmulator } from '../../../../dev/emulator/index.ts';
import { CHECKABLE } from '../../../../src/cli/probe/assumptions/index.ts';
import { saved } from '../../../../src/cli/probe/command.ts';
import { LeakError } from '../../../../src/cli/probe/recording.ts';
import { run } from '../../../../src/cli/run.ts';
import { azureEnv } from '../../../support/azure-env.ts';
import { eventually } from '../../../support/eventually.ts';
import { testIo } from '../test-io.ts';

/** A whole run takes some seconds, by the clock on the wall: it keeps its pace. */
jest.setTimeout(300_000);

const MAIN = new URL('../../../../src/cli/main.ts', import.meta.url).pathname;
const SUBSCRIPTION = '5ca1ab1e-4321-4abc-8def-0123456789ab';
const factory: FactoryRef = { subscriptionId: SUBSCRIPTION, resourceGroup: 'Fabrikam.RG_(eu)', name: 'fabrikam-adf' };
const id = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${factory.resourceGroup}/providers/Microsoft.DataFactory/factories/${factory.name}`;

let emulator: Emulator;
let dir: string;

async function start(assumed: Partial<Assumed> = {}): Promise<void> {
  emulator = await startEmulator({ assumed });
  await emulator.control.ensureFactory({ ...factory, location: 'uksouth' });
  await emulator.control.putRuntime({ factory, name: 'invoices', properties: { type: 'SelfHosted' } });
}

interface Told {
  readonly code: number | null;
  readonly out: string;
  readonly notes: string;
}

interface Begun {
  readonly child: ChildProcess;
  /** What it has said so far on standard error. */
  readonly notes: () => string;
  readonly told: Promise<Told>;
}

function begin(...args: string[]): Begun {
  const { tenantId, clientId, clientSecret } = DEFAULT_CLIENT;
  const child = spawn(process.execPath, [MAIN, 'probe', '--dir', dir, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      AZURE_TENANT_ID: tenantId,
      AZURE_CLIENT_ID: clientId,
      AZURE_CLIENT_SECRET: clientSecret,
      AZURE_AUTHORITY_HOST: emulator.authorityUrl,
      AZURE_RESOURCE_MANAGER_ENDPOINT: emulator.armUrl,
      NODE_EXTRA_CA_CERTS: emulator.caFile,
    },
  });
  const texts = { out: '', notes: '' };
  child.stdout.on('data', (chunk) => {
    texts.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    texts.notes += chunk;
  });
  const told = once(child, 'close').then(([code]) => ({ code: code as number | null, ...texts }));
  return { child, notes: () => texts.notes, told };
}

async function own(): Promise<string[]> {
  const all = (await emulator.control.runtimes(factory)).map(({ name }) => name);
  return all.filter((name) => name !== 'invoices');
}

/** A run that is in the middle for as long as it is let: from one on, its writes are never answered. */
async function beginAndStick(): Promise<ReturnType<typeof begin>> {
  await emulator.control.addFault({
    match: { method: 'PUT' },
    skip: 6,
    times: 'always',
    when: 'after',
    effect: { kind: 'hang' },
  });
  const run = begin('--factory', id, '--yes');
  await eventually(async () => expect((await own()).length).toBeGreaterThan(2), 120_000);
  return run;
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'probe-command-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('with the emulator as it is', () => {
  beforeAll(() => start());
  afterAll(() => emulator.stop());

  test('one command gives a report and a recording, and leaves nothing behind', async () => {
    const { code, out, notes } = await begin('--factory', id, '--yes').told;
    expect({ code, notes }).toMatchObject({ code: 0 });
    expect(out).toMatch(/^ +create-only +.*holds.* 412 PreconditionFailed$/m);
    expect(out).toContain('no workspace was named (--workspace)');
    expect(notes).toContain('Nothing of the probe is left.');
    expect(await own()).toEqual([]);
    // Nobody asked for a network (--network), which could never be deleted: it was looked for, and not made.
    const networks = (await emulator.control.trace()).filter(({ path }) => path.includes('/managedVirtualNetworks/'));
    expect(networks.map(({ method, status }) => [method, status])).toEqual([['GET', 404]]);
    const recording = readFileSync(join(dir, 'recording.json'), 'utf8');
    const report = readFileSync(join(dir, 'probe-report.json'), 'utf8');
    for (const input of [SUBSCRIPTION, 'Fabrikam', 'invoices', '127.0.0.1', ...Object.values(DEFAULT_CLIENT)]) {
      expect((recording + report).toLowerCase()).not.toContain(input.toLowerCase());
    }
    const { factory: asked, workspace: notAsked } = JSON.parse(recording).verdicts;
    expect([...Object.keys(asked), ...Object.keys(notAsked)].sort()).toEqual(CHECKABLE.map((each) => each.id).sort());
    expect(JSON.parse(report).factory).toHaveLength(Object.keys(asked).length);
    expect(existsSync(join(dir, 'probe-journal'))).toBe(false);
  });

  test('Ctrl-C ends it, and what it made is removed; until then nobody else works in the folder', async () => {
    const { child, told } = await beginAndStick();
    for (const args of [['--clean'], ['--factory', id]]) {
      const other = await begin(...args, '--yes').told;
      expect(other).toMatchObject({
        code: 1,
        notes: expect.stringContaining(`process ${child.pid} is running the probe there. Wait`),
      });
    }
    expect((await own()).length).toBeGreaterThan(2);
    child.kill('SIGINT');
    const { code, notes } = await told;
    await emulator.control.clearFaults();
    expect({ code, notes }).toMatchObject({ code: 130 });
    expect(await own()).toEqual([]);
  });

  test('Ctrl-C once more ends the removal, too, and what stays is listed', async () => {
    const { child, notes, told } = await beginAndStick();
    child.kill('SIGINT');
    await eventually(async () => expect(notes()).toContain('Removing what was made.'), 60_000);
    // What comes sooner is the same Ctrl-C, told by npm.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    child.kill('SIGINT');
    const { code, notes: said } = await told;
    await emulator.control.clearFaults();
    expect({ code, said }).toMatchObject({ code: 130 });
    const left = await own();
    for (const name of left) expect(said).toContain(`${id}/integrationRuntimes/${name}: `);
    expect(left.length).toBeGreaterThan(0);
    utimesSync(join(dir, 'probe-journal'), 0, 0);
    expect((await begin('--clean', '--yes').told).code).toBe(0);
    expect(await own()).toEqual([]);
  });

  test('a terminal or a reader that goes away ends nothing but the words: what was made is removed', async () => {
    const { child, told } = await beginAndStick();
    child.stdout?.destroy();
    child.stderr?.destroy();
    child.kill('SIGHUP');
    // Whoever closes a terminal sends it once more: that does not end the removal.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    child.kill('SIGHUP');
    const { code } = await told;
    await emulator.control.clearFaults();
    expect(code).toBe(130);
    expect(await own()).toEqual([]);
    expect(existsSync(join(dir, 'probe-journal'))).toBe(false);
  });

  test('what a killed run left is listed and removed by --clean, and no run begins before', async () => {
    const { child, told } = await beginAndStick();
    child.kill('SIGKILL');
    await told;
    await emulator.control.clearFaults();
    const left = await own();
    const again = await begin('--factory', id, '--yes').told;
    expect(again).toMatchObject({
      code: 1,
      notes: expect.stringMatching(/Remove them first: kubectl azir probe .*--clean/),
    });
    // Long ago, so that nothing of it is late.
    utimesSync(join(dir, 'probe-journal'), 0, 0);
    const cleaned = await begin('--clean', '--yes').told;
    expect(cleaned.code).toBe(0);
    for (const name of left) expect(cleaned.notes).toContain(`${id}/integrationRuntimes/${name}`);
    expect(await own()).toEqual([]);
    expect(await emulator.control.getRuntime({ factory, name: 'invoices' })).not.toBeNull();
    expect((await begin('--clean', '--yes').told).notes).toContain('Nothing is left');
  });

  test('nothing is sent before somebody has agreed to what it says it will do', async () => {
    await emulator.control.clearTrace();
    const questions: string[] = [];
    const { io, told } = testIo({
      env: azureEnv({ ...DEFAULT_CLIENT, ...emulator }),
      isTerminal: true,
      ask: async (question) => {
        questions.push(question);
        return 'n';
      },
    });
    const queue = 'https://contoso.queue.core.windows.net/probe';
    const code = await run(['probe', '--factory', id, '--network', '--queue', queue, '--dir', dir], io);
    expect({ code, notes: told.notes }).toEqual({ code: 1, notes: expect.stringContaining('error: nothing was done') });
    expect(questions).toEqual(['Go on? [y/N] ']);
    expect(told.notes).toContain(`in ${id}`);
    expect(told.notes).toMatch(/make the managed virtual network `default` .*: THIS CAN NEVER BE DELETED;/);
    expect(told.notes).toContain('Nothing runs on the runtimes, so they cost nothing.');
    // What reading does to a queue, and for how long.
    expect(told.notes).toMatch(
      new RegExp(`read the queue ${queue} for at most 150 s:\\n +TAKE OUT OF IT .*hide all others`),
    );
    expect(await emulator.control.trace()).toEqual([]);
  });

  test.each([
    [['--factory', id], 'there is no terminal to ask on'],
    [[], '(--factory), a Synapse workspace (--workspace), or both'],
    [['--factory', id.replace('fabrikam-adf', 'nowhere'), '--yes'], 'The factory cannot be read: Azure answered 404'],
    [['--factory', '/subscriptions/x', '--yes'], 'ARM id of a factory'],
    [
      ['--factory', id, '--yes', '--queue', 'https://a.queue.core.windows.net/q?sig=SECRET'],
      'without a SAS token, and end',
    ],
    [['--factory', id, '--azure-credential', 'chain'], '--azure-credential "chain": must be one of'],
    [['--factory', id, '--azure-credential', 'workload-identity', '--yes'], 'AZURE_FEDERATED_TOKEN_FILE'],
  ])('%j could not run, and says why', async (args, why) => {
    const { code, notes } = await begin(...args).told;
    expect({ code, notes }).toMatchObject({ code: 1, notes: expect.stringContaining(why) });
    expect(notes).not.toContain('SECRET');
    expect(await own()).toEqual([]);
  });
});

test('where nothing can be written safely, the file of an earlier run does not stand in its place', () => {
  const file = join(dir, 'recording.json');
  writeFileSync(file, 'of yesterday');
  const line = saved(file, () => {
    throw new LeakError('a group is left');
  });
  expect(line).toBe(`Not written: ${file}: a group is left`);
  expect(existsSync(file)).toBe(false);
});

test('an assumption that does not hold is shown beside the real answer, and tells by the exit code', async () => {
  await start({ createOnly: { status: 409, code: 'Conflict' }, pageSize: 10 });
  try {
    const { code, out } = await begin('--factory', id, '--yes').told;
    expect(code).toBe(3);
    expect(out).toMatch(
      /^ +create-only +DOES NOT HOLD +409 Conflict\n +assumed +412 PreconditionFailed\n +meaning +A PUT .*\n +so +A runtime .*overwritten/m,
    );
    expect(out).toMatch(/^ +page-size +DOES NOT HOLD +10 on a page\n +assumed +100 on a page$/m);
    expect(await own()).toEqual([]);
  } finally {
    await emulator.stop();
  }
});
