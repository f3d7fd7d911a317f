/** Assumptions about runtimes in a managed virtual network. */

import type { JsonObject } from '../../../core/model/runtime.ts';
import {
  compared,
  enableAuthoring,
  jsonOf,
  make,
  publicRuntime,
  read,
  runtimePath,
  shownAnswer,
  untold,
  valueAt,
} from './answers.ts';
import { ASSUMED } from './assumed.ts';
import type { Checkable } from './assumption.ts';
import type { Site } from './site.ts';

/** Of the only one that a factory can have (network-name). */
const NETWORK = 'default';
const POLL_MS = 10_000;
/** Azure takes minutes. */
const LONGEST_MS = 4 * 60_000;

export const NETWORKS: readonly Checkable[] = [
  {
    id: 'network-stages',
    sentence: 'A new runtime in a managed virtual network is not Online at first, but becomes so within minutes.',
    mark: 'documented',
    where: 'network',
    reliedOnBy: ['src/core/policies/health.ts'],
    ifFalse:
      'No effect if it is Online at once. If it takes more than half an hour, the object is Stalled and reports the state.',
    stands: ['networkStages'],
    turnedOver: [{ networkStages: [{ state: 'Online', afterMs: 0 }] }],
    check: async (site) => {
      const { path } = await make(site, inNetwork());
      const passed = [await stateOf(site, path)];
      const end = site.now() + LONGEST_MS;
      while (passed.at(-1) !== 'Online' && site.now() < end) {
        await site.wait(POLL_MS);
        const state = await stateOf(site, path);
        if (state !== passed.at(-1)) passed.push(state);
      }
      const assumed = 'another state first, then Online';
      const seen = passed.join(', ');
      if (passed.at(-1) !== 'Online') return untold(assumed, `${seen} for ${LONGEST_MS / 60_000} minutes`);
      return { verdict: passed.length > 1 ? 'holds' : 'does not hold', assumed, seen };
    },
  },
  {
    id: 'network-region',
    sentence:
      'A runtime in a managed virtual network must be in the region of the factory, otherwise it is refused with 400 BadRequest.',
    mark: 'documented',
    where: 'network',
    reliedOnBy: ['src/core/policies/network.ts'],
    ifFalse: 'No effect: the operator compares the location of the runtime with the declared one.',
    stands: ['refusesOtherRegion', 'OTHER_REGION_MESSAGE'],
    turnedOver: [{ refusesOtherRegion: false }],
    check: async (site) => {
      const path = runtimePath(site, await site.freshName());
      const isWest = site.location.toLowerCase().replaceAll(' ', '') === 'westeurope';
      const put = await site.send({ method: 'PUT', path, body: inNetwork(isWest ? 'East US' : 'West Europe') });
      return compared('400 BadRequest', shownAnswer(put));
    },
  },
  {
    id: 'network-change',
    sentence:
      'A PUT that would move an existing runtime out of its network succeeds, but leaves the runtime where it is.',
    mark: 'inferred',
    where: 'network',
    reliedOnBy: ['src/core/policies/network.ts'],
    ifFalse:
      'No effect: the operator never writes to a runtime that is in another network than declared, and reports `NetworkConflict`.',
    stands: ['networkChangeIsIgnored'],
    turnedOver: [{ networkChangeIsIgnored: false }],
    check: async (site) => {
      const { path } = await make(site, inNetwork());
      const put = await site.send({ method: 'PUT', path, body: publicRuntime() });
      if (put.status !== 200) return compared('200, in its network', shownAnswer(put));
      const reference = valueAt(await read(site, path), 'properties', 'managedVirtualNetwork', 'referenceName');
      return compared('200, in its network', `200, ${reference === undefined ? 'in no network' : 'in its network'}`);
    },
  },
  {
    id: 'authoring-online',
    sentence: 'Interactive authoring is refused with 400 BadRequest while a runtime is not Online.',
    mark: 'inferred',
    where: 'network',
    reliedOnBy: ['src/core/policies/authoring.ts'],
    ifFalse: 'No effect: the operator enables it only once the runtime is Online.',
    stands: ['authoringNeedsOnline', 'INTERACTIVE_QUERY_NEEDS'],
    turnedOver: [{ authoringNeedsOnline: false }],
    check: async (site) => {
      const { path } = await make(site, inNetwork());
      const state = await stateOf(site, path);
      if (state === 'Online') return untold('400 BadRequest', 'the runtime was Online at once');
      return compared('400 BadRequest', shownAnswer(await enableAuthoring(site, path)));
    },
  },
];

/** Assumptions about how a workspace answers writes. */
export const WORKSPACES: readonly Checkable[] = [
  {
    id: 'workspace-order',
    sentence: 'A workspace carries out the writes to one runtime in the order in which it accepted them.',
    mark: 'inferred',
    where: 'workspace',
    reliedOnBy: ['src/core/policies/operation.ts'],
    ifFalse: 'An older definition may win over a newer one. The next list shows this as drift, which is corrected.',
    stands: ['workspaceOrder'],
    turnedOver: [{ workspaceOrder: 'reversed' }],
    check: async (site) => {
      const { path } = await make(site);
      const writes = ['the first', 'the second', 'the last'].map((description) => publicRuntime({ description }));
      const accepted = [];
      for (const body of writes) accepted.push(await site.send({ method: 'PUT', path, body }));
      for (const answer of accepted) await site.settled(answer);
      return compared('the last', String(valueAt(await read(site, path), 'properties', 'description')));
    },
  },
  {
    id: 'workspace-checks',
    sentence:
      'A workspace checks names, etags and references before it accepts a write, and refuses the write at once.',
    mark: 'inferred',
    where: 'workspace',
    reliedOnBy: ['src/core/policies/operation.ts'],
    ifFalse: 'A write that was accepted has no effect, and after a while the object reports `NotApplied`, but not why.',
    stands: ['workspaceChecksFirst'],
    turnedOver: [{ workspaceChecksFirst: false }],
    check: async (site) => {
      const path = runtimePath(site, await site.freshName());
      // Whether the workspace has a network or not: this one it cannot have.
      const managedVirtualNetwork = { type: 'ManagedVirtualNetworkReference', referenceName: 'azirprobe' };
      const put = await site.send({ method: 'PUT', path, body: publicRuntime({ managedVirtualNetwork }) });
      await site.settled(put).catch(() => undefined);
      return compared('refused', put.status >= 400 && put.status < 500 ? 'refused' : `accepted (${put.status})`);
    },
  },
  {
    id: 'workspace-running',
    sentence: `While a workspace carries out a write, polling the operation is answered with ${ASSUMED.runningStatus} and a \`Location\` again.`,
    mark: 'inferred',
    where: 'workspace',
    reliedOnBy: [],
    ifFalse: 'No effect: the operator polls the runtime, not the operation.',
    stands: ['runningStatus'],
    turnedOver: [{ runningStatus: 201 }],
    check: async (site) => {
      const { path } = await make(site);
      const accepted = await site.send({ method: 'PUT', path, body: publicRuntime({ description: 'again' }) });
      const assumed = `${ASSUMED.runningStatus} with a Location`;
      const { location } = accepted.headers;
      if (location === undefined) return untold(assumed, `the write was answered ${shownAnswer(accepted)}`);
      const poll = await site.send({ method: 'GET', path: location });
      await site.settled(accepted);
      if (poll.status === 200) return untold(assumed, 'it was done at the first poll');
      return compared(
        assumed,
        `${shownAnswer(poll)} with${poll.headers.location === undefined ? 'out' : ''} a Location`,
      );
    },
  },
  {
    id: 'workspace-retry-after',
    sentence: 'The response of a workspace to a PUT has a `Retry-After` in whole seconds.',
    mark: 'inferred',
    where: 'workspace',
    reliedOnBy: [],
    ifFalse: 'No effect: the operator polls the runtime at its own pace.',
    stands: ['operationRetryAfter'],
    turnedOver: [{ operationRetryAfter: undefined }],
    check: async (site) => {
      const path = runtimePath(site, await site.freshName());
      const put = await site.send({ method: 'PUT', path, body: publicRuntime() });
      await site.settled(put);
      const seen = put.headers['retry-after'];
      const isSeconds = seen !== undefined && /^\d+$/.test(seen);
      return {
        verdict: isSeconds ? 'holds' : 'does not hold',
        assumed: 'whole seconds',
        seen: seen ?? 'no Retry-After',
      };
    },
  },
];

function inNetwork(location = 'AutoResolve'): JsonObject {
  const managedVirtualNetwork = { type: 'ManagedVirtualNetworkReference', referenceName: NETWORK };
  return publicRuntime({ managedVirtualNetwork, typeProperties: { computeProperties: { location } } });
}

async function stateOf(site: Site, path: string): Promise<string> {
  const answer = await site.send({ method: 'POST', path: `${path}/getStatus` });
  const state = valueAt(jsonOf(answer), 'properties', 'state');
  return typeof state === 'string' ? state : shownAnswer(answer);
}
