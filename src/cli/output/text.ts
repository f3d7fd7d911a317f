/** Text by others, made safe for a terminal, a pipeline's log and a pull request. */
import { visible } from '../../api/visible.ts';

/**
 * The text on one line, with what cannot be seen spelled out, and without a command of Azure DevOps (`##vso[`, `##[`) or
 * GitHub (a leading `::`), which a pipeline would obey.
 */
export function safe(text: string): string {
  return visible(text)
    .replaceAll(/##(?=\[|vso\[)/gi, '#\\u{23}')
    .replace(/^(\s*):(?=:)/, '$1\\u{3a}');
}

/** A code span of GitHub's and Azure DevOps' markdown: mentions, links, HTML and references stay letters in it. */
export function codeSpan(text: string): string {
  const shown = safe(text).replaceAll('|', '\\|');
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = shown === '' || shown.startsWith('`') || shown.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${shown}${pad}${fence}`;
}
