/** The rules of imports: what is found, and what is let through. */
import { describe, expect, test } from '@jest/globals';
import { brokenImports, type Rooms } from '../../../scripts/imports/graph.ts';

const ROOMS: Rooms = { 'src/core': [], 'src/kube': ['src/core'], 'src/main.ts': ['src/kube'] };
const broken = (sources: Readonly<Record<string, string>>) =>
  brokenImports(new Map(Object.entries(sources)), { rooms: ROOMS, strict: 'src' });

describe('an import', () => {
  test('of its own room, of a room below, or of a package is allowed', () => {
    expect(
      broken({
        'src/core/a.ts': "import { b } from './b.ts';\nimport { join } from 'node:path';\n",
        'src/core/b.ts': '',
        'src/kube/c.ts': "import type { A } from '../core/a.ts';\n",
        'src/main.ts': "import { c } from './kube/c.ts';\n",
      }),
    ).toEqual([]);
  });

  test.each([
    ['of values', "import { c } from '../kube/c.ts';\n"],
    ['of types', "import type { C } from '../kube/c.ts';\n"],
    ['over several lines', "import {\n  c,\n  d,\n} from '../kube/c.ts';\n"],
    ['that is passed on', "export { c } from '../kube/c.ts';\n"],
    ['at run time', "const c = await import('../kube/c.ts');\n"],
  ])('of a room above is found: one %s', (_, source) => {
    expect(broken({ 'src/core/a.ts': source, 'src/kube/c.ts': '' })).toEqual([
      'src/core/a.ts may not import src/kube/c.ts',
    ]);
  });

  test('that skips a room is found where the table does not allow it', () => {
    expect(broken({ 'src/main.ts': "import { a } from './core/a.ts';\n" })).toEqual([
      'src/main.ts may not import src/core/a.ts',
    ]);
  });

  test('of a folder whose name only starts like an allowed one is found', () => {
    expect(broken({ 'src/kube/c.ts': "import { a } from '../core-old/a.ts';\n" })).toHaveLength(1);
  });
});

describe('a circle', () => {
  const circle = (folder: string, types: string) =>
    broken({
      [`${folder}/a.ts`]: "import { b } from './b.ts';\n",
      [`${folder}/b.ts`]: "import { c } from './c.ts';\n",
      [`${folder}/c.ts`]: `import ${types}{ A } from './a.ts';\n`,
    });
  const found = ['circle: src/core/a.ts → src/core/b.ts → src/core/c.ts → src/core/a.ts'];

  test('of values is found, once, with every file in it', () => {
    expect(circle('src/core', '')).toEqual(found);
    expect(circle('test', '')).toHaveLength(1);
  });

  test('that only a type closes is found where that is forbidden', () => {
    expect(circle('src/core', 'type ')).toEqual(found);
    expect(circle('test', 'type ')).toEqual([]);
  });
});
