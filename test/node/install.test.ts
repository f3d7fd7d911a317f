/** From the steps of the documents to a Ready runtime, and away again. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEFAULT_CLIENT } from '../../dev/emulator/index.ts';
import { pathOf } from '../../dev/tools/index.ts';
import { blocksOf } from '../../scripts/docs/commands.ts';
import { eventually } from '../support/eventually.ts';
import { NAMESPACE, RELEASE } from '../support/helm.ts';
import { MAX_WAIT_MS, Place, RUNTIME, SAMPLE } from './support/place.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const TEAM = 'team-a';

/** The page that says how to install, wherever it stands. */
function page(): string {
  const files = ['docs/install.md', 'README.md'].map((path) => join(root, path)).filter((path) => existsSync(path));
  const texts = files.map((path) => readFileSync(path, 'utf8'));
  return texts.find((text) => text.includes('helm install azure-ir-operator deploy/chart')) ?? '';
}

/** The commands of the section on Helm, and the values file that it shows after them. */
function steps(): { commands: string; values: string } {
  const section = page().slice(page().search(/^#+ With Helm$/m));
  const [, console = ''] = /```console\n([\s\S]*?)```/.exec(section) ?? [];
  const [, values = ''] = /```yaml\n([\s\S]*?)```/.exec(section) ?? [];
  const commands = console.replace(/^ *\$ /gm, '').replace(/^ {2,}(?=--)/gm, '');
  return { commands, values };
}

/** Resolves with what it prints. */
async function shell(place: Place, script: string): Promise<string> {
  const PATH = [dirname(place.cluster.kubectl), dirname(pathOf('helm')), process.env.PATH].join(':');
  const env = { ...process.env, PATH, HOME: place.home, KUBECONFIG: place.cluster.kubeconfig };
  return (await promisify(execFile)('bash', ['-euxc', script], { cwd: root, env })).stdout;
}

const readiness = async (place: Place) =>
  (await place.pods()).map(({ status }) => status.conditions?.find(({ type }) => type === 'Ready')?.status);

describe('the steps of the README', () => {
  let place: Place;
  beforeAll(async () => {
    place = await Place.create();
  });
  afterAll(() => place?.stop());

  test('lead to two Ready pods that need no identity, and to a Ready runtime where a Secret stands beside its object', async () => {
    const commands = blocksOf(readFileSync(join(root, 'README.md'), 'utf8')).flat();
    const install = commands.find(({ text }) => text.startsWith('helm install'));
    // Where this Azure is, which is none of Azure's clouds.
    await place.kubectl(['create', 'namespace', NAMESPACE]);
    await place.trustAzure();
    const azure = await place.write('azure.yaml', JSON.stringify(place.azureValues()));
    await shell(place, `${install?.text} -f ${azure} --wait --timeout 120s`);
    expect(await readiness(place)).toEqual(['True', 'True']);
    const team = 'team-z';
    await place.kubectl(['create', 'namespace', team]);
    await place.createCredential(team);
    await place.kubectl(['apply', '-n', team, '-f', SAMPLE]);
    await place.kubectl(['wait', '--for=condition=Ready', '--timeout=60s', '-n', team, '-f', SAMPLE]);
  });
});

describe('the steps of the documents', () => {
  let place: Place;
  beforeAll(async () => {
    place = await Place.create();
  });
  afterAll(() => place?.stop());

  const sample = (...args: string[]) => place.kubectl([...args, '-n', TEAM, '-f', SAMPLE]);
  const location = async () => (await place.emulator.control.getRuntime(RUNTIME))?.properties;

  /** Where an ellipsis stands, a person gives what is theirs. All else is run as it is written. */
  async function follow(): Promise<void> {
    const { commands, values } = steps();
    const { tenantId, clientId, clientSecret } = DEFAULT_CLIENT;
    const given: Record<string, string> = {
      AZURE_TENANT_ID: tenantId,
      AZURE_CLIENT_ID: clientId,
      AZURE_CLIENT_SECRET: clientSecret,
    };
    const filled = commands.replace(/(\w+)=…/g, (_, name: string) => `${name}=${given[name]}`);
    const file = await place.write('values.yaml', values);
    const azure = await place.write('azure.yaml', JSON.stringify(place.azureValues()));
    const [before = '', install = ''] = filled.split(/^(?=helm install)/m);
    await shell(place, before);
    await place.trustAzure();
    const own = install.trim().replace('-f values.yaml', `-f ${file}`);
    await shell(place, `${own} -f ${azure} --wait --timeout 120s`);
  }

  test('install it: helm install --wait ends with two Ready pods', async () => {
    await follow();
    expect(await readiness(place)).toEqual(['True', 'True']);
  });

  test('the example becomes Ready in a namespace that is named', async () => {
    await place.kubectl(['create', 'namespace', TEAM]);
    await sample('apply');
    await sample('wait', '--for=condition=Ready', '--timeout=60s');
    expect(await location()).toMatchObject({ typeProperties: { computeProperties: { location: 'West Europe' } } });
  });

  test('it is moved', async () => {
    const moved = readFileSync(join(root, SAMPLE), 'utf8').replace('location: West Europe', 'location: North Europe');
    await place.kubectl(['apply', '-n', TEAM, '-f', '-'], { stdin: moved });
    await eventually(
      async () =>
        expect(await location()).toMatchObject({ typeProperties: { computeProperties: { location: 'North Europe' } } }),
      MAX_WAIT_MS,
    );
    await sample('wait', '--for=condition=Ready', '--timeout=60s');
  });

  test('it is repaired, when it is looked at', async () => {
    await place.emulator.control.setState({ ...RUNTIME, state: 'Limited' });
    await sample('annotate', 'azure-ir.io/reconcile=now', '--overwrite');
    await eventually(async () => {
      const events = await place.kubectl(['get', 'events', '-n', TEAM, '-o', 'jsonpath={.items[*].reason}']);
      expect(events.split(' ')).toContain('Repaired');
    }, MAX_WAIT_MS);
  });

  test('it is found to run, by the commands of the documents: the log says which identity it uses', async () => {
    const check =
      page()
        .split(/^(?=## )/m)
        .find((section) => /^## .*Check that it runs$/m.test(section)) ?? '';
    const typed = blocksOf(check)
      .flat()
      .map(({ text }) => text);
    expect(typed.length).toBe(2);
    const said = await shell(place, typed.join('\n'));
    expect(said).toContain('successfully rolled out');
    expect(said).toContain(DEFAULT_CLIENT.clientId);
    const [, test = ''] = /`(helm test [^`]+)`/.exec(check) ?? [];
    expect(await shell(place, test)).toMatch(/^Phase: +Succeeded$/m);
  });

  test('it is deleted, in Azure, too', async () => {
    await sample('delete', '--timeout=60s');
    expect(await place.emulator.control.getRuntime(RUNTIME)).toBeNull();
  });

  test('what an uninstall leaves are the CRD and the objects, and no pod', async () => {
    await sample('apply');
    await sample('wait', '--for=condition=Ready', '--timeout=60s');
    await place.helm(['uninstall', RELEASE, '--wait']);
    await eventually(async () => expect(await place.pods()).toEqual([]), MAX_WAIT_MS);
    const kinds = 'deploy,rs,sa,role,rolebinding,netpol,pdb,svc';
    await eventually(async () => {
      expect(await place.kubectl(['get', kinds, '-n', NAMESPACE, '-o', 'name'])).not.toContain(RELEASE);
    }, MAX_WAIT_MS);
    expect(await sample('get', '-o', 'name')).toContain('my-sample-azure-ir');
    expect(await location()).toBeDefined();
    await place.install();
    await sample('delete', '--timeout=60s');
  });
});
