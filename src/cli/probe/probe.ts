/** A run of the probe: looks, asks one assumption after the other, and removes what it made whatever happens. */

import type { QueueClient } from '../../azure/changes/queue-client.ts';
import { type Clock, sleep } from '../../runtime/clock.ts';
import { CommandError, EXIT } from '../exit.ts';
import { jsonOf, shownAnswer, valueAt } from './assumptions/answers.ts';
import type { Announced, Asked, Finding, Where } from './assumptions/assumption.ts';
import { heardIn } from './assumptions/heard.ts';
import { ANNOUNCED, ASKED } from './assumptions/index.ts';
import { type Answer, type Site, Undecided } from './assumptions/site.ts';
import { Calls } from './calls.ts';
import type { Journal } from './journal.ts';
import { type Listened, Listener } from './listener.ts';
import { LiveSite, VERSIONS } from './live-site.ts';
import { OwnRequests } from './own-requests.ts';
import { type Left, leftLines, removeAll } from './removal.ts';
import { Tally } from './tally.ts';
import type { Wire } from './wire.ts';

/**
 * What it can take at most; what is late and the removal take two minutes and a half more, which makes ten. The queue is read
 * meanwhile, and no longer.
 */
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
  /** Where Event Grid delivers events of the writes. */
  readonly queue?: Pick<QueueClient, 'receive' | 'delete'> | undefined;
  /** `azir-probe-` and something random. */
  readonly prefix: string;
  /** Ends the checks. */
  readonly signal: AbortSignal;
  /** Ends the removal, too. */
  readonly hurry: AbortSignal;
  /** What has come about. */
  readonly progress: (line: string) => void;
  /** What is being asked, until one of both says more. */
  readonly underWay: (line: string) => void;
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

export interface ProbeResult {
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
export async function probe(options: ProbeOptions): Promise<ProbeResult> {
  const { clock, journal, hurry } = options;
  const began = clock.monotonic();
  const requests = options.queue && new OwnRequests();
  const calls = new Calls({ ...options, ownRequests: requests });
  const late = new AbortController();
  const timer = clock.setTimer(LONGEST_MS, () => late.abort(new Error('there was no time left')));
  const signal = AbortSignal.any([options.signal, late.signal]);
  try {
    const sites = await look(options, calls, signal);
    const results = await asked(sites, requests !== undefined, signal, options);
    const removal = removed(options, calls, sites);
    const [left, listened] = await Promise.all([removal, listenedTo(options, requests, removal)]);
    return {
      results: [...results, ...announced(sites, requests, listened)],
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
async function asked(
  sites: Sites,
  isListening: boolean,
  signal: AbortSignal,
  options: ProbeOptions,
): Promise<Result[]> {
  const planned = { factory: questionsFor('factory', sites), workspace: questionsFor('workspace', sites) };
  const count = PLACES.flatMap((place) => planned[place].filter((each) => siteFor(each, sites[place]))).length;
  const tally = new Tally(count, options);
  const put = async (question: Asked, site: LiveSite): Promise<Result> => {
    tally.asked({ place: site.kind, id: question.id });
    const result = await found(question, site, signal);
    tally.answered(result);
    return result;
  };
  const lane = async (place: Site['kind']): Promise<Result[]> => {
    const results: Result[] = [];
    for (const question of planned[place]) {
      const site = siteFor(question, sites[place]);
      results.push(site === undefined ? notAsked(question, place, sites[place]) : await put(question, site));
    }
    // What comes of it is told by what is heard.
    if (isListening && !signal.aborted) await provoke(sites[place]).catch(() => undefined);
    return results;
  };
  return (await Promise.all([lane('factory'), lane('workspace')])).flat();
}

/**
 * What can be asked of one place only is listed there, whether there is one or not; and a workspace is asked it first, for
 * one that is slow leaves no time for all.
 */
function questionsFor(place: Site['kind'], sites: Sites): readonly Asked[] {
  const shared = ASKED.filter(({ where }) => where === 'either' && sites[place] !== undefined);
  const own = ASKED.filter(({ where }) => where !== 'either' && isAbout(where, place));
  return place === 'workspace' ? [...own, ...shared] : [...shared, ...own];
}

function isAbout(where: Where, place: Site['kind']): boolean {
  return where === 'either' || (where === 'workspace') === (place === 'workspace');
}

async function provoke(site: LiveSite | undefined): Promise<void> {
  for (const each of ANNOUNCED) if (site !== undefined) await each.provoke?.(site);
}

/** While what was made is removed: deletions raise events, too. Never throws. */
async function listenedTo(
  { queue, clock, progress, signal }: ProbeOptions,
  requests: OwnRequests | undefined,
  removal: Promise<unknown>,
): Promise<Listened | undefined> {
  if (queue === undefined || requests === undefined) return undefined;
  let isOver = false;
  const failed = new AbortController();
  const over = () => {
    isOver = true;
  };
  removal.then(over, () => failed.abort());
  const ended = AbortSignal.any([signal, failed.signal]);
  return new Listener({ queue, clock, requests, progress, signal: ended }).listen(() => isOver);
}

function announced(sites: Sites, requests: OwnRequests | undefined, listened: Listened | undefined): Result[] {
  return PLACES.flatMap((place) => {
    const site = sites[place];
    const planned = ANNOUNCED.filter(
      ({ where }) => isAbout(where, place) && (site !== undefined || where !== 'either'),
    );
    return planned.map((each) => told(each, place, site, requests, listened));
  });
}

function told(
  { judge, ...about }: Announced,
  place: Site['kind'],
  site: LiveSite | undefined,
  requests: OwnRequests | undefined,
  listened: Listened | undefined,
): Result {
  if (site === undefined) return untold(about, place, 'not asked', notNamed(place));
  if (requests === undefined || listened === undefined)
    return untold(about, place, 'not asked', 'no queue was named (--queue)');
  if (listened.problem !== undefined)
    return { ...untold(about, place, 'refused', listened.problem), detail: listened.detail };
  return shown(about, place, judge(heardIn(site.parentId, { ...listened, requests: requests.all })));
}

async function removed({ clock, journal, progress, hurry }: ProbeOptions, calls: Calls, sites: Sites): Promise<Left[]> {
  progress(`Removing ${journal.left.length} runtimes…`);
  // What a late write makes is to be found.
  const late = Math.max(sites.factory?.lateMs ?? 0, sites.workspace?.lateMs ?? 0);
  if (late > 0) await sleep(clock, late, hurry).catch(() => undefined);
  return removeAll({ calls, journal, clock, signal: hurry });
}

const PLACES = ['factory', 'workspace'] as const;

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

/** Where it can be asked; undefined: it cannot. */
function siteFor({ where }: Asked, site: LiveSite | undefined): LiveSite | undefined {
  return where === 'network' && site?.hasNetwork !== true ? undefined : site;
}

function notAsked(question: Asked, place: Site['kind'], site: LiveSite | undefined): Result {
  const why = site === undefined ? notNamed(place) : 'the factory has no managed virtual network (--network makes one)';
  return untold(question, place, 'not asked', why);
}

async function found({ check, ...about }: Asked, site: LiveSite, signal: AbortSignal): Promise<Result> {
  const because = (why: Why, seen: string) => untold(about, site.kind, why, seen);
  if (signal.aborted) return because('refused', reasonOf(signal));
  try {
    return shown(about, site.kind, await check(site));
  } catch (error) {
    if (signal.aborted) return because('refused', reasonOf(signal));
    // Whatever Azure answers, one check that cannot read it ends no other.
    if (error instanceof Undecided) return { ...because('refused', error.message), detail: error.detail };
    const kind = error instanceof Error ? error.name : typeof error;
    return { ...because('refused', `the check failed: ${kind}`), detail: messageOf(error) };
  }
}

type About = Pick<Result, 'id' | 'sentence'>;

function shown({ id, sentence }: About, place: Site['kind'], finding: Finding): Result {
  return { id, place, sentence, ...finding, why: finding.verdict === 'could not tell' ? 'not shown' : undefined };
}

function untold({ id, sentence }: About, place: Site['kind'], why: Why, seen: string): Result {
  return { id, place, sentence, verdict: 'could not tell', assumed: '', seen, why };
}

function notNamed(place: Site['kind']): string {
  return `no ${place} was named (--${place})`;
}

function reasonOf({ reason }: AbortSignal): string {
  return messageOf(reason);
}

function messageOf(error: unknown): string {
  if (error instanceof Undecided) return error.inFull;
  return error instanceof Error ? error.message : String(error);
}
