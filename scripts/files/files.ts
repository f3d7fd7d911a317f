/** The rules of files: each begins with what it is for, and those of src are short enough to be read. */

/** Lines: what has more has two subjects. */
const LONGEST = 350;
const GENERATED = 'src/api/generated.ts';

/** Of the languages whose comments are read: the others, such as JSON, have none, or no text of ours. */
const CODE = /\.(ts|mjs|go|py|sh)$/;
/** The words may stand in the line below the one that opens the comment; a script names its shell first. */
const HEADER = /^(#!.*\n)?(\/\*\*? |\/\*\*\n \* |\/\/ |# |"""\n?)[^\s*]/;

/** `sources`: the text of each file by its path. One line for each rule that a file breaks. */
export function brokenFiles(sources: ReadonlyMap<string, string>): string[] {
  return [...sources].flatMap(([file, source]) => [...withoutHeader(file, source), ...tooLong(file, source)]);
}

function withoutHeader(file: string, source: string): string[] {
  if (!CODE.test(file) || HEADER.test(source)) return [];
  return [`${file} does not say what it is for: begin it with a comment of one line that does`];
}

function tooLong(file: string, source: string): string[] {
  const lines = source.split('\n').length - 1;
  if (!file.startsWith('src/') || file === GENERATED || lines <= LONGEST) return [];
  return [`${file} has ${lines} lines, more than ${LONGEST}: give one of its subjects a file of its own`];
}
