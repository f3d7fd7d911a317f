/** Every example of every verb's help, run as it stands: only the names of this test's namespace and factory are put in. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { verbs } from '../../src/cli/program.ts';
import { startAzir } from './support/azir.ts';
import { eventually, inPlace, type Place } from './support/place.ts';

const nothing = (): never => {
  throw new Error('the definitions are read, not run');
};
const all = verbs(nothing as never, nothing);

/** A folder as the examples take it for granted: that of the pull request, beside that of the main branch. */
async function checkout(place: Place): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'azir-examples-'));
  for (const branch of ['main', 'change']) {
    const folder = join(root, branch, 'runtimes');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'etl.json'), JSON.stringify(etl(place)));
    await writeFile(join(folder, 'kustomization.yaml'), 'resources: [etl.json]\n');
  }
  return join(root, 'change');
}

const etl = (place: Place) =>
  place.manifest('etl', {
    managedVirtualNetwork: {},
    interactiveAuthoring: { autoTerminationMinutes: 60 },
    interval: '1h',
  });

/** The words of an example, as they are for this place. */
function wordsOf(example: string, { namespace, factory }: Place): string[] {
  const words = example
    .replaceAll('team-a', namespace)
    .replaceAll('00000000-0000-0000-0000-000000000001', factory.subscriptionId)
    .replaceAll('ADFV2SampleRG', factory.resourceGroup)
    .replaceAll('SampleV2DataFactory1', factory.name)
    // There is nobody to ask.
    .replace(/^kubectl azir probe/, '$& --yes')
    // There is no operator in a pod to wait for.
    .replace('--wait 2m', '--wait 1s')
    // Of the whole cluster it would say what becomes of other tests, too.
    .replace(/^kubectl azir check (?!--pre)/, `$&-n ${namespace} `)
    .split(' ');
  expect(words.slice(0, 2)).toEqual(['kubectl', 'azir']);
  return words.slice(2);
}

test('every example does what its help says', () =>
  inPlace(async (place) => {
    await place.azure.ensureNetwork({ factory: place.factory });
    const stages = [{ state: 'Online', afterMs: 0 }];
    await place.azure.setLifecycle({ factory: place.factory, rules: [{ on: 'create', stages }] });
    await place.try(['apply', '-f', '-'], { stdin: etl(place) });
    await place.until('etl', 'Ready=True Available');
    const ended: string[] = [];
    for (const { command, codes, examples } of all) {
      for (const example of examples) {
        // What is imported goes into a folder of its own.
        const cwd =
          command.name() === 'import' ? await mkdtemp(join(tmpdir(), 'azir-examples-')) : await checkout(place);
        const running = await startAzir(wordsOf(example, place), { cwd });
        if (example.endsWith(' -w')) {
          await eventually(async () => expect(running.out()).toContain('etl'));
          running.interrupt();
        }
        const { code, stderr } = await running.ended;
        expect({ example, code: Object.keys(codes).includes(String(code)) && code !== 1, stderr }).toEqual({
          example,
          code: true,
          stderr: expect.not.stringContaining('error:'),
        });
        ended.push(example);
      }
    }
    expect(ended.length).toBeGreaterThanOrEqual(all.length);
  }));
