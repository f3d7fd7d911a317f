/** The world of a verb in a test: what it wrote, and an end that the test decides. */
import type { Io } from '../../../src/cli/io.ts';

export interface Told {
  /** Data. */
  out: string;
  /** Everything on standard error but progress. */
  notes: string;
  /** What was under way, in order. */
  progress: string[];
}

export function testIo(given: Partial<Io> = {}): { readonly io: Io; readonly told: Told } {
  const told: Told = { out: '', notes: '', progress: [] };
  const io: Io = {
    env: {},
    signal: new AbortController().signal,
    hurry: () => new AbortController().signal,
    out: (text) => {
      told.out += text;
    },
    note: (line) => {
      told.notes += `${line}\n`;
    },
    progress: (text) => void told.progress.push(text),
    stdin: async () => '',
    ask: async () => '',
    paint: (_, text) => text,
    isTerminal: false,
    isScreen: false,
    ...given,
  };
  return { io, told };
}
