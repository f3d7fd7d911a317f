/**
 * `node scripts/check-imports.ts`: whether imports point one way. The table says for each room which others it may use
 * besides itself; and no file imports itself in a circle. Why one way: a room can then be read, tested and replaced with
 * nothing in mind but what lies below it.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Longer paths first: the first that matches a file is its room. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  'src/api': [],
  'src/core': ['src/api'],
  'src/runtime': [],
  'src/ports.ts': ['src/api', 'src/core'],
  'src/reconcile': ['src/api', 'src/core', 'src/ports.ts', 'src/runtime'],
  'src/azure': ['src/api', 'src/core', 'src/ports.ts', 'src/runtime'],
  'src/kube': ['src/api', 'src/core', 'src/ports.ts', 'src/runtime'],
  'src/triggers': ['src/api', 'src/core', 'src/ports.ts', 'src/runtime', 'src/kube'],
  'src/telemetry': ['src/api', 'src/runtime'],
  'src/http': ['src/runtime', 'src/telemetry'],
  'src/config.ts': ['src/core', 'src/telemetry', 'src/http'],
  'src/wiring': [
    'src/api',
    'src/core',
    'src/ports.ts',
    'src/runtime',
    'src/reconcile',
    'src/azure',
    'src/kube',
    'src/triggers',
    'src/telemetry',
    'src/http',
    'src/config.ts',
  ],
  'src/cli': ['src/api', 'src/core', 'src/ports.ts', 'src/runtime', 'src/azure', 'src/kube'],
  'src/main.ts': ['src'],
  dev: ['src'],
  scripts: ['src', 'dev'],
  test: ['src', 'dev', 'scripts'],
};

const IMPORT =
  /(?<=^|\n)(?<keyword>import|export) (?<types>type )?[^;'"]*?from '(?<path>\.[^']*)'|import\(\s*'(?<lazy>\.[^']*)'/g;

interface Import {
  readonly target: string;
  /** Only types: nothing of it is there at run time, so it closes no circle. */
  readonly types: boolean;
}

function imports(file: string): Import[] {
  const source = readFileSync(file, 'utf8');
  return [...source.matchAll(IMPORT)].map(({ groups = {} }) => ({
    target: normalize(join(dirname(file), groups.path ?? groups.lazy ?? '')),
    types: groups.types !== undefined,
  }));
}

function roomOf(file: string): string | undefined {
  return Object.keys(ROOMS).find((room) => file === room || file.startsWith(`${room}/`));
}

function mayUse(room: string, target: string): boolean {
  const allowed = [room, ...(ROOMS[room] ?? [])];
  return allowed.some((each) => target === each || target.startsWith(`${each}/`));
}

/** Each as "file imports target". */
function crossings(graph: ReadonlyMap<string, readonly Import[]>): string[] {
  return [...graph].flatMap(([file, targets]) => {
    const room = roomOf(file);
    if (room === undefined) return [];
    return targets.flatMap(({ target }) => (mayUse(room, target) ? [] : [`${file} may not import ${target}`]));
  });
}

/** The first circle through each file that is in one. */
function circles(graph: ReadonlyMap<string, readonly Import[]>): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      found.push(`circle: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`);
      return;
    }
    if (done.has(file)) return;
    for (const { target, types } of graph.get(file) ?? []) if (!types) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'], {
  encoding: 'utf8',
});
const graph = new Map(
  files
    .trim()
    .split('\n')
    .map((file) => [file, imports(file)] as const),
);
const wrong = [...crossings(graph), ...circles(graph)];
for (const line of wrong) console.error(line);
if (wrong.length > 0) process.exitCode = 1;
