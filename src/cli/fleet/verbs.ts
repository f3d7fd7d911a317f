/** The verbs of `kubectl azir` that show and steer objects in a cluster: their flags, help and examples. */
import { Command } from 'commander';
import type { Io } from '../io.ts';
import {
  collect,
  type Done,
  INTERRUPTED,
  selectorFlag,
  UNKNOWN,
  type Verb,
  withAzureFlags,
  withKubeFlags,
} from '../verb.ts';
import type { Steering } from './steer.ts';

function withChoice(command: Command): Command {
  return withKubeFlags(command)
    .argument('[name...]', 'names of objects: etl, azir/etl or team-a/etl')
    .option('-n, --namespace <name>', 'namespace of the objects; defaults to that of the kubeconfig context')
    .option('-A, --all-namespaces', 'objects in all namespaces', false)
    .option(...selectorFlag)
    .option('--not-ready', 'only objects that are not ready', false);
}

export function statusVerb(io: Io, done: Done): Verb {
  const command = withChoice(new Command('status'))
    .alias('tree')
    .summary('show the fleet, by factory and workspace')
    .description(
      'Shows the objects by factory and workspace: Ready, reason, state, location, drift, repairs, and who suspended them.',
    )
    .option('--factory <name>', 'only objects in this factory or workspace')
    .option(
      '-w, --watch',
      'watch for changes until interrupted: redraws on a terminal, otherwise prints one line per change',
      false,
    )
    .option('--exit-code', 'exit with 3 if an object is not ready', false)
    .option('-o, --output <format>', 'output format: wide, json, yaml or name', collect, [])
    .action(async (names, flags) => done(await (await import('./status.ts')).status(names, flags, io)));
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

export function waitVerb(io: Io, done: Done): Verb {
  const command = withChoice(new Command('wait'))
    .summary('wait until objects are ready, or need user action')
    .description(
      'Waits until objects are ready, and prints one line per change. An object that is Stalled is not waited for any longer, and results in exit code 3; a timeout results in 4. Objects that are named, or in a file, need not exist yet.',
    )
    .option(
      '-f, --filename <file>',
      'wait for the objects in this manifest, folder of manifests, or - for standard input; may be repeated',
      collect,
      [],
    )
    .option('-R, --recursive', 'process folders recursively', false)
    .option('--all', 'all objects in the namespace, or with -A in all namespaces', false)
    .option('--for <what>', 'what to wait for: ready, synced, healthy or deleted', 'ready')
    .option('--timeout <duration>', 'how long to wait for all of them together', '5m')
    .action(async (names, flags) => done(await (await import('./wait.ts')).wait(names, flags, io)));
  return {
    command,
    examples: [
      'kubectl azir wait etl -n team-a --timeout 10m',
      'kubectl azir wait --all -n team-a --for synced',
      'kubectl azir wait -f runtimes/ -n team-a',
    ],
    codes: {
      0: 'all objects are as --for asks',
      1: UNKNOWN,
      3: 'an object is Stalled: it needs user action',
      4: 'timed out after --timeout',
      ...INTERRUPTED,
    },
  };
}

export function checkVerb(io: Io, done: Done): Verb {
  const command = withAzureFlags(withKubeFlags(new Command('check')))
    .summary('check the cluster, the operator and your permissions')
    .description(
      'Checks the API server, the CRD, your permissions, the operator, its leader and its change queue, the Azure identity of each namespace, and the request budget; with --azure also the permissions in Azure. ✔ is fine, ✘ is not, ! is unknown or worth a look.',
    )
    .option(
      '--pre',
      'before an installation: check only the API server, and that you have the permissions to install',
      false,
    )
    .option(
      '--azure',
      'also check the permissions of --azure-credential in each factory and workspace; those are your own, unless you give it the credential of the operator',
      false,
    )
    .option(
      '--factory <id>',
      'with --azure: ARM id of a factory to check, instead of those of the objects; may be repeated',
      collect,
      [],
    )
    .option(
      '--workspace <id>',
      'with --azure: ARM id of a workspace to check, instead of those of the objects; may be repeated',
      collect,
      [],
    )
    .option('-n, --namespace <name>', 'check only this namespace')
    .option('--wait <duration>', 'check again until nothing is ✘, for at most this long; then exit with 4')
    .option('-o, --output <format>', 'output format: text (default) or json', collect, [])
    .action(async (flags) => done(await (await import('./check.ts')).check(flags, io)));
  return {
    command,
    examples: ['kubectl azir check --pre', 'kubectl azir check --wait 2m', 'kubectl azir check --azure'],
    codes: {
      0: 'nothing is ✘, and nothing is unknown',
      1: 'something is unknown, or the command line is invalid',
      3: 'something is ✘, and nothing is unknown',
      4: 'something is still ✘ after --wait',
      ...INTERRUPTED,
    },
  };
}

export function traceVerb(io: Io, done: Done): Verb {
  const command = withKubeFlags(new Command('trace'))
    .alias('events')
    .summary('show what happened to an object, and what happens next')
    .description(
      'Shows the timeline of an object: changes to its spec, its claim, conditions, events, drift and repairs, and what happens next.',
    )
    .argument('<name>', 'name of the object')
    .option('-n, --namespace <name>', 'namespace of the object; defaults to that of the kubeconfig context')
    .option('-o, --output <format>', 'output format: text (default) or json', collect, [])
    .action(async (name, flags) => done(await (await import('./trace.ts')).trace(name, flags, io)));
  return { command, examples: ['kubectl azir trace etl -n team-a'], codes: { 0: 'shown', 1: UNKNOWN, ...INTERRUPTED } };
}

interface Steered {
  readonly name: Steering;
  readonly does: string;
  readonly examples: readonly string[];
}

const STEERING: readonly Steered[] = [
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
    does: 'Enable interactive authoring for objects that declare it',
    examples: ['kubectl azir enable-authoring etl -n team-a'],
  },
  {
    name: 'accept-identity',
    does: 'Accept a different Azure identity than the one that claimed the runtimes',
    examples: ['kubectl azir accept-identity etl -n team-a --identity TENANT/CLIENT'],
  },
];

export function steeringVerbs(io: Io, done: Done): Verb[] {
  return STEERING.map((steering) => steeringVerb(steering, io, done));
}

function steeringVerb({ name, does, examples }: Steered, io: Io, done: Done): Verb {
  const command = withChoice(new Command(name))
    .description(
      `${does}. Waits until this is done, and prints the outcome; an object that is Stalled results in exit code 3.`,
    )
    .summary(does[0]?.toLowerCase() + does.slice(1))
    .option('--all', 'all objects in the namespace, or with -A in all namespaces', false)
    .option('--no-wait', 'request it, and do not wait for the outcome')
    .option('--timeout <duration>', 'how long to wait for all of them together', '5m')
    .option('--dry-run', 'only list the objects that would be affected', false)
    .option('--yes', 'do not ask for confirmation if there are more than 20 objects', false);
  if (name === 'suspend')
    command.option('--reason <text>', 'reason to store on the object, with your name and the time');
  if (name === 'suspend' || name === 'resume')
    command.option('--force', 'even if Flux or Argo CD will revert it', false);
  if (name === 'accept-identity')
    command.requiredOption('--identity <tenant/client>', 'identity to accept, as the message of the object shows it');
  command.action(async (names, flags) => done(await (await import('./steer.ts')).steer(name, names, flags, io)));
  return {
    command,
    examples,
    codes: {
      0: 'done for all objects, or with --no-wait: requested',
      1: UNKNOWN,
      3: 'an object is Stalled, or the request can have no effect on it',
      4: 'timed out after --timeout',
      ...INTERRUPTED,
    },
  };
}
