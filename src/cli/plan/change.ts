/** What a plan says: one change for each act of the operator, in the words of the documents that it is written to. */

import type { FieldPath } from '../../core/model/fields.ts';
import type { Json } from '../../core/model/runtime.ts';

export const ACTIONS = [
  'delete',
  'blocked',
  'unknown',
  'create',
  'createNetwork',
  'update',
  'repair',
  'adopt',
  'handOver',
  'retain',
  'none',
] as const;
export type PlanAction = (typeof ACTIONS)[number];

/**
 * Why a field is written. `declared`: the manifest says something new. `drift`: Azure was changed. `removed`: the manifest
 * gives it up, and it returns to Azure's default.
 */
export type Cause = 'declared' | 'drift' | 'removed';

export interface FieldChange {
  readonly path: FieldPath;
  /** Null: nothing. Of what may be a secret, both are hidden. */
  readonly before: Json;
  readonly after: Json;
  readonly cause: Cause;
}

export interface PlannedObject {
  readonly namespace: string;
  readonly name: string;
  readonly file?: string;
  readonly line?: number;
}

export interface Change {
  readonly object: PlannedObject;
  /** The ARM id. Absent: the manifest does not tell. */
  readonly runtime?: string;
  readonly action: PlanAction;
  /** False: it depends on what only the cluster knows. */
  readonly certain: boolean;
  /** The operator's, where it has one. */
  readonly reason?: string;
  readonly message?: string;
  readonly fields: readonly FieldChange[];
}

/** Whether it writes to Azure: an adoption of what is as declared does not. */
export function writes({ action, fields }: Pick<Change, 'action' | 'fields'>): boolean {
  return action === 'adopt'
    ? fields.length > 0
    : ['create', 'createNetwork', 'update', 'repair', 'delete'].includes(action);
}

export interface Plan {
  /** False: something that was asked for could not be known. */
  readonly complete: boolean;
  readonly changes: readonly Change[];
  readonly errors: readonly string[];
  /** Policies that the plan breaks, each as a sentence. */
  readonly violations: readonly string[];
  /** Objects of other kinds in the input. */
  readonly ignored: number;
  /** Requests that Azure Resource Manager has answered. */
  readonly reads: number;
  /** Whose eyes it was seen with; undefined: Azure was not asked. */
  readonly as: string | undefined;
  /** What was taken for true without having been looked at. */
  readonly assumptions: readonly string[];
}

export type Summary = Readonly<Record<PlanAction | 'deleteUnknown' | 'unchanged', number>>;

/** `none` counts as unchanged; a deletion that only the cluster can tell of has a count of its own. */
export function summaryOf(changes: readonly Change[]): Summary {
  const count = (action: PlanAction, certain = true): number =>
    changes.filter((change) => change.action === action && (action !== 'delete' || change.certain === certain)).length;
  const counts = Object.fromEntries(ACTIONS.map((action) => [action, count(action)])) as Record<PlanAction, number>;
  return { ...counts, deleteUnknown: count('delete', false), unchanged: counts.none };
}
