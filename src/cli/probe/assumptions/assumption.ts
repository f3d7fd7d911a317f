/** What an assumption is: a sentence about Azure that the operator or the emulator rests on, and how it can be found out. */
import type { Assumed } from './assumed.ts';
import type { HeardEvents } from './heard.ts';
import type { Site } from './site.ts';

export type Mark =
  /** In the specification or on Microsoft Learn; no recording of it was found. */
  | 'documented'
  /** Read off what is documented, or told by a user. */
  | 'inferred'
  /** Seen on the wire of Azure itself. */
  | 'recorded';

export type Judgement =
  | 'holds'
  | 'does not hold'
  /** It was asked, and the answers do not show it here: a list has one page only. */
  | 'could not tell';

/** What a check found. */
export interface Finding {
  readonly verdict: Judgement;
  /** What was assumed of the answer, and what it was; in one form, so that they can stand side by side. */
  readonly assumed: string;
  readonly seen: string;
}

export type Check = (site: Site) => Promise<Finding>;

/** What a check has to be given. */
export type Where =
  /** A factory or a workspace. With both it is made twice: the two services need not agree. */
  | 'either'
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
  /** The names in `dev/emulator/assumptions.ts` and `assumed.ts` by which the emulator behaves so. */
  readonly stands: readonly string[];
}

interface Provable extends Common {
  readonly where: Where;
  /** Emulators in which it is false: each has to be noticed by this check, and by no other. */
  readonly turnedOver: readonly Partial<Assumed>[];
}

/** Answers show it. */
export interface Asked extends Provable {
  readonly check: Check;
}

/** Events show it that a queue brings of the run's own requests, once all have been sent. */
export interface Announced extends Provable {
  readonly judge: (heard: HeardEvents) => Finding;
  /** Sends what no other check sends: in each place, whatever it is about. */
  readonly provoke?: (site: Site) => Promise<void>;
}

export type Checkable = Asked | Announced;

export interface Unprovoked extends Common {
  /** Why the probe does not provoke it. */
  readonly whyNot: string;
  /** How one would notice that it is false. */
  readonly notice: string;
}

export type Assumption = Checkable | Unprovoked;

export function isCheckable(assumption: Assumption): assumption is Checkable {
  return isAsked(assumption) || isAnnounced(assumption);
}

export function isAsked(assumption: Assumption): assumption is Asked {
  return 'check' in assumption;
}

export function isAnnounced(assumption: Assumption): assumption is Announced {
  return 'judge' in assumption;
}
