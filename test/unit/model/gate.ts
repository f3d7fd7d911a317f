/**
 * Where the calls of concurrent passes wait to be let through, one at a time, in the order that a test chooses. What is
 * never let through is what a crash cuts off.
 */
export class Gate {
  #waiting: (() => void)[] = [];

  /** Resolves when the test lets this call through. */
  pass(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Lets one through, the nth of those that wait, and lets everything settle that follows from it. */
  async release(n: number): Promise<void> {
    const [one] = this.#waiting.splice(n % this.#waiting.length, 1);
    one?.();
    await settled();
  }

  /** Forgets all that wait: they are never let through. */
  cut(): void {
    this.#waiting = [];
  }
}

/** Resolves once no promise is left to be settled without the gate. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
