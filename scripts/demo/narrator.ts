/** How the demo speaks: a sentence for each step, the command as one would type it, and what it answered. */
import { styleText } from 'node:util';

const INDENT = '  ';
const WIDEST = 100;

export class Narrator {
  #steps = 0;

  step(sentence: string): void {
    this.#steps++;
    print(`\n${styleText('bold', wrap(`${this.#steps}. ${sentence}`, '   '))}\n`);
  }

  heading(text: string): void {
    print(`\n${styleText('bold', wrap(text, ''))}\n`);
  }

  note(text: string): void {
    print(wrap(`${INDENT}${text}`, INDENT));
  }

  command(line: string): void {
    print(`${INDENT}${styleText('cyan', `$ ${line}`)}`);
  }

  output(text: string): void {
    if (text.trim() === '') return;
    for (const line of text.trimEnd().split('\n')) print(`${INDENT}${line}`.trimEnd());
  }

  /** To be copied as it is. */
  paste(what: string, command: string): void {
    print(`\n${wrap(`${INDENT}# ${what}`, `${INDENT}# `)}\n${INDENT}${styleText('cyan', command)}`);
  }

  get steps(): number {
    return this.#steps;
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Breaks at spaces; every line but the first begins with `indent`. */
function wrap(text: string, indent: string): string {
  const width = Math.min(process.stdout.columns || WIDEST, WIDEST);
  const lines: string[] = [''];
  for (const word of text.split(/(?<=\S) /)) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > width) lines.push(`${indent}${word}`);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
}
