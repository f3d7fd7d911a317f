/** The rules of imports: which files import which, and which of these imports break a rule. */
import { dirname, join, normalize } from 'node:path';

/** Which rooms a room may use besides itself. A room is a folder, or one file; of several that match, the first counts. */
export type Rooms = Readonly<Record<string, readonly string[]>>;

export interface Rules {
  readonly rooms: Rooms;
  /** The folder in which imports of types close a circle too: a reader has to follow them all the same. */
  readonly strict: string;
}

const IMPORT =
  /(?<=^|\n)(?:import|export) (?<types>type )?[^;'"]*?from '(?<path>\.[^']*)'|import\(\s*'(?<lazy>\.[^']*)'/g;

interface Import {
  readonly target: string;
  /** Nothing of it is there at run time. */
  readonly types: boolean;
}

type Graph = ReadonlyMap<string, readonly Import[]>;

/** `sources`: the text of each file by its path. One line for each import that breaks a rule. */
export function brokenImports(sources: ReadonlyMap<string, string>, { rooms, strict }: Rules): string[] {
  const graph = new Map([...sources].map(([file, source]) => [file, importsOf(file, source)] as const));
  return [...forbidden(graph, rooms), ...circles(graph, strict)];
}

function importsOf(file: string, source: string): Import[] {
  return [...source.matchAll(IMPORT)].map(({ groups = {} }) => ({
    target: normalize(join(dirname(file), groups.path ?? groups.lazy ?? '')),
    types: groups.types !== undefined,
  }));
}

function forbidden(graph: Graph, rooms: Rooms): string[] {
  return [...graph].flatMap(([file, targets]) => {
    const room = Object.keys(rooms).find((each) => isIn(file, each));
    if (room === undefined) return [];
    const allowed = [room, ...(rooms[room] ?? [])];
    return targets.flatMap(({ target }) =>
      allowed.some((each) => isIn(target, each)) ? [] : [`${file} may not import ${target}`],
    );
  });
}

function isIn(path: string, room: string): boolean {
  return path === room || path.startsWith(`${room}/`);
}

/** Each circle once, as it is found first. */
function circles(graph: Graph, strict: string): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      found.push(`circle: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`);
      return;
    }
    if (done.has(file)) return;
    for (const { target, types } of graph.get(file) ?? []) {
      if (!types || isIn(file, strict)) visit(target, [...path, file]);
    }
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}
