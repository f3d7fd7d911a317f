/** A message for people, in its parts: what is wrong, what to do, and only then what a machine said. */
import { LIMITS } from '../../api/limits.ts';
import { ANNOTATION } from '../../api/names.ts';

/**
 * Two designs. As one string, each text decides for itself what comes first, and a condition that leaves Azure's text out has
 * to cut it out again. As parts (this one), the order, and what is cut when there is no room, are decided in one place.
 */
export interface Message {
  /** What is wrong with what, in sentences. */
  readonly what: string;
  /** What to do, with a command where there is one, or what happens next; absent where all is well. */
  readonly remedy?: string;
  /** What names tenants, clients or subscriptions. */
  readonly ids?: string;
  /** Azure's code and text, and by which ids its support finds the request. */
  readonly azure?: string;
}

/** A message of what is not well. */
export type Advice = Message & { readonly remedy: string };

/** The end of a remedy for what Azure refused: nothing tells the operator that a person has fixed it in Azure, so it retries. */
export const RETRIED = retried('ever more slowly');
/** The same, where a read that succeeded may be what is repeated: that is done at the interval. */
export const RETRIED_LATER = retried('later');

function retried(how: string): string {
  return `(retried ${how}; to retry now, set the annotation ${ANNOTATION.reconcile} to a new value)`;
}

/** Without Azure's text. */
export function inShort({ what, remedy = '', ids = '' }: Message): string {
  return [what, remedy, ids].filter((part) => part !== '').join(' ');
}

/** All of it. Only Azure's text is ever shortened. */
export function inFull(message: Message): string {
  const short = inShort(message);
  if (message.azure === undefined || message.azure === '') return short;
  const full = `${short}${AZURE}${message.azure}`;
  return full.length <= LIMITS.message ? full : `${full.slice(0, LIMITS.message - 1)}…`;
}

const AZURE = ' Azure: ';

/** The message that was shown so. Where its remedy begins is not known any more. */
export function shownAs(full: string, short: string): Advice {
  const azure = full.startsWith(`${short}${AZURE}`) ? full.slice(short.length + AZURE.length) : undefined;
  return azure === undefined ? { what: full, remedy: '' } : { what: short, remedy: '', azure };
}

/** As many as leave room for the remedy. */
export function someOf(names: readonly string[], most = 5): string {
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  return `${names.slice(0, most).join(', ')}${more}`;
}

/** A value, cut where it would take up the message. */
export function shortened(text: string, most = 80): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
