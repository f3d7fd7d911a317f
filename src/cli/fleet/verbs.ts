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
    .argument('[name...]', 'of objects in the namespace')
    .option('-n, --namespace <name>', "of the objects; the context's when absent")
    .option('-A, --all-namespaces', 'objects of all namespaces', false)
    .option(...selectorFlag)
    .option('--not-ready', 'only objects that are not ready', false);
}

export function statusVerb(io: Io, done: Done): Verb {
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
    .action(async (names, flags) => done(await (await import('./wait.ts')).wait(names, flags, io)));
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

export function checkVerb(io: Io, done: Done): Verb {
  const command = withAzureFlags(withKubeFlags(new Command('check')))
    .summary('whether the cluster, the operator and you are ready')
    .description(
      'Whether the cluster, the operator and you are ready: the API server, the CRD, your rights, the operator and its leader, the Azure identity of each namespace, and the request budget; with --azure also whether the identity that asks has the rights in Azure. ✔ is fine, ✘ is not, ! is not known or worth a look.',
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
    .action(async (flags) => done(await (await import('./check.ts')).check(flags, io)));
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

export function traceVerb(io: Io, done: Done): Verb {
  const command = withKubeFlags(new Command('trace'))
    .alias('events')
    .summary('what happened to one object, and what happens next')
    .description(
      'One timeline of an object: changes of its spec, claim, conditions, events, drift and repairs, and what happens next.',
    )
    .argument('<name>', 'of the object')
    .option('-n, --namespace <name>', "of the object; the context's when absent")
    .option('-o, --output <format>', 'text or json', collect, [])
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
    does: 'Enable interactive authoring of objects that declare it',
    examples: ['kubectl azir enable-authoring etl -n team-a'],
  },
  {
    name: 'accept-identity',
    does: 'Accept another Azure identity than the one that claimed the runtimes',
    examples: ['kubectl azir accept-identity etl -n team-a --identity TENANT/CLIENT'],
  },
];

export function steeringVerbs(io: Io, done: Done): Verb[] {
  return STEERING.map((steering) => steeringVerb(steering, io, done));
}

function steeringVerb({ name, does, examples }: Steered, io: Io, done: Done): Verb {
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
  command.action(async (names, flags) => done(await (await import('./steer.ts')).steer(name, names, flags, io)));
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
