/** To which object a runtime belongs, and how it goes from one to another. */
import { type Desired, declarationHash } from './desired.ts';
import { type Claim, type ManagedObject, type Mark, type Operation, operationCategory, type Status } from './object.ts';
import { armKey } from './runtime.ts';

/** Whether an object writes to Azure, now or once it may. */
export function isManaging(object: ManagedObject): boolean {
  return object.spec.valid && object.spec.desired.managementPolicy === 'Manage';
}

/** Whether the object's own mark says that it was about to do this to the runtime that it names. */
export function isMarked({ mark, spec }: ManagedObject, origin: Claim['origin']): boolean {
  return mark?.origin === origin && spec.valid && mark.runtime === armKey(spec.desired.id);
}

/** The mark of an object that is about to do this to its runtime; a create that was cut off before may yet show. */
export function markFor(object: ManagedObject, origin: Claim['origin']): Mark | undefined {
  const { mark, spec } = object;
  if (!spec.valid) return undefined;
  const runtime = armKey(spec.desired.id);
  if (origin === 'Adopted') return { origin, runtime };
  const { fields } = spec.desired;
  const before = isMarked(object, origin) ? (mark?.sent ?? []) : [];
  if (before.some((sent) => isSameDeclaration(sent, fields))) return mark;
  return { origin, runtime, sent: [...before, fields].slice(-MOST_SENT) };
}

/** Whether the object bears that mark already. */
export function isMarkedAsNow(object: ManagedObject, origin: Claim['origin']): boolean {
  return isMarked(object, origin) && (origin === 'Adopted' || markFor(object, origin) === object.mark);
}

/** An object that is edited more often than this between its create and its claim adopts what it made, which stays then. */
const MOST_SENT = 4;

function isSameDeclaration(a: Desired['fields'], b: Desired['fields']): boolean {
  return declarationHash({ fields: a }) === declarationHash({ fields: b });
}

/** An object that is being deleted counts until its finalizer is off: it may yet hand its claim over. */
function counts(object: ManagedObject): boolean {
  return isManaging(object) && (!object.deleting || object.hasFinalizer);
}

/**
 * Of all objects that name one runtime, the one it belongs to: the one with the claim, then the one that was creating it, then the
 * older, then the lower uid. Every object of the runtime comes to the same answer. Of two claims, as while one is handed
 * over, that of the object that lives counts.
 */
export function ownerOf(objects: readonly ManagedObject[]): ManagedObject | undefined {
  return objects.filter(counts).sort(byPrecedence)[0];
}

/** Who takes over from an object that is being deleted: the first in precedence of those that live. */
export function successorOf(peers: readonly ManagedObject[]): ManagedObject | undefined {
  return ownerOf(peers.filter((peer) => !peer.deleting));
}

/** What an object that goes hands over to its successor. */
export interface Handover {
  readonly claim: Claim;
  /** A leaf that only the old object declared returns to Azure's default. */
  readonly ownedFields: readonly string[];
  /** What Azure goes on with. */
  readonly operation: Operation | undefined;
}

/** A successor that has a claim of its own, as after changes between Manage and Observe, knows better how it came by it. */
export function handoverFor({ claim, ownedFields, operation }: Status, successor: ManagedObject): Handover | undefined {
  if (claim === undefined || successor.status.claim !== undefined) return undefined;
  // A deletion that had no effect does not concern the successor.
  const pending = operation !== undefined && operationCategory(operation.kind) !== 'deletion' ? operation : undefined;
  return { claim, ownedFields, operation: pending };
}

export function acceptHandover(status: Status, { claim, ownedFields, operation }: Handover): Status {
  return {
    ...status,
    claim,
    ownedFields: [...new Set([...status.ownedFields, ...ownedFields])].sort(),
    ...(operation === undefined ? {} : { operation }),
  };
}

function byPrecedence(a: ManagedObject, b: ManagedObject): number {
  const bothClaim = a.status.claim !== undefined && b.status.claim !== undefined;
  return (
    Number(b.status.claim !== undefined) - Number(a.status.claim !== undefined) ||
    (bothClaim
      ? Number(a.deleting) - Number(b.deleting)
      : // Its claim may have been lost in a crash, and only the maker's claim has the runtime deleted one day.
        Number(isMarked(b, 'Created')) - Number(isMarked(a, 'Created'))) ||
    a.createdAt - b.createdAt ||
    (a.uid < b.uid ? -1 : a.uid > b.uid ? 1 : 0)
  );
}
