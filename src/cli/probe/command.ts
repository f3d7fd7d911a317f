/**
 * `kubectl azir probe`: what it says, asks and writes.
 *
 * Two designs. A tool in `dev` that the companion loads needs the bundle's entry to be there too, and what people run would no
 * longer be what is in `src`. So the probe is a verb like the others, loaded when it is called, with the assumptions as its
 * data; `npm run probe` is that verb, and the emulator takes from here what it has to answer.
 */
import { randomBytes } from 'node:crypto';
import { accessSync, constants, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDefaultHttpClient } from '@azure/core-rest-pipeline';
import { checkParent } from '../../azure/arm/ids.ts';
import { QueueClient, STORAGE_SCOPE } from '../../azure/changes/queue-client.ts';
import { resolveCloud } from '../../azure/identity/clouds.ts';
import { describeCredential } from '../../azure/identity/credentials.ts';
import { ownCredentialOf } from '../../azure/identity/own-credential.ts';
import { createTokenCredential } from '../../azure/identity/token-credential.ts';
import { TokenSource } from '../../azure/identity/tokens.ts';
import { parseQueueUrl } from '../../core/model/queue-url.ts';
import { type Json, type Parent, parentArmId } from '../../core/model/runtime.ts';
import { systemClock } from '../../runtime/clock.ts';
import { told } from '../azure/reader.ts';
import { parentOf } from '../azure/scope.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { type AzureFlags, requestTeller } from '../flags.ts';
import type { Io } from '../io.ts';
import { safe } from '../output/text.ts';
import { CHECKABLE } from './assumptions/index.ts';
import { Calls } from './calls.ts';
import { claimsOf, type Inputs, proxyOf } from './inputs.ts';
import { type Entry, Journal, newPrefix } from './journal.ts';
import { LISTENS_MS } from './listener.ts';
import { ProbeError, probe } from './probe.ts';
import { Recorder } from './recorder.ts';
import { LeakError, pseudonymous, type Recording, recordingOf, textOf } from './recording.ts';
import { leftLines, removeLeft } from './removal.ts';
import { exitCodeOf, judgementsOf, reportOf, summaryOf, tableOf } from './report.ts';
import { azureWire, type Wire } from './wire.ts';

export interface ProbeFlags extends AzureFlags {
  readonly factory?: string;
  readonly workspace?: string;
  readonly network: boolean;
  readonly queue?: string;
  readonly yes: boolean;
  readonly clean: boolean;
  readonly dir: string;
}

/** One run, and what it was given to run with. */
interface Run {
  readonly flags: ProbeFlags;
  readonly io: Io;
  readonly journal: Journal;
  readonly azure: Azure;
}

/** @throws CommandError */
export async function probeAzure(given: ProbeFlags, io: Io): Promise<ExitCode> {
  const flags = { ...given, ...(given.queue === undefined ? {} : { queue: queueUrl(given.queue) }) };
  const places = placesOf(flags);
  const azure = azureOf(flags, io);
  try {
    return await withJournal(flags.dir, (journal) => {
      const run = { flags, io, journal, azure };
      return flags.clean ? clean(run) : ask(run, places);
    });
  } finally {
    azure.stop();
  }
}

interface Places {
  readonly factory: Parent | undefined;
  readonly workspace: Parent | undefined;
}

function placesOf({ factory, workspace, network, clean: onlyCleans }: ProbeFlags): Places {
  const places = { factory: placeOf('factory', factory), workspace: placeOf('workspace', workspace) };
  if (!onlyCleans && places.factory === undefined && places.workspace === undefined) {
    throw new ProbeError(
      'nothing to ask is named: give the ARM id of a Data Factory (--factory), a Synapse workspace (--workspace), or both',
    );
  }
  if (network && places.factory === undefined)
    throw new ProbeError('--network is about a factory: give its ARM id (--factory)');
  return places;
}

function placeOf(kind: Parent['kind'], text: string | undefined): Parent | undefined {
  if (text === undefined) return undefined;
  const place = parentOf(kind, text, { subscription: undefined, resourceGroup: undefined });
  try {
    checkParent(place);
  } catch (error) {
    throw new ProbeError(`${text} is no ARM id: ${messageOf(error)}`);
  }
  return place;
}

function queueUrl(text: string): string {
  try {
    return parseQueueUrl(text);
  } catch (error) {
    throw new ProbeError(`--queue: ${messageOf(error)}`);
  }
}

async function withJournal<T>(dir: string, work: (journal: Journal) => Promise<T>): Promise<T> {
  const journal = journalIn(dir);
  try {
    return await work(journal);
  } finally {
    journal.close();
  }
}

function journalIn(dir: string): Journal {
  try {
    accessSync(dir, constants.W_OK);
    return new Journal(join(dir, 'probe-journal'));
  } catch (error) {
    throw new ProbeError(`the folder ${dir} cannot be used: ${messageOf(error)}`);
  }
}

interface Azure {
  readonly wire: Wire;
  readonly endpoint: string;
  readonly who: string;
  /** The one that was named. */
  readonly queue: QueueClient | undefined;
  /** What it was given so far. */
  readonly inputs: () => Omit<Inputs, 'parents' | 'prefix'>;
  /** Ends what it started. */
  readonly stop: () => void;
}

function azureOf({ azureCredential: choice, v, queue: url }: ProbeFlags, { env, note }: Io): Azure {
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
  const tokensFor = (scope: string) =>
    new TokenSource({
      create: (onExchange) => createTokenCredential(credential, cloud, onExchange),
      scope,
      clock: systemClock,
    });
  const [tokens, storageTokens] = [tokensFor(`${cloud.audience}/.default`), tokensFor(STORAGE_SCOPE)];
  const [client, tell] = [createDefaultHttpClient(), requestTeller({ ...(v === undefined ? {} : { v }) }, note)];
  const { tenantId, clientId, method } = credential;
  const proxy = proxyOf(env);
  const secrets = new Set([...proxy.secrets, ...(method.kind === 'clientSecret' ? [method.secret.open()] : [])]);
  const claims = new Set<string>(proxy.users);
  const noted = (source: TokenSource) => ({
    get: async (signal?: AbortSignal) => {
      const token = await source.get(signal);
      secrets.add(token);
      for (const claim of claimsOf(token)) claims.add(claim);
      return token;
    },
    invalidate: (token: string) => source.invalidate(token),
  });
  const httpClient = tell === undefined ? client : told(client, tell);
  return {
    wire: azureWire(cloud.endpoint, noted(tokens), httpClient),
    queue:
      url === undefined
        ? undefined
        : new QueueClient({ url, tokens: noted(storageTokens), clock: systemClock, httpClient }),
    endpoint: cloud.endpoint,
    who: describeCredential(credential),
    inputs: () => ({
      tenantId,
      clientId,
      hosts: [cloud.endpoint, cloud.authority, ...proxy.hosts],
      queue: url,
      secrets: [...secrets],
      claims: [...claims],
    }),
    stop: () => {
      tokens.stop();
      storageTokens.stop();
    },
  };
}

async function ask({ flags, io, journal, azure }: Run, { factory, workspace }: Places): Promise<ExitCode> {
  const parents = [factory, workspace].filter((parent) => parent !== undefined);
  const command = commandOf(flags, io);
  if (journal.left.length > 0) {
    throw new ProbeError(
      `an earlier run left ${journal.left.length} runtimes behind. Remove them first: ${command} --clean`,
    );
  }
  const prefix = newPrefix((bytes) => randomBytes(bytes).toString('hex'));
  io.note(planOf(parents, flags, azure.who, prefix));
  await agreement(flags, io);
  const tell = () => io.note('Removing what was made. Ctrl-C once more, and it stays.');
  io.signal.addEventListener('abort', tell, { once: true });
  const date = new Date();
  const recorder = new Recorder(systemClock);
  const outcome = await probe({
    wire: recorder.over(azure.wire),
    endpoint: azure.endpoint,
    journal,
    prefix,
    clock: systemClock,
    factory: factory && parentArmId(factory),
    workspace: workspace && parentArmId(workspace),
    network: flags.network,
    queue: azure.queue,
    signal: io.signal,
    hurry: io.hurry(),
    // On a terminal the table says it once more, and for good.
    progress: io.isTerminal ? io.progress : io.note,
    underWay: io.progress,
  });
  const ran = { date, exchanges: recorder.exchanges, verdicts: judgementsOf(outcome) };
  const inputs = { ...azure.inputs(), parents, prefix };
  // First: whoever reads the table may stop reading.
  const written = [
    saved(join(flags.dir, 'probe-report.json'), () => pseudonymous(reportOf(outcome, date), ran, inputs)),
    saved(join(flags.dir, 'recording.json'), () => recordingOf(ran, inputs)),
  ];
  io.out(tableOf(outcome, io.paint));
  io.note(summaryOf(outcome, command));
  for (const line of written) io.note(line);
  io.note('docs/probe.md says what is in them, and where to send them.');
  return exitCodeOf(outcome);
}

/** For a bug report: without a word of what identifies anybody, or not at all. */
export function saved(file: string, document: () => Recording | Json): string {
  try {
    // One of an earlier run would be taken for this one's.
    rmSync(file, { force: true });
    writeFileSync(file, textOf(document()));
    return `Written, to be attached to a report: ${file}`;
  } catch (error) {
    // Whatever else went wrong may have in its message what must not be told.
    const why = error instanceof LeakError ? error.message : 'it could not be made safe to be shown, or not be written';
    return `Not written: ${file}: ${why}`;
  }
}

/** As it was called, for the next call. */
function commandOf({ dir, azureCredential }: ProbeFlags, { env }: Io): string {
  const name = env.npm_lifecycle_event === 'probe' ? 'npm run probe --' : 'kubectl azir probe';
  const credential = azureCredential === 'environment' ? '' : ` --azure-credential ${azureCredential}`;
  return `${name}${credential}${dir === '.' ? '' : ` --dir ${dir}`}`;
}

function planOf(parents: readonly Parent[], { network, queue }: ProbeFlags, who: string, prefix: string): string {
  return [
    `As ${who}, the probe will`,
    ...parents.map((parent, at) => `  ${at === 0 ? 'in' : 'and in'} ${parentArmId(parent)}`),
    `  make some thirty runtimes${parents.length > 1 ? ' each,' : ''} named ${prefix}-…, write and read them, and remove them again;`,
    '  ask for things that do not exist, to see how that is answered;',
    ...(network
      ? ['  make the managed virtual network `default` of the factory if it has none: THIS CAN NEVER BE DELETED;']
      : []),
    ...(queue === undefined ? [] : readingOf(queue)),
    `  which are some hundreds of requests for ${CHECKABLE.length} questions, slowly, in less than ten minutes.`,
    'It touches no other runtime. Nothing runs on the runtimes, so they cost nothing.',
  ].join('\n');
}

function readingOf(queue: string): string[] {
  return [
    `  and at the end read the queue ${queue} for at most ${LISTENS_MS / 1_000} s:`,
    '  TAKE OUT OF IT the messages about these runtimes, and hide all others from its other readers for as long;',
    '  an operator that reads it is kept from them meanwhile, and takes messages that the probe waits for: better name a queue that nobody else reads;',
  ];
}

/** @throws ProbeError where there is none */
async function agreement({ yes }: ProbeFlags, io: Io): Promise<void> {
  if (yes) return;
  if (!io.isTerminal) throw new ProbeError('there is no terminal to ask on: --yes answers beforehand');
  if (!/^y(es)?$/i.test((await io.ask('Go on? [y/N] ')).trim())) throw new ProbeError('nothing was done');
}

async function clean({ flags, io, journal, azure }: Run): Promise<ExitCode> {
  const { left } = journal;
  if (left.length === 0) {
    io.note(`Nothing is left of an earlier run in ${flags.dir}.`);
    return EXIT.done;
  }
  io.note(`Left of an earlier run:\n${left.map(shownEntry).join('\n')}`);
  await agreement(flags, io);
  const calls = new Calls({ wire: azure.wire, endpoint: azure.endpoint, clock: systemClock });
  const stuck = await removeLeft({ calls, journal, clock: systemClock, signal: io.signal }, io.note);
  io.note(stuck.length === 0 ? 'They are gone.' : `${stuck.length} could not be removed:`);
  for (const line of leftLines(stuck)) io.note(`  ${line}`);
  if (stuck.length > 0) io.note(`If they are gone, or what they were in is, remove the file ${journal.file}.`);
  if (io.signal.aborted) return EXIT.interrupted;
  return stuck.length === 0 ? EXIT.done : EXIT.failed;
}

function shownEntry({ parent, name }: Entry): string {
  return `  ${safe(`${parent}/integrationRuntimes/${name}`)}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
