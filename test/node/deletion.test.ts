/** Deletions as the real controller manager carries them out: of a namespace with all that is in it, and of an owner with what it owns. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEFAULT_FACTORY } from '../../dev/emulator/index.ts';
import { eventually } from '../support/eventually.ts';
import { MAX_WAIT_MS, Place } from './support/place.ts';

const KIND = 'azureintegrationruntime.azure-ir.io';

let place: Place;
beforeAll(async () => {
  place = await Place.create();
  await place.install();
});
afterAll(() => place?.stop());

const manifest = (name: string, namespace: string, metadata: object = {}) => ({
  apiVersion: 'azure-ir.io/v1beta1',
  kind: 'AzureIntegrationRuntime',
  metadata: { name, namespace, ...metadata },
  spec: {
    factory: {
      subscriptionId: DEFAULT_FACTORY.subscriptionId,
      resourceGroup: DEFAULT_FACTORY.resourceGroup,
      name: DEFAULT_FACTORY.name,
    },
    location: 'West Europe',
  },
});

async function create(object: object, name: string, namespace: string): Promise<void> {
  await place.kubectl(['create', '-f', '-'], { stdin: object });
  await place.kubectl(['wait', `${KIND}/${name}`, '-n', namespace, '--for=condition=Ready', '--timeout=60s']);
}

const inAzure = async () => (await place.emulator.control.runtimes(DEFAULT_FACTORY)).map(({ name }) => name);

describe('a namespace that is deleted', () => {
  test('with the Secret that its runtimes act by, which goes first, takes its runtimes with it', async () => {
    const namespace = 'team-b';
    await place.kubectl(['create', 'namespace', namespace]);
    await place.createCredential(namespace);
    for (const name of ['one', 'two', 'three']) await create(manifest(name, namespace), name, namespace);
    expect((await inAzure()).sort()).toEqual(['one', 'three', 'two']);
    await place.kubectl(['delete', 'namespace', namespace, '--timeout=80s']);
    expect(await inAzure()).toEqual([]);
  });

  test('by whose order there is nothing of the operator’s, ends without it', async () => {
    await place.kubectl(['create', 'namespace', 'empty']);
    await place.kubectl(['delete', 'namespace', 'empty', '--timeout=60s']);
  });
});

describe('a foreground deletion', () => {
  test('of the object alone deletes its runtime, and then the object', async () => {
    await create(manifest('alone', 'default'), 'alone', 'default');
    await place.kubectl(['delete', `${KIND}/alone`, '--cascade=foreground', '--timeout=60s']);
    expect(await inAzure()).toEqual([]);
  });

  test('of its owner waits until its runtime is gone', async () => {
    await place.kubectl(['create', 'configmap', 'owner']);
    const owner = await place.get<{ metadata: { uid: string } }>('configmap', 'owner');
    const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata.uid };
    const ownerReferences = [{ ...reference, blockOwnerDeletion: true }];
    await create(manifest('owned', 'default', { ownerReferences }), 'owned', 'default');
    await place.kubectl(['delete', 'configmap', 'owner', '--cascade=foreground', '--timeout=60s']);
    expect(await inAzure()).toEqual([]);
    expect((await place.try(['get', `${KIND}/owned`])).stderr).toContain('NotFound');
  });

  test('in the background of its owner is followed by its own', async () => {
    await place.kubectl(['create', 'configmap', 'owner']);
    const owner = await place.get<{ metadata: { uid: string } }>('configmap', 'owner');
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata.uid }];
    await create(manifest('owned', 'default', { ownerReferences }), 'owned', 'default');
    await place.kubectl(['delete', 'configmap', 'owner']);
    await eventually(async () => expect(await inAzure()).toEqual([]), MAX_WAIT_MS);
  });
});
