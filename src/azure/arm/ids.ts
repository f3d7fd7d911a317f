/**
 * The last check of names before they become a path. The CRD checks them too. This check is needed because the SDK's
 * percent-encoding leaves `.` and `../..` as they are, and `DELETE …/integrationRuntimes/..` would delete the factory.
 */
import { AzureFailure } from '../../core/model/failure.ts';
import { isGuid } from '../../core/model/guid.ts';
import type { Parent, RuntimeId } from '../../core/model/runtime.ts';

/** Letters of any script, digits, `_ - . ( )`, no full stop at the end, at most 90 (documented). */
const RESOURCE_GROUP = /^[\p{L}\p{N}_().-]{0,89}[\p{L}\p{N}_()-]$/u;
/** The naming rule of factories and of integration runtimes (documented). */
const NAME = /^(?=.{3,63}$)[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/;
/** Documented with lower-case letters only; ARM ignores the case of names. */
const WORKSPACE = /^(?=.{1,50}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/;
const PARENTS: Readonly<Record<Parent['kind'], RegExp>> = { factory: NAME, workspace: WORKSPACE };

export function isRuntimeName(name: string): boolean {
  return NAME.test(name);
}

/** Throws `AzureFailure` of kind `refused`, without a call, for an id that ARM could not have. */
export function checkRuntimeId(id: RuntimeId): void {
  checkParent(id.parent);
  check('integration runtime', id.name, NAME);
}

/** Throws as `checkRuntimeId` does. */
export function checkParent(parent: Parent): void {
  checkResourceGroup(parent);
  check(parent.kind, parent.name, PARENTS[parent.kind]);
}

/** Throws as `checkRuntimeId` does. */
export function checkResourceGroup(group: Pick<Parent, 'subscriptionId' | 'resourceGroup'>): void {
  check('subscription', group.subscriptionId, { test: isGuid });
  check('resource group', group.resourceGroup, RESOURCE_GROUP);
}

/** Documented; the first and last character are no hyphen. */
const NETWORK = /^(?=.{1,127}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?$/;

/** Throws as `checkRuntimeId` does. */
export function checkNetwork(parent: Parent, name: string): void {
  checkParent(parent);
  check('managed virtual network', name, NETWORK);
}

function check(what: string, name: string, pattern: Pick<RegExp, 'test'>): void {
  if (pattern.test(name)) return;
  const shown = JSON.stringify(name.slice(0, 100));
  throw new AzureFailure({ kind: 'refused', message: `${shown} is not a valid name of a ${what} in Azure.` });
}
