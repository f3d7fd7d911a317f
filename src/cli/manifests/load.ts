/** Manifests from files, folders and standard input: YAML as kubectl reads it, with the line of each object. */
import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { Composer, isMap, isSeq, LineCounter, type Node, Parser, type TagId, type Tags } from 'yaml';
import { GROUP, KIND } from '../../api/names.ts';
import { isObject } from '../../core/model/json.ts';
import type { Raw } from '../../kube/client/raw.ts';
import { CommandError } from '../exit.ts';
import type { Io } from '../io.ts';

export interface Source {
  readonly file: string;
  readonly line: number;
}

export interface Manifest {
  readonly raw: Raw;
  readonly source: Source;
}

export interface Loaded {
  readonly manifests: readonly Manifest[];
  /** Objects of other kinds. */
  readonly others: number;
  /** What could not be read, each as `file:line: problem`. */
  readonly errors: readonly string[];
}

/** How the source of what kustomize made begins. */
export const KUSTOMIZED = 'kustomize ';

export interface Input {
  readonly files: readonly string[];
  readonly recursive: boolean;
  readonly kustomize?: string;
}

/** Beside manifests, in a folder that `import` has written. */
const NOT_MANIFESTS = /^(kustomization\.ya?ml|Kustomization|import-report\.json)$/;

export async function load(input: Input, io: Io): Promise<Loaded> {
  const texts: { file: string; text: string }[] = [];
  for (const name of input.files) {
    if (name === '-') texts.push({ file: 'stdin', text: await io.stdin() });
    else
      for (const file of await filesOf(name, input.recursive)) texts.push({ file, text: await readFile(file, 'utf8') });
  }
  if (input.kustomize !== undefined) {
    texts.push({ file: `${KUSTOMIZED}${input.kustomize}`, text: await kustomize(input.kustomize, io) });
  }
  const parsed = texts.map(({ file, text }) => parse(file, text));
  return {
    manifests: parsed.flatMap(({ manifests }) => manifests),
    others: parsed.reduce((sum, { others }) => sum + others, 0),
    errors: parsed.flatMap(({ errors }) => errors),
  };
}

async function filesOf(name: string, recursive: boolean): Promise<string[]> {
  const found = await stat(name).catch(() => undefined);
  if (found === undefined) throw new CommandError(`there is no file or folder ${name}`);
  if (!found.isDirectory()) return [name];
  const entries = (await readdir(name, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const files: string[] = [];
  for (const entry of entries) {
    const path = join(name, entry.name);
    if (entry.isDirectory()) files.push(...(recursive ? await filesOf(path, true) : []));
    else if (/\.(ya?ml|json)$/.test(entry.name) && !NOT_MANIFESTS.test(basename(path))) files.push(path);
  }
  return files;
}

async function kustomize(folder: string, { env, signal }: Io): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('kubectl', ['kustomize', folder], { env, signal, maxBuffer: 2 ** 28 });
    return stdout;
  } catch (error) {
    signal.throwIfAborted();
    const said = (error as { stderr?: string }).stderr?.trim();
    throw new CommandError(
      `kubectl kustomize ${folder} failed: ${said || (error instanceof Error ? error.message : error)}`,
    );
  }
}

/** As kubectl reads YAML: 1.1, where `yes` is true, but without its times and its numbers to the base of sixty. */
const TAGS = (tags: Tags): Tags =>
  tags.filter((tag) => typeof tag !== 'object' || !(tag.tag.endsWith(':timestamp') || tag.format === 'TIME')) as (
    | TagId
    | Exclude<Tags[number], string>
  )[];

function parse(file: string, text: string): Loaded {
  const lineCounter = new LineCounter();
  const manifests: Manifest[] = [];
  const errors: string[] = [];
  let others = 0;
  const parser = new Parser(lineCounter.addNewLine);
  const composer = new Composer({ version: '1.1', customTags: TAGS, logLevel: 'silent' });
  const lineOf = (node: Node | null | undefined): number => lineCounter.linePos(node?.range?.[0] ?? 0).line;
  // One after the other: all of them at once, as nodes, take ten times the room of what is kept.
  for (const document of composer.compose(parser.parse(text.replace(/^\uFEFF/, '')))) {
    const [problem] = document.errors;
    if (problem !== undefined) {
      const template = text.includes('{{') ? ' (a template is not a manifest: render it first)' : '';
      errors.push(`${file}:${lineCounter.linePos(problem.pos[0]).line}: ${problem.message.split('\n')[0]}${template}`);
      continue;
    }
    const node = document.contents as Node;
    try {
      const value: unknown = document.toJS({ maxAliasCount: 100 });
      // Between two separators there may be nothing.
      if (value === null) continue;
      for (const { raw, line } of itemsOf(value, node, lineOf)) {
        if (isOurs(raw)) manifests.push({ raw, source: { file, line } });
        else others++;
      }
    } catch (error) {
      errors.push(`${file}:${lineOf(node)}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return { manifests, others, errors };
}

function* itemsOf(
  value: unknown,
  node: Node,
  lineOf: (node: Node | null | undefined) => number,
): Generator<{ raw: Raw; line: number }> {
  if (!isObject(value)) throw new Error('it is no object: a manifest has apiVersion, kind and metadata');
  if (typeof value.kind !== 'string') throw new Error('the object has no kind');
  if (!value.kind.endsWith('List') || !Array.isArray(value.items)) {
    yield { raw: value, line: lineOf(node) };
    return;
  }
  const items = isMap(node) ? node.get('items', true) : undefined;
  for (const [i, item] of value.items.entries()) {
    const itemNode = isSeq(items) ? (items.items[i] as Node) : node;
    yield* itemsOf(item, itemNode, lineOf);
  }
}

function isOurs({ apiVersion, kind }: Raw): boolean {
  return kind === KIND && (typeof apiVersion !== 'string' || apiVersion.split('/')[0] === GROUP);
}
