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
    .summary('show what the operator would do in Azure if these manifests were applied')
    .description(
      'Shows what the operator would do in Azure if these manifests were applied. Reads the runtimes in Azure and makes the decisions that the operator would make. Writes nothing, and needs no cluster.',
    )
    .option(
      '-f, --filename <file>',
      'manifest, folder of manifests, or - for standard input; may be repeated',
      collect,
      [],
    )
    .option('-R, --recursive', 'process folders recursively', false)
    .option('-k, --kustomize <folder>', 'folder to build with kubectl kustomize; its output is planned')
    .option(
      '--base <folder>',
      'folder with the manifests before the change, to show deletions, fields that are no longer declared, and changes that are not allowed',
    )
    .option(
      '--live',
      'also read the claims, owners and status of the objects in the cluster (GET and LIST only)',
      false,
    )
    .option('--offline', 'only check schema, names and duplicates; Azure is not contacted', false)
    .option('--state', 'also read the state of each runtime: one more request per runtime', false)
    .option(...namespaceFlag)
    .option(...selectorFlag)
    .option('--detailed-exitcode', 'exit with 2 if Azure would be changed', false)
    .option(
      '--policy <rules>',
      'exit with 3 if the plan violates one of these comma-separated rules: no-delete, no-create, no-network, no-update, no-adopt, no-repair; may be repeated',
      collectList,
      [],
    )
    .option(
      '-o, --output <format>',
      'output format: text (default), json, yaml or markdown; FORMAT=FILE writes to a file; may be repeated, Azure is read only once',
      collect,
      [],
    )
    .option(
      '--comment-id <id>',
      'id in the marker of the markdown, to tell the comments of several plans on one pull request apart',
      'plan',
    )
    .option(
      '--max-length <characters>',
      'maximum length of the markdown; details are dropped to fit, deletions and counts never are',
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
      0: 'planned, and nothing is blocked; there may be changes',
      1: `${UNKNOWN}; the rest is planned`,
      2: 'with --detailed-exitcode: there are changes',
      3: 'something is blocked, or violates --policy',
      ...INTERRUPTED,
    },
  };
}
