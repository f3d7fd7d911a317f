/** Situations that a random life seldom comes to: what rules decide there is in `rules.test.ts`. */
import { declarationHash } from '../../../src/core/model/desired.ts';
import type { Operation } from '../../../src/core/model/object.ts';
import { armKey, type Parent } from '../../../src/core/model/runtime.ts';
import type { Situation } from '../../../src/core/situation.ts';
import { desired, runtimeId } from '../model/builders.ts';
import {
  ago,
  CREATED,
  dying,
  FAILURE,
  failed,
  found,
  GONE,
  listed,
  managedObject,
  owned,
  type Scene,
  said,
  seen,
  situation,
} from './builders.ts';

const NETWORK = { managedVirtualNetwork: { name: 'default', creation: 'Never' } } as const;
const AUTHORING = { interactiveAuthoring: { autoTerminationMinutes: 60 } } as const;
const operation = (kind: Operation['kind'], more: Partial<Operation> = {}) => ({
  operation: { kind, time: ago(1), fields: [], specHash: declarationHash(desired()), repeated: false, ...more },
});
const MARK = { mark: { origin: 'Created', runtime: armKey(runtimeId()) } } as const;
const WORKSPACE: Parent = { ...runtimeId().parent, kind: 'workspace' };
const limited = (more: Scene = {}) => seen({ state: 'Limited', ...more });

/** A repair that was not made, and what was said of it. */
const unmade = (reason: string) =>
  limited({
    status: {
      repair: { attempts: 0, unmade: true, nextAttemptTime: ago(-5) },
      conditions: [
        { ...said('Ready', 'False', reason), message: 'Limited; repair attempt 1 was not made: because.' },
        said('Stalled', 'True', reason),
      ],
    },
  });
const UNMADE = [
  'Repairing',
  'Forbidden',
  'PolicyDenied',
  'Locked',
  'InvalidDefinition',
  'ProviderNotRegistered',
  'CredentialsInvalid',
  'FactoryNotFound',
  'WorkspaceNotFound',
  'ManagedVirtualNetworkNotFound',
] as const;

const withId = (s: Situation, parent: Parent): Situation => ({
  ...s,
  desired: { ...s.desired, id: { ...s.desired.id, parent } },
});
/** Created without anybody having seen the answer. */
const unseen = (more: Scene = {}) => situation({ ...more, object: { hasFinalizer: true, ...MARK, ...more.object } });
const foreign = { managedVirtualNetwork: { type: 'ManagedVirtualNetworkReference', referenceName: 'other' } };

export const SCENES: Readonly<Record<string, Situation>> = {
  ...Object.fromEntries(UNMADE.map((reason) => [`unmade ${reason}`, unmade(reason)])),
  ...Object.fromEntries(
    ['Offline', 'AccessDenied', 'Stopped', 'Stopping', 'NeedRegistration'].map((state) => [state, seen({ state })]),
  ),
  'authoring refused': owned({ failure: failed('refused', 'authoring'), desired: AUTHORING }),
  'an answer that stays the same': situation({
    failure: failed('unavailable', 'poll', { answer: { name: '409-Conflict', isRefusal: true } }),
    status: { waitingSince: { reason: 'AzureUnavailable-409-Conflict', time: ago(60) } },
  }),
  'create refused': situation({ object: { hasFinalizer: true }, failure: failed('refused', 'create') }),
  'network not seen yet': owned({
    desired: NETWORK,
    failure: { during: 'update', failure: { ...FAILURE({ kind: 'refused' }), reference: 'default' } as never },
  }),
  'no workspace': withId(situation({ failure: failed('parentNotFound') }), WORKSPACE),
  'another network': owned({ definition: found('West Europe', foreign) }),
  'a network that was not applied': seen({ definition: found('West Europe', foreign), wrote: { kind: 'create' } }),
  'operation shown': seen({ status: operation('Update', { replacedEtag: 'before' }) }),
  'create pending': owned({ definition: GONE, status: operation('Create') }),
  'create repeated': owned({ definition: GONE, status: operation('Create', { repeated: true }) }),
  'update pending': seen({
    definition: found('North Europe'),
    status: operation('Update', { fields: ['location'], replacedEtag: 'etag' }),
  }),
  'update repeated': seen({
    definition: found('North Europe'),
    status: operation('Update', { fields: ['location'], replacedEtag: 'etag', repeated: true }),
  }),
  'network unread': situation({ desired: NETWORK, definition: GONE }),
  'network missing': situation({ desired: NETWORK, definition: GONE, network: 'absent' }),
  'own create': unseen({ definition: found('West Europe') }),
  'new in a network': seen({
    desired: NETWORK,
    definition: found('West Europe', {
      managedVirtualNetwork: { type: 'ManagedVirtualNetworkReference', referenceName: 'default' },
    }),
    state: 'Limited',
    wrote: { kind: 'create' },
  }),
  'repair accepted': limited({
    status: {
      ...operation('Repair'),
      conditions: [said('Healthy', 'False', 'Limited')],
      repair: { attempts: 1, nextAttemptTime: ago(-5) },
    },
  }),
  'repair without an answer': limited({
    definition: listed(found('West Europe')),
    status: { repair: { attempts: 0, unmade: true, etag: 'etag', nextAttemptTime: ago(-5) } },
  }),
  'repair unanswered': limited({
    failure: failed('unavailable', 'repair'),
    status: { repair: { attempts: 0, unmade: true } },
  }),
  'another network, seen': seen({ definition: found('West Europe', foreign) }),
  'repairs exhausted': limited({
    status: { repair: { attempts: 5 }, conditions: [said('Healthy', 'False', 'Limited')] },
  }),
  'authoring requested': seen({
    desired: AUTHORING,
    requests: { enableInteractiveAuthoring: 't1' },
    status: { interactiveAuthoring: { requestedTime: ago(1) } },
  }),
  'without a finalizer': dying({ object: { hasFinalizer: false } }),
  'parent denied': dying({ failure: failed('parentNotFound'), parent: 'absent' }),
  referenced: dying({ failure: failed('refused', 'delete') }),
  'own create, deleting': unseen({ object: { deleting: true }, definition: found('West Europe') }),
  'create without an answer, deleting': unseen({ object: { deleting: true }, definition: GONE }),
  'tracked by Argo CD': dying({ object: { isTrackedByArgoCd: true } }),
  'create pending, deleting': dying({ definition: GONE, status: operation('Create') }),
  'another type, deleting': dying({ definition: found(undefined, {}, 'SelfHosted') }),
  'delete pending': dying({ definition: found('West Europe'), status: operation('Delete') }),
  'delete repeated': dying({ definition: found('West Europe'), status: operation('Delete', { repeated: true }) }),
  'another network, deleting': dying({ definition: found('West Europe', foreign) }),
  'the successor has a claim': dying({
    peers: [managedObject('heir', { hasFinalizer: true })],
    status: { claim: CREATED },
  }),
};
