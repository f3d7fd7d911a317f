/**
 * Every behaviour of the emulator that is neither recorded nor documented, and not simply one of the answers that the checks
 * of the probe expect (src/cli/probe/assumptions/assumed.ts): when a real answer of Azure contradicts one of these, these two
 * are the files to change. Facts that are recorded, documented or pasted by users are marked so where they are used.
 *
 * What each one says of Azure, and how it can be found out, is in src/cli/probe/assumptions, under the id in brackets.
 */

export { ASSUMED, type Assumed, type Refused } from '../../src/cli/probe/assumptions/assumed.ts';

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
 * [unknown-region] No recording and no public report of a location that is no region was found. The emulator takes whatever
 * could be the name of one, unless the control names the regions (`setRegions`). It refuses others as the provider refuses
 * what it does not like in a definition, with 400: ARM's own check (`LocationNotAvailableForResourceType`) is of the location
 * of top-level resources, and that of a runtime stands within its properties.
 */
export function isRegion(location: string, regions: readonly string[] | undefined): boolean {
  const place = (text: string): string => text.toLowerCase().replaceAll(/\s/g, '');
  if (regions === undefined) return /^[a-z0-9_-]*$/.test(place(location));
  return ['autoresolve', ...regions.map(place)].includes(place(location));
}

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

/** [change-events] What the event of a request is called. */
export function eventKindOf(method: string): 'Write' | 'Delete' | 'Action' | undefined {
  return ({ PUT: 'Write', PATCH: 'Write', DELETE: 'Delete', POST: 'Action' } as const)[method];
}

/*
 * [change-acceptance] A write that a workspace has only accepted raises its event at once, and none when it is carried
 * out. [change-parents] The deletion of a factory, a workspace or a group raises one event, and none for each runtime in
 * it.
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
