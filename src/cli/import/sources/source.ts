/**
 * What declares runtimes today: a Terraform state, an ARM template, a Git folder of a factory.
 *
 * Two designs. A source as definitions: its manifests would say what the file says, which may never have been deployed, and
 * each format would need a reading of every field. A source as ids, with Azure read for the truth: one reading of the
 * fields, and the proof that nothing changes holds. This is the second.
 */
import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { armKey, type Parent, parentKey, type RuntimeId } from '../../../core/model/runtime.ts';
import { CommandError } from '../../exit.ts';
import type { Io } from '../../io.ts';
import type { Skipped } from '../runtimes.ts';

export interface Wanted {
  readonly id: RuntimeId;
  /** For people: `main.json: resources[2]`. */
  readonly declaredIn: string;
  /** Of the resource in Terraform, with the key of its instance. */
  readonly address?: string;
}

export interface Source {
  readonly wanted: readonly Wanted[];
  /** What it names, and is not wanted here: it stays with the other tool. */
  readonly left?: readonly Wanted[];
  /** What it declares, and of which no id is known or none is needed. */
  readonly skipped: readonly Skipped[];
  /** Parts of it that cannot be read. */
  readonly errors: readonly string[];
}

export function joined(sources: readonly Source[]): Source {
  return {
    wanted: sources.flatMap(({ wanted }) => wanted),
    skipped: sources.flatMap(({ skipped }) => skipped),
    errors: sources.flatMap(({ errors }) => errors),
  };
}

/** Factories and workspaces that are named beside a file limit what is taken from it; none are no limit. */
export function limited(source: Source, parents: readonly Parent[]): Source {
  if (parents.length === 0) return source;
  const keys = new Set(parents.map(parentKey));
  const { inside = [], outside = [] } = Object.groupBy(source.wanted, ({ id }) =>
    keys.has(parentKey(id.parent)) ? 'inside' : 'outside',
  );
  return { ...source, wanted: inside, left: outside };
}

/** By the key of the runtime: all places that declare it. */
export function byRuntime(wanted: readonly Wanted[]): ReadonlyMap<string, readonly Wanted[]> {
  return Map.groupBy(wanted, ({ id }) => armKey(id));
}

/** `-` is standard input. @throws CommandError */
export async function readText(file: string, io: Io): Promise<string> {
  if (file === '-') return (await io.stdin()).replace(/^\uFEFF/, '');
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  // Windows PowerShell writes UTF-16 when the output of a command is sent to a file.
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes);
}

/**
 * The value of a JSON text, which may have the comments of ARM templates. V8's own message would quote the text, and a
 * state of Terraform holds secrets.
 *
 * @throws CommandError that names the file and the line.
 */
export function parseJson(file: string, text: string, whatToDo: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const bare = withoutComments(text);
    try {
      return JSON.parse(bare);
    } catch {
      throw new CommandError(`${file}${lineOf(bare)} is not JSON. ${whatToDo}`);
    }
  }
}

function withoutComments(text: string): string {
  return text.replaceAll(/("(?:[^"\\\n]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (found, string: string | undefined) =>
    string === undefined ? found.replaceAll(/[^\n]/g, ' ') : string,
  );
}

/** JSON is YAML, whose parser tells where it stumbles and need not be asked for its words. */
function lineOf(text: string): string {
  const [problem] = parseDocument(text, { schema: 'json', logLevel: 'silent' }).errors;
  return problem?.linePos === undefined ? '' : `:${problem.linePos[0].line}:`;
}
