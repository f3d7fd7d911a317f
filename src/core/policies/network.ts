/** Is the runtime in the network that is declared, and is that network there? */

import { released } from '../events.ts';
import { onFreshRead, onFreshReadOnce } from '../fresh-read.ts';
import { isSameName } from '../model/letter-case.ts';
import type { Advice } from '../model/message.ts';
import { isIn, networkInWords, networkOf } from '../model/network.ts';
import { condition } from '../model/object.ts';
import { parentInWords } from '../model/runtime.ts';
import { dependencyBackoff, IMMEDIATELY } from '../schedule.ts';
import { type Action, managing, type Policy, type Situation } from '../situation.ts';
import { awaited, settle, stall, UNCHANGED } from './verdicts.ts';

/** Make sure a runtime in another network than declared is never written: Azure cannot move it. */
export const networkIsTheDeclared: Policy = (s) => {
  if (!managing(s.desired) || !isElsewhere(s)) return undefined;
  if (isOwnWriteNotApplied(s))
    return stall(s, 'NotApplied', misplaced(s, 'Azure accepted the definition, but the runtime'));
  if (s.object.hasFinalizer && s.status.claim === undefined) return onFreshRead(s, { kind: 'RemoveFinalizer' });
  return onFreshReadOnce(s, stall(s, 'NetworkConflict', misplaced(s, 'The runtime exists and')));
};

/** Make sure a runtime is made in a network only where it is known whether that network is there. */
export const networkIsKnown: Policy = (s) => {
  const { managedVirtualNetwork } = s.desired;
  if (managedVirtualNetwork === undefined || s.definition?.presence !== 'absent') return undefined;
  if (s.wrote !== undefined || s.network !== undefined) return undefined;
  return onFreshRead(s, { kind: 'Read', at: 'network', name: managedVirtualNetwork.name });
};

/** Make sure the network is there before the runtime, and is made only if the manifest says so: it can never be deleted. */
export const networkExistsOrIsCreated: Policy = (s) => {
  const { managedVirtualNetwork } = s.desired;
  if (s.wrote?.kind === 'network') return settle(UNCHANGED, IMMEDIATELY);
  if (s.network !== 'absent' || managedVirtualNetwork === undefined) return undefined;
  const { name, creation } = managedVirtualNetwork;
  return creation === 'IfMissing' ? { kind: 'CreateNetwork', name } : networkIsWaitedFor(s, name);
};

/**
 * Make sure a runtime that this object need not have made stays, although its name is the claimed one: one that Azure made
 * elsewhere than it was told to cannot be told from one that another writer put in its place.
 */
export const foreignNetworkStays: Policy = (s) => {
  if (!isElsewhere(s)) return undefined;
  return onFreshRead(s, { kind: 'Release', event: released.otherNetwork(misplaced(s, 'It').what) });
};

export function networkIsWaitedFor(s: Situation, name: string): Action {
  const { parent } = s.desired.id;
  const message = {
    what: `${parentInWords(parent)} has no managed virtual network "${name}".`,
    remedy: isSameName(name, ONLY_NETWORK) ? NETWORK_ADVICE[parent.kind] : OTHER_NETWORK,
  };
  return settle(awaited(s, 'ManagedVirtualNetworkNotFound', message), dependencyBackoff(s.intervalMs));
}

/** The only name that Azure takes (documented for Data Factory's managed virtual networks; another one is refused as a payload). */
const ONLY_NETWORK = 'default';
const OTHER_NETWORK =
  'Azure supports only the name "default": delete this object and apply it again without spec.managedVirtualNetwork.name.';
const NETWORK_ADVICE = {
  factory: 'Create it, or set spec.managedVirtualNetwork.creation: IfMissing (it can never be deleted).',
  workspace:
    'A workspace gets one only when it is created: declare another workspace or a public runtime in a new object.',
} as const;

export function isElsewhere({ definition, desired }: Situation): boolean {
  return definition?.presence === 'present' && !isIn(desired.managedVirtualNetwork, definition.runtime.document);
}

/** A foreign runtime, or our own that Azure made elsewhere than it was told to: it said yes, and the runtime shows no. */
function isOwnWriteNotApplied({ wrote, status }: Situation): boolean {
  // What Azure has only accepted may still come: what is there instead proves nothing.
  const accepted = status.operation !== undefined;
  const told = status.claim?.origin === 'Created' && condition(status, 'Ready')?.reason === 'NotApplied';
  return wrote !== undefined || (told && !accepted);
}

function misplaced({ definition, desired }: Situation, subject: string): Advice {
  const found = definition?.presence === 'present' ? networkOf(definition.runtime.document) : undefined;
  return {
    what: `${subject} is ${networkInWords(found)}, not ${networkInWords(desired.managedVirtualNetwork?.name)} as declared. Azure cannot move a runtime.`,
    remedy:
      'In a new object, declare the network that it has, or another azureName; or delete the runtime in Azure to have it ' +
      're-created as declared.',
  };
}
