/** How many different problems of one subject are remembered: more in a row teach nobody anything. */
const MANY = 16;

/** Tells what is new from what goes on, so that the one is said aloud and the other is not. */
export class WarnOnce {
  readonly #problems = new Map<string, Set<string>>();

  /** Whether the subject has not met this problem since it was last well. */
  isNew(subject: string, problem: string): boolean {
    const known = this.#problems.get(subject) ?? new Set();
    if (known.has(problem) || known.size >= MANY) return false;
    this.#problems.set(subject, known.add(problem));
    return true;
  }

  /** The subject is well, or gone. */
  clear(subject: string): void {
    this.#problems.delete(subject);
  }
}
