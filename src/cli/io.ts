/** What a verb has of the world: its streams, its environment, its life. */
import { styleText } from 'node:util';

export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Data. */
  out(text: string): void;
  /** All else; a line. */
  note(line: string): void;
  stdin(): Promise<string>;
  /** Colour, where it helps: none without a terminal, or where NO_COLOR says so. */
  paint(style: 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold', text: string): string;
  readonly isTerminal: boolean;
}

export function processIo(signal: AbortSignal): Io {
  return {
    env: process.env,
    signal,
    out: (text) => void process.stdout.write(text),
    note: (line) => void process.stderr.write(`${line}\n`),
    async stdin() {
      process.stdin.setEncoding('utf8');
      let text = '';
      for await (const chunk of process.stdin) text += chunk;
      return text;
    },
    paint: (style, text) => styleText(style, text, { stream: process.stdout }),
    // Asked late: opening standard input takes time.
    get isTerminal() {
      return process.stdin.isTTY === true && process.stderr.isTTY === true && !process.env.CI;
    },
  };
}
