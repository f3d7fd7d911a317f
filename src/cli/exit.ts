/** The exit codes of `kubectl azir`, and the errors that choose them. */

/**
 * Terraform's numbers, not those of kubectl diff: an uncaught error ends as 1, which must never read as "there are changes".
 */
export const EXIT = {
  /** Done; nothing to complain of. */
  done: 0,
  /** It could not be done, or not be known. */
  failed: 1,
  /** There are changes; only with `--detailed-exitcode`. */
  changes: 2,
  /** The answer is no. */
  no: 3,
  timedOut: 4,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const PRECEDENCE: readonly ExitCode[] = [EXIT.interrupted, EXIT.failed, EXIT.timedOut, EXIT.no, EXIT.changes];

/** Of several outcomes the one that counts: what is not known beats a no, and a no beats changes. */
export function worstOf(codes: readonly ExitCode[]): ExitCode {
  return PRECEDENCE.find((code) => codes.includes(code)) ?? EXIT.done;
}

/** What ends a verb with one line for people. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = EXIT.failed, options?: { cause?: unknown }) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
