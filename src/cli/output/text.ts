/** Text by others, made safe for a terminal, a pipeline's log and a pull request. */
import { visible } from '../../api/visible.ts';
import { isSecretName, mayHoldSecret } from '../../core/model/declaration.ts';

/**
 * The text on one line, with what cannot be seen spelled out, and without a command of Azure DevOps (`##vso[`, `##[`) or
 * GitHub (a leading `::`), which a pipeline would obey.
 */
export function safe(text: string): string {
  return visible(withoutSecrets(text))
    .replaceAll(/##(?=\[|vso\[)/gi, '#\\u{23}')
    .replace(/^(\s*):(?=:)/, '$1\\u{3a}');
}

export const HIDDEN = '(hidden)';

/** The value for people: a secret's is hidden. */
export function shownValue<T>(path: string, value: T): T | typeof HIDDEN {
  return value !== null && mayHoldSecret(path) ? HIDDEN : value;
}

const STRING = '"(?:[^"\\\\]|\\\\.)*"?';
const TOLD = new RegExp(
  `(customProperties\\[(?<name>[^\\]]*)\\] \\(declared )(?:${STRING}|[^,]*)(, found )(?:${STRING}|[^)]*)\\)`,
  'gs',
);

/** The operator's own messages tell of a custom property `(declared "…", found "…")`. */
function withoutSecrets(text: string): string {
  return text.replaceAll(TOLD, (told, before: string, name: string, between: string) =>
    isSecretName(name) ? `${before}${HIDDEN}${between}${HIDDEN})` : told,
  );
}

/** A code span of GitHub's and Azure DevOps' markdown: mentions, links, HTML and references stay letters in it. */
export function codeSpan(text: string): string {
  const shown = safe(text).replaceAll('|', '\\|');
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = shown === '' || shown.startsWith('`') || shown.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${shown}${pad}${fence}`;
}
