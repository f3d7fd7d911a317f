/** The verbs about `kubectl azir` itself, completion and version: their flags, help and examples. */
import { Command } from 'commander';
import { EXIT } from './exit.ts';
import type { Io } from './io.ts';
import { collect, type Done, INTERRUPTED, UNKNOWN, type Verb, withKubeFlags } from './verb.ts';

export function completionVerb(io: Io, done: Done): Verb {
  const command = new Command('completion')
    .summary('a script that completes the command line')
    .description(
      'A script for bash, zsh, fish or powershell that completes kubectl-azir; or kubectl, the helper that kubectl itself looks for on PATH as kubectl_complete-azir.',
    )
    .argument('<shell>', 'bash, zsh, fish, powershell or kubectl')
    .action(async (shell) => {
      io.out((await import('./completion/scripts.ts')).completionScript(shell));
      done(EXIT.done);
    });
  return {
    command,
    examples: ['kubectl azir completion bash', 'kubectl azir completion kubectl'],
    codes: { 0: 'written', 1: 'there is none for this shell' },
  };
}

export function versionVerb(io: Io, done: Done): Verb {
  const command = withKubeFlags(new Command('version'))
    .summary('the version of this command, and of the API server')
    .description('The version of this command, and of the API server.')
    .option('--client', 'of this command alone: asks nothing of the cluster', false)
    .option('-o, --output <format>', 'text or json', collect, [])
    .action(async (flags) => done(await (await import('./version-command.ts')).version(flags, io)));
  return {
    command,
    examples: ['kubectl azir version --client', 'kubectl azir version -o json'],
    codes: { 0: 'shown', 1: UNKNOWN, ...INTERRUPTED },
  };
}
