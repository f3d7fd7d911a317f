/** What it costs: to create, and to keep watching. */
import { describe, expect, test } from '@jest/globals';
import { listAge } from '../../src/core/schedule.ts';
import { type Azir, eventually, inBothKinds, inPlace, type Place, summary } from './support/place.ts';

/** What each version of an object added to the one before it. */
function told({ metadata, status }: Azir): string {
  return `${metadata.finalizers === undefined ? 'free' : 'held'}, ${status?.conditions === undefined ? 'untold' : 'told'}`;
}

describe.each(inBothKinds)('creating a runtime, in a $kind', ({ inPlace }) => {
  test.concurrent('costs few calls to Azure, few writes to Kubernetes and one event', () =>
    inPlace(async (place) => {
      await place.apply('sample', { interval: '1h' });
      await place.until('sample', 'Ready=True Available');
      await place.untilEvents('sample', 'Created');
      await place.barrier();
      expect(await place.requests()).toEqual(place.kind.requests.create);
      const statuses = Array.from({ length: place.kind.createIsTold }, () => 'held, told');
      expect((await place.allVersions('sample')).map(told)).toEqual(['free, untold', 'held, untold', ...statuses]);
      await place.untilEvents('sample', 'Created');
    }));

  test.concurrent('happens only where nobody else has created it meanwhile', () =>
    inPlace(async (place) => {
      await place.apply('sample', { interval: '1h' });
      await place.until('sample', 'Ready=True Available');
      const [put] = (await place.trace('sample')).filter(({ method }) => method === 'PUT');
      expect(put).toMatchObject({ ifNoneMatch: '*' });
    }));

  test.concurrent('without a location lets Azure choose it, and says so in the definition', () =>
    inPlace(async (place) => {
      await place.apply('sample', { location: undefined, interval: '1h' });
      const { status } = await place.until('sample', 'Ready=True Available');
      expect((await place.runtime('sample'))?.properties).toEqual({
        type: 'Managed',
        typeProperties: { computeProperties: { location: 'AutoResolve' } },
      });
      expect(status).toMatchObject({ location: 'AutoResolve' });
    }));

  test.concurrent('is one that kubectl can wait for', () =>
    inPlace(async (place) => {
      await place.apply('sample', { interval: '1h' });
      await place.kubectl('wait', '-n', place.namespace, 'azir/sample', '--for=condition=Ready', '--timeout=20s');
      expect(summary(await place.get('sample'))).toBe('Ready=True Available');
    }));
});

/** All that has happened so far, to be compared with what has happened later. */
async function traces(place: Place, name: string) {
  return {
    versions: (await place.allVersions(name)).length,
    resourceVersion: (await place.get(name))?.metadata.resourceVersion,
    writes: await place.writes(name),
    events: await place.events(name),
  };
}

describe.each(inBothKinds)('an object at rest, in a $kind', ({ inPlace }) => {
  test.concurrent('causes one look per interval and no write to anybody', () =>
    inPlace(async (place) => {
      await place.apply('sample');
      await place.until('sample', 'Ready=True Available');
      await place.untilEvents('sample', 'Created');
      const [before, asked] = [await traces(place, 'sample'), (await place.requests()).length];
      await place.passes('sample', 4);
      expect(await traces(place, 'sample')).toEqual(before);
      expect(new Set((await place.requests()).slice(asked))).toEqual(new Set(['LIST', 'STATE']));
    }));

  test.concurrent('is not written when a publish touches every etag', () =>
    inPlace(async (place) => {
      await place.apply('sample');
      await place.until('sample', 'Ready=True Available');
      await place.untilEvents('sample', 'Created');
      const before = await traces(place, 'sample');
      const lists = async () => (await place.requests()).filter((call) => call === 'LIST').length;
      const seen = await lists();
      await place.azure.touch(place.factory);
      await eventually(async () => expect(await lists()).toBeGreaterThanOrEqual(seen + 2));
      await place.passes('sample');
      expect(await traces(place, 'sample')).toEqual(before);
    }));

  test.concurrent('is not written while it waits for somebody else', () =>
    inPlace(async (place) => {
      await place.azure.removeFactory(place.factory);
      await place.apply('sample');
      await place.until('sample', `Ready=False ${place.kind.notFound} Reconciling`);
      await place.untilEvents('sample', place.kind.notFound);
      const { length } = await place.allVersions('sample');
      const asked = (await place.requests('sample')).length;
      await eventually(async () => expect((await place.requests('sample')).length).toBeGreaterThanOrEqual(asked + 3));
      expect(await place.allVersions('sample')).toHaveLength(length);
      expect(await place.events('sample')).toEqual([place.kind.notFound]);
    }));
});

// Not together with others: it counts polls of a second.
test('objects at rest share one list per interval with all of their factory', () =>
  inPlace(async (place) => {
    const names = Array.from({ length: 20 }, (_, i) => `sample-${i}`);
    const stdin = { apiVersion: 'v1', kind: 'List', items: names.map((name) => place.manifest(name)) };
    expect(await place.try(['apply', '-f', '-'], { stdin })).toMatchObject({ code: 0 });
    await Promise.all(names.map((name) => place.until(name, 'Ready=True Available')));
    const began = performance.now();
    const before = (await place.trace()).length;
    await Promise.all(names.map((name) => place.passes(name, 4)));
    const since = (await place.trace()).slice(before);
    const mostOfThem = (performance.now() - began) / listAge(1_000) + 1;
    const lists = since.filter(({ operation }) => operation === 'IntegrationRuntimes_ListByFactory');
    // The list of the first poll may have been there before.
    expect(lists.length).toBeGreaterThan(2);
    // By time, as on a slow machine a list is too old before the same object is polled again. One may have been under way.
    expect(lists.length).toBeLessThanOrEqual(mostOfThem + 1);
    expect(since.filter(({ method }) => method === 'PUT')).toEqual([]);
  }));
