/** docs/adr/README.md: the designs that were weighed, from the doc comments that weigh them. */
import { basename } from 'node:path';
import { code, page } from './markdown.ts';

interface Decision {
  /** What was designed: a declaration, or a whole file. */
  readonly name: string;
  readonly file: string;
  /** The first paragraph of the comment: what it is for. */
  readonly about: string;
  /** The paragraphs that weigh the designs. */
  readonly weighed: string;
}

const WEIGHS = /\b(?:two|three|four)\s+designs\b|\bdesigns\s+considered\b|^designs\b/i;
/** A doc comment, and the name of what it is on; without one it is on the file, if it begins it. */
const COMMENT =
  /\/\*\*\n((?: \*[^\n]*\n)+?) \*\/\n(?:(?:export )?(?:async )?(?:abstract )?(?:class|function|const|interface|type) (\w+))?/g;

export function decisionsPage(sources: ReadonlyMap<string, string>): string {
  const decisions = [...sources].flatMap(([file, text]) => decisionsIn(file, text));
  return page(
    'Design decisions',
    'Where a part has real choices, the doc comment of that part weighs two designs or more, and says why one was taken. There the decision stands beside the code that depends on it, and changes with it. This is the index.',
    ...decisions.map(
      ({ name, file, about, weighed }) =>
        `## ${code(name)}\n\n[${file}](../../${file})${about === '' ? '' : `: ${about}`}\n\n${quoted(weighed)}`,
    ),
  );
}

function quoted(paragraphs: string): string {
  return paragraphs.replaceAll(/^/gm, '> ').replaceAll(/^> $/gm, '>');
}

function decisionsIn(file: string, text: string): Decision[] {
  return [...text.matchAll(COMMENT)].flatMap(({ index, 1: comment = '', 2: declared }) => {
    const name = declared ?? (index === 0 ? basename(file) : undefined);
    const lines = comment.split('\n').map((line) => line.replace(/^ \* ?/, ''));
    const paragraphs = lines
      .join('\n')
      .trim()
      .split(/\n{2,}/);
    const [about = ''] = paragraphs;
    const first = paragraphs.findIndex((paragraph) => WEIGHS.test(paragraph));
    if (name === undefined || first < 0) return [];
    const weighed = paragraphs.slice(first).join('\n\n');
    return [{ name, file, about: first === 0 ? '' : about.replaceAll('\n', ' '), weighed }];
  });
}
