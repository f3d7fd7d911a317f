/** What those that wait for an object are told at each stage of its life, by the real kstatus and by Argo CD on its own Lua. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Kstatus } from '../../dev/tools/kstatus.ts';
import { ArgoCd } from '../support/argocd.ts';
import { describeWith } from '../support/tools.ts';
import { fault, heal, LIST, refusal, STATUS } from './support/faults.ts';
import { type Azir, inPlace, type Place } from './support/place.ts';

const setState = (place: Place, state: 'Online' | 'Limited') =>
  place.azure.setState({ factory: place.factory, name: 'sample', state });

(await describeWith('kstatus', 'lua'))('an object', () => {
  let kstatus: Kstatus;
  let argocd: ArgoCd;
  beforeAll(async () => {
    [kstatus, argocd] = [new Kstatus(), await ArgoCd.start()];
  });
  afterAll(() => Promise.all([kstatus?.stop(), argocd?.stop()]));

  const said = async (object: object) =>
    `${(await kstatus.of(object)).status}, ${(await argocd.health(object)).status}`;
  const saidOnce = async (place: Place, expected: string): Promise<string> =>
    said(await place.until('sample', expected));

  /** The object as the API server answers a request that is not carried out, so before anybody can have looked at it. */
  const answered = async (place: Place, spec: Record<string, unknown>): Promise<Azir> => {
    const args = ['apply', '--dry-run=server', '-f', '-', '-o', 'json'];
    return JSON.parse((await place.try(args, { stdin: place.manifest('sample', spec) })).stdout);
  };

  test('that nobody has looked at yet, or whose change nobody has seen, is in progress', () =>
    inPlace(async (place) => {
      expect(await said(await answered(place, {}))).toBe('InProgress, Progressing');
      await place.apply('sample', { interval: '1h' });
      expect(await saidOnce(place, 'Ready=True Available')).toBe('Current, Healthy');
      expect(await said(await answered(place, { location: 'North Europe' }))).toBe('InProgress, Progressing');
    }));

  test('is in progress while its runtime is prepared, and what comes after it waits; then it is done', () =>
    inPlace(async (place) => {
      const stages = [{ state: 'Starting', afterMs: 0 }];
      await place.azure.setLifecycle({ factory: place.factory, rules: [{ on: 'create', stages }] });
      await place.apply('sample');
      expect(await saidOnce(place, 'Ready=False Provisioning Reconciling')).toBe('InProgress, Progressing');
      await setState(place, 'Online');
      expect(await saidOnce(place, 'Ready=True Available')).toBe('Current, Healthy');
    }));

  test('is in progress, and never failed, while Azure fails', () =>
    inPlace(async (place) => {
      await place.apply('sample');
      await place.until('sample', 'Ready=True Available');
      for (const operation of [LIST, STATUS] as const)
        await fault(place, operation, refusal(503, 'ServiceUnavailable'));
      expect(await saidOnce(place, 'Ready=True Available Reconciling')).toBe('InProgress, Progressing');
      await heal(place);
      expect(await saidOnce(place, 'Ready=True Available')).toBe('Current, Healthy');
    }));

  test('has failed when a person must act', () =>
    inPlace(async (place) => {
      await place.apply('sample', { repair: { mode: 'Disabled' } });
      await place.until('sample', 'Ready=True Available');
      await setState(place, 'Limited');
      expect(await saidOnce(place, 'Ready=False Limited Stalled')).toBe('Failed, Degraded');
    }));

  test('that is suspended is Suspended to Argo CD; kstatus tells only whether it was done before', () =>
    inPlace(async (place) => {
      await place.apply('sample', { suspend: true });
      expect(await saidOnce(place, 'Ready=Unknown Suspended Stalled')).toBe('Failed, Suspended');
      await place.patch('sample', { spec: { suspend: false } });
      await place.until('sample', 'Ready=True Available');
      await place.patch('sample', { spec: { suspend: true } });
      expect(await saidOnce(place, 'Ready=True Suspended')).toBe('Current, Suspended');
    }));

  test('that is being deleted is on its way, whatever keeps it', () =>
    inPlace(async (place) => {
      await place.apply('sample');
      await place.until('sample', 'Ready=True Available');
      await place.azure.setReferences({ factory: place.factory, name: 'sample', referrers: ['LS_Lake'] });
      await place.delete('sample');
      expect(await saidOnce(place, 'Ready=False ReferencedByOthers Reconciling')).toBe('Terminating, Progressing');
    }));
});
