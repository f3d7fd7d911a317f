/** What the probe may have made and not yet removed: on disk before it is made, so that it outlives `kill -9`. */
import { closeSync, fsyncSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';

export interface Entry {
  /** The ARM id of the factory or workspace. */
  readonly parent: string;
  readonly name: string;
}

interface Line extends Entry {
  readonly what: 'reserved' | 'gone';
}

/**
 * Two designs. Finding what is left by its prefix in a list of the factory needs no file, but takes every runtime for its own
 * that somebody names so. A journal knows the names, and a run that was killed between the line and the request has only a
 * line too many.
 */
export class Journal {
  readonly #file: string;
  readonly #left = new Map<string, Entry>();

  /** @throws Error when the file is there and cannot be read */
  constructor(file: string) {
    this.#file = file;
    for (const line of linesOf(file)) this.#note(line);
  }

  get left(): readonly Entry[] {
    return [...this.#left.values()];
  }

  /** When it was written to, as `Date.now` says; undefined: there is none. */
  get writtenAt(): number | undefined {
    return statSync(this.#file, { throwIfNoEntry: false })?.mtimeMs;
  }

  has(entry: Entry): boolean {
    return this.#left.has(keyOf(entry));
  }

  /** Returns once it is on disk. */
  reserve(entry: Entry): void {
    this.#write({ what: 'reserved', ...entry });
  }

  gone(entry: Entry): void {
    this.#write({ what: 'gone', ...entry });
    if (this.#left.size === 0) rmSync(this.#file, { force: true });
  }

  #write(line: Line): void {
    const file = openSync(this.#file, 'a', 0o600);
    try {
      writeSync(file, `${JSON.stringify(line)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    this.#note(line);
  }

  #note({ what, parent, name }: Line): void {
    const entry = { parent, name };
    if (what === 'reserved') this.#left.set(keyOf(entry), entry);
    else this.#left.delete(keyOf(entry));
  }
}

function keyOf({ parent, name }: Entry): string {
  return `${parent}/${name}`.toLowerCase();
}

function linesOf(file: string): Line[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  // A line without its end was being written when the process was killed: its request was never sent.
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map(parsed);
}

function parsed(line: string): Line {
  const { what, parent, name }: Partial<Line> = JSON.parse(line);
  if ((what !== 'reserved' && what !== 'gone') || typeof parent !== 'string' || typeof name !== 'string') {
    throw new Error(`the journal has a line that is none: ${line}`);
  }
  return { what, parent, name };
}
