/** docs/cli/<verb>.md: each verb of kubectl azir, from the definitions that its --help prints. */
import type { Option } from 'commander';
import { verbs } from '../../src/cli/program.ts';
import type { Verb } from '../../src/cli/verb.ts';
import { code, page, table } from './markdown.ts';

/** By file name. */
export function cliPages(): Record<string, string> {
  const nothing = (): never => {
    throw new Error('the definitions are read, not run');
  };
  return Object.fromEntries(
    verbs(nothing as never, nothing).map((verb) => [`cli/${verb.command.name()}.md`, verbPage(verb)]),
  );
}

function verbPage({ command, examples, codes }: Verb): string {
  const words = command.registeredArguments.map((argument) => {
    const text = `${argument.name()}${argument.variadic ? '...' : ''}`;
    return argument.required ? `<${text}>` : `[${text}]`;
  });
  const names = [command.name(), ...command.aliases()].map((name) => ['kubectl azir', name, ...words].join(' '));
  return page(
    `kubectl azir ${command.name()}`,
    command.description(),
    `\`\`\`text\n${names.join('\n')}\n\`\`\``,
    '## Flags',
    table(
      ['flag', 'default', 'meaning'],
      command.options.map((option) => [code(option.flags), standardOf(option), meaningOf(option)]),
    ),
    '## Examples',
    `\`\`\`sh\n${examples.join('\n')}\n\`\`\``,
    '## Exit codes',
    table(
      ['code', 'meaning'],
      Object.entries(codes).map(([each, text]) => [each, text]),
    ),
    'Which one counts where several apply, the JSON and recipes for pipelines: [kubectl azir](README.md).',
  );
}

function standardOf({ defaultValue, negate }: Option): string {
  const isNothing = defaultValue === undefined || defaultValue === false || negate || Array.isArray(defaultValue);
  return isNothing ? '' : code(String(defaultValue));
}

/** What stands in brackets would be taken for HTML. */
function meaningOf({ description, mandatory }: Option): string {
  return `${description.replaceAll(/[<>]/g, (bracket) => `\\${bracket}`)}${mandatory ? ' (must be given)' : ''}`;
}
