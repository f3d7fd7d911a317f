/** `kubectl azir` sees and steers what the operator keeps. */
import { describe, expect, test } from '@jest/globals';
import { azir, startAzir } from './support/azir.ts';
import { actAs, newClient } from './support/credentials.ts';
import { eventually, inBothKinds, inPlace, message, type Place } from './support/place.ts';

const HOSTILE = 'a\u001b[31m ##vso[task.complete] \u202e\n::error::x';

const ready = async (place: Place, name: string, spec: Record<string, unknown> = {}) => {
  await place.apply(name, { interval: '1h', ...spec });
  await place.until(name, 'Ready=True Available');
};

describe.each(inBothKinds)('in a $kind', ({ inPlace }) => {
  test.concurrent('status shows the fleet, and what is not ready', () =>
    inPlace(async (place) => {
      await ready(place, 'etl');
      await place.azure.putRuntime({ factory: place.factory, name: 'self', properties: { type: 'SelfHosted' } });
      await place.apply('self');
      await place.until('self', 'Ready=False TypeConflict Stalled');
      const all = await azir(['status', '-n', place.namespace]);
      expect(all.code).toBe(0);
      const [head, ...rows] = all.stdout.trimEnd().split('\n');
      expect(head).toMatch(new RegExp(`^${place.factory.name} .* 1/2 ready$`));
      expect(rows[0]).toMatch(new RegExp(`^├─ ${place.namespace}/etl +True +Available +Online +West Europe`));
      expect(rows[1]).toMatch(new RegExp(`^└─ ${place.namespace}/self +False +TypeConflict`));
      const some = await azir(['tree', '-n', place.namespace, '--not-ready', '--exit-code', '-o', 'name']);
      expect(some).toMatchObject({ code: 3, stdout: `${place.namespace}/self\n` });
      const { stdout } = await azir(['status', '-n', place.namespace, '-o', 'json']);
      expect(JSON.parse(stdout)).toMatchObject({ kind: 'Status', summary: { objects: 2, ready: 1 } });
    }));

  test.concurrent('reconcile and repair wait until that is done', () =>
    inPlace(async (place) => {
      await ready(place, 'etl');
      await place.azure.clearTrace({ subscriptionId: place.factory.subscriptionId });
      const looked = await azir(['reconcile', 'etl', '-n', place.namespace]);
      expect(looked).toMatchObject({ code: 0, stdout: expect.stringContaining('etl: Available: ') });
      expect(await place.writes('etl')).toEqual([]);
      expect(await azir(['repair', 'etl', '-n', place.namespace])).toMatchObject({ code: 0 });
      expect(await place.writes('etl')).toEqual(['PUT']);
    }));
});

describe.each(inBothKinds)('enable-authoring, in a $kind', ({ inPlace }) => {
  test.concurrent('enables it where it is declared, and says so where it is not', () =>
    inPlace(async (place) => {
      await place.azure.ensureNetwork({ factory: place.factory });
      const stages = [{ state: 'Online', afterMs: 0 }];
      await place.azure.setLifecycle({ factory: place.factory, rules: [{ on: 'create', stages }] });
      await ready(place, 'etl', { managedVirtualNetwork: {}, interactiveAuthoring: { autoTerminationMinutes: 60 } });
      await ready(place, 'other');
      const flags = ['-n', place.namespace];
      expect(await azir(['enable-authoring', 'etl', ...flags])).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('etl: Available: '),
      });
      expect((await place.calls()).IntegrationRuntime_EnableInteractiveQuery).toBe(1);
      expect(await azir(['enable-authoring', 'other', ...flags])).toMatchObject({
        code: 3,
        stdout: expect.stringContaining('it declares no spec.interactiveAuthoring'),
      });
    }));
});

test.concurrent('accept-identity goes on under the identity that is named, and under no other', () =>
  inPlace(async (place) => {
    await ready(place, 'etl');
    const client = await newClient(place);
    await actAs(place, client);
    await place.look('etl').catch(() => {});
    const refused = await place.until('etl', 'Ready=False CredentialsInvalid Stalled');
    expect(message(refused)).toContain(client.identity);
    const accept = (identity: string) =>
      azir(['accept-identity', 'etl', '-n', place.namespace, '--identity', identity]);
    expect(await accept('some/body')).toMatchObject({ code: 3, stdout: expect.stringContaining('CredentialsInvalid') });
    expect(await accept(client.identity)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('etl: Available: '),
    });
    expect((await place.get('etl'))?.status?.claim?.identity).toBe(client.identity);
  }));

test.concurrent('status -w shows what changes until it is interrupted', () =>
  inPlace(async (place) => {
    await ready(place, 'etl');
    const watching = await startAzir(['status', '-n', place.namespace, '-w']);
    await eventually(async () => expect(watching.out()).toContain('Available'));
    await place.patch('etl', { spec: { suspend: true } });
    await eventually(async () => expect(watching.out()).toMatch(/etl +True +Suspended/));
    watching.interrupt();
    expect(await watching.ended).toMatchObject({ code: 130, stderr: '' });
  }));

test.concurrent('suspend says who and why, reconcile is refused then, and resume takes all of that back', () =>
  inPlace(async (place) => {
    await ready(place, 'etl');
    const flags = ['-n', place.namespace];
    expect(await azir(['suspend', 'etl', ...flags, '--reason', HOSTILE])).toMatchObject({ code: 0 });
    const { stdout } = await azir(['status', ...flags]);
    expect(stdout).toMatch(/suspended by \S+ \d+[sm] ago: /);
    expect(stdout).toContain('a\\u{1b}[31m #\\u{23}vso[task.complete] \\u{202e}\\u{a}::error::x');
    expect(await azir(['reconcile', 'etl', ...flags])).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('resume it first'),
    });
    expect(await azir(['resume', '--all', ...flags])).toMatchObject({ code: 0 });
    const annotations = (await place.get('etl'))?.metadata.annotations ?? {};
    expect(Object.keys(annotations).filter((key) => key.startsWith('azure-ir.io/suspend'))).toEqual([]);
  }));

test.concurrent('suspend leaves what GitOps owns alone, unless forced', () =>
  inPlace(async (place) => {
    await ready(place, 'etl');
    await place.patch('etl', { metadata: { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } } });
    const refused = await azir(['suspend', 'etl', '-n', place.namespace]);
    expect(refused).toMatchObject({ code: 3, stdout: expect.stringContaining('Flux will revert it') });
    expect(await azir(['suspend', 'etl', '-n', place.namespace, '--force'])).toMatchObject({ code: 0 });
  }));

test.concurrent('an object that needs a person ends a wait at once, one that is not there times out', () =>
  inPlace(async (place) => {
    await place.azure.putRuntime({ factory: place.factory, name: 'self', properties: { type: 'SelfHosted' } });
    await place.apply('self');
    const stalled = await azir(['wait', 'self', '-n', place.namespace]);
    expect(stalled).toMatchObject({ code: 3, stdout: expect.stringContaining('TypeConflict') });
    const missing = await azir(['wait', 'nobody', '-n', place.namespace, '--timeout', '1s']);
    expect(missing).toMatchObject({ code: 4, stdout: expect.stringContaining('not found yet') });
    await place.delete('self');
    expect(await azir(['wait', 'self', '--for', 'deleted', '-n', place.namespace])).toMatchObject({ code: 0 });
  }));

test.concurrent('nothing is asked for without saying of what', () =>
  inPlace(async (place) => {
    const none = await azir(['repair', '-n', place.namespace]);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('no objects selected') });
    const both = await azir(['repair', 'etl', '--all', '-n', place.namespace]);
    expect(both).toMatchObject({ code: 1 });
    expect(await azir(['repair', 'gone', '-n', place.namespace])).toMatchObject({ code: 1 });
  }));

test.concurrent('trace tells what happened, oldest first, and what happens next', () =>
  inPlace(async (place) => {
    await ready(place, 'etl');
    await place.untilEvents('etl', 'Created');
    const { code, stdout } = await azir(['trace', 'etl', '-n', place.namespace]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/claim +Created as /);
    expect(stdout).toMatch(/event +Created: /);
    expect(stdout).toMatch(/Ready=True +Available: /);
    expect(stdout).toContain('next: polls every 60m');
    const { stdout: json } = await azir(['events', 'etl', '-n', place.namespace, '-o', 'json']);
    const times = JSON.parse(json).timeline.map(({ time }: { time: string }) => time);
    expect(times).toEqual([...times].sort());
  }));

test.concurrent('check tells what is fine, what is not, and what to do', () =>
  inPlace(async (place) => {
    await ready(place, 'etl');
    const { stdout } = await azir(['check', '-n', place.namespace, '-o', 'json']);
    const { findings } = JSON.parse(stdout) as { findings: { what: string; verdict: string; remedy?: string }[] };
    const verdicts = Object.fromEntries(findings.map(({ what, verdict }) => [what, verdict]));
    // There is a Deployment, but no kubelet: the operator of these tests is a process beside it.
    expect(verdicts).toMatchObject({
      'API server': 'ok',
      CRD: 'ok',
      'your rights': 'ok',
      operator: 'failed',
      leader: 'failed',
    });
    expect(findings.filter(({ verdict }) => verdict === 'failed').every(({ remedy }) => remedy !== undefined)).toBe(
      true,
    );
    const { stdout: rights } = await azir(['check', '-n', place.namespace, '--azure']);
    expect(rights).toMatch(/^✔ Azure rights of .* on factory factory-\w+: all that is needed, by its roles$/m);
    expect(await azir(['check', '--pre'])).toMatchObject({ code: 0, stdout: expect.stringContaining('✔ your rights') });
  }));

test.concurrent('the names of objects complete, as kubectl asks for them', () =>
  inPlace(async (place) => {
    await ready(place, 'etl');
    const { stdout } = await azir(['reconcile', '-n', place.namespace, 'e'], { completes: true });
    expect(stdout).toBe('etl\n:4\n');
  }));
