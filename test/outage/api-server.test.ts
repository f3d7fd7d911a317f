/** The API server goes away, forgets its history, takes rights away, and has other clients, some of which write where they should not. */
import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { PatchStrategy } from '@kubernetes/client-node';
import type { FaultEffect } from '../../dev/emulator/index.ts';
import type { Installation } from '../../dev/installation/installation.ts';
import type { OperatorProcess } from '../../dev/installation/operator-process.ts';
import { createKubeClient } from '../../src/kube/client/client.ts';
import { runtimePath } from '../../src/kube/objects/runtime-api.ts';
import { count, fault, PUT, trace, untilCalled } from '../operator/support/faults.ts';
import { isHeld } from '../operator/support/history.ts';
import { eventually, type Place } from '../operator/support/place.ts';
import { site, type World } from './support.ts';

const { inWorld } = site({ losesApiServer: true });

const DELAY: FaultEffect = { kind: 'delay' };
const DOWN_MS = 4_000;

async function untilDown({ controlPlane }: Installation): Promise<void> {
  const { hostname, port } = new URL(controlPlane.url);
  const accepts = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect({ host: hostname, port: Number(port) }, () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
  await eventually(async () => expect(await accepts()).toBe(false));
}

async function isWell({ healthUrl }: OperatorProcess): Promise<void> {
  for (const path of ['healthz', 'readyz']) expect((await fetch(`${healthUrl}/${path}`)).status).toBe(200);
}

describe('other clients', () => {
  test.concurrent('somebody who changes the object all the time keeps it from nothing: no write is lost, theirs nor ours', () =>
    inWorld(async ({ place, history, operator, installation }) => {
      await operator();
      await place.apply('sample');
      await history.until('sample', 'True Available');
      await fault(place, PUT, DELAY, { delayMs: 50 });
      const client = createKubeClient({ kubeconfig: installation.cluster.kubeconfig });
      const path = runtimePath({ namespace: place.namespace, name: 'sample' });
      const patch = (body: object) =>
        client.request(
          { method: 'PATCH', path, body, contentType: PatchStrategy.MergePatch },
          new AbortController().signal,
        );
      for (let i = 0; i < 150; i++) {
        await patch({ metadata: { annotations: { [`example.com/${i % 5}`]: String(i) } } });
        if (i % 10 === 0) await patch({ spec: { description: `change ${i}` } });
      }
      await patch({ spec: { description: 'the last' } });
      await client.close();
      const object = await history.until(
        'sample',
        (one) => one.metadata.generation === 17 && one.status?.observedGeneration === 17,
      );
      await history.until('sample', 'True Available');
      expect(object.metadata.annotations).toMatchObject({ 'example.com/4': '149' });
      expect((await place.runtime('sample'))?.properties).toHaveProperty('description', 'the last');
      // How many changes one pass makes depends on how fast they come.
      await eventually(async () => {
        const [first, ...others] = await place.events('sample');
        expect([first, [...new Set(others)]]).toEqual(['Created', ['Updated']]);
      });
    }));

  const editStatus = (place: Place, status: unknown) =>
    place.kubectl(
      'patch',
      'azir',
      'sample',
      '-n',
      place.namespace,
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify({ status }),
    );

  test.concurrent('conditions that somebody takes away, or falsifies, are back after the next look, and nothing is written to Azure', () =>
    inWorld(async ({ place, history, operator }) => {
      await operator();
      await place.apply('sample');
      const { status } = await history.until('sample', 'True Available');
      const before = await place.runtime('sample');
      const conditions = status?.conditions ?? [];
      const falsified = [
        { ...conditions[0], type: 'Ready', status: 'False', reason: 'Sabotage', message: 'x' },
        { ...conditions[0], type: 'Stalled', status: 'True', reason: 'Sabotage', message: 'x' },
      ];
      for (const edit of [
        { conditions: null },
        { conditions: falsified },
        { state: 'Offline', location: 'Moon' },
        { observedGeneration: 0, referenceName: null },
      ]) {
        // The edit is one version, and what mends it another.
        const edited = history.versions('sample').length + 1;
        await editStatus(place, edit);
        const mended = await history.until(
          'sample',
          (object) => JSON.stringify(sorted(object.status)) === JSON.stringify(sorted(status)),
          edited,
        );
        expect(mended.status?.claim).toEqual(status?.claim);
      }
      expect(await place.runtime('sample')).toEqual(before);
      history.forget('sample');
    }));

  test.concurrent('a claim that somebody takes away: the runtime counts as adopted, which deletes nothing', () =>
    inWorld(async ({ place, history, operator }) => {
      await operator();
      await place.apply('sample');
      await history.until('sample', 'True Available');
      const before = await place.runtime('sample');
      await editStatus(place, { claim: null });
      const object = await history.until('sample', ({ status }) => status?.claim?.origin === 'Adopted');
      expect(isHeld(object)).toBe(true);
      expect(await place.runtime('sample')).toEqual(before);
      await place.delete('sample');
      await history.untilGone('sample');
      expect(await place.runtime('sample')).not.toBeNull();
      await place.untilEvents('sample', 'Created', 'Adopted', 'Retained');
    }));

  // Such as a restore from a backup: finalizers come back, statuses do not.
  test.concurrent('a whole status that is lost does not make an adopted runtime one that this object created, and deletes', () =>
    inWorld(async ({ place, history, operator }) => {
      await operator();
      const properties = { type: 'Managed', typeProperties: { computeProperties: { location: 'West Europe' } } };
      await place.azure.putRuntime({ factory: place.factory, name: 'sample', properties });
      await place.apply('sample');
      const adopted = await history.until('sample', 'True Available');
      expect(adopted.status?.claim?.origin).toBe('Adopted');
      // The edit is one version; what mends it may be seen before the edit is answered.
      const edited = history.versions('sample').length + 1;
      await editStatus(place, null);
      const again = await history.until('sample', ({ status }) => status?.claim !== undefined, edited);
      history.forget('sample');
      expect(again.status?.claim?.origin).toBe('Adopted');
    }));
});

describe('each right that the operator has is one that it needs: without', () => {
  interface Rule {
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }
  const USER = 'system:serviceaccount:azure-ir-system:azure-ir-operator';
  /** How `kubectl auth can-i` is asked about a resource. */
  const ASKED: Record<string, string[]> = {
    azureintegrationruntimes: ['azureintegrationruntimes.azure-ir.io'],
    'azureintegrationruntimes/status': ['azureintegrationruntimes.azure-ir.io', '--subresource=status'],
    secrets: ['secrets/azure-ir-credential'],
    events: ['events.events.k8s.io'],
  };

  async function rulesOf({ place }: World): Promise<Rule[]> {
    return JSON.parse(await place.kubectl('get', 'clusterrole', 'azure-ir-operator', '-o', 'json')).rules;
  }

  async function grant({ place }: World, rules: readonly Rule[], resource: string, verb: string, answer: 'yes' | 'no') {
    const value = rules.filter(({ verbs }) => verbs.length > 0);
    const body = JSON.stringify([{ op: 'replace', path: '/rules', value }]);
    await place.kubectl('patch', 'clusterrole', 'azure-ir-operator', '--type=json', '-p', body);
    const question = ['auth', 'can-i', verb, ...(ASKED[resource] ?? []), '-n', place.namespace, '--as', USER];
    await eventually(async () => expect((await place.try(question)).stdout.trim()).toBe(answer));
  }

  const said = (lines: readonly string[], text: string) => lines.filter((line) => line.includes(text)).length;

  const isNotListed = async (_world: World, lines: readonly string[]) =>
    eventually(async () => expect(said(lines, 'watch failed')).toBeGreaterThan(0));
  const isNotSeen = async ({ history }: World, lines: readonly string[]) => {
    await eventually(async () => expect(said(lines, 'watch still failing')).toBeGreaterThan(0));
    expect(history.latest('sample')?.status?.observedGeneration).toBe(-1);
  };

  /** What is seen of it once the object `sample` has been applied. */
  const cases: [string, string, (world: World, lines: readonly string[]) => Promise<void>][] = [
    ['azureintegrationruntimes', 'list', isNotListed],
    ['azureintegrationruntimes', 'watch', isNotSeen],
    ['secrets', 'list', isNotListed],
    [
      'secrets',
      'watch',
      async (_world, lines) => {
        await eventually(async () => expect(said(lines, 'watch still failing')).toBeGreaterThan(0));
        expect(lines.find((line) => line.includes('watch failed'))).toContain('azure-ir-credential');
      },
    ],
    [
      'azureintegrationruntimes',
      'get',
      async ({ place, history }, lines) => {
        await history.until('sample', 'True Available');
        await place.patch('sample', { spec: { description: 'second' } });
        await eventually(async () => expect(said(lines, 'forbidden')).toBeGreaterThan(1));
        expect((await place.runtime('sample'))?.properties).not.toHaveProperty('description');
      },
    ],
    [
      'azureintegrationruntimes',
      'patch',
      async ({ place, history }, lines) => {
        await eventually(async () => expect(said(lines, 'forbidden')).toBeGreaterThan(1));
        expect(await place.azure.runtimes(place.factory)).toEqual([]);
        expect(history.versions('sample').some(isHeld)).toBe(false);
      },
    ],
    [
      'azureintegrationruntimes/status',
      'patch',
      async ({ history }, lines) => {
        await eventually(async () => expect(said(lines, 'forbidden')).toBeGreaterThan(1));
        expect(history.latest('sample')?.status?.conditions).toBeUndefined();
      },
    ],
    [
      'events',
      'create',
      async ({ place, history }, lines) => {
        await history.until('sample', 'True Available');
        await eventually(async () => expect(said(lines, 'failed to record an event')).toBe(1));
        expect(await place.events('sample')).toEqual([]);
      },
    ],
    [
      'events',
      'patch',
      async ({ place, history }, lines) => {
        await history.until('sample', 'True Available');
        for (const token of ['once', 'again']) {
          await place.annotate('sample', 'azure-ir.io/repair', token);
          await history.until('sample', ({ status }) => status?.lastHandledRepairAt === token);
        }
        await eventually(async () => expect(said(lines, 'failed to record an event')).toBe(1));
        expect(await place.events('sample')).toEqual(['Created', 'RepairStarted']);
      },
    ],
  ];

  // The operator lists and watches the Secrets of its one name, and never gets one.
  test('any one: each has its case here', () =>
    inWorld(async (world) => {
      const rights = (await rulesOf(world)).flatMap(({ resources, verbs }) =>
        verbs.map((verb) => `${resources[0]} ${verb}`),
      );
      expect(rights.sort()).toEqual(cases.map(([resource, verb]) => `${resource} ${verb}`).sort());
    }));

  test.each(cases)('%s: %s', (resource, verb, symptom) =>
    inWorld(async (world) => {
      const { place, history, operator, azure } = world;
      const all = await rulesOf(world);
      const less = all.map((rule) =>
        rule.resources.includes(resource) ? { ...rule, verbs: rule.verbs.filter((one) => one !== verb) } : rule,
      );
      await grant(world, less, resource, verb, 'no');
      try {
        const lines: string[] = [];
        const starting = operator({ onLine: (line) => lines.push(line) });
        // Listed first, so that only a watch can show it.
        if (verb !== 'list') await starting;
        await place.apply('sample');
        await symptom(world, lines);
        await grant(world, all, resource, verb, 'yes');
        await starting;
      } finally {
        await grant(world, all, resource, verb, 'yes');
      }
      const { generation } = history.latest('sample')?.metadata ?? {};
      await history.until('sample', ({ status }) => status?.observedGeneration === generation);
      const object = await history.until('sample', 'True Available');
      expect(object.status?.claim?.origin).toBe('Created');
      expect(await azure.runtimes(place.factory)).toHaveLength(1);
    }),
  );
});

describe('the API server restarts', () => {
  test('what changed meanwhile, here and in Azure, is done afterwards, and the operator lives on', () =>
    inWorld(async ({ installation, place, history, operator, azure }) => {
      const { controlPlane } = installation;
      const process = await operator();
      for (const name of ['changed', 'deleted', 'drifted', 'creating']) {
        if (name === 'creating') await fault(place, PUT, DELAY, { delayMs: DOWN_MS, times: 1 });
        await place.apply(name);
        if (name !== 'creating') await history.until(name, 'True Available');
      }
      await eventually(async () => expect(await count(place, PUT)).toBe(4));
      const restart = controlPlane.restartApiServer({ downMs: DOWN_MS });
      await untilDown(installation);
      const down = Date.now();
      await azure.drift({
        factory: place.factory,
        name: 'drifted',
        merge: { typeProperties: { computeProperties: { location: 'Moon' } } },
      });
      await untilCalled(place, 'IntegrationRuntimes_ListByFactory', 1);
      await isWell(process);
      await restart;
      await place.patch('changed', { spec: { description: 'meanwhile' } });
      await place.delete('deleted');
      await place.apply('new');
      await history.untilGone('deleted');
      for (const name of ['changed', 'drifted', 'creating', 'new']) {
        await history.until(
          name,
          (object) =>
            object.status?.observedGeneration === object.metadata.generation && object.status.state === 'Online',
        );
        expect([name, history.latest(name)?.status?.claim?.origin]).toEqual([name, 'Created']);
      }
      await eventually(async () => expect(JSON.stringify(await place.runtime('drifted'))).toContain('West Europe'));
      await eventually(async () => expect((await place.runtime('changed'))?.properties).toHaveProperty('description'));
      expect((await azure.runtimes(place.factory)).map(({ name }) => name)).toEqual([
        'changed',
        'creating',
        'drifted',
        'new',
      ]);
      // Nothing was decided on what could not be confirmed.
      const blind = (await trace(place, { operation: PUT })).filter(
        ({ at }) => at > down && at < down + DOWN_MS - 1_000,
      );
      expect(blind).toEqual([]);
      await isWell(process);
      expect(await process.stop()).toBe(0);
    }));

  test('however long that was: what changes then is seen within 5 s, and what has waited for it goes on', () =>
    inWorld(async ({ installation, place, history, operator }) => {
      const process = await operator({ args: ['--interval=1h'] });
      await place.apply('waits');
      await place.apply('changes');
      for (const name of ['waits', 'changes']) await history.until(name, 'True Available');
      // A pass under way, whose status meets no API server any more.
      await fault(place, PUT, DELAY, { delayMs: 3_000, times: 1 });
      await place.patch('waits', { spec: { description: 'before' } });
      await untilCalled(place, PUT, 1);
      const restart = installation.controlPlane.restartApiServer({ downMs: 20_000 });
      await untilDown(installation);
      await restart;
      await place.patch('changes', { spec: { description: 'after' } });
      await eventually(async () => expect((await place.runtime('changes'))?.properties).toHaveProperty('description'));
      await history.until('waits', (one) => one.status?.observedGeneration === one.metadata.generation);
      const delays = process.log.flatMap(({ msg, delayMs }) =>
        /^watch (still )?fail/.test(msg) ? Number(delayMs ?? 0) : [],
      );
      expect(delays.length).toBeGreaterThan(5);
      expect(Math.max(...delays)).toBeLessThanOrEqual(4_000);
      await isWell(process);
    }));

  test('with its history lost (410 Gone): what came, went and came again is noticed', () =>
    inWorld(async ({ installation, place, history, operator, azure }) => {
      const { controlPlane } = installation;
      const process = await operator();
      for (const name of ['stays', 'goes', 'anew']) await place.apply(name);
      for (const name of ['stays', 'goes', 'anew']) await history.until(name, 'True Available');
      const { uid } = history.latest('anew')?.metadata ?? {};
      const forgotten = () => process.log.some(({ msg }) => msg === 'resource version expired, relisting');
      for (let round = 0; round < 4 && !forgotten(); round++) {
        await controlPlane.restartApiServer({ downMs: 2_000 });
        await Promise.all([place.delete('goes').catch(() => {}), round === 0 ? place.delete('anew') : undefined]);
        await place.kubectl(
          'annotate',
          'azir',
          'stays',
          '-n',
          place.namespace,
          '--overwrite',
          `example.com/round=${round}`,
        );
        await controlPlane.compact();
        await controlPlane.restartApiServer({ downMs: 0 });
        await eventually(async () => expect(process.log.at(-1)?.msg).not.toBe('watch failed'));
      }
      await history.untilGone('goes');
      await history.untilGone('anew');
      expect(forgotten()).toBe(true);
      await place.apply('anew');
      const again = await history.until(
        'anew',
        (object) => object.metadata.uid !== uid && object.status?.state === 'Online',
      );
      expect(again.status?.claim?.origin).toBe('Created');
      await place.patch('stays', { spec: { description: 'still watched' } });
      await history.until('stays', (object) => object.status?.observedGeneration === 2);
      await history.until('stays', 'True Available');
      expect((await azure.runtimes(place.factory)).map(({ name }) => name)).toEqual(['anew', 'stays']);
      await isWell(process);
    }));

  test('does not keep the operator from stopping: it exits with 0', () =>
    inWorld(async ({ installation, place, history, operator }) => {
      const { stop } = await operator();
      await place.apply('sample');
      await history.until('sample', 'True Available');
      const restart = installation.controlPlane.restartApiServer({ downMs: DOWN_MS });
      await untilDown(installation);
      expect(await stop()).toBe(0);
      await restart;
      await operator();
      await place.patch('sample', { spec: { description: 'later' } });
      await eventually(async () =>
        expect((await place.runtime('sample'))?.properties).toHaveProperty('description', 'later'),
      );
    }));
});

/** The same for two statuses that say the same, whenever they began to. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'lastTransitionTime')
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}
