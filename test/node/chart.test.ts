/** What of the chart only a node can show: its own test, rights in some namespaces alone, and what a pod must not be told. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEFAULT_FACTORY } from '../../dev/emulator/index.ts';
import { NAMESPACE, RELEASE } from '../support/helm.ts';
import { operatorOf, statusOf } from './support/containers.ts';
import { Place, SAMPLE } from './support/place.ts';

let place: Place;
beforeAll(async () => {
  place = await Place.create();
  await place.kubectl(['create', 'namespace', 'watched']);
  await place.install({ watchNamespaces: ['watched'] });
});
afterAll(async () => {
  await place?.kubectl(['delete', 'namespace', 'watched', 'unwatched', '--ignore-not-found', '--timeout=80s']);
  await place?.stop();
});

describe('with watchNamespaces', () => {
  const can = async (verb: string, resource: string, namespace: string): Promise<string> => {
    const as = `--as=system:serviceaccount:${NAMESPACE}:${RELEASE}`;
    return (await place.try(['auth', 'can-i', verb, resource, '-n', namespace, as])).stdout.trim();
  };

  test('the operator has rights there and in no other namespace, and does its work', async () => {
    await place.kubectl(['create', 'namespace', 'unwatched']);
    for (const [verb, resource] of [
      ['list', 'azureintegrationruntimes.azure-ir.io'],
      ['patch', 'azureintegrationruntimes.azure-ir.io'],
      ['create', 'events.events.k8s.io'],
    ] as const) {
      expect(await can(verb, resource, 'watched')).toBe('yes');
      expect(await can(verb, resource, 'unwatched')).toBe('no');
    }
    await place.kubectl(['apply', '-n', 'watched', '-f', SAMPLE]);
    await place.kubectl(['wait', '-n', 'watched', '-f', SAMPLE, '--for=condition=Ready', '--timeout=60s']);
    await place.kubectl(['delete', '-n', 'watched', '-f', SAMPLE, '--timeout=60s']);
    expect(await place.emulator.control.runtimes(DEFAULT_FACTORY)).toEqual([]);
  });
});

describe('helm test', () => {
  test('says that it works, from another pod, also where no name of a Service can be resolved: this cluster has no DNS', async () => {
    expect(await place.helm(['test', RELEASE, '--logs', '--timeout', '90s'])).toContain('/metrics answers');
  });
});

describe('where a policy gives each namespace users of its own', () => {
  test('a user can be left out, and another one given', async () => {
    const user = { runAsUser: 1_000_640_000, runAsGroup: 0, fsGroup: 1_000_640_000 };
    await place.upgrade({ podSecurityContext: user });
    await place.settled();
    const [pod] = await place.pods();
    const status = await statusOf(await operatorOf(pod?.metadata.uid ?? ''));
    expect(status.Uid?.split('\t')[0]).toBe('1000640000');
    await place.leader();
  });
});
