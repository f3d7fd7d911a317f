/** What the probe may have made and not yet removed: on disk before it is made, so that it outlives `kill -9`. */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { checkParent } from '../../azure/arm/ids.ts';
import { parentOf } from '../azure/scope.ts';

export interface Entry {
  /** The ARM id of the factory or workspace. */
  readonly parent: string;
  readonly name: string;
}

type Line =
  | ({ readonly what: 'reserved' | 'gone' } & Entry)
  /** Whose journal it is from here on. */
  | { readonly what: 'owner'; readonly pid: number };

/** Of everything that the probe makes. */
export function newPrefix(randomHex: (bytes: number) => string): string {
  return `azir-probe-${randomHex(5)}`;
}

const OWN_NAME = /^azir-probe-[0-9a-f]{10}-[\w-]*$/;

/**
 * Two designs. Finding what is left by its prefix in a list of the factory needs no file, but takes every runtime for its own
 * that somebody names so. A journal knows the names, and a run that was killed between the line and the request has only a
 * line too many.
 *
 * One folder has one journal, and one process at a time has it, from before it asks until it ends: two at once would remove
 * what the other one is asking about, and write over its report.
 */
export class Journal {
  readonly file: string;
  /** When an earlier process wrote to it last, as `Date.now` says; undefined: there was none. */
  readonly writtenAt: number | undefined;
  readonly #left = new Map<string, Entry>();

  /** @throws Error when another process has it, or when it cannot be read or has what the probe did not write */
  constructor(file: string) {
    this.file = file;
    this.writtenAt = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
    const { lines, length } = linesOf(file);
    const owner = lines.findLast((line) => line.what === 'owner')?.pid;
    if (owner !== undefined && owner !== process.pid && isRunning(owner)) throw new Error(takenBy(owner, file));
    // What was being written when the process was killed: its request was never sent.
    if (this.writtenAt !== undefined) truncateSync(file, length);
    for (const line of lines) this.#note(line);
    this.#write({ what: 'owner', pid: process.pid }, this.writtenAt === undefined ? 'wx' : 'a');
  }

  get left(): readonly Entry[] {
    return [...this.#left.values()];
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
  }

  /** The process is done with it: it stays for as long as there is something in it. */
  close(): void {
    if (this.#left.size === 0) rmSync(this.file, { force: true });
  }

  #write(line: Line, flag: 'a' | 'wx' = 'a'): void {
    const file = openSync(this.file, flag, 0o600);
    const { size } = fstatSync(file);
    try {
      writeFileSync(file, `${JSON.stringify(line)}\n`);
      fsyncSync(file);
    } catch (error) {
      // Half a line, of a full disk, would spoil the next one.
      ftruncateSync(file, size);
      throw error;
    } finally {
      closeSync(file);
    }
    this.#note(line);
  }

  #note(line: Line): void {
    if (line.what === 'owner') return;
    const { what, ...entry } = line;
    if (what === 'reserved') this.#left.set(keyOf(entry), entry);
    else this.#left.delete(keyOf(entry));
  }
}

function keyOf({ parent, name }: Entry): string {
  return `${parent}/${name}`.toLowerCase();
}

/** The whole lines, and how many bytes they are. */
function linesOf(file: string): { lines: Line[]; length: number } {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { lines: [], length: 0 };
    throw error;
  }
  const length = bytes.lastIndexOf('\n') + 1;
  const texts = bytes.toString('utf8', 0, length).split('\n').slice(0, -1);
  return { lines: texts.map((text, at) => parsed(text) ?? alien(file, at + 1)), length };
}

/** Undefined for what the probe never wrote: nothing is deleted on its word. */
function parsed(text: string): Line | undefined {
  let line: Partial<Record<string, unknown>>;
  try {
    line = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { what, pid, parent, name } = line;
  if (what === 'owner') return typeof pid === 'number' ? { what, pid } : undefined;
  if ((what !== 'reserved' && what !== 'gone') || typeof parent !== 'string' || typeof name !== 'string')
    return undefined;
  return OWN_NAME.test(name) && isParent(parent) ? { what, parent, name } : undefined;
}

function isParent(id: string): boolean {
  return (['factory', 'workspace'] as const).some((kind) => {
    try {
      checkParent(parentOf(kind, id, { subscription: undefined, resourceGroup: undefined }));
      return true;
    } catch {
      return false;
    }
  });
}

function alien(file: string, number: number): never {
  throw new Error(
    `line ${number} of ${file} was not written by the probe. Remove the line; if you do not know where it comes from, look for runtimes named azir-probe-… yourself, and remove the file`,
  );
}

function takenBy(pid: number, file: string): string {
  return `process ${pid} is running the probe there. Wait until it has ended, or choose another --dir; if that process is no probe, remove the lines with "pid" from ${file}`;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
