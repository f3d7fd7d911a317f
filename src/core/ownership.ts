import type { ManagedObject } from './object.ts';

/** Whether an object writes to Azure, now or once it may. */
export function isManaging(object: ManagedObject): boolean {
  return object.spec.valid && object.spec.desired.managementPolicy === 'Manage';
}

/** An object that is being deleted counts until its finalizer is off: it may yet hand its claim over. */
function counts(object: ManagedObject): boolean {
  return isManaging(object) && (!object.deleting || object.held);
}

/**
 * Of all objects that name one runtime, the one it belongs to: the one with the claim, then the older, then the lower uid.
 * Every object of the runtime comes to the same answer. Of two claims, as while one is handed over, that of the object
 * that lives counts.
 */
export function ownerOf(objects: readonly ManagedObject[]): ManagedObject | undefined {
  return objects.filter(counts).sort(byPrecedence)[0];
}

/** Who takes over from an object that is being deleted: the first in precedence of those that live. */
export function heirOf(peers: readonly ManagedObject[]): ManagedObject | undefined {
  return ownerOf(peers.filter((peer) => !peer.deleting));
}

function byPrecedence(a: ManagedObject, b: ManagedObject): number {
  const bothClaim = a.memory.claim !== undefined && b.memory.claim !== undefined;
  return (
    Number(b.memory.claim !== undefined) - Number(a.memory.claim !== undefined) ||
    (bothClaim ? Number(a.deleting) - Number(b.deleting) : 0) ||
    a.createdAt - b.createdAt ||
    (a.uid < b.uid ? -1 : a.uid > b.uid ? 1 : 0)
  );
}
