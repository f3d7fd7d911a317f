/** The command line as kubectl's users write it, made what commander reads. */
import type { Command, Option } from 'commander';

/**
 * `-n=team` and `--live=true`: pflag, which kubectl reads its flags with, takes both, and commander neither.
 * What follows `--` stays as it is.
 */
export function asCommander(program: Command, argv: readonly string[]): string[] {
  const verb = program.commands.find((each) => each.name() === argv[0] || each.aliases().includes(argv[0] ?? ''));
  const options = verb?.options ?? [];
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  return [...argv.slice(0, end).flatMap((word) => wordsOf(options, word)), ...argv.slice(end)];
}

function wordsOf(options: readonly Option[], word: string): string[] {
  const { flag = '', value = '' } = /^(?<flag>-[a-zA-Z]|--[\w-]+)=(?<value>.*)$/s.exec(word)?.groups ?? {};
  const option = options.find(({ long, short }) => flag === long || flag === short);
  const negated = options.find(({ long, negate }) => negate && long === `--no-${flag.slice(2)}`);
  if (option?.isBoolean() && isTruth(value)) return value === 'true' ? [flag] : [];
  if (negated !== undefined && isTruth(value)) return value === 'true' ? [] : [`--no-${flag.slice(2)}`];
  if (option === undefined || flag.startsWith('--') || option.isBoolean()) return [word];
  return [flag, value];
}

const isTruth = (value: string): boolean => value === 'true' || value === 'false';
