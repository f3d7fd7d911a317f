/** The verbs of `kubectl azir`: names, flags, help, examples. What they do is loaded when one is called. */
import { Command, Option } from 'commander';
import type { ExitCode } from './exit.ts';
import { ownCredential } from './flags.ts';
import type { Io } from './io.ts';

export interface Verb {
  readonly command: Command;
  /** Each is one line that a test runs. */
  readonly examples: readonly string[];
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];
const collectList = (value: string, before: readonly string[]): readonly string[] => [
  ...before,
  ...value.split(',').filter((each) => each !== ''),
];

/** As `kubectl` has them, after the name of the plugin. */
function withKubeFlags(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'the kubeconfig; KUBECONFIG when absent')
    .option('--context <name>', 'of the kubeconfig')
    .option('--cluster <name>', 'of the kubeconfig')
    .option('--user <name>', 'of the kubeconfig')
    .option('--as <user>', 'whom to impersonate')
    .option('--request-timeout <duration>', 'for one request to the API server, such as 30s; 0 for the standard');
}

function withAzureFlags(command: Command): Command {
  return command.addOption(
    new Option(
      '--azure-credential <kind>',
      'who asks Azure: environment (AZURE_TENANT_ID, AZURE_CLIENT_ID and one of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH, AZURE_FEDERATED_TOKEN_FILE), client-secret, client-certificate, workload-identity, managed-identity or azure-cli; never one after the other',
    )
      .argParser(ownCredential)
      .default('environment'),
  );
}

const namespaceFlag = ['-n, --namespace <name>', 'of objects that name none'] as const;
const selectorFlag = ['-l, --selector <labels>', 'only objects with these labels'] as const;

const EXIT_CODES = `
Exit codes:
  0  done
  1  it could not be done, or not be known: usage, cluster, Azure, something could not be read
  2  there are changes; only plan with --detailed-exitcode
  3  the answer is no: blocked, refused, not ready
  4  timed out
  130  interrupted`;

/** `done` is told the exit code of the verb that was called. */
export function createProgram(io: Io, done: (code: ExitCode) => void): Command {
  const program = new Command('kubectl azir')
    .description(
      'Plan changes of Azure integration runtimes before they are merged, import what exists, see and steer the fleet',
    )
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.note(text.trimEnd()) })
    .showHelpAfterError('(kubectl azir --help tells more)')
    .addHelpText('after', EXIT_CODES)
    .exitOverride();
  for (const verb of verbs(io, done)) {
    verb.command.copyInheritedSettings(program);
    const examples = verb.examples.map((example) => `  $ ${example}`).join('\n');
    program.addCommand(verb.command.addHelpText('after', `\nExamples:\n${examples}`));
  }
  return program;
}

export function verbs(io: Io, done: (code: ExitCode) => void): Verb[] {
  return [planVerb(io, done), importVerb(io, done), versionVerb(io, done)];
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
  };
}

function importVerb(io: Io, done: (code: ExitCode) => void): Verb {
  const command = withAzureFlags(new Command('import'))
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
    .option('--overwrite', 'files that are there already and differ', false)
    .option('--fail-on-skip', 'exit with 3 where a runtime was skipped', false)
    .action(async (flags) => done(await (await import('./import/command.ts')).importRuntimes(flags, io)));
  return {
    command,
    examples: [
      'kubectl azir import --subscription 00000000-0000-0000-0000-000000000001 -g ADFV2SampleRG -n team-a -d runtimes',
      'kubectl azir import --subscription 00000000-0000-0000-0000-000000000001 -g ADFV2SampleRG --factory SampleV2DataFactory1',
    ],
  };
}

function versionVerb(io: Io, done: (code: ExitCode) => void): Verb {
  const command = withKubeFlags(new Command('version'))
    .description('The version of this command, and of the API server')
    .option('--client', 'of this command alone: asks nothing of the cluster', false)
    .option('-o, --output <format>', 'text or json', collect, [])
    .action(async (flags) => done(await (await import('./version-command.ts')).version(flags, io)));
  return { command, examples: ['kubectl azir version --client', 'kubectl azir version -o json'] };
}
