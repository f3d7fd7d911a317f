/** Links between pages: each leads to a file and a heading that there are. */
import { describe, expect, test } from '@jest/globals';
import { brokenLinks } from '../../../scripts/docs/links.ts';
import { readRepository } from '../../../scripts/docs/repository.ts';

const PAGE = '# A `page` of_ours, and more!\n\n## Twice\n\n## Twice\n\n## [Linked](other.md) heading\n';

/** What is wrong with a file beside two others. */
function wrongWith(path: string, text: string): string[] {
  const texts = new Map([
    ['docs/page.md', PAGE],
    ['docs/other.md', '# Other\n'],
    [path, text],
  ]);
  return brokenLinks({ texts, paths: new Set([...texts.keys(), 'docs', 'LICENSE', 'src/main.ts']) });
}

describe('a link in a page, or a path', () => {
  test.each([
    '[a](page.md)',
    '[a](../LICENSE)',
    '![a](../src/main.ts)',
    '[a](page.md#a-page-of_ours-and-more)',
    '[a](page.md#twice)',
    '[a](page.md#twice-1)',
    '[a](page.md#linked-heading)',
    '# Here\n[a](#here)',
    '[a](https://example.com/nowhere.md#x)',
    '`[a](nowhere.md)`',
    '`src/main.ts`, in `docs/`',
    '`src/*.ts`, `src/main.ts --help`',
    '```md\n[a](nowhere.md)\n```',
    '  ```md\n  [a](nowhere.md)\n  ```',
  ])('that leads somewhere is in order: %j', (text) => {
    expect(wrongWith('docs/from.md', text)).toEqual([]);
  });

  test.each([
    ['[a](nowhere.md)', 'there is no docs/nowhere.md'],
    ['[a](LICENSE)', 'there is no docs/LICENSE'],
    ['[a](page.md#thrice)', 'docs/page.md has no heading #thrice'],
    ['[a](page.md#twice-2)', 'docs/page.md has no heading #twice-2'],
    ['[a](#here)', 'docs/from.md has no heading #here'],
    ['```md\n# Here\n```\n[a](#here)', 'docs/from.md has no heading #here'],
    ['`src/other.ts`', 'there is no src/other.ts'],
    ['`test/unit/`', 'there is no test/unit'],
    ['![a](images/none.svg)', 'there is no docs/images/none.svg'],
  ])('that leads nowhere is told: %j', (text, what) => {
    expect(wrongWith('docs/from.md', text)).toEqual([expect.stringContaining(what)]);
  });

  test('is told with its file and line', () => {
    expect(wrongWith('docs/from.md', '\n\n[a](x.md)')).toEqual(['docs/from.md:3: x.md: there is no docs/x.md']);
  });
});

describe('a page that another file names', () => {
  test.each([
    ['deploy/rules.yaml', 'runbook_url: docs/page.md#twice', []],
    ['deploy/rules.yaml', 'runbook_url: docs/page.md#never', ['docs/page.md has no heading #never']],
    ['src/a.ts', '// see docs/nowhere.md', ['there is no docs/nowhere.md']],
    ['src/a.ts', '// see https://example.com/docs/nowhere.md', []],
  ])('must be there: %s: %s', (path, text, told) => {
    expect(wrongWith(path, text)).toEqual(told.map((what) => expect.stringContaining(what)));
  });
});

test('no link inside the repository leads nowhere', async () => {
  expect(brokenLinks(await readRepository())).toEqual([]);
});
