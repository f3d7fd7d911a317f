/** The text that a release is shown with. */
import { describe, expect, test } from '@jest/globals';
import { releaseNotes } from '../../../scripts/package/changelog.ts';

const changelog = `# Changelog

About it.

## [Unreleased]

- What comes next.

## [1.2.0] - 2026-12-01

A paragraph
of two lines.

### Added

- A thing, see
  [its page](docs/image.md#a-release) and
  \`its file\`.
- Another
  - with a part of it
    that is long

  \`\`\`console
  $ try it
  it works
  \`\`\`
  and more
  on it.

### Fixed
- [A report](https://example.com/1), by [somebody](#changelog).

## [1.1.0] - 2026-11-01

- The release before.
`;

const notes = (version: string, sources = 'https://git.example.com/a/b') =>
  releaseNotes(changelog, { version, sources });

describe('the notes of a release', () => {
  test('are the section of its version alone, without line breaks in a sentence, and with whole links', () => {
    expect(notes('1.2.0')).toBe(`A paragraph of two lines.

### Added

- A thing, see [its page](https://git.example.com/a/b/blob/v1.2.0/docs/image.md#a-release) and \`its file\`.
- Another
  - with a part of it that is long

  \`\`\`console
  $ try it
  it works
  \`\`\`
  and more on it.

### Fixed
- [A report](https://example.com/1), by [somebody](https://git.example.com/a/b/blob/v1.2.0/CHANGELOG.md#changelog).
`);
  });

  test('of the first version end with the file', () => {
    expect(notes('1.1.0')).toBe('- The release before.\n');
  });

  test('are what is unreleased where the version has no section yet, as is so when it is only tried', () => {
    expect(notes('1.2')).toBe('- What comes next.\n');
    expect(notes('1.3.0')).toBe('- What comes next.\n');
  });

  test('keep links as they are where no sources are published', () => {
    expect(notes('1.2.0', '')).toContain('[its page](docs/image.md#a-release)');
  });
});
