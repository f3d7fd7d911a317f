/** The rules of files: what is found, and what is let through. */
import { describe, expect, test } from '@jest/globals';
import { brokenFiles } from '../../../scripts/files/files.ts';

const broken = (file: string, source: string) => brokenFiles(new Map([[file, source]]));

describe('a file that says what it is for', () => {
  test.each([
    ['in one line', 'src/a.ts', '/** `a`: the first. */\n'],
    ['in several', 'test/a.test.ts', '/**\n * The first.\n */\n'],
    ['as generated', 'src/api/a.ts', '/* Generated. */\n'],
    ['below the name of its shell', 'dev/a.sh', '#!/bin/sh\n# The first.\n'],
    ['in Python', 'dev/a.py', '"""\nThe first.\n"""\n'],
    ['in Go', 'dev/a.go', '// The first.\n'],
    ['never, as JSON cannot', 'dev/a.json', '{}\n'],
  ])('is let through: %s', (_, file, source) => {
    expect(broken(file, source)).toEqual([]);
  });

  test.each([
    ['nothing', 'src/a.ts', ''],
    ['an import', 'test/a.test.ts', "import './b.ts';\n/** The first. */\n"],
    ['an empty comment', 'scripts/a.mjs', '/** */\n'],
    ['its shell alone', 'dev/a.sh', '#!/bin/sh\nset -e\n'],
  ])('is asked for where one begins with %s', (_, file, source) => {
    expect(broken(file, source)).toEqual([
      `${file} does not say what it is for: begin it with a comment of one line that does`,
    ]);
  });
});

describe('a file of src', () => {
  const lines = (count: number) => `/** Long. */\n${'//\n'.repeat(count - 1)}`;

  test('has 350 lines at most, unless it is generated', () => {
    expect(broken('src/core/a.ts', lines(350))).toEqual([]);
    expect(broken('src/core/a.ts', lines(351))).toEqual([
      'src/core/a.ts has 351 lines, more than 350: give one of its subjects a file of its own',
    ]);
    expect(broken('src/api/generated.ts', lines(351))).toEqual([]);
    expect(broken('test/unit/a.test.ts', lines(351))).toEqual([]);
  });
});
