/** The commands that a page shows, as one would type them. */

export interface Command {
  readonly line: number;
  readonly text: string;
}

/** What stands in one block of a page and is typed one after the other, or a single command in the text. */
export type Block = readonly Command[];

const CONSOLE = /^( *)```console\n([\s\S]*?)^\1``` *$/gm;
/** In the text a command is one when it says what it is about: `kubectl wait` alone only names one. */
const IN_TEXT = /`(kubectl (?:annotate|auth|explain|get|patch|scale) [^`\n]*[^`\n ])`/g;

/** Of the whole page, in its order. */
export function blocksOf(page: string): Block[] {
  const blocks = [...page.matchAll(CONSOLE)].map((match) => {
    const [, indent = '', content = ''] = match;
    return commandsIn(content, indent.length, lineAt(page, match.index) + 1);
  });
  const inText = [...page.matchAll(IN_TEXT)].map((match) => [
    { line: lineAt(page, match.index), text: match[1] ?? '' },
  ]);
  return [...blocks, ...inText].sort(([a], [b]) => (a?.line ?? 0) - (b?.line ?? 0));
}

/** A command continues in the next line after a backslash, and while a quote is open; other lines are its output. */
function commandsIn(content: string, indent: number, firstLine: number): Command[] {
  const commands: { line: number; text: string }[] = [];
  for (const [index, whole] of content.trimEnd().split('\n').entries()) {
    const text = whole.slice(indent);
    const last = commands.at(-1);
    if (text.startsWith('$ ')) commands.push({ line: firstLine + index, text: text.slice(2) });
    else if (last !== undefined && operationStarted(last.text)) last.text += `\n${text}`;
  }
  return commands;
}

function operationStarted(command: string): boolean {
  return command.endsWith('\\') || /^(?:[^'"]|'[^']*'|"[^"]*")*(?:'[^']*|"[^"]*)$/.test(command);
}

function lineAt(page: string, index: number): number {
  return page.slice(0, index).split('\n').length;
}
