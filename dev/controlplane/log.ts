/** Takes one line of progress, without its line end. */
export type Log = (line: string) => void;

/** What every longer piece of work gets: where to say how it goes, and when to give up. */
export interface Task {
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** To the standard error, each line with the name of who says it. */
export function stderrLog(name: string): Log {
  return (line) => void process.stderr.write(`[${name}] ${line}\n`);
}

const heartbeatMs = 20_000;

/** Announces a step, and says every 20 s that it still runs, since a long build looks like a hang. */
export async function step<T>(log: Log, what: string, expected: string, work: () => Promise<T>): Promise<T> {
  const began = Date.now();
  const elapsed = () => `${Math.round((Date.now() - began) / 1000)} s`;
  log(`${what} (expected: ${expected})`);
  const heartbeat = setInterval(() => log(`still ${what}: ${elapsed()} so far, expected ${expected}`), heartbeatMs);
  try {
    const result = await work();
    log(`done ${what} after ${elapsed()}`);
    return result;
  } finally {
    clearInterval(heartbeat);
  }
}

/** Without `instanceof`, which fails for errors that come from outside of jest's own realm. */
export const messageOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
