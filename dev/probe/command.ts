/** `npm run probe`: what it says, asks and writes. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { checkParent } from '../../src/azure/arm/ids.ts';
import { resolveCloud } from '../../src/azure/identity/clouds.ts';
import { describeCredential } from '../../src/azure/identity/credentials.ts';
import { ownCredentialOf } from '../../src/azure/identity/own-credential.ts';
import { createTokenCredential } from '../../src/azure/identity/token-credential.ts';
import { TokenSource } from '../../src/azure/identity/tokens.ts';
import { parentOf } from '../../src/cli/azure/scope.ts';
import { OWN_CREDENTIALS, type OwnCredential } from '../../src/core/model/credential.ts';
import { type Parent, parentArmId } from '../../src/core/model/runtime.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { CHECKABLE } from '../assumptions/index.ts';
import type { Json } from '../emulator/json.ts';
import { Calls } from './calls.ts';
import { claimsOf, type Inputs } from './inputs.ts';
import { Journal } from './journal.ts';
import { exitCodeOf, ProbeError, probe } from './probe.ts';
import { Recorder } from './recorder.ts';
import { LeakError, pseudonymous, type Recording, recordingOf, textOf } from './recording.ts';
import { removeAll } from './removal.ts';
import { reportOf, summaryOf, tableOf } from './report.ts';
import { azureWire, type Wire } from './wire.ts';

export const USAGE = `Finds out on a real factory what is only assumed of Azure (docs/assumptions.md).

  npm run probe -- --factory ID [--workspace ID] [--network] [--yes]
  npm run probe -- --clean

  --factory ID             ARM id of the Data Factory in which the probe makes some runtimes, and removes them again
  --workspace ID           ARM id of a Synapse workspace, for what is assumed of workspaces
  --network                make the managed virtual network of the factory if it has none: it can never be deleted
  --yes                    do not ask
  --clean                  only remove what an earlier run could not
  --azure-credential KIND  ${OWN_CREDENTIALS.join(', ')} (default: environment)
  --dir DIR                where probe-report.json, recording.json and the journal go (default: here)

Exit codes: 0 nothing speaks against the assumptions, 3 one does not hold, 1 it could not be done or something is left.
`;

export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTerminal: boolean;
  readonly out: (text: string) => void;
  readonly note: (line: string) => void;
  /** Ctrl-C: ends the checks. */
  readonly signal: AbortSignal;
  /** Ctrl-C once more: ends the removal. */
  readonly hurry: AbortSignal;
}

interface Flags {
  readonly factory: Parent | undefined;
  readonly workspace: Parent | undefined;
  readonly network: boolean;
  readonly yes: boolean;
  readonly clean: boolean;
  readonly credential: OwnCredential;
  readonly dir: string;
}

export async function run(args: readonly string[], io: Io): Promise<0 | 1 | 3> {
  if (args.includes('--help')) {
    io.out(USAGE);
    return 0;
  }
  const azure = { stop: () => {} };
  try {
    const flags = flagsOf(args);
    const journal = new Journal(join(flags.dir, 'probe-journal'));
    return await (flags.clean ? clean(flags, journal, io, azure) : ask(flags, journal, io, azure));
  } catch (error) {
    if (io.signal.aborted) io.note('error: interrupted');
    else io.note(`error: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    azure.stop();
  }
}

function flagsOf(args: readonly string[]): Flags {
  const { values } = parseArgs({
    args: [...args],
    options: {
      factory: { type: 'string' },
      workspace: { type: 'string' },
      network: { type: 'boolean', default: false },
      yes: { type: 'boolean', default: false },
      clean: { type: 'boolean', default: false },
      'azure-credential': { type: 'string', default: 'environment' },
      dir: { type: 'string', default: '.' },
    },
  });
  const credential = OWN_CREDENTIALS.find((kind) => kind === values['azure-credential']);
  if (credential === undefined) throw new ProbeError(`--azure-credential is one of ${OWN_CREDENTIALS.join(', ')}`);
  const parent = (kind: Parent['kind'], text: string | undefined): Parent | undefined => {
    if (text === undefined) return undefined;
    const found = parentOf(kind, text, { subscription: undefined, resourceGroup: undefined });
    checkParent(found);
    return found;
  };
  const { network, yes, clean, dir } = values;
  const factory = parent('factory', values.factory);
  if (factory === undefined && !clean)
    throw new ProbeError(`--factory is missing: the ARM id of a Data Factory\n\n${USAGE}`);
  return { factory, workspace: parent('workspace', values.workspace), network, yes, clean, dir, credential };
}

interface Azure {
  readonly wire: Wire;
  readonly endpoint: string;
  readonly who: string;
  /** What it was given so far. */
  readonly inputs: () => Omit<Inputs, 'parents' | 'prefix'>;
}

/** `held.stop` ends what it starts. */
function azureOf({ credential: choice }: Flags, { env }: Io, held: { stop: () => void }): Azure {
  const credential = ownCredentialOf(choice, env);
  if ('problem' in credential) {
    throw new ProbeError(
      `there is no Azure identity: ${credential.problem}. Choose one: --azure-credential azure-cli takes whoever is logged in with az login`,
    );
  }
  const cloud = resolveCloud({
    cloud: env.AZURE_CLOUD,
    authorityHost: env.AZURE_AUTHORITY_HOST,
    endpoint: env.AZURE_RESOURCE_MANAGER_ENDPOINT,
    audience: env.AZURE_RESOURCE_MANAGER_AUDIENCE,
  });
  const tokens = new TokenSource({
    create: (onExchange) => createTokenCredential(credential, cloud, onExchange),
    scope: `${cloud.audience}/.default`,
    clock: systemClock,
  });
  held.stop = () => tokens.stop();
  const { tenantId, clientId, method } = credential;
  const secrets = new Set(method.kind === 'clientSecret' ? [method.secret.open()] : []);
  const claims = new Set<string>();
  const told = {
    get: async (signal?: AbortSignal) => {
      const token = await tokens.get(signal);
      secrets.add(token);
      for (const claim of claimsOf(token)) claims.add(claim);
      return token;
    },
  };
  return {
    wire: azureWire(cloud.endpoint, told),
    endpoint: cloud.endpoint,
    who: describeCredential(credential),
    inputs: () => ({
      tenantId,
      clientId,
      hosts: [cloud.endpoint, cloud.authority],
      secrets: [...secrets],
      claims: [...claims],
    }),
  };
}

async function ask(flags: Flags, journal: Journal, io: Io, held: { stop: () => void }): Promise<0 | 1 | 3> {
  const { factory, workspace, dir } = flags;
  if (factory === undefined) throw new ProbeError('--factory is missing');
  if (journal.left.length > 0) {
    throw new ProbeError(
      `an earlier run left ${journal.left.length} runtimes behind. Remove them first: npm run probe -- --clean`,
    );
  }
  const azure = azureOf(flags, io, held);
  const { wire, endpoint, who } = azure;
  const prefix = `azir-probe-${randomBytes(5).toString('hex')}`;
  io.note(planOf(flags, who, prefix));
  if (!flags.yes && !(await agreed(io))) throw new ProbeError('nothing was done');
  const date = new Date();
  const recorder = new Recorder(systemClock);
  const outcome = await probe({
    wire: recorder.over(wire),
    endpoint,
    journal,
    prefix,
    clock: systemClock,
    factory: parentArmId(factory),
    workspace: workspace && parentArmId(workspace),
    network: flags.network,
    signal: io.signal,
    hurry: io.hurry,
    progress: io.note,
  });
  io.out(tableOf(outcome));
  io.note(summaryOf(outcome));
  const verdicts = Object.fromEntries(outcome.results.map(({ id, verdict }) => [id, verdict]));
  const ran = { date, exchanges: recorder.exchanges, verdicts };
  const parents = [factory, workspace].filter((parent) => parent !== undefined);
  const inputs = { ...azure.inputs(), parents, prefix };
  save(io, join(dir, 'probe-report.json'), () => pseudonymous(reportOf(outcome, date), ran, inputs));
  save(io, join(dir, 'recording.json'), () => recordingOf(ran, inputs));
  return exitCodeOf(outcome);
}

/** For a bug report: without a word of what identifies anybody, or not at all. */
function save({ note }: Io, file: string, document: () => Recording | Json): void {
  try {
    writeFileSync(file, textOf(document()));
    note(`Written, to be attached to a report: ${file}`);
  } catch (error) {
    // Whatever else went wrong may have in its message what must not be told.
    const why = error instanceof LeakError ? error.message : 'it could not be made safe to be shown';
    note(`Not written: ${file}: ${why}`);
  }
}

function planOf({ factory, workspace, network }: Flags, who: string, prefix: string): string {
  const places = [factory, workspace].filter((parent) => parent !== undefined).map(parentArmId);
  return [
    `As ${who}, the probe will`,
    `  in ${places.join('\n  and ')}`,
    `  make some thirty runtimes named ${prefix}-…, write and read them, and remove them again;`,
    '  ask for things that do not exist, to see how that is answered;',
    ...(network
      ? ['  make the managed virtual network `default` of the factory if it has none: THIS CAN NEVER BE DELETED;']
      : []),
    `  which are some two hundred requests for ${CHECKABLE.length} questions, slowly, in less than ten minutes.`,
    'It touches no other runtime. Nothing runs on the runtimes, so they cost nothing.',
  ].join('\n');
}

async function agreed({ isTerminal, signal }: Io): Promise<boolean> {
  if (!isTerminal) throw new ProbeError('there is no terminal to ask on: --yes answers beforehand');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question('Go on? [y/N] ', { signal })).trim());
  } finally {
    lines.close();
  }
}

async function clean(flags: Flags, journal: Journal, io: Io, held: { stop: () => void }): Promise<0 | 1> {
  const { left } = journal;
  if (left.length === 0) {
    io.note('Nothing is left of an earlier run.');
    return 0;
  }
  io.note(
    `Left of an earlier run:\n${left.map(({ parent, name }) => `  ${parent}/integrationRuntimes/${name}`).join('\n')}`,
  );
  if (!flags.yes && !(await agreed(io))) throw new ProbeError('nothing was done');
  const { wire, endpoint } = azureOf(flags, io, held);
  const calls = new Calls({ wire, endpoint, clock: systemClock });
  const stuck = await removeAll({ calls, journal, clock: systemClock, signal: io.signal });
  io.note(stuck.length === 0 ? 'They are gone.' : `${stuck.length} could not be removed:`);
  for (const { parent, name, why } of stuck) io.note(`  ${parent}/integrationRuntimes/${name}: ${why}`);
  return stuck.length === 0 ? 0 : 1;
}
