/** An error of a library together with its causes: which of them has the fields that tell is up to the library. */

export interface ErrorLink {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly errorCode?: unknown;
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly message?: unknown;
}

const MAX_DEPTH = 8;

/** The error, its causes, and what an aggregate holds, the outermost first. */
export function errorChain(error: unknown, depth = 0): ErrorLink[] {
  if (typeof error !== 'object' || error === null || depth > MAX_DEPTH) return [];
  const { cause, errors } = error as { cause?: unknown; errors?: unknown };
  const held = Array.isArray(errors) ? errors : [];
  return [error, ...[cause, ...held].flatMap((inner) => errorChain(inner, depth + 1))];
}
