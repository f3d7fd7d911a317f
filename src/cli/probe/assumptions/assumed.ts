/**
 * What is assumed of Azure's answers, as values: the checks expect them, and the emulator answers so. Each has the id of its
 * assumption in brackets.
 */

/** How a request is refused. */
export interface Refused {
  readonly status: number;
  readonly code: string;
}

/**
 * What one emulator assumes. Those of `ASSUMED` unless it is told otherwise: the probe finds out which are so.
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
  /** [unknown-region] A location that is no region is refused, as the provider refuses what it does not like in a definition. */
  readonly refusesUnknownRegion: boolean;
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
  readonly networkStages: readonly { readonly state: string; readonly afterMs: number }[];
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
  /** [workspace-order] A workspace carries out what it has accepted in that order (`goOn` of the emulator's synapse.ts). */
  readonly workspaceOrder: 'accepted' | 'reversed';
  /** [workspace-checks] A workspace checks everything (names, etags, references) before it accepts a write. */
  readonly workspaceChecksFirst: boolean;
  /** [workspace-running] The status of a poll while the operation runs, again with its `Location`. */
  readonly runningStatus: number;
  /**
   * [workspace-retry-after] When the caller of a PUT is told to ask for its result, in seconds. Recorded as a header; its
   * value is not.
   */
  readonly operationRetryAfter: number | undefined;
  /**
   * [change-events] The methods whose requests raise an event when they are answered, also one of a child resource:
   * documented of resources, and no exception is; no event of an integration runtime was found recorded.
   */
  readonly eventMethods: readonly string[];
  /** [change-correlation] The event has the caller's own correlation id: `x-ms-correlation-request-id`. */
  readonly eventsKeepCorrelation: boolean;
  /**
   * [change-state] The POST that reads the state of a workspace's runtime raises one, too, under the name of the action of
   * role definitions: that ends in `/action`, so that whoever polls on every action polls for ever.
   */
  readonly stateRaisesEvent: boolean;
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
  refusesUnknownRegion: true,
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
  eventMethods: ['PUT', 'PATCH', 'POST', 'DELETE'],
  eventsKeepCorrelation: true,
  stateRaisesEvent: true,
};
