/**
 * Every behaviour of the emulator that is neither recorded nor documented, in one place: when a real answer of Azure
 * contradicts one of these, this is the only file to change. Facts that are recorded, documented or pasted by users are
 * marked so where they are used.
 *
 * What each one says of Azure, and how it can be found out, is in dev/assumptions, under the id in brackets.
 */

import type { Stage } from './control.ts';

/** How a request is refused. */
export interface Refused {
  readonly status: number;
  readonly code: string;
}

/**
 * What one emulator assumes. Those of `ASSUMED` unless it is told otherwise: `npm run probe` finds out which are so.
 */
export interface Assumed {
  /** [page-size] Runtimes on one page of a list. No recording with a `nextLink` was found. */
  readonly pageSize: number;
  /** [list-order] Lists are in the order of names, whatever their case, and not in that of their creation. */
  readonly listInOrderOfNames: boolean;
  /** [list-documents] A list shows the documents that reads show, etags included. */
  readonly listHasEtags: boolean;
  /** [stale-etag] How a write is refused whose `If-Match` names another etag; undefined: it is not. */
  readonly staleEtag: Refused | undefined;
  /** [create-only] How a write with `If-None-Match: *` is refused where a document is; undefined: it is not. */
  readonly createOnly: Refused | undefined;
  /**
   * [etag-of-nothing] How `If-Match`, whether an etag or `*`, is refused where no document is; undefined: it creates one.
   */
  readonly etagOfNothing: Refused | undefined;
  /** [delete-ignores-etag] DELETE documents no `If-Match`; the emulator ignores it. */
  readonly deleteHonoursEtag: boolean;
  /**
   * [not-modified] A GET whose `If-None-Match` names the current etag answers so, without a body; undefined: as any other.
   */
  readonly notModifiedStatus: number | undefined;
  /** [equal-put] A PUT with a body equal to the stored one is a write too: its etag changes. */
  readonly equalPutChangesEtag: boolean;
  /** [put-replaces] What a PUT leaves out is gone afterwards. */
  readonly putReplaces: boolean;
  /** [unknown-properties] Properties that the specification does not have are stored. */
  readonly keepsUnknownProperties: boolean;
  /**
   * [long-numbers] Numbers come back as they were sent, however many digits they have: no recording of a long one was
   * found.
   */
  readonly keepsLongNumbers: boolean;
  /**
   * [property-case] The service finds a property of a document whatever the case of its name, keeps the spelling that it
   * was sent, and takes the values of enumerations whatever theirs. Reported is that live documents spell names otherwise
   * than documented, in case at least (Azure/azure-rest-api-specs #39342).
   */
  readonly propertyNamesIgnoreCase: boolean;
  /** [name-rule] A name outside `^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$`, 3 to 63 characters, is a bad payload. */
  readonly checksNames: boolean;
  /** [type-immutable] Changing `properties.type` of an existing runtime is refused as a bad payload. */
  readonly typeIsImmutable: boolean;
  /** [move-in-place] What a write does that gives an existing runtime outside a network another location. */
  readonly locationChange: 'applied' | 'ignored';
  /** [id-spelling] The case of group and factory in an id is that of their creation, not that of the request. */
  readonly idSpelling: 'created' | 'requested';
  /**
   * [missing-parent] Which 404 tells of a missing factory. Documented for a PUT, pasted by users for a list; that every
   * other operation answers as the list does, and that those of a workspace answer alike, is the assumption.
   */
  readonly missingParentCode: { readonly put: string; readonly other: string };
  /**
   * [not-a-bearer] An `Authorization` header of another scheme is answered as a missing one is (text of the missing one
   * pasted by users).
   */
  readonly notABearerCode: string;
  /**
   * [unknown-path] What ARM says of paths and verbs that lead nowhere. Users paste these codes; which of them comes when is
   * assumed.
   */
  readonly unknownPath: Readonly<Record<'encoding' | 'subscription' | 'namespace' | 'type' | 'method', Refused>>;
  /** [api-version] An api-version that the provider does not have. */
  readonly badApiVersion: Refused;
  /** [authoring-network] Interactive authoring is refused outside a managed virtual network. */
  readonly authoringNeedsNetwork: boolean;
  /** [authoring-online] Interactive authoring is refused while the runtime is not Online. */
  readonly authoringNeedsOnline: boolean;
  /**
   * [network-stages] Through what a new runtime in a managed virtual network passes: documented only that it is not Online
   * at first. Azure takes minutes.
   */
  readonly networkStages: readonly Stage[];
  /**
   * [network-region] A location other than the factory's (documented as impossible in a managed virtual network) is
   * refused.
   */
  readonly refusesOtherRegion: boolean;
  /**
   * [network-change] A PUT that would move an existing runtime into or out of a network succeeds and leaves it where it is:
   * documented as impossible, and a user tells of a deployment that succeeded and changed nothing.
   */
  readonly networkChangeIsIgnored: boolean;
  /** [workspace-order] A workspace carries out what it has accepted in that order (`goOn` of synapse.ts). */
  readonly workspaceOrder: 'accepted' | 'reversed';
  /** [workspace-checks] A workspace checks everything (names, etags, references) before it accepts a write. */
  readonly workspaceChecksFirst: boolean;
  /** [workspace-running] The status of a poll while the operation runs, again with its `Location`. */
  readonly runningStatus: number;
  /**
   * [workspace-patience] When the caller of a PUT is told to ask for its result, in seconds. Recorded as a header; its
   * value is not.
   */
  readonly operationRetryAfter: number | undefined;
}

/** A refusal of a precondition. */
const PRECONDITION_FAILED: Refused = { status: 412, code: 'PreconditionFailed' };

export const ASSUMED: Assumed = {
  pageSize: 100,
  listInOrderOfNames: true,
  listHasEtags: true,
  staleEtag: PRECONDITION_FAILED,
  createOnly: PRECONDITION_FAILED,
  etagOfNothing: PRECONDITION_FAILED,
  deleteHonoursEtag: false,
  // Documented as a status, never recorded.
  notModifiedStatus: 304,
  equalPutChangesEtag: true,
  putReplaces: true,
  keepsUnknownProperties: true,
  keepsLongNumbers: true,
  propertyNamesIgnoreCase: true,
  checksNames: true,
  typeIsImmutable: true,
  locationChange: 'applied',
  idSpelling: 'created',
  missingParentCode: { put: 'ParentResourceNotFound', other: 'ResourceNotFound' },
  notABearerCode: 'AuthenticationFailed',
  unknownPath: {
    encoding: { status: 400, code: 'InvalidRequestUri' },
    subscription: { status: 404, code: 'MissingSubscription' },
    namespace: { status: 404, code: 'InvalidResourceNamespace' },
    type: { status: 404, code: 'InvalidResourceType' },
    method: { status: 405, code: 'MethodNotAllowed' },
  },
  badApiVersion: { status: 400, code: 'InvalidResourceType' },
  authoringNeedsNetwork: true,
  authoringNeedsOnline: true,
  networkStages: [
    { state: 'Initial', afterMs: 0 },
    { state: 'Starting', afterMs: 1_000 },
    { state: 'Online', afterMs: 2_000 },
  ],
  refusesOtherRegion: true,
  networkChangeIsIgnored: true,
  workspaceOrder: 'accepted',
  workspaceChecksFirst: true,
  runningStatus: 202,
  operationRetryAfter: 1,
};

/**
 * [case-beyond-ascii] Names and ids are compared whatever their case (documented). That this includes letters beyond ASCII,
 * which only the names of resource groups have, is assumed: then an operator that keeps `GRÜN` and `grün` apart meets one
 * group under two names here.
 */
export function foldName(name: string): string {
  return name.toLowerCase();
}

/** [list-order] Whatever their case. */
export function compareInList(a: string, b: string): number {
  const [left, right] = [foldName(a), foldName(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The words of the two refusals: [stale-etag], [create-only]. */
export const STALE_ETAG_MESSAGE = 'The document has been changed since it was read: its etag does not match If-Match.';
export const EXISTS_MESSAGE = 'The document already exists: If-None-Match forbids to write it.';

/** [repair] Repairing is writing the definition again: so many PUTs turn a `Limited` runtime Online. */
export const DEFAULT_REPAIRS_NEEDED = 1;

/** [repair] States that a PUT can end; every other state that was set by hand survives a PUT. */
export function endedByPut(state: string): boolean {
  return state === 'Limited';
}

/**
 * [name-rule] What the service says of a name outside `^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$`, 3 to 63 characters: bad payload.
 */
export function isValidRuntimeName(name: string): boolean {
  return name.length >= 3 && name.length <= 63 && /^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/.test(name);
}

/**
 * [location-required] A factory or workspace without a place to be in. Where it is stays as it is once it is there, and a
 * write of either takes effect at once, with 200: a workspace's is documented as a long-running operation.
 */
export const LOCATION_REQUIRED = {
  code: 'LocationRequired',
  message: 'The location property is required for this definition.',
} as const;

/**
 * [gateway-order] The order in which ARM's gateway checks a request once its token is good. Throttling comes last: an
 * answer that the gateway gives itself carries no rate header (recorded), so it is taken to spend no token.
 */
export const GATEWAY_ORDER = ['subscription', 'apiVersion', 'permission', 'parents', 'refusals', 'throttling'] as const;

/** [lock-and-state] A read-only lock stops writes and deletes, and not the POST that reads a state. */
export const READ_ONLY_LOCK_BLOCKS_GET_STATUS = false;

/**
 * [disabled-deletes] A disabled subscription refuses writes and lets deletes through (ARM's contract with providers says
 * so; not recorded).
 */
export const DISABLED_SUBSCRIPTION_ALLOWS_DELETE = true;

/** [throttling] Throttled requests wait at least this long, in whole seconds. */
export const MIN_RETRY_AFTER_SECONDS = 1;

/** [too-large] The answer to a body that is too large. */
export const TOO_LARGE = { status: 413, code: 'RequestContentTooLarge' } as const;

/**
 * [too-large] Bodies larger than this are refused. ARM's own limit is 4 MB (documented); this is enough for any runtime.
 */
export const MAX_BODY_BYTES = 1024 * 1024;

/**
 * [workspace-time] How long a write to a workspace takes. Recorded are a create that was done when it was asked about after
 * 10 s, and a deletion after 30 s; the emulator is quicker, for tests.
 */
export const DEFAULT_OPERATION_MS = 100;

/** [workspace-failure] What a poll of a failed operation answers. No recording of one was found. */
export const FAILED_OPERATION = { status: 400, code: 'OperationFailed' } as const;

/** [id-spelling] A runtime's id: the case of group and factory is that of their creation, not that of the request. */
export function canonicalRuntimeId(factoryId: string, name: string): string {
  // Recorded: the segment in lower case, the name in its own.
  return `${factoryId}/integrationruntimes/${name}`;
}

/** [network-id] A network's id, as a runtime's. */
export function canonicalNetworkId(factoryId: string, name: string): string {
  return `${factoryId}/managedvirtualnetworks/${name}`;
}

/**
 * [network-name] The one name that a managed virtual network can have: Studio and every published example use no other.
 */
export const NETWORK_NAME = 'default';

/**
 * [network-region] A location other than the factory's (documented as impossible in a managed virtual network) is refused,
 * so:
 */
export const OTHER_REGION_MESSAGE =
  'The integration runtime in a managed virtual network must be in the region of the data factory or auto resolve.';

/**
 * [unknown-region] No recording and no public report of a location that is no region was found, so the emulator takes any, unless the control
 * names the regions (`setRegions`). Then it refuses others as the provider refuses what it does not like in a definition,
 * with 400: ARM's own check (`LocationNotAvailableForResourceType`) is of the location of top-level resources, and that of
 * a runtime stands within its properties.
 */
export function unknownRegionMessage(location: string): string {
  return `The location '${location}' of the integration runtime is not a known region.`;
}

/** [authoring-time] How long enabling and disabling interactive authoring take. Azure takes about a minute. */
export const INTERACTIVE_QUERY_MS = 1_000;

/** [authoring-minutes] Enabling it without a body, or without minutes in it, means this; Studio proposes it. */
export const DEFAULT_AUTO_TERMINATION_MINUTES = 60;

/*
 * [workspace-authoring] A workspace switches it as a factory does. Its specification has the two requests, without a body,
 * and its status without a word of it.
 */

/** [authoring-minutes] Documented minutes; others are a bad payload. */
export const AUTO_TERMINATION_MINUTES: readonly number[] = [10, 30, 60, 120];

/**
 * [authoring-again] Enabling what is enabled begins anew. The time runs from the end of enabling: only use would prolong
 * it, and the emulated one has none.
 */
export const ENABLING_AGAIN_PROLONGS = true;

/**
 * [authoring-network], [authoring-online] Why interactive authoring cannot be switched: documented conditions, assumed
 * words, 400 BadRequest.
 */
export const INTERACTIVE_QUERY_NEEDS = {
  network: 'Interactive authoring is supported only for an integration runtime in a managed virtual network.',
  online: 'Interactive authoring can be enabled only when the integration runtime is online.',
} as const;

/** [authoring-failure] What a poll answers when switching has failed. */
export const INTERACTIVE_QUERY_FAILURE = {
  code: 'InternalServerError',
  message: 'Enabling interactive authoring failed.',
};

/**
 * [change-events] Every PUT, PATCH, POST and DELETE raises an event when it is answered, also one of a child resource:
 * documented of resources, and no exception is; no event of an integration runtime was found recorded. [change-state] So
 * does the POST that reads a state, under the name of the action of role definitions: for a workspace that ends in
 * `/action`, so that whoever polls on every action polls for ever.
 */
export function eventKindOf(method: string): 'Write' | 'Delete' | 'Action' | undefined {
  return ({ PUT: 'Write', PATCH: 'Write', DELETE: 'Delete', POST: 'Action' } as const)[method];
}

/*
 * [change-acceptance] A write that a workspace has only accepted raises its event at once, and none when it is carried
 * out. [change-parents] The deletion of a factory, a workspace or a group raises one event, and none for each runtime in
 * it. [change-correlation] The event has the caller's own correlation id: `x-ms-correlation-request-id`.
 */

/**
 * [change-spelling] The subject of an event has the id in another case than the request (the documented examples have
 * `resourcegroups` and `resourceGroups`).
 */
export function eventSubject(resourceUri: string): string {
  return resourceUri
    .replace('/resourceGroups/', '/resourcegroups/')
    .replace('/integrationRuntimes/', '/integrationruntimes/');
}

/** [change-message] What a queue gets: decoded so by Cloud Custodian; plain text was seen in 2021. */
export const QUEUE_MESSAGE = { encoding: 'base64', shape: 'object' } as const;
