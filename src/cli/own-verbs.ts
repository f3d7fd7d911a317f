/** The verbs about `kubectl azir` itself, completion and version: their flags, help and examples. */
import { Command } from 'commander';
import { EXIT } from './exit.ts';
import type { Io } from './io.ts';
import { collect, type Done, INTERRUPTED, UNKNOWN, type Verb, withKubeFlags } from './verb.ts';

export function completionVerb(io: Io, done: Done): Verb {
  const command = new Command('completion')
    .summary('print a shell completion script')
    .description(
      'Prints a script for bash, zsh, fish or powershell that completes the arguments of kubectl-azir. For kubectl, prints the helper that kubectl looks for on PATH under the name kubectl_complete-azir.',
    )
    .argument('<shell>', 'bash, zsh, fish, powershell or kubectl')
    .action(async (shell) => {
      io.out((await import('./completion/scripts.ts')).completionScript(shell));
      done(EXIT.done);
    });
  return {
    command,
    examples: ['kubectl azir completion bash', 'kubectl azir completion kubectl'],
    codes: { 0: 'printed', 1: 'there is no script for this shell' },
  };
}

export function versionVerb(io: Io, done: Done): Verb {
  const command = withKubeFlags(new Command('version'))
    .summary('print the versions of this command and of the API server')
    .description('Prints the versions of this command and of the API server.')
    .option('--client', 'print only the version of this command; the cluster is not contacted', false)
    .option('-o, --output <format>', 'output format: text (default) or json', collect, [])
    .action(async (flags) => done(await (await import('./version-command.ts')).version(flags, io)));
  return {
    command,
    examples: ['kubectl azir version --client', 'kubectl azir version -o json'],
    codes: { 0: 'shown', 1: UNKNOWN, ...INTERRUPTED },
  };
}
