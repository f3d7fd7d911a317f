/** A run of the probe: looks, asks one assumption after the other, and removes what it made whatever happens. */
import { type Clock, sleep } from '../../runtime/clock.ts';
import { CommandError, EXIT, type ExitCode } from '../exit.ts';
import { jsonOf, shownAnswer, valueAt } from './assumptions/answers.ts';
import type { Checkable, Finding } from './assumptions/assumption.ts';
import { CHECKABLE } from './assumptions/index.ts';
import { type Answer, type Site, Undecided } from './assumptions/site.ts';
import { Calls } from './calls.ts';
import type { Journal } from './journal.ts';
import { LiveSite, VERSIONS } from './live-site.ts';
import { type Left, leftLines, removeAll } from './removal.ts';
import type { Wire } from './wire.ts';

/** What it can take at most; what is late and the removal take two minutes and a half more, which makes ten. */
const LONGEST_MS = 7.5 * 60_000;

export interface ProbeOptions {
  readonly wire: Wire;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly endpoint: string;
  /** ARM ids: one of them at least. */
  readonly factory: string | undefined;
  readonly workspace: string | undefined;
  /** Make a managed virtual network if there is none: it stays for ever. */
  readonly network: boolean;
  /** `azir-probe-` and something random. */
  readonly prefix: string;
  /** Ends the checks. */
  readonly signal: AbortSignal;
  /** Ends the removal, too. */
  readonly hurry: AbortSignal;
  readonly progress: (line: string) => void;
}

/** Why something could not be told. */
export type Why =
  /** What it needs was not named. */
  | 'not asked'
  /** It was asked, and what was answered does not show it here. */
  | 'not shown'
  /** The requests were refused or not answered, or there was no time left. */
  | 'refused';

export interface Result extends Finding {
  readonly id: string;
  readonly place: Site['kind'];
  readonly sentence: string;
  /** Of what could not be told, and of nothing else. */
  readonly why: Why | undefined;
  /** More about it, for the person at the terminal alone. */
  readonly detail?: string | undefined;
}

export interface MadeNetwork {
  readonly path: string;
  /** False: the create had no answer that tells. */
  readonly isCertain: boolean;
}

export interface Outcome {
  readonly results: readonly Result[];
  /** Runtimes that could not be removed. */
  readonly left: readonly Left[];
  /** The managed virtual network that was made and stays, or may have been. */
  readonly madeNetwork: MadeNetwork | undefined;
  readonly requests: number;
  readonly tookMs: number;
  readonly interrupted: boolean;
}

/** It could not even begin. */
export class ProbeError extends CommandError {}

/** @throws ProbeError before anything was made */
export async function probe(options: ProbeOptions): Promise<Outcome> {
  const { clock, journal, hurry } = options;
  const began = clock.monotonic();
  const calls = new Calls(options);
  const late = new AbortController();
  const timer = clock.setTimer(LONGEST_MS, () => late.abort(new Error('there was no time left')));
  const signal = AbortSignal.any([options.signal, late.signal]);
  try {
    const sites = await look(options, calls, signal);
    const results = await asked(sites, signal, options.progress);
    const left = await removed(options, calls, sites);
    return {
      results,
      left,
      madeNetwork: sites.madeNetwork,
      requests: calls.sent,
      tookMs: clock.monotonic() - began,
      interrupted: options.signal.aborted,
    };
  } catch (error) {
    if (error instanceof ProbeError) throw error;
    const left = await removeAll({ calls, journal, clock, signal: hurry });
    throw left.length === 0
      ? error
      : new ProbeError(`${messageOf(error)}. Left behind: ${leftLines(left).join('; ')}`, EXIT.failed, {
          cause: error,
        });
  } finally {
    timer.cancel();
  }
}

/**
 * Two designs. One question after the other needs no thought about what happens at once; but a workspace takes ten seconds
 * for a write, and a network minutes for a runtime. So factory and workspace are asked at the same time, each of them one
 * question after the other: they have nothing in common but the pace of the requests.
 */
async function asked(sites: Sites, signal: AbortSignal, progress: (line: string) => void): Promise<Result[]> {
  const planned = { factory: questionsFor('factory', sites), workspace: questionsFor('workspace', sites) };
  const count = planned.factory.length + planned.workspace.length;
  let done = 0;
  const lane = async (place: Site['kind']): Promise<Result[]> => {
    const results: Result[] = [];
    for (const question of planned[place]) {
      const result = await found(question, place, sites, signal);
      progress(`[${++done}/${count}] ${place}: ${question.id}: ${result.verdict}`);
      results.push(result);
    }
    return results;
  };
  return (await Promise.all([lane('factory'), lane('workspace')])).flat();
}

/**
 * What can be asked of one place only is listed there, whether there is one or not; and a workspace is asked it first, for
 * one that is slow leaves no time for all.
 */
function questionsFor(place: Site['kind'], sites: Sites): readonly Checkable[] {
  const shared = CHECKABLE.filter(({ where }) => where === 'either' && sites[place] !== undefined);
  const own = CHECKABLE.filter(
    ({ where }) => where !== 'either' && (where === 'workspace') === (place === 'workspace'),
  );
  return place === 'workspace' ? [...own, ...shared] : [...shared, ...own];
}

async function removed({ clock, journal, progress, hurry }: ProbeOptions, calls: Calls, sites: Sites): Promise<Left[]> {
  progress(`Removing ${journal.left.length} runtimes…`);
  // What a late write makes is to be found.
  const late = Math.max(sites.factory?.lateMs ?? 0, sites.workspace?.lateMs ?? 0);
  if (late > 0) await sleep(clock, late, hurry).catch(() => undefined);
  return removeAll({ calls, journal, clock, signal: hurry });
}

interface Sites {
  readonly factory: LiveSite | undefined;
  readonly workspace: LiveSite | undefined;
  readonly madeNetwork: MadeNetwork | undefined;
}

async function look(options: ProbeOptions, calls: Calls, signal: AbortSignal): Promise<Sites> {
  try {
    const factory = options.factory && (await lookAt('factory', options.factory, calls, signal));
    const workspace = options.workspace && (await lookAt('workspace', options.workspace, calls, signal));
    const network = factory ? await networkOf(options, factory.parentId, calls, signal) : undefined;
    const common = { ...options, calls, signal };
    return {
      factory: factory ? new LiveSite({ ...common, ...factory, hasNetwork: network?.has === true }) : undefined,
      workspace: workspace ? new LiveSite({ ...common, ...workspace, hasNetwork: false }) : undefined,
      madeNetwork: network?.made,
    };
  } catch (error) {
    if (options.signal.aborted) throw new ProbeError('interrupted before anything was made');
    throw error instanceof ProbeError ? error : new ProbeError(messageOf(error));
  }
}

type Seen = Pick<LiveSite, 'kind' | 'parentId' | 'location'>;

async function lookAt(kind: LiveSite['kind'], path: string, calls: Calls, signal: AbortSignal): Promise<Seen> {
  const answer = await calls.send({ method: 'GET', path, version: VERSIONS[kind] }, signal).catch((error: unknown) => {
    throw error instanceof Undecided ? new ProbeError(`The ${kind} cannot be read: ${error.inFull}`) : error;
  });
  const [id, location] = [textAt(answer, 'id'), textAt(answer, 'location')];
  if (answer.status !== 200 || id === undefined || location === undefined) {
    throw new ProbeError(`The ${kind} cannot be read: Azure answered ${shownAnswer(answer)}`);
  }
  if (id.toLowerCase() !== path.toLowerCase()) throw new ProbeError(`Azure answered with another ${kind}: ${id}`);
  return { kind, parentId: id, location };
}

async function networkOf(
  { network }: ProbeOptions,
  parentId: string,
  calls: Calls,
  signal: AbortSignal,
): Promise<{ has: boolean; made: MadeNetwork | undefined }> {
  const path = `${parentId}/managedVirtualNetworks/default`;
  const version = VERSIONS.factory;
  const there = await calls.send({ method: 'GET', path, version }, signal);
  if (there.status === 200 || !network) return { has: there.status === 200, made: undefined };
  const ask = { method: 'PUT', path, version, headers: { 'If-None-Match': '*' }, body: { properties: {} } } as const;
  signal.throwIfAborted();
  const answer = await calls.send(ask, signal).catch((error: unknown) => {
    if (error instanceof Undecided && isRefusal(error)) throw error;
    return undefined;
  });
  if (answer !== undefined && isRefusal(answer))
    throw new ProbeError(`The managed virtual network was answered ${shownAnswer(answer)}`);
  const has = answer?.status === 200 || answer?.status === 201;
  // Whatever else is to be told, this is: it can never be deleted.
  return { has, made: { path, isCertain: has } };
}

/** A 408 says only that nobody waited for the answer. */
function isRefusal({ status = 0 }: { readonly status?: number | undefined }): boolean {
  return status >= 400 && status < 500 && status !== 408;
}

function textAt(answer: Answer, name: string): string | undefined {
  const value = valueAt(jsonOf(answer), name);
  return typeof value === 'string' ? value : undefined;
}

async function found(
  { id, sentence, where, check }: Checkable,
  place: Site['kind'],
  sites: Sites,
  signal: AbortSignal,
): Promise<Result> {
  const site = sites[place];
  const result = (finding: Finding, why?: Why): Result => ({ id, place, sentence, ...finding, why });
  const untold = (why: Why, seen: string) => result({ verdict: 'could not tell', assumed: '', seen }, why);
  if (site === undefined) return untold('not asked', `no ${place} was named (--${place})`);
  if (where === 'network' && !site.hasNetwork)
    return untold('not asked', 'the factory has no managed virtual network (--network makes one)');
  if (signal.aborted) return untold('refused', reasonOf(signal));
  try {
    const finding = await check(site);
    return result(finding, finding.verdict === 'could not tell' ? 'not shown' : undefined);
  } catch (error) {
    if (signal.aborted) return untold('refused', reasonOf(signal));
    // Whatever Azure answers, one check that cannot read it ends no other.
    if (error instanceof Undecided) return { ...untold('refused', error.message), detail: error.detail };
    const kind = error instanceof Error ? error.name : typeof error;
    return { ...untold('refused', `the check failed: ${kind}`), detail: messageOf(error) };
  }
}

function reasonOf({ reason }: AbortSignal): string {
  return messageOf(reason);
}

function messageOf(error: unknown): string {
  if (error instanceof Undecided) return error.inFull;
  return error instanceof Error ? error.message : String(error);
}

/**
 * 0: all that could be asked holds; 3: one does not; 1: something is left behind, or nothing speaks against the assumptions
 * but something was refused. What was not asked, or does not show here, is no failure: the table says so.
 */
export function exitCodeOf({ results, left, interrupted }: Outcome): ExitCode {
  if (interrupted) return EXIT.interrupted;
  if (left.length > 0) return EXIT.failed;
  // An answer that was seen stays one, whatever else was not.
  if (results.some(({ verdict }) => verdict === 'does not hold')) return EXIT.no;
  const isTold = results.some(({ verdict }) => verdict === 'holds');
  return isTold && !results.some(({ why }) => why === 'refused') ? EXIT.done : EXIT.failed;
}
