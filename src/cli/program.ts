/** The verbs of `kubectl azir`: names, flags, help, examples. What they do is loaded when one is called. */
import { Command, Option } from 'commander';
import { EXIT, type ExitCode } from './exit.ts';
import { ownCredential } from './flags.ts';
import type { Steering } from './fleet/steer.ts';
import type { Io } from './io.ts';

export interface Verb {
  readonly command: Command;
  /** Each is one line that a test runs. */
  readonly examples: readonly string[];
  /** What each exit code means; a test has each of them happen. */
  readonly codes: Codes;
}

export type Codes = Readonly<Partial<Record<ExitCode, string>>>;

const INTERRUPTED = { 130: 'interrupted' } as const;
const UNKNOWN = 'it could not be done, or not be known: usage, cluster, Azure, something could not be read';

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
const collectList = (value: string, before: readonly string[]): readonly string[] => [
  ...before,
  ...value.split(',').filter((each) => each !== ''),
];

const verboseFlag = ['-v, --v <level>', 'of detail on standard error, as of kubectl: 6 tells each request'] as const;

/** As `kubectl` has them, after the name of the plugin. */
function withKubeFlags(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'the kubeconfig; KUBECONFIG when absent')
    .option('--context <name>', 'of the kubeconfig')
    .option('--cluster <name>', 'of the kubeconfig')
    .option('--user <name>', 'of the kubeconfig')
    .option('--as <user>', 'whom to impersonate')
    .option('--as-group <group>', 'of whom is impersonated; may be repeated', collect)
    .option(...verboseFlag)
    .option('--request-timeout <duration>', 'for one request to the API server, such as 30s; 0 for the standard');
}

function withAzureFlags(command: Command): Command {
  return command.addOption(
    new Option(
      '--azure-credential <kind>',
      'who asks Azure: environment (AZURE_TENANT_ID, AZURE_CLIENT_ID and one of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH, AZURE_FEDERATED_TOKEN_FILE), client-secret, client-certificate, workload-identity (or workload), managed-identity or azure-cli; never one after the other',
    )
      .argParser(ownCredential)
      .default('environment'),
  );
}

const namespaceFlag = ['-n, --namespace <name>', 'of objects that name none'] as const;
const selectorFlag = ['-l, --selector <labels>', 'only objects with these labels'] as const;

const EXIT_CODES = `
Exit codes; each verb's --help says what its own are for:
  0  done
  1  it could not be done, or not be known
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
export function createProgram(io: Io, done: (code: ExitCode) => void): Command {
  const program = new Command('kubectl azir')
    .description(
      'Plan changes of Azure integration runtimes before they are merged, import what exists, see and steer the fleet',
    )
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false, optionDescription: meaningOf })
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.note(text.trimEnd()) })
    .showHelpAfterError('(kubectl azir --help tells more)')
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

export function verbs(io: Io, done: (code: ExitCode) => void): Verb[] {
  return [
    planVerb(io, done),
    importVerb(io, done),
    statusVerb(io, done),
    ...STEERING.map(({ name, does, examples }) => steeringVerb(name, does, examples, io, done)),
    waitVerb(io, done),
    checkVerb(io, done),
    traceVerb(io, done),
    probeVerb(io, done),
    completionVerb(io, done),
    versionVerb(io, done),
  ];
}

function planVerb(io: Io, done: (code: ExitCode) => void): Verb {
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
    .action(async (flags) => done(await (await import('./plan/command.ts')).plan(flags, io)));
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

function importVerb(io: Io, done: (code: ExitCode) => void): Verb {
  const command = withAzureFlags(withKubeFlags(new Command('import')))
    .summary('manifests of the runtimes that exist')
    .description(
      'Manifests of the runtimes that exist in factories and workspaces. Applying them takes the runtimes over and writes nothing to Azure: that is checked by the plan of them, over the same reads. Runtimes that the operator leaves alone are skipped and reported.',
    )
    .option(
      '--factory <id>',
      'the ARM id of a Data Factory, or its name with --subscription and -g; may be repeated',
      collect,
      [],
    )
    .option('--workspace <id>', 'the same of a Synapse workspace; may be repeated', collect, [])
    .option('-g, --resource-group <name>', 'all factories and workspaces of this group of --subscription')
    .option('--subscription <id>', 'all factories and workspaces of this subscription, unless others are named')
    .option(
      '--from-terraform <file>',
      'only the runtimes of this state, as terraform show -json prints it; - for standard input; may be repeated',
      collect,
      [],
    )
    .option(
      '--from-arm <file>',
      'only the runtimes of this ARM template, deployed to -g of --subscription; may be repeated',
      collect,
      [],
    )
    .option(
      '--parameters <values>',
      'of the ARM templates: a parameters file, or NAME=VALUE; may be repeated',
      collect,
      [],
    )
    .option(
      '--from-adf-git <folder>',
      'only the runtimes of this Git folder, in the factory of --factory; may be repeated',
      collect,
      [],
    )
    .option(
      '-d, --directory <folder>',
      'a file for each object, kustomization.yaml and import-report.json; standard output when absent',
    )
    .option('-n, --namespace <name>', 'written into the manifests')
    .option(
      '--name <pattern>',
      'how the objects are named, such as {factory}-{name}; what Azure calls the runtime when absent',
    )
    .option('--include <regexp>', 'only runtimes whose names match')
    .option('--exclude <regexp>', 'no runtimes whose names match')
    .option(
      '--fields <which>',
      'all that can be declared, or minimal: none, so that all stays in the hands of others',
      'all',
    )
    .option('--observe', 'objects that only observe', false)
    .option('--include-default', 'AutoResolveIntegrationRuntime too, where it can be managed', false)
    .option('--live', 'ask the cluster: leave out what an object declares already, and use no name twice', false)
    .option('--overwrite', 'replace files that are there already and differ', false)
    .option('--fail-on-skip', 'exit with 3 where a runtime was skipped', false)
    .action(async (flags) => done(await (await import('./import/command.ts')).importRuntimes(flags, io)));
  return {
    command,
    examples: [
      'kubectl azir import --subscription 00000000-0000-0000-0000-000000000001 -g ADFV2SampleRG -n team-a -d runtimes',
      'kubectl azir import --subscription 00000000-0000-0000-0000-000000000001 -g ADFV2SampleRG --factory SampleV2DataFactory1',
    ],
    codes: {
      0: 'imported, and applying it changes nothing',
      1: `${UNKNOWN}; the rest is imported`,
      3: 'applying it would change something, or with --fail-on-skip something was skipped',
      ...INTERRUPTED,
    },
  };
}

function withChoice(command: Command): Command {
  return withKubeFlags(command)
    .argument('[name...]', 'of objects in the namespace')
    .option('-n, --namespace <name>', "of the objects; the context's when absent")
    .option('-A, --all-namespaces', 'objects of all namespaces', false)
    .option(...selectorFlag)
    .option('--not-ready', 'only objects that are not ready', false);
}

function statusVerb(io: Io, done: (code: ExitCode) => void): Verb {
  const command = withChoice(new Command('status'))
    .alias('tree')
    .summary('the fleet, by factory and workspace')
    .description(
      'Each object with Ready, reason, state and location, drift, repairs, and by whom it was suspended: by factory and workspace.',
    )
    .option('--factory <name>', 'only what is in this factory or workspace')
    .option('-w, --watch', 'go on until interrupted: draws anew on a terminal, elsewhere adds a line a change', false)
    .option('--exit-code', 'exit with 3 where an object is not ready', false)
    .option('-o, --output <format>', 'wide, json, yaml or name', collect, [])
    .action(async (names, flags) => done(await (await import('./fleet/status.ts')).status(names, flags, io)));
  return {
    command,
    examples: [
      'kubectl azir status -A',
      'kubectl azir status -n team-a --not-ready --exit-code',
      'kubectl azir status -n team-a -w',
    ],
    codes: { 0: 'shown', 1: UNKNOWN, 3: 'with --exit-code: an object is not ready', ...INTERRUPTED },
  };
}

const STEERING: readonly { readonly name: Steering; readonly does: string; readonly examples: readonly string[] }[] = [
  {
    name: 'reconcile',
    does: 'Reconcile objects now',
    examples: ['kubectl azir reconcile etl -n team-a'],
  },
  {
    name: 'repair',
    does: 'Repair runtimes: the operator re-applies their definition',
    examples: ['kubectl azir repair etl -n team-a --timeout 10m'],
  },
  {
    name: 'suspend',
    does: 'Suspend objects: the operator neither reads nor writes their runtimes',
    examples: ['kubectl azir suspend etl -n team-a --reason INC-42'],
  },
  {
    name: 'resume',
    does: 'Resume suspended objects',
    examples: ['kubectl azir resume etl -n team-a'],
  },
  {
    name: 'enable-authoring',
    does: 'Enable interactive authoring of objects that declare it',
    examples: ['kubectl azir enable-authoring etl -n team-a'],
  },
  {
    name: 'accept-identity',
    does: 'Accept another Azure identity than the one that claimed the runtimes',
    examples: ['kubectl azir accept-identity etl -n team-a --identity TENANT/CLIENT'],
  },
];

function steeringVerb(
  name: Steering,
  does: string,
  examples: readonly string[],
  io: Io,
  done: (code: ExitCode) => void,
): Verb {
  const command = withChoice(new Command(name))
    .description(
      `${does}. Waits until that is done and prints the outcome; a Stalled object ends the wait with exit code 3.`,
    )
    .summary(does[0]?.toLowerCase() + does.slice(1))
    .option('--all', 'all objects of the namespace, or of all namespaces with -A', false)
    .option('--no-wait', 'do not wait for the outcome')
    .option('--timeout <duration>', 'how long to wait', '5m')
    .option('--dry-run', 'only list the objects', false)
    .option('--yes', 'do not ask for confirmation of more than 20 objects', false);
  if (name === 'suspend') command.option('--reason <text>', 'reason, stored on the object with your name and the time');
  if (name === 'suspend' || name === 'resume')
    command.option('--force', 'also if Flux or Argo CD will revert it', false);
  if (name === 'accept-identity')
    command.requiredOption('--identity <tenant/client>', 'identity to accept, as in the message of the object');
  command.action(async (names, flags) => done(await (await import('./fleet/steer.ts')).steer(name, names, flags, io)));
  return {
    command,
    examples,
    codes: {
      0: 'done for all, or with --no-wait asked for',
      1: UNKNOWN,
      3: 'an object needs a person, or would not do it',
      4: 'it took longer than --timeout',
      ...INTERRUPTED,
    },
  };
}

function waitVerb(io: Io, done: (code: ExitCode) => void): Verb {
  const command = withChoice(new Command('wait'))
    .summary('until objects are ready, or need a person')
    .description(
      'Waits until objects are ready, one line a change. An object that needs a person ends the wait with 3, the timeout with 4. Objects that are named, or in a file, need not be there yet.',
    )
    .option(
      '-f, --filename <file>',
      'the objects of a manifest, a folder of them, or - for standard input; may be repeated',
      collect,
      [],
    )
    .option('-R, --recursive', 'folders below the folders, too', false)
    .option('--all', 'all objects of the namespace, or of all namespaces with -A', false)
    .option('--for <what>', 'ready, synced, healthy or deleted', 'ready')
    .option('--timeout <duration>', 'for all of them', '5m')
    .action(async (names, flags) => done(await (await import('./fleet/wait.ts')).wait(names, flags, io)));
  return {
    command,
    examples: [
      'kubectl azir wait etl -n team-a --timeout 10m',
      'kubectl azir wait --all -n team-a --for synced',
      'kubectl azir wait -f runtimes/ -n team-a',
    ],
    codes: {
      0: 'all are as was waited for',
      1: UNKNOWN,
      3: 'an object needs a person',
      4: 'it took longer than --timeout',
      ...INTERRUPTED,
    },
  };
}

function checkVerb(io: Io, done: (code: ExitCode) => void): Verb {
  const command = withAzureFlags(withKubeFlags(new Command('check')))
    .summary('whether the cluster, the operator and you are ready')
    .description(
      'Whether the cluster, the operator and you are ready: the API server, the CRD, your rights, the operator, its leader and its change queue, the Azure identity of each namespace, and the request budget; with --azure also whether the identity that asks has the rights in Azure. ✔ is fine, ✘ is not, ! is not known or worth a look.',
    )
    .option('--pre', 'before the operator is installed: the API server, and whether you may install', false)
    .option(
      '--azure',
      'ask Azure what --azure-credential may do in each factory and workspace: as you, unless it is the credential of the operator',
      false,
    )
    .option(
      '--factory <id>',
      'with --azure: the ARM id of a factory, instead of those of the objects; may be repeated',
      collect,
      [],
    )
    .option('--workspace <id>', 'the same of a workspace; may be repeated', collect, [])
    .option('-n, --namespace <name>', 'only this namespace')
    .option('--wait <duration>', 'until nothing is ✘, at most so long; then 4')
    .option('-o, --output <format>', 'text or json', collect, [])
    .action(async (flags) => done(await (await import('./fleet/check.ts')).check(flags, io)));
  return {
    command,
    examples: ['kubectl azir check --pre', 'kubectl azir check --wait 2m', 'kubectl azir check --azure'],
    codes: {
      0: 'nothing is ✘, and nothing unknown',
      1: 'something is not known, or the command line was wrong',
      3: 'something is ✘, and all else is known',
      4: 'something is still ✘ after --wait',
      ...INTERRUPTED,
    },
  };
}

function traceVerb(io: Io, done: (code: ExitCode) => void): Verb {
  const command = withKubeFlags(new Command('trace'))
    .alias('events')
    .summary('what happened to one object, and what happens next')
    .description(
      'One timeline of an object: changes of its spec, claim, conditions, events, drift and repairs, and what happens next.',
    )
    .argument('<name>', 'of the object')
    .option('-n, --namespace <name>', "of the object; the context's when absent")
    .option('-o, --output <format>', 'text or json', collect, [])
    .action(async (name, flags) => done(await (await import('./fleet/trace.ts')).trace(name, flags, io)));
  return { command, examples: ['kubectl azir trace etl -n team-a'], codes: { 0: 'shown', 1: UNKNOWN, ...INTERRUPTED } };
}

function probeVerb(io: Io, done: (code: ExitCode) => void): Verb {
  const command = withAzureFlags(new Command('probe'))
    .summary('what is only assumed of Azure, asked of a factory or workspace of yours')
    .description(
      'Finds out in a factory or workspace of yours what is only assumed of Azure. Says what it will do and asks before it writes; makes runtimes with a random name, never touches others, removes them at the end, after Ctrl-C and failures too, and lists what it could not remove. Writes probe-report.json and recording.json, without ids, names or tokens, to be attached to a report.',
    )
    .option('--factory <id>', 'the ARM id of a Data Factory to ask')
    .option('--workspace <id>', 'the ARM id of a Synapse workspace to ask; with --factory, at the same time')
    .option(
      '--network',
      'make the managed virtual network of the factory if it has none: it can never be deleted, so without this it is not made',
      false,
    )
    .option('-y, --yes', 'do not ask', false)
    .option('--clean', 'only remove what an earlier run could not', false)
    .option('--dir <folder>', 'where probe-report.json, recording.json and the journal go', '.')
    .option(...verboseFlag)
    .action(async (flags) => done(await (await import('./probe/command.ts')).probeAzure(flags, io)));
  return {
    command,
    examples: [
      'kubectl azir probe --azure-credential azure-cli --factory /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/ADFV2SampleRG/providers/Microsoft.DataFactory/factories/SampleV2DataFactory1',
      'kubectl azir probe --azure-credential azure-cli --clean',
    ],
    codes: {
      0: 'all that could be asked holds; or with --clean: nothing is left',
      1: 'it could not be done, something was left behind, or all that was answered holds but something was refused',
      3: 'one does not hold: the table has the real answer',
      130: 'interrupted; what was made is removed, or listed',
    },
  };
}

function completionVerb(io: Io, done: (code: ExitCode) => void): Verb {
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

function versionVerb(io: Io, done: (code: ExitCode) => void): Verb {
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
