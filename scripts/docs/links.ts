/** Links inside the repository: from page to page, to headings, and what other files say of pages. */
import { posix } from 'node:path';
import { anchorOf } from './markdown.ts';

export interface Repository {
  /** By path from the root: the text of every file in which links are looked for. */
  readonly texts: ReadonlyMap<string, string>;
  /** Every path there is, folders included. */
  readonly paths: ReadonlySet<string>;
}

interface Link {
  readonly line: number;
  /** As it is written. */
  readonly target: string;
  /** Of the file that it leads to, from the root. */
  readonly path: string;
  readonly anchor: string | undefined;
}

/** One sentence for each link that leads nowhere. */
export function brokenLinks({ texts, paths }: Repository): string[] {
  return [...texts].flatMap(([file, text]) =>
    linksOf(file, text).flatMap(({ line, target, path, anchor }) => {
      if (!paths.has(path)) return [`${file}:${line}: ${target}: there is no ${path}`];
      if (anchor === undefined || anchorsOf(texts.get(path) ?? '').has(anchor)) return [];
      return [`${file}:${line}: ${target}: ${path} has no heading #${anchor}`];
    }),
  );
}

function linksOf(file: string, text: string): Link[] {
  return file.endsWith('.md') ? [...linksOfPage(file, text), ...pathsInPage(text)] : mentions(text);
}

/** `src/main.ts`: a path from the root, in backquotes. */
function pathsInPage(text: string): Link[] {
  return found(text, /`((?:crds|deploy|docs|examples|scripts|src|test)\/[\w./-]*)`/g).map(({ line, target }) => {
    return { line, target, path: target.replace(/\/$/, ''), anchor: undefined };
  });
}

/** `[text](target)` and `![text](target)`, outside of code; other sites are not asked. */
function linksOfPage(file: string, text: string): Link[] {
  return found(withoutCode(text), /\]\((?![a-z]+:)([^)\s]+)\)/g).map(({ line, target }) => {
    const [path = '', anchor] = target.split('#');
    return { line, target, path: path === '' ? file : posix.join(posix.dirname(file), path), anchor };
  });
}

/** Other files name a page by its path from the root: `docs/runbook.md#azureircontested`. */
function mentions(text: string): Link[] {
  return found(text, /(?<![\w./-])(docs\/[\w/-]+\.md(?:#[\w-]+)?)/g).map(({ line, target }) => {
    const [path = '', anchor] = target.split('#');
    return { line, target, path, anchor };
  });
}

function found(text: string, pattern: RegExp): Pick<Link, 'line' | 'target'>[] {
  return text
    .split('\n')
    .flatMap((content, index) =>
      [...content.matchAll(pattern)].map(([, target = '']) => ({ line: index + 1, target })),
    );
}

/** Of all headings; one that comes again gets a number, as GitHub gives it. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutCode(page, false).matchAll(/^#{1,6} (.+)$/gm)) {
    const anchor = anchorOf(heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1'));
    let number = 0;
    while (anchors.has(number === 0 ? anchor : `${anchor}-${number}`)) number++;
    anchors.add(number === 0 ? anchor : `${anchor}-${number}`);
  }
  return anchors;
}

/** Lines stay where they are. */
function withoutCode(page: string, spans = true): string {
  const outside = page.replaceAll(/^( *)(```+)[^\n]*\n[\s\S]*?^\1\2 *$/gm, (block) => block.replaceAll(/[^\n]/g, ''));
  return spans ? outside.replaceAll(/`[^`\n]*`/g, (span) => (span.includes('](') ? '' : span)) : outside;
}
