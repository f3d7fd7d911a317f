/** The verbs that see and steer the fleet, against an API server that answers as the test wants. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Io } from '../../../src/cli/io.ts';
import { run } from '../../../src/cli/run.ts';
import { eventually } from '../../support/eventually.ts';
import { ApiServer, stored } from './api-server.ts';
import { testIo } from './test-io.ts';

let server: ApiServer;

beforeEach(async () => {
  server = await ApiServer.start();
});
afterEach(() => server.stop());

function start(words: readonly string[], given: Partial<Io> = {}) {
  const stop = new AbortController();
  const { io, told } = testIo({ signal: stop.signal, ...given });
  const ended = run([...words, '--kubeconfig', server.kubeconfig], io);
  const says = (text: string | RegExp): Promise<void> =>
    eventually(async () =>
      typeof text === 'string' ? expect(told.out).toContain(text) : expect(told.out).toMatch(text),
    );
  return { told, ended, says, interrupt: () => stop.abort(new Error('interrupted')) };
}

async function azir(words: readonly string[], given: Partial<Io> = {}) {
  const { told, ended } = start(words, given);
  return { code: await ended, ...told };
}

const TEAM = ['-n', 'team-a'];
const stalled = { reason: 'TypeConflict', message: 'A self-hosted runtime has this name.' };

describe('status -w', () => {
  test('adds a line for each object that changes, and ends with 130', async () => {
    server.put(stored('team-a/etl'));
    server.put(stored('team-a/other'));
    const { told, ended, says, interrupt } = start(['status', ...TEAM, '-w']);
    await server.watched();
    server.put(stored('team-a/etl', stalled));
    await says('TypeConflict');
    server.remove('team-a/other');
    await says('gone');
    interrupt();
    expect(await ended).toBe(130);
    const [head, ...rows] = told.out.trimEnd().split('\n');
    expect(head).toBe('SampleV2DataFactory1 (factory in rg-data)  2/2 ready');
    expect(rows).toEqual([
      '├─ team-a/etl    True  Available  Online  West Europe',
      '└─ team-a/other  True  Available  Online  West Europe',
      'team-a/etl  False  TypeConflict  Online  West Europe',
      'team-a/other  gone, or not among these any more',
    ]);
  });

  test('says nothing of a change that shows nowhere', async () => {
    server.put(stored('team-a/etl'));
    const { told, ended, says, interrupt } = start(['status', ...TEAM, '-w', '-o', 'name']);
    await server.watched();
    server.put(stored('team-a/etl', { metadata: { annotations: { a: 'b' } } }));
    server.put(stored('team-a/late'));
    await says('late');
    interrupt();
    await ended;
    expect(told.out).toBe('team-a/etl\nteam-a/late\n');
  });

  test('draws anew on a screen', async () => {
    server.put(stored('team-a/etl'));
    const { told, ended, says, interrupt } = start(['status', ...TEAM, '-w'], { isScreen: true });
    await says('Available');
    server.put(stored('team-a/etl', stalled));
    await says('TypeConflict');
    interrupt();
    await ended;
    const frames = told.out.split('\u001b[H\u001b[2J');
    expect(frames.at(-1)).toBe(
      'SampleV2DataFactory1 (factory in rg-data)  0/1 ready\n└─ team-a/etl  False  TypeConflict  Online  West Europe\n',
    );
  });

  test('survives a watch that breaks off', async () => {
    server.put(stored('team-a/etl'));
    const { ended, says, interrupt } = start(['status', ...TEAM, '-w']);
    await server.watched();
    server.dropWatches();
    server.put(stored('team-a/etl', stalled));
    await says('TypeConflict');
    interrupt();
    expect(await ended).toBe(130);
  });

  test('ends where it may not look', async () => {
    const body = { kind: 'Status', code: 403, reason: 'Forbidden', message: 'you may not list' };
    server.answers.set('GET /apis/azure-ir.io/v1beta1/azureintegrationruntimes', { status: 403, body });
    const { code, notes } = await azir(['status', '-A', '-w']);
    expect({ code, notes }).toEqual({ code: 1, notes: 'error: the objects cannot be listed: you may not list\n' });
  });

  test.each(['json', 'yaml'])('adds a document for each change as %s', async (format) => {
    server.put(stored('team-a/etl'));
    const { told, ended, says, interrupt } = start(['status', ...TEAM, '-w', '-o', format]);
    await server.watched();
    server.put(stored('team-a/etl', stalled));
    await says('TypeConflict');
    server.remove('team-a/etl');
    await says('gone');
    interrupt();
    await ended;
    expect(told.out.match(/kind\W+Status/g)).toHaveLength(3);
  });

  test('is not asked for an exit code', async () => {
    expect(await azir(['status', '-w', '--exit-code'])).toMatchObject({ code: 1 });
  });
});

describe('wait', () => {
  test('ends once all are ready, a line for each change, from one list and one watch', async () => {
    server.put(stored('team-a/one', { status: { observedGeneration: 0 } }));
    const { told, ended, says } = start(['wait', 'one', 'two', ...TEAM]);
    await says(/one: not reconciled yet\n.*two: not found yet\n/);
    await server.watched();
    server.put(stored('team-a/one'));
    server.put(stored('team-a/two'));
    expect(await ended).toBe(0);
    expect(told.out).toBe(
      'team-a/one: not reconciled yet\nteam-a/two: not found yet\nteam-a/one: Available: Fine.\nteam-a/two: Available: Fine.\n',
    );
    const path = '/apis/azure-ir.io/v1beta1/namespaces/team-a/azureintegrationruntimes';
    expect(server.requests).toEqual([`GET ${path}`, `WATCH ${path}`]);
  });

  test.each<[string, string[], number, string | RegExp]>([
    ['an object that needs a person', ['bad'], 3, 'team-a/bad: TypeConflict: A self-hosted runtime has this name.\n'],
    ['no time, after one look', ['nobody', '--timeout', '0'], 4, 'team-a/nobody: timed out; not found yet\n'],
    ['no time, but one look', ['good', '--timeout', '0'], 0, 'team-a/good: Available: Fine.\n'],
    ['the deletion', ['nobody', '--for', 'deleted'], 0, 'team-a/nobody: deleted\n'],
  ])('ends by %s', async (_, words, code, out) => {
    server.put(stored('team-a/bad', stalled));
    server.put(stored('team-a/good'));
    const ended = await azir(['wait', ...words, ...TEAM]);
    expect(ended.code).toBe(code);
    expect(ended.out).toMatch(out);
  });

  test('without time ends where the API server does not answer', async () => {
    const body = { kind: 'Status', code: 503, reason: 'ServiceUnavailable', message: 'busy' };
    server.answers.set('GET /apis/azure-ir.io/v1beta1/namespaces/team-a/azureintegrationruntimes', {
      status: 503,
      body,
    });
    expect(await azir(['wait', 'one', '--timeout', '0', ...TEAM])).toMatchObject({
      code: 1,
      notes: expect.stringContaining('error: the objects cannot be listed: busy'),
    });
  });

  test('for a deletion is not ended by what was wrong before', async () => {
    server.put(stored('team-a/bad', stalled));
    const { ended, says } = start(['wait', 'bad', '--for=deleted', ...TEAM]);
    await says('its deletion has not been asked for');
    server.remove('team-a/bad');
    expect(await ended).toBe(0);
  });

  test('takes the objects from a manifest', async () => {
    server.put(stored('team-a/one'));
    const manifest = JSON.stringify({ ...stored('x/one'), metadata: { name: 'one' } });
    const waited = await azir(['wait', '-f', '-', ...TEAM], { stdin: async () => manifest });
    expect(waited).toMatchObject({ code: 0, out: 'team-a/one: Available: Fine.\n' });
    const both = await azir(['wait', 'one', '-f', '-', ...TEAM], { stdin: async () => manifest });
    expect(both).toMatchObject({ code: 1, out: '' });
  });
});

/** As an operator that handles at once what is asked for. */
const handled = (object: ReturnType<typeof stored>, status: Record<string, unknown> = {}) => ({
  ...object,
  status: {
    ...object.status,
    observedGeneration: object.metadata.generation,
    lastHandledReconcileToken: (object.metadata as { annotations?: Record<string, string> }).annotations?.[
      'azure-ir.io/reconcile'
    ],
    ...status,
  },
});

describe('what asks the operator for something', () => {
  beforeEach(() => {
    server.onPatch = (object) => handled(object as never);
  });

  test('says Ready’s message once it is handled', async () => {
    server.put(stored('team-a/etl'));
    expect(await azir(['reconcile', 'etl', ...TEAM])).toMatchObject({ code: 0, out: 'team-a/etl: Available: Fine.\n' });
  });

  test('ends at once where a person has to act', async () => {
    server.put(stored('team-a/etl', stalled));
    const { code, out } = await azir(['reconcile', 'etl', ...TEAM]);
    expect({ code, out }).toEqual({ code: 3, out: `team-a/etl: TypeConflict: ${stalled.message}\n` });
  });

  test('times out where no operator is', async () => {
    server.onPatch = (object) => object;
    server.put(stored('team-a/etl'));
    const { code, out } = await azir(['reconcile', 'etl', ...TEAM, '--timeout', '1']);
    expect({ code, out }).toEqual({ code: 4, out: 'team-a/etl: timed out; Available: Fine.\n' });
  });

  test('is interrupted with 130', async () => {
    server.onPatch = (object) => object;
    server.put(stored('team-a/etl'));
    const { ended, interrupt } = start(['reconcile', 'etl', ...TEAM]);
    await server.watched();
    interrupt();
    expect(await ended).toBe(130);
  });

  test('tells the drift that a suspension left behind', async () => {
    const drift = [{ field: 'location', desired: '"West Europe"', observed: '"North Europe"' }];
    server.put(stored('team-a/etl', { spec: { suspend: true }, status: { drift } }));
    server.onPatch = (object) => handled(object as never, { drift: [] });
    const { code, out } = await azir(['resume', 'etl', ...TEAM]);
    expect({ code, out }).toEqual({
      code: 0,
      out: 'team-a/etl: Available: Fine. Drift from the time of the suspension: location\n',
    });
  });

  test('says that a wrong identity was not accepted', async () => {
    server.put(stored('team-a/etl', { status: { claim: { origin: 'Created', identity: 't/c' } } }));
    const { code, out } = await azir(['accept-identity', 'etl', ...TEAM, '--identity', 't/typo']);
    expect({ code, out }).toEqual({
      code: 0,
      out: 'team-a/etl: not accepted: it keeps acting as t/c; Available: Fine.\n',
    });
  });

  test('ends where the object is gone', async () => {
    server.put(stored('team-a/etl'));
    server.onPatch = (object) => {
      setImmediate(() => server.remove('team-a/etl'));
      return object;
    };
    expect(await azir(['reconcile', 'etl', ...TEAM])).toMatchObject({
      code: 1,
      out: 'team-a/etl: the object is gone\n',
    });
  });

  test.each(['suspend', 'resume'])('%s warns of a GitOps owner, and does it only if forced', async (verb) => {
    server.put(stored('team-a/etl', { metadata: { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } } }));
    const refused = await azir([verb, 'etl', ...TEAM]);
    expect(refused).toMatchObject({
      code: 3,
      out: expect.stringContaining('Flux will revert it: change spec.suspend in Git'),
    });
    const forced = await azir([verb, 'etl', ...TEAM, '--force']);
    expect(forced).toMatchObject({
      code: 0,
      notes: expect.stringContaining('Flux will undo this where Git says otherwise'),
    });
  });

  const patches = () => server.requests.filter((request) => request.startsWith('PATCH')).length;
  const fleet = (count: number) => {
    for (let i = 0; i < count; i++) server.put(stored(`team-a/ir-${i}`));
  };

  test('asks first for more than twenty', async () => {
    fleet(21);
    expect(await azir(['repair', '--all', ...TEAM])).toMatchObject({
      code: 1,
      notes: 'error: repair of 21 objects has to be confirmed: --yes\n',
    });
    const asked: string[] = [];
    const ask = async (question: string) => {
      asked.push(question);
      return 'no';
    };
    expect(await azir(['repair', '--all', ...TEAM], { isTerminal: true, ask })).toMatchObject({
      code: 1,
      notes: 'error: cancelled\n',
    });
    expect(asked).toEqual(['repair 21 objects? [y/N] ']);
    expect(patches()).toBe(0);
    const sure = await azir(['repair', '--all', ...TEAM, '--no-wait'], { isTerminal: true, ask: async () => 'y' });
    expect(sure.code).toBe(0);
    expect(await azir(['repair', '--all', ...TEAM, '--no-wait', '--yes'])).toMatchObject({ code: 0 });
    expect(patches()).toBe(42);
  });

  test('does not ask for twenty', async () => {
    fleet(20);
    expect(await azir(['repair', '--all', ...TEAM, '--no-wait'])).toMatchObject({ code: 0 });
  });

  test('writes nothing with --dry-run', async () => {
    fleet(2);
    expect(await azir(['repair', '--all', ...TEAM, '--dry-run'])).toMatchObject({
      code: 0,
      out: 'team-a/ir-0: would repair\nteam-a/ir-1: would repair\n',
    });
    expect(patches()).toBe(0);
  });
});

describe('objects', () => {
  test.each<[string, string[], string]>([
    ['a name', ['etl', ...TEAM], 'team-a/etl'],
    ['kubectl’s type and name', ['azir/etl', ...TEAM], 'team-a/etl'],
    ['the long type', ['azureintegrationruntime.azure-ir.io/etl', ...TEAM], 'team-a/etl'],
    ['what status -o name prints', ['team-b/etl'], 'team-b/etl'],
  ])('are found by %s', async (_, words, key) => {
    for (const each of ['team-a/etl', 'team-b/etl']) server.put(stored(each));
    expect(await azir(['status', ...words, '-o', 'name'])).toMatchObject({ code: 0, out: `${key}\n` });
  });

  test('that are not there are said so', async () => {
    expect(await azir(['trace', 'gone', ...TEAM])).toMatchObject({
      code: 1,
      notes: 'error: there is no AzureIntegrationRuntime team-a/gone\n',
    });
  });

  test.each([['team-b/etl', ...TEAM], ['a/b/c'], ['/etl'], ['etl', '-A']])(
    'are not guessed at: %s',
    async (...words) => {
      expect(await azir(['status', ...words])).toMatchObject({ code: 1, out: '' });
    },
  );
});

describe('flags, as kubectl has them', () => {
  test('impersonate a user and groups', async () => {
    expect(await azir(['status', '--as', 'ann', '--as-group', 'dev', '--as-group=ops'])).toMatchObject({ code: 0 });
    const { rawHeaders } = { rawHeaders: server.headers[0] };
    expect(rawHeaders?.['impersonate-user']).toBe('ann');
    expect(rawHeaders?.['impersonate-group']).toBe('dev, ops');
    expect(await azir(['status', '--as-group', 'dev'])).toMatchObject({
      code: 1,
      notes: expect.stringContaining('--as-group goes with --as'),
    });
  });

  test.each(['-v=6', '--v=6', '-v6'])('tell each request with %s, and never a header', async (flag) => {
    const { notes } = await azir(['status', ...TEAM, flag]);
    expect(notes).toMatch(
      /^GET \/apis\/azure-ir\.io\/v1beta1\/namespaces\/team-a\/azureintegrationruntimes OK in \d+ ms$/m,
    );
    expect(notes).not.toContain('token-of-u');
  });

  test('tell nothing at a lower level, and take no other', async () => {
    expect((await azir(['status', ...TEAM, '-v', '5'])).notes).not.toContain('GET');
    expect(await azir(['status', ...TEAM, '-v', 'much'])).toMatchObject({ code: 1 });
  });

  test('limit the time of a request', async () => {
    server.answers.set('GET /version', { status: 200, body: {} });
    expect(await azir(['version', '--request-timeout=x'])).toMatchObject({ code: 1 });
  });

  test.each([['-A=true'], ['--all-namespaces=true'], ['--not-ready=false', '-A']])(
    'are on or off with %s',
    async (...flags) => {
      server.put(stored('team-b/etl'));
      expect(await azir(['status', ...flags, '-o=name'])).toMatchObject({ code: 0, out: 'team-b/etl\n' });
    },
  );

  test('take kubectl’s way to switch off what is on', async () => {
    server.put(stored('team-a/etl'));
    expect(await azir(['reconcile', 'etl', ...TEAM, '--wait=false'])).toMatchObject({
      code: 0,
      out: 'team-a/etl: reconcile requested\n',
    });
  });
});
