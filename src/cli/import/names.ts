/** The names of imported objects: the same for the same runtimes, whoever imports them and when. */
import { foldCase } from '../../core/model/letter-case.ts';
import type { RuntimeId } from '../../core/model/runtime.ts';
import { CommandError } from '../exit.ts';

/** From the shortest on: where two would be equal, all of those take the next. */
const SHAPES: readonly ((id: RuntimeId) => string)[] = [
  ({ name }) => name,
  ({ parent, name }) => `${parent.name}-${name}`,
  ({ parent, name }) => `${parent.resourceGroup}-${parent.name}-${name}`,
  ({ parent, name }) => `${parent.subscriptionId.slice(0, 8)}-${parent.resourceGroup}-${parent.name}-${name}`,
  ({ parent, name }) => `${parent.kind}-${parent.subscriptionId}-${parent.resourceGroup}-${parent.name}-${name}`,
];

/**
 * `{factory}-{name}`: a pattern instead of the shapes; what is equal by it, or `taken`, is told apart by them all the same.
 */
export function namesFor(
  ids: readonly RuntimeId[],
  pattern: string | undefined,
  taken: ReadonlySet<string> = new Set(),
): string[] {
  const patterned = pattern === undefined ? [] : [byPattern(pattern)];
  const shapes = [...patterned, ...SHAPES];
  const level = ids.map(() => 0);
  for (let changed = true; changed; ) {
    changed = false;
    const names = ids.map((id, i) => objectName(shapes[level[i] ?? 0]?.(id) ?? ''));
    for (const [name = '', group] of Map.groupBy(ids.keys(), (i) => names[i])) {
      if (group.length < 2 && name !== '' && !taken.has(name)) continue;
      for (const i of group) {
        if ((level[i] ?? 0) + 1 >= shapes.length) continue;
        level[i] = (level[i] ?? 0) + 1;
        changed = true;
      }
    }
  }
  return ids.map((id, i) => objectName(shapes[level[i] ?? 0]?.(id) ?? ''));
}

type Part = (id: RuntimeId) => string;

const PARTS: Readonly<Record<string, Part>> = {
  name: ({ name }) => name,
  factory: ({ parent }) => parent.name,
  workspace: ({ parent }) => parent.name,
  parent: ({ parent }) => parent.name,
  rg: ({ parent }) => parent.resourceGroup,
};

/** @throws CommandError for a part that is not known. */
function byPattern(pattern: string): Part {
  const unknown = [...pattern.matchAll(/\{(\w*)\}/g)].find(([, key = '']) => !Object.hasOwn(PARTS, key));
  if (unknown !== undefined) {
    const known = Object.keys(PARTS).map((key) => `{${key}}`);
    throw new CommandError(`--name ${pattern} has ${unknown[0]}, which is none of ${known.join(', ')}`);
  }
  return (id) => pattern.replaceAll(/\{(\w+)\}/g, (whole, key: string) => PARTS[key]?.(id) ?? whole);
}

/** As a name of an object is: lower case, and hyphens for what is not allowed. */
function objectName(text: string): string {
  const name = foldCase(text)
    .normalize('NFKD')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return name.length <= 253 ? name : name.slice(0, 253).replace(/-+$/, '');
}
