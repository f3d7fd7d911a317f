/** The command line of `kubectl azir`: its verbs, and the help of all. What a verb does is loaded when it is called. */
import { Command, type Option } from 'commander';
import { checkVerb, statusVerb, steeringVerbs, traceVerb, waitVerb } from './fleet/verbs.ts';
import { importVerb } from './import/verb.ts';
import type { Io } from './io.ts';
import { completionVerb, versionVerb } from './own-verbs.ts';
import { planVerb } from './plan/verb.ts';
import { probeVerb } from './probe/verb.ts';
import type { Codes, Done, Verb } from './verb.ts';

const EXIT_CODES = `
Exit codes; the --help of a verb says what they mean there:
  0  done
  1  failed or incomplete
  2  there are changes; only plan with --detailed-exitcode
  3  the answer is no: blocked, refused, not ready
  4  timed out
  130  interrupted`;

/** With the default where that says something: not `false`, and no empty list. */
function meaningOf({ description, defaultValue, negate }: Option): string {
  const isTold = typeof defaultValue === 'string' && !negate;
  return isTold ? `${description} (default: ${defaultValue})` : description;
}

function codesIn(codes: Codes): string {
  return `\nExit codes:\n${Object.entries(codes)
    .map(([code, text]) => `  ${code.padEnd(3)}  ${text}`)
    .join('\n')}`;
}

/** `done` is told the exit code of the verb that was called. */
export function createProgram(io: Io, done: Done): Command {
  const program = new Command('kubectl azir')
    .description(
      'Plan changes to Azure integration runtimes before they are merged, import existing runtimes, and watch and control the fleet',
    )
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false, optionDescription: meaningOf })
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.note(text.trimEnd()) })
    .showHelpAfterError('(see kubectl azir --help)')
    .addHelpText('after', EXIT_CODES)
    .enablePositionalOptions()
    .exitOverride();
  for (const verb of verbs(io, done)) {
    verb.command.copyInheritedSettings(program);
    const examples = verb.examples.map((example) => `  $ ${example}`).join('\n');
    program.addCommand(verb.command.addHelpText('after', `${codesIn(verb.codes)}\n\nExamples:\n${examples}`));
  }
  // Asked by the shells' scripts, and by kubectl.
  program
    .command('__complete [words...]', { hidden: true })
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .action(async (words) => (await import('./completion/complete.ts')).complete(program, words, io));
  return program;
}

/** In the order in which help tells them. */
export function verbs(io: Io, done: Done): Verb[] {
  return [
    planVerb(io, done),
    importVerb(io, done),
    statusVerb(io, done),
    ...steeringVerbs(io, done),
    waitVerb(io, done),
    checkVerb(io, done),
    traceVerb(io, done),
    probeVerb(io, done),
    completionVerb(io, done),
    versionVerb(io, done),
  ];
}
