/** The folder of examples, applied as one. */
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { DEFAULT_FACTORY, DEFAULT_WORKSPACE } from '../../dev/emulator/index.ts';
import { kubectlOf } from '../../dev/installation/kubectl.ts';
import { Place } from './support/place.ts';

const FOLDER = 'examples/';

let place: Place;
beforeAll(async () => {
  place = await Place.create();
});
afterAll(async () => {
  await kubectl('delete', '--ignore-not-found', '--timeout=60s', '-f', FOLDER);
  await place.finish();
});

const kubectl = (verb: string, ...args: string[]) =>
  kubectlOf(place.run.cluster, [verb, '-n', place.namespace, ...args]);

test('it holds runtimes and nothing else, so that whoever applies it changes nothing for the objects that are there', async () => {
  for (const name of await readdir(FOLDER)) {
    const documents = parseAllDocuments(await readFile(`${FOLDER}${name}`, 'utf8'));
    expect(documents.map((document) => document.toJS().kind)).toEqual(['AzureIntegrationRuntime']);
  }
});

test('every object becomes Ready: what one needs of Azure, it makes or another does', async () => {
  await place.azure.ensureFactory(DEFAULT_FACTORY);
  await place.azure.ensureWorkspace(DEFAULT_WORKSPACE);
  const location = { computeProperties: { location: 'West Europe' } };
  await place.azure.putRuntime({
    factory: DEFAULT_FACTORY,
    name: 'ObservedAzureIR',
    properties: { type: 'Managed', typeProperties: location },
  });
  await kubectl('apply', '-f', FOLDER);
  await kubectl('wait', '--for=condition=Ready', '--timeout=60s', '-f', FOLDER);
});
