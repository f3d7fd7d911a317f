/** What a verb has of the world: its streams, its environment, its life. */
import { createInterface } from 'node:readline/promises';
import { styleText } from 'node:util';
import { systemClock } from '../runtime/clock.ts';
import { EXIT } from './exit.ts';
import { Progress } from './output/progress.ts';

export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** For verbs that clean up after `signal` has aborted: a signal that a second Ctrl-C aborts, which otherwise ends the process. */
  hurry(): AbortSignal;
  /** Data. */
  out(text: string): void;
  /** All else; a line. */
  note(line: string): void;
  /** What is under way, for who waits at a terminal; empty: nothing is. */
  progress(text: string): void;
  stdin(): Promise<string>;
  /** What the person at the terminal answers. */
  ask(question: string): Promise<string>;
  /** Colour, where it helps: none without a terminal, or where NO_COLOR says so. */
  paint(style: 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold', text: string): string;
  /** Whether a person can be asked. */
  readonly isTerminal: boolean;
  /** Whether what is written to standard output can be written over. */
  readonly isScreen: boolean;
}

export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export function processIo(signal: AbortSignal): Io {
  const { stdout, stderr } = process;
  const progress = new Progress(
    (text) => void stderr.write(text),
    () => stderr.columns || 80,
    systemClock,
  );
  const isPipeline = Boolean(process.env.CI);
  stderr.on('error', () => {});
  let isTidying = false;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (isTidying) return;
    if (!CLOSED.includes(error.code)) throw error;
    process.exit(EXIT.done);
  });
  return {
    env: process.env,
    signal,
    hurry: () => {
      isTidying = true;
      return hurried(signal);
    },
    out(text) {
      progress.clear();
      stdout.write(text);
    },
    note(line) {
      progress.clear();
      stderr.write(`${line}\n`);
    },
    progress(text) {
      if (stderr.isTTY && !isPipeline) progress.say(text);
    },
    async stdin() {
      process.stdin.setEncoding('utf8');
      let text = '';
      for await (const chunk of process.stdin) text += chunk;
      return text;
    },
    async ask(question) {
      progress.stop();
      const prompt = createInterface({ input: process.stdin, output: stderr });
      try {
        return await prompt.question(question, { signal });
      } finally {
        prompt.close();
      }
    },
    paint: (style, text) => styleText(style, text, { stream: stdout }),
    // Asked late: opening standard input takes time.
    get isTerminal() {
      return process.stdin.isTTY === true && stderr.isTTY === true && !isPipeline;
    },
    get isScreen() {
      return stdout.isTTY === true && !isPipeline;
    },
  };
}

/**
 * Whoever reads may have had enough (`kubectl azir status | head`), or the terminal may be gone: EIO. What has to tidy up goes
 * on to its end without being heard.
 */
const CLOSED: readonly (string | undefined)[] = ['EPIPE', 'EIO'];

/** One Ctrl-C may come twice, from the terminal and through npm: within this time they are the same. */
const SAME_MS = 500;

function hurried(signal: AbortSignal): AbortSignal {
  const hurry = new AbortController();
  signal.addEventListener('abort', () => {
    const first = systemClock.monotonic();
    const on = (name: NodeJS.Signals) => {
      // A terminal that goes may say so twice, and asks for nothing.
      if (name === 'SIGHUP' || systemClock.monotonic() - first < SAME_MS) return;
      hurry.abort(signal.reason);
      for (const each of SIGNALS) process.off(each, on);
    };
    for (const each of SIGNALS) process.on(each, on);
  });
  return hurry.signal;
}
