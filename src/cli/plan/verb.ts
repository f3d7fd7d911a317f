/** `kubectl azir plan`: its flags, help and examples. */
import { Command } from 'commander';
import type { Io } from '../io.ts';
import {
  collect,
  type Done,
  INTERRUPTED,
  namespaceFlag,
  selectorFlag,
  UNKNOWN,
  type Verb,
  withAzureFlags,
  withKubeFlags,
} from '../verb.ts';

const collectList = (value: string, before: readonly string[]): readonly string[] => [
  ...before,
  ...value.split(',').filter((each) => each !== ''),
];

export function planVerb(io: Io, done: Done): Verb {
  const command = withAzureFlags(withKubeFlags(new Command('plan')))
    .summary('what the operator would do in Azure if these manifests were applied')
    .description(
      'What the operator would do in Azure if these manifests were applied: by its own decisions, over real reads of Azure. Nothing is written, and no cluster is needed.',
    )
    .option(
      '-f, --filename <file>',
      'a manifest, a folder of them, or - for standard input; may be repeated',
      collect,
      [],
    )
    .option('-R, --recursive', 'folders below the folders, too', false)
    .option('-k, --kustomize <folder>', 'what kubectl kustomize makes of this folder')
    .option(
      '--base <folder>',
      'the manifests before the change: tells deletions, fields given up, and what cannot be changed',
    )
    .option('--live', 'ask the cluster for claims, owners and statuses, by GET and LIST only', false)
    .option('--offline', 'check schema, names and duplicates; ask nothing of Azure', false)
    .option('--state', "read each runtime's state too: a request for each", false)
    .option(...namespaceFlag)
    .option(...selectorFlag)
    .option('--detailed-exitcode', 'exit with 2 where Azure would be changed', false)
    .option(
      '--policy <rules>',
      'exit with 3 where the plan breaks one of no-delete, no-create, no-network, no-update, no-adopt, no-repair',
      collectList,
      [],
    )
    .option(
      '-o, --output <format>',
      'text, json, yaml or markdown; with =FILE into a file; may be repeated, all from one read',
      collect,
      [],
    )
    .option('--comment-id <id>', 'tells the comments of several plans on one pull request apart', 'plan')
    .option(
      '--max-length <characters>',
      'of the markdown: details are dropped before deletions and counts never',
      '60000',
    )
    .action(async (flags) => done(await (await import('./command.ts')).plan(flags, io)));
  return {
    command,
    examples: [
      'kubectl azir plan -f runtimes/',
      'kubectl azir plan -k runtimes/ --base ../main/runtimes/ -o markdown=plan.md -o json=plan.json --detailed-exitcode',
      'kubectl azir plan -f runtimes/ --offline',
    ],
    codes: {
      0: 'planned, and nothing is in the way; there may be changes',
      1: `${UNKNOWN}; the rest is planned`,
      2: 'there are changes, with --detailed-exitcode',
      3: 'something is blocked, or against --policy',
      ...INTERRUPTED,
    },
  };
}
