/** Tells a new problem from one that lasts: the new one is a warning, the other is logged at debug level. */

/** How many different problems of one subject are remembered: more in a row tell a reader nothing new. */
const MANY = 16;

export class WarnOnce {
  readonly #problems = new Map<string, Set<string>>();

  /** Whether the subject has not had this problem since it was last healthy. */
  isNew(subject: string, problem: string): boolean {
    const known = this.#problems.get(subject) ?? new Set();
    if (known.has(problem) || known.size >= MANY) return false;
    this.#problems.set(subject, known.add(problem));
    return true;
  }

  /** The level at which to log the problem now. */
  level(subject: string, problem: string): 'warn' | 'debug' {
    return this.isNew(subject, problem) ? 'warn' : 'debug';
  }

  /** The subject is healthy, or gone. Says whether it had a problem. */
  clear(subject: string): boolean {
    return this.#problems.delete(subject);
  }
}
