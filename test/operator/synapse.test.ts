/** The life of a runtime in a Synapse workspace, whose writes are accepted and take effect later. */
import { describe, expect, test } from '@jest/globals';
import { eventually, inPlace, message, type Place } from './support/place.ts';

const inWorkspace = (run: (place: Place) => Promise<void>) => inPlace(run, 't', 'workspace');
const located = (location: string) => ({ type: 'Managed', typeProperties: { computeProperties: { location } } });
const existing = (place: Place, properties: object) =>
  place.azure.putRuntime({ factory: place.factory, name: 'sample', properties: { ...properties } });
/** Azure takes so long that passes go by meanwhile. */
const slow = (place: Place, durationMs = 3_000) => place.azure.setOperations({ factory: place.factory, durationMs });
const ready = (place: Place, name = 'sample') => place.until(name, 'Ready=True Available');

async function created(place: Place, spec: Record<string, unknown> = {}): Promise<void> {
  await place.apply('sample', spec);
  await ready(place);
}

describe('creating', () => {
  test('a manifest becomes a runtime', () =>
    inWorkspace(async (place) => {
      await place.apply('sample', { azureName: 'Sample' });
      const { status } = await ready(place);
      expect((await place.runtime('Sample'))?.properties).toEqual(located('West Europe'));
      expect(status).toMatchObject({
        state: 'Online',
        location: 'West Europe',
        resourceId: expect.stringContaining('/providers/Microsoft.Synapse/workspaces/'),
        connectVia: { referenceName: 'Sample', type: 'IntegrationRuntimeReference' },
        claim: { origin: 'Created', identity: place.run.identity },
        managedFields: ['location'],
      });
      expect(status).not.toHaveProperty('operation');
      await place.untilEvents('sample', 'Created');
      expect(await place.writes('Sample')).toEqual(['PUT']);
    }));

  test('that takes several passes is Creating meanwhile, claimed, and made once', () =>
    inWorkspace(async (place) => {
      await slow(place);
      await place.apply('sample');
      const { status } = await place.until('sample', 'Ready=False Creating Reconciling');
      expect(status).toMatchObject({ claim: { origin: 'Created' }, operation: { kind: 'Create' } });
      expect(await place.events('sample')).toEqual([]);
      await ready(place);
      expect(await place.writes('sample')).toEqual(['PUT']);
      expect((await place.requests('sample')).filter((call) => call === 'GET').length).toBeGreaterThan(2);
      await place.untilEvents('sample', 'Created');
    }));

  test('in a workspace that does not exist waits for it', () =>
    inWorkspace(async (place) => {
      await place.azure.removeWorkspace(place.factory);
      await place.apply('sample');
      const object = await place.until('sample', 'Ready=False WorkspaceNotFound Reconciling');
      expect(message(object)).toMatch(/Create the workspace, or correct spec\.workspace in a new object\.$/);
      await place.azure.ensureWorkspace(place.factory);
      await ready(place);
    }));

  test('again, of one that went missing', () =>
    inWorkspace(async (place) => {
      await created(place);
      await place.azure.deleteRuntime({ factory: place.factory, name: 'sample' });
      await place.untilEvents('sample', 'Created', 'DriftDetected', 'Created');
      await ready(place);
    }));
});

describe('adopting', () => {
  test('an identical runtime costs no write', () =>
    inWorkspace(async (place) => {
      await existing(place, located('westeurope'));
      await created(place);
      await place.untilEvents('sample', 'Adopted');
      expect(await place.writes('sample')).toEqual([]);
    }));

  test('another one is told when it is as declared, and keeps what is not declared', () =>
    inWorkspace(async (place) => {
      await slow(place);
      await existing(place, { ...located('North Europe'), alien: true });
      await place.apply('sample');
      const { status } = await place.until('sample', 'Ready=False Updating Reconciling');
      expect(status).toMatchObject({
        claim: { origin: 'Adopted' },
        operation: { kind: 'Adopt', fields: ['location'] },
      });
      await ready(place);
      expect((await place.runtime('sample'))?.properties).toEqual({ ...located('West Europe'), alien: true });
      await place.untilEvents('sample', 'Adopted');
      expect(await place.writes('sample')).toEqual(['PUT']);
    }));

  test('the default runtime, which a workspace shows in its list, is possible too', () =>
    inWorkspace(async (place) => {
      await place.apply('sample', { azureName: 'AutoResolveIntegrationRuntime', location: 'AutoResolve' });
      const { status } = await ready(place);
      expect(status?.claim?.origin).toBe('Adopted');
    }));

  test('may be refused', () =>
    inWorkspace(async (place) => {
      await existing(place, located('North Europe'));
      await place.apply('sample', { adoptionPolicy: 'Never' });
      await place.until('sample', 'Ready=False AdoptionRefused Stalled');
      expect(await place.writes('sample')).toEqual([]);
    }));
});

describe('keeping', () => {
  test('drift is told at once, and its correction when it is so', () =>
    inWorkspace(async (place) => {
      await created(place);
      await slow(place);
      const merge = { alien: [1], typeProperties: { computeProperties: { location: 'North Europe' } } };
      await place.azure.drift({ factory: place.factory, name: 'sample', merge });
      await place.until('sample', 'Ready=False Updating Reconciling');
      await place.untilEvents('sample', 'Created', 'DriftDetected');
      await ready(place);
      expect((await place.runtime('sample'))?.properties).toEqual({ ...located('West Europe'), alien: [1] });
      await place.untilEvents('sample', 'Created', 'DriftDetected', 'DriftCorrected');
      expect(await place.writes('sample')).toEqual(['PUT', 'PUT']);
    }));

  test('another location is declared and comes to be', () =>
    inWorkspace(async (place) => {
      await created(place);
      await place.apply('sample', { location: 'North Europe' });
      await ready(place);
      expect((await place.runtime('sample'))?.properties).toEqual(located('North Europe'));
      await place.untilEvents('sample', 'Created');
    }));

  test('a Limited runtime is repaired', () =>
    inWorkspace(async (place) => {
      await created(place);
      await place.azure.setState({ factory: place.factory, name: 'sample', state: 'Limited' });
      await place.untilEvents('sample', 'Created', 'RepairStarted', 'Repaired');
      await ready(place);
    }));

  test('nothing is written at rest', () =>
    inWorkspace(async (place) => {
      await created(place);
      const versions = place.versions('sample').length;
      await place.passes('sample', 3);
      expect(place.versions('sample')).toHaveLength(versions);
      expect(await place.writes('sample')).toEqual(['PUT']);
    }));
});

describe('deleting', () => {
  test('keeps the object until the runtime is gone', () =>
    inWorkspace(async (place) => {
      await created(place);
      await slow(place);
      await place.delete('sample');
      await place.until('sample', 'Ready=False Deleting Reconciling');
      expect(await place.runtime('sample')).not.toBeNull();
      await place.untilGone('sample');
      expect(await place.runtime('sample')).toBeNull();
      await place.untilEvents('sample', 'Created', 'Deleted');
      expect(await place.writes('sample')).toEqual(['PUT', 'DELETE']);
    }));

  test('while Azure is creating waits, and leaves nothing behind', () =>
    inWorkspace(async (place) => {
      await slow(place);
      await place.apply('sample');
      await place.until('sample', 'Ready=False Creating Reconciling');
      await place.delete('sample');
      await place.untilGone('sample');
      await eventually(async () => expect(await place.runtime('sample')).toBeNull());
      expect(await place.writes('sample')).toEqual(['PUT', 'DELETE']);
    }));

  test('of an adopted runtime leaves it', () =>
    inWorkspace(async (place) => {
      await existing(place, located('West Europe'));
      await created(place);
      await place.delete('sample');
      await place.untilGone('sample');
      expect(await place.runtime('sample')).not.toBeNull();
      await place.untilEvents('sample', 'Adopted', 'Retained');
    }));

  test('of a runtime that is referred to says by what, and goes on when it is not any more', () =>
    inWorkspace(async (place) => {
      await created(place);
      await place.azure.setReferences({ factory: place.factory, name: 'sample', referrers: ['LS_Lake'] });
      await place.delete('sample');
      const object = await place.until('sample', 'Ready=False ReferencedByOthers Reconciling');
      expect(message(object)).toContain('LS_Lake');
      await place.azure.setReferences({ factory: place.factory, name: 'sample', referrers: [] });
      await place.untilGone('sample');
    }));

  test('after the workspace went lets the object go', () =>
    inWorkspace(async (place) => {
      await created(place);
      await place.azure.removeWorkspace(place.factory);
      await place.delete('sample');
      await place.untilGone('sample');
      await place.untilEvents('sample', 'Created', 'Deleted');
    }));

  test('hands the runtime over to another object that declares it', () =>
    inWorkspace(async (place) => {
      await created(place, { azureName: 'Shared' });
      await place.apply('heir', { azureName: 'Shared', adoptionPolicy: 'Never' });
      await place.until('heir', 'Ready=False OwnedByAnother Stalled');
      await place.delete('sample');
      await place.untilGone('sample');
      expect((await ready(place, 'heir')).status?.claim?.origin).toBe('Created');
      expect(await place.writes('Shared')).toEqual(['PUT']);
      await place.untilEvents('sample', 'Created', 'HandedOver');
    }));
});

describe('a managed virtual network', () => {
  test('that the workspace has is used, and the runtime Online after a while', () =>
    inWorkspace(async (place) => {
      await place.azure.ensureNetwork({ factory: place.factory });
      await place.apply('sample', { location: undefined, managedVirtualNetwork: {} });
      await place.until('sample', 'Ready=False Provisioning Reconciling');
      await place.azure.setState({ factory: place.factory, name: 'sample', state: 'Online' });
      await ready(place);
      expect(await place.writes('sample')).toEqual(['PUT']);
      await place.untilEvents('sample', 'Created');
    }));

  test('that it lacks is waited for, and the message tells that none can be added', () =>
    inWorkspace(async (place) => {
      await place.apply('sample', { location: undefined, managedVirtualNetwork: {} });
      const object = await place.until('sample', 'Ready=False ManagedVirtualNetworkNotFound Reconciling');
      expect(message(object)).toContain('only when it is created itself');
      expect(await place.writes('sample')).toEqual([]);
    }));
});

test('a factory and a workspace of the same name are two places', () =>
  inWorkspace(async (place) => {
    const { kind: _, ...named } = place.factory;
    await place.azure.ensureFactory(named);
    await created(place, { azureName: 'Sample' });
    await place.apply('other', { azureName: 'Sample', workspace: undefined, factory: named, location: 'North Europe' });
    await ready(place, 'other');
    expect((await place.runtime('Sample'))?.properties).toEqual(located('West Europe'));
    const other = await place.azure.getRuntime({ factory: named, name: 'Sample' });
    expect(other?.properties).toEqual(located('North Europe'));
  }));
