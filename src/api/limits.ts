/**
 * The bounds that the CRD sets on what the operator writes into status: beyond them the API server refuses the whole write.
 * A unit test holds them against the CRD.
 */
export const LIMITS = {
  /** Characters of a condition's message. */
  message: 32768,
  /** Characters of a condition's reason. */
  reason: 128,
  /** Characters of status.state. */
  state: 128,
  /** Characters of status.location. */
  location: 256,
  /** Characters of status.claim.identity. */
  identity: 512,
  /** Characters of a handled token: a longer one is kept, and compared, cut to this length. */
  token: 256,
  /** Characters of status.repair.etag and status.operation.replacedEtag: a longer one is cut or left out, and equals none. */
  etag: 256,
  /** Entries of status.drift, and characters of a value in it. */
  driftEntries: 32,
  driftValue: 1024,
  /** Entries of status.ownedFields, and characters of a field's path anywhere in status. */
  ownedFields: 256,
  fieldPath: 256,
  /** Entries of status.corrections, and the times kept for each. */
  corrections: 64,
  correctionTimes: 5,
  /** Entries of status.warnings. */
  warnings: 8,
} as const;
