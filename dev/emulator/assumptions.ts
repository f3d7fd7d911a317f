/**
 * Every behaviour of the emulator that is neither recorded nor documented, in one place: when a real answer of Azure
 * contradicts one of these, this is the only file to change. Facts that are recorded, documented or pasted by users are
 * marked so where they are used.
 */

import type { Stage } from './control.ts';
import type { Operation } from './operations.ts';

/** Runtimes on one page of a list. No recording with a `nextLink` was found. */
export const DEFAULT_PAGE_SIZE = 100;

/**
 * Names and ids are compared whatever their case (documented). That this includes letters beyond ASCII, which only the names of
 * resource groups have, is assumed: then an operator that keeps `GRÜN` and `grün` apart meets one group under two names here.
 */
export function foldName(name: string): string {
  return name.toLowerCase();
}

/** Lists are in the order of names, whatever their case. */
export function compareInList(a: string, b: string): number {
  const [left, right] = [foldName(a), foldName(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A stale `If-Match`, and `If-None-Match: *` on a document that exists, are refused with this status and code. */
export const PRECONDITION_STATUS = 412;
export const PRECONDITION_CODE = 'PreconditionFailed';
export const STALE_ETAG_MESSAGE = 'The document has been changed since it was read: its etag does not match If-Match.';
export const EXISTS_MESSAGE = 'The document already exists: If-None-Match forbids to write it.';

/** `If-Match`, whether an etag or `*`, on a document that does not exist fails instead of creating it. */
export const IF_MATCH_NEEDS_DOCUMENT = true;

/** DELETE documents no `If-Match`; the emulator ignores it. */
export const DELETE_HONOURS_IF_MATCH = false;

/** A GET whose `If-None-Match` names the current etag answers 304 without a body (documented as a status, never recorded). */
export const NOT_MODIFIED_STATUS = 304;

/** A PUT with a body equal to the stored one is a write too: its etag changes. */
export const EQUAL_PUT_CHANGES_ETAG = true;

/** Repairing is writing the definition again: so many PUTs turn a `Limited` runtime Online. */
export const DEFAULT_REPAIRS_NEEDED = 1;

/** States that a PUT can end; every other state that was set by hand survives a PUT. */
export function endedByPut(state: string): boolean {
  return state === 'Limited';
}

/**
 * The service finds a property of a document whatever the case of its name, keeps the spelling that it was sent, and takes
 * the values of enumerations whatever theirs. Reported is that live documents spell names otherwise than documented, in
 * case at least (Azure/azure-rest-api-specs #39342).
 */
export const PROPERTY_NAMES_IGNORE_CASE = true;

/** Numbers come back as they were sent, however many digits they have: no recording of a long one was found. */

/** What the service says of a name outside `^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$`, 3 to 63 characters: bad payload. */
export function isValidRuntimeName(name: string): boolean {
  return name.length >= 3 && name.length <= 63 && /^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/.test(name);
}

/** Changing `properties.type` of an existing runtime is refused as a bad payload. */
export const TYPE_IS_IMMUTABLE = true;

/**
 * Which 404 tells of a missing factory. Documented for a PUT, pasted by users for a list; that every other operation
 * answers as the list does, and that those of a workspace answer alike, is the assumption.
 */
export function missingFactoryCode(operation: Operation): 'ParentResourceNotFound' | 'ResourceNotFound' {
  return operation.endsWith('_CreateOrUpdate') ? 'ParentResourceNotFound' : 'ResourceNotFound';
}

/**
 * A factory or workspace without a place to be in. Where it is stays as it is once it is there, and a write of either takes
 * effect at once, with 200: a workspace's is documented as a long-running operation.
 */
export const LOCATION_REQUIRED = {
  code: 'LocationRequired',
  message: 'The location property is required for this definition.',
} as const;

/**
 * The order in which ARM's gateway checks a request once its token is good. Throttling comes last: an answer that the
 * gateway gives itself carries no rate header (recorded), so it is taken to spend no token.
 */
export const GATEWAY_ORDER = ['subscription', 'apiVersion', 'permission', 'parents', 'refusals', 'throttling'] as const;

/** A read-only lock stops writes and deletes, and not the POST that reads a state. */
export const READ_ONLY_LOCK_BLOCKS_GET_STATUS = false;

/** A disabled subscription refuses writes and lets deletes through (ARM's contract with providers says so; not recorded). */
export const DISABLED_SUBSCRIPTION_ALLOWS_DELETE = true;

/** An `Authorization` header of another scheme is answered as a missing one is (text of the missing one pasted by users). */
export const NOT_A_BEARER_CODE = 'AuthenticationFailed';

/** What ARM says of paths and verbs that lead nowhere. Users paste these codes; which of them comes when is assumed. */
export const UNKNOWN_PATH = {
  encoding: { status: 400, code: 'InvalidRequestUri' },
  subscription: { status: 404, code: 'MissingSubscription' },
  namespace: { status: 404, code: 'InvalidResourceNamespace' },
  type: { status: 404, code: 'InvalidResourceType' },
  method: { status: 405, code: 'MethodNotAllowed' },
} as const;

/** An api-version that the provider does not have. */
export const BAD_API_VERSION = { status: 400, code: 'InvalidResourceType' } as const;

/** Throttled requests wait at least this long, in whole seconds. */
export const MIN_RETRY_AFTER_SECONDS = 1;

/** The answer to a body that is too large. */
export const TOO_LARGE = { status: 413, code: 'RequestContentTooLarge' } as const;

/** Bodies larger than this are refused. ARM's own limit is 4 MB (documented); this is enough for any runtime. */
export const MAX_BODY_BYTES = 1024 * 1024;

/**
 * How long a write to a workspace takes. Recorded are a create that was done when it was asked about after 10 s, and a
 * deletion after 30 s; the emulator is quicker, for tests.
 */
export const DEFAULT_OPERATION_MS = 100;

/*
 * A workspace checks everything (names, etags, references) before it accepts a write, and carries out what it has accepted
 * in that order (`goOn` of synapse.ts). Its refusals have the shape of its recorded 404.
 */

/** When the caller of a PUT is told to ask for its result. Recorded as a header; its value is not. */
export const OPERATION_RETRY_AFTER_SECONDS = 1;

/** The status of a poll while the operation runs, again with its `Location`. */
export const RUNNING_OPERATION_STATUS = 202;

/** What a poll of a failed operation answers. No recording of one was found. */
export const FAILED_OPERATION = { status: 400, code: 'OperationFailed' } as const;

/** A runtime's id: the case of group and factory is that of their creation, not that of the request. */
export function canonicalRuntimeId(factoryId: string, name: string): string {
  // Recorded: the segment in lower case, the name in its own.
  return `${factoryId}/integrationruntimes/${name}`;
}

/** A network's id, as a runtime's. */
export function canonicalNetworkId(factoryId: string, name: string): string {
  return `${factoryId}/managedvirtualnetworks/${name}`;
}

/** The one name that a managed virtual network can have: Studio and every published example use no other. */
export const NETWORK_NAME = 'default';

/** Through what a new runtime in a managed virtual network passes: documented only that it is not Online at first. Azure takes minutes. */
export const MANAGED_NETWORK_STAGES: readonly Stage[] = [
  { state: 'Initial', afterMs: 0 },
  { state: 'Starting', afterMs: 1_000 },
  { state: 'Online', afterMs: 2_000 },
];

/** A location other than the factory's (documented as impossible in a managed virtual network) is refused, so: */
export const OTHER_REGION_MESSAGE =
  'The integration runtime in a managed virtual network must be in the region of the data factory or auto resolve.';

/**
 * No recording and no public report of a location that is no region was found, so the emulator takes any, unless the control
 * names the regions (`setRegions`). Then it refuses others as the provider refuses what it does not like in a definition,
 * with 400: ARM's own check (`LocationNotAvailableForResourceType`) is of the location of top-level resources, and that of
 * a runtime stands within its properties.
 */
export function unknownRegionMessage(location: string): string {
  return `The location '${location}' of the integration runtime is not a known region.`;
}

/**
 * A PUT that would move an existing runtime into or out of a network succeeds and leaves it where it is: documented as
 * impossible, and a user tells of a deployment that succeeded and changed nothing.
 */
export const NETWORK_CHANGE_IS_IGNORED = true;

/** How long enabling and disabling interactive authoring take. Azure takes about a minute. */
export const INTERACTIVE_QUERY_MS = 1_000;

/** Enabling it without a body, or without minutes in it, means this; Studio proposes it. */
export const DEFAULT_AUTO_TERMINATION_MINUTES = 60;

/*
 * A workspace switches it as a factory does. Its specification has the two requests, without a body, and its status without
 * a word of it.
 */

/** Documented minutes; others are a bad payload. */
export const AUTO_TERMINATION_MINUTES: readonly number[] = [10, 30, 60, 120];

/** Enabling what is enabled begins anew. The time runs from the end of enabling: only use would prolong it, and the emulated one has none. */
export const ENABLING_AGAIN_PROLONGS = true;

/** Why interactive authoring cannot be switched: documented conditions, assumed words, 400 BadRequest. */
export const INTERACTIVE_QUERY_NEEDS = {
  network: 'Interactive authoring is supported only for an integration runtime in a managed virtual network.',
  online: 'Interactive authoring can be enabled only when the integration runtime is online.',
} as const;

/** What a poll answers when switching has failed. */
export const INTERACTIVE_QUERY_FAILURE = {
  code: 'InternalServerError',
  message: 'Enabling interactive authoring failed.',
};
