/** The API is upgraded under live objects, and the operator is removed and comes back. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { crdIsServed } from '../../dev/installation/crd.ts';
import { isHeld } from '../operator/support/history.ts';
import { eventually } from '../operator/support/place.ts';
import { site, type World } from './support.ts';

// While the CRD changes, the API server may not know the kind for a moment.
const { inWorld } = site({ losesApiServer: true });

const CRD = 'crds/azure-ir.io_azureintegrationruntimes.yaml';

interface Schema {
  properties: Record<string, Schema>;
  'x-kubernetes-validations'?: { rule: string }[];
}
interface Crd {
  spec: { versions: [{ schema: { openAPIV3Schema: Schema } }] };
}

/** The CRD as it was before something was added to it. */
async function older(without: (spec: Schema, status: Schema) => void): Promise<Crd> {
  const crd: Crd = parse(await readFile(new URL(`../../${CRD}`, import.meta.url), 'utf8'));
  const { spec, status } = crd.spec.versions[0].schema.openAPIV3Schema.properties;
  if (spec === undefined || status === undefined) throw new Error('the CRD has no spec or no status');
  without(spec, status);
  return crd;
}

/** Installs a CRD over the present one, and waits until what it says of the probe, a change of the object, is so. */
async function install({ place }: World, crd: Crd | 'present', probe: object, answer: string | RegExp): Promise<void> {
  const args = ['apply', '--server-side', '--force-conflicts', '-f'];
  const applied = crd === 'present' ? await place.try([...args, CRD]) : await place.try([...args, '-'], { stdin: crd });
  expect(applied).toMatchObject({ code: 0 });
  await crdIsServed((line) => place.kubectl(...line));
  const dryRun = [
    'apply',
    '--server-side',
    '--field-manager=probe',
    '--force-conflicts',
    '--dry-run=server',
    '-f',
    '-',
  ];
  await eventually(async () => {
    const { stdout, stderr } = await place.try(dryRun, { stdin: probe });
    expect(stdout + stderr).toMatch(answer);
  });
}

/**
 * Whether the API server takes the status of an object whose spec breaks a rule that is newer than it: before Kubernetes 1.33 it does not, though it takes the finalizer
 * (https://github.com/kubernetes/kubernetes/issues/129503).
 */
async function takesStatus({ place }: World): Promise<boolean> {
  const { minor } = JSON.parse(await place.kubectl('get', '--raw', '/version'));
  return Number.parseInt(minor, 10) >= 33;
}

const refusal = (object: string) =>
  expect.objectContaining({
    level: 'warn',
    object,
    status: 422,
    detail: expect.stringContaining('must be a duration'),
  });

describe('a newer CRD over an older one', () => {
  test('leaves live objects as they are, and the operator goes on; then they may have what is new', () =>
    inWorld(async (world) => {
      const { place, history, operator } = world;
      const probe = {
        ...place.manifest('probe', { managedVirtualNetwork: {}, interactiveAuthoring: { autoTerminationMinutes: 10 } }),
      };
      const before = await older((spec, status) => {
        delete spec.properties.interactiveAuthoring;
        delete status.properties.interactiveAuthoring;
        delete status.properties.lastHandledInteractiveAuthoringAt;
        const rules = spec['x-kubernetes-validations'] ?? [];
        spec['x-kubernetes-validations'] = rules.filter(({ rule }) => !rule.includes('interactiveAuthoring'));
      });
      await install(world, before, probe, 'field not declared in schema');
      await operator();
      await place.azure.ensureNetwork({ factory: place.factory });
      await place.apply('sample', { location: 'AutoResolve', managedVirtualNetwork: {} });
      await history.until('sample', (object) => isHeld(object) && object.status?.state === 'Online');
      const old = await history.until('sample', 'True Available');
      const writes = await place.writes('sample');

      await install(world, 'present', probe, 'serverside-applied');
      const kept = await place.get('sample');
      expect(kept?.metadata.resourceVersion).toBe(old.metadata.resourceVersion);
      expect(await place.writes('sample')).toEqual(writes);
      await place.azure.drift({ factory: place.factory, name: 'sample', merge: { description: 'Not declared.' } });
      await place.azure.drift({
        factory: place.factory,
        name: 'sample',
        merge: { typeProperties: { computeProperties: { location: 'West Europe' } } },
      });
      await eventually(async () => expect(await place.events('sample')).toContain('DriftCorrected'));

      await place.patch('sample', { spec: { interactiveAuthoring: { autoTerminationMinutes: 10 } } });
      await eventually(async () => expect((await place.get('sample'))?.status?.observedGeneration).toBe(2));
      await history.until('sample', 'True Available', history.versions('sample').length - 1);
    }));

  test('that comes after the operator that needs it: the log says so, and nothing is made twice meanwhile', () =>
    inWorld(async (world) => {
      const { place, history, operator } = world;
      const before = await older((_spec, status) => {
        delete status.properties.syncedSpecHash;
      });
      const probe = (message: string) => ({ ...place.manifest('probe'), status: { syncedSpecHash: message } });
      await install(world, before, probe('x'), 'field not declared in schema');
      const { log } = await operator();
      await place.apply('sample');
      await eventually(async () => {
        const refused = log.filter(({ detail }) => String(detail).includes('unknown field "status.syncedSpecHash"'));
        expect(refused.length).toBeGreaterThan(2);
      });
      expect(await place.writes('sample')).toEqual(['PUT']);
      await install(world, 'present', probe('x'), 'serverside-applied');
      expect((await history.until('sample', 'True Available')).status?.claim?.origin).toBe('Created');
      expect(await place.writes('sample')).toEqual(['PUT']);
    }));

  test('whose rules a live object breaks: the object says so, or the log where the API server refuses that, its runtime is left alone, and it can be corrected or deleted', () =>
    inWorld(async (world) => {
      const { place, history, operator } = world;
      const probe = place.manifest('probe', { interval: 'soon' });
      const before = await older((spec) => {
        delete spec.properties.interval?.['x-kubernetes-validations'];
      });
      await install(world, before, probe, 'serverside-applied');
      for (const name of ['corrected', 'deleted']) await place.apply(name, { interval: 'soon' });
      await install(world, 'present', probe, 'must be a duration');
      const { log } = await operator();
      for (const name of ['corrected', 'deleted']) {
        if (await takesStatus(world)) await history.until(name, 'False InvalidDefinition, Stalled InvalidDefinition');
        else await eventually(async () => expect(log).toContainEqual(refusal(`${place.namespace}/${name}`)));
      }
      expect(await place.azure.runtimes(place.factory)).toEqual([]);
      await place.patch('corrected', { spec: { interval: '1h' } });
      await history.until('corrected', 'True Available');
      await place.delete('deleted');
      await history.untilGone('deleted');
    }));
});

test('an older CRD under a newer operator: a field that it does not have counts as removed', () =>
  inWorld(async (world) => {
    const { place, history, operator } = world;
    const probe = place.manifest('probe', { description: 'Declared.' });
    await install(world, 'present', probe, 'serverside-applied');
    await operator();
    await place.apply('sample', { description: 'Declared.' });
    await history.until('sample', 'True Available');
    const before = await older((spec) => {
      delete spec.properties.description;
    });
    await install(world, before, probe, 'field not declared in schema');
    await place.look('sample');
    expect((await place.runtime('sample'))?.properties).not.toHaveProperty('description');
  }));

describe('an operator that is removed', () => {
  const REMOVE = ['delete', '-k', 'deploy/kustomize', '--wait=false', '--ignore-not-found'];

  /** What the namespace controller does once a namespace is empty; no controller runs here. */
  async function finishNamespace({ place }: World): Promise<void> {
    const namespace = JSON.parse(await place.kubectl('get', 'namespace', 'azure-ir-system', '-o', 'json'));
    const path = '/api/v1/namespaces/azure-ir-system/finalize';
    const stdin = { ...namespace, spec: { finalizers: [] } };
    expect(await place.try(['replace', '--raw', path, '-f', '-'], { stdin })).toMatchObject({ code: 0 });
  }

  test('leaves objects and runtimes; one that comes back takes them up, and carries out what was asked meanwhile', () =>
    inWorld(async (world) => {
      const { place, history, operator } = world;
      const first = await operator();
      for (const name of ['kept', 'deleted', 'let-go']) {
        await place.apply(name, { interval: '1h' });
        await history.until(name, (object) => isHeld(object) && object.status?.state === 'Online');
      }
      const kept = await place.get('kept');

      expect(await place.try(REMOVE)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('azure-ir.io/allow-deletion=true'),
      });
      expect(await first.stop()).toBe(0);
      await finishNamespace(world);
      expect(await place.get('kept')).toEqual(kept);
      expect((await place.azure.runtimes(place.factory)).map(({ name }) => name).sort()).toEqual([
        'deleted',
        'kept',
        'let-go',
      ]);

      await place.delete('deleted');
      expect((await place.get('deleted'))?.metadata.finalizers).toEqual(['azure-ir.io/runtime']);
      await place.delete('let-go');
      await place.patch('let-go', { metadata: { finalizers: null } });
      await history.untilGone('let-go');

      await eventually(async () =>
        expect(await place.try(['apply', '-k', 'deploy/kustomize'])).toMatchObject({ code: 0 }),
      );
      await operator();
      await history.untilGone('deleted');
      await place.look('kept');
      expect((await place.azure.runtimes(place.factory)).map(({ name }) => name).sort()).toEqual(['kept', 'let-go']);
      expect(await place.writes('kept')).toEqual(['PUT']);
      expect(await place.writes('let-go')).toEqual(['PUT']);
    }));
});
