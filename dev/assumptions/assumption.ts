/** What an assumption is: a sentence about Azure that the operator or the emulator rests on, and how it can be found out. */
import type { Assumed } from '../emulator/assumptions.ts';
import type { Site } from './site.ts';

export type Mark =
  /** In the specification or on Microsoft Learn; no recording of it was found. */
  | 'documented'
  /** Read off what is documented, or told by a user. */
  | 'inferred'
  /** Seen on the wire of Azure itself. */
  | 'recorded';

/** What a check found. */
export interface Finding {
  readonly verdict: 'holds' | 'does not hold' | 'could not tell';
  /** What was assumed of the answer, and what it was; in one form, so that they can stand side by side. */
  readonly assumed: string;
  readonly seen: string;
}

export type Check = (site: Site) => Promise<Finding>;

/** What a check has to be given. */
export type Where =
  | 'factory'
  /** A factory with a managed virtual network. */
  | 'network'
  | 'workspace';

interface Common {
  readonly id: string;
  /** Subject first; true of Azure as far as is known. */
  readonly sentence: string;
  readonly mark: Mark;
  /** The files that rely on it besides the emulator; none: only the emulator and its users do. */
  readonly reliedOnBy: readonly string[];
  /** What the operator does if it is false. */
  readonly ifFalse: string;
  /** The names in `dev/emulator/assumptions.ts` by which the emulator behaves so. */
  readonly stands: readonly string[];
}

export interface Checkable extends Common {
  readonly where: Where;
  readonly check: Check;
  /** Emulators in which it is false: each has to be noticed by this check, and by no other. */
  readonly turnedOver: readonly Partial<Assumed>[];
}

export interface Unprovoked extends Common {
  /** Why the probe does not provoke it. */
  readonly whyNot: string;
  /** How one would notice that it is false. */
  readonly notice: string;
}

export type Assumption = Checkable | Unprovoked;

export function isCheckable(assumption: Assumption): assumption is Checkable {
  return 'check' in assumption;
}
