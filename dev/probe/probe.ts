/** A run of the probe: looks, asks one assumption after the other, and removes what it made whatever happens. */
import { type Clock, sleep } from '../../src/runtime/clock.ts';
import { jsonOf, shownAnswer, valueAt } from '../assumptions/answers.ts';
import type { Checkable, Finding, Where } from '../assumptions/assumption.ts';
import { CHECKABLE } from '../assumptions/index.ts';
import { type Answer, Undecided } from '../assumptions/site.ts';
import { Calls } from './calls.ts';
import type { Journal } from './journal.ts';
import { LiveSite, VERSIONS } from './live-site.ts';
import { type Left, removeAll } from './removal.ts';
import type { Wire } from './wire.ts';

/** What it can take at most, the removal aside. */
const LONGEST_MS = 7 * 60_000;
/** A write without an answer may still arrive: what it makes is to be found. */
const LATE_WRITE_MS = 10_000;

export interface ProbeOptions {
  readonly wire: Wire;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly endpoint: string;
  /** ARM ids. */
  readonly factory: string;
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

export interface Result extends Finding {
  readonly id: string;
  readonly sentence: string;
}

export interface Outcome {
  readonly results: readonly Result[];
  /** Runtimes that could not be removed. */
  readonly left: readonly Left[];
  /** The managed virtual network that was made, and stays. */
  readonly madeNetwork: string | undefined;
  readonly requests: number;
  readonly tookMs: number;
  readonly interrupted: boolean;
}

/** It could not even begin. */
export class ProbeError extends Error {
  override readonly name = 'ProbeError';
}

/** @throws ProbeError before anything was made */
export async function probe(options: ProbeOptions): Promise<Outcome> {
  const { clock, journal, progress, hurry } = options;
  const began = clock.monotonic();
  const calls = new Calls(options);
  const late = new AbortController();
  const timer = clock.setTimer(LONGEST_MS, () => late.abort(new Error('there was no time left')));
  const signal = AbortSignal.any([options.signal, late.signal]);
  try {
    const sites = await look(options, calls, signal);
    const results: Result[] = [];
    for (const [at, assumption] of CHECKABLE.entries()) {
      const finding = await found(assumption, sites, signal);
      progress(`[${at + 1}/${CHECKABLE.length}] ${assumption.id}: ${finding.verdict}`);
      results.push({ id: assumption.id, sentence: assumption.sentence, ...finding });
    }
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
    if (!(error instanceof ProbeError)) await removeAll({ calls, journal, clock, signal: hurry });
    throw error;
  } finally {
    timer.cancel();
  }
}

async function removed({ clock, journal, progress, hurry }: ProbeOptions, calls: Calls, sites: Sites): Promise<Left[]> {
  progress(`Removing ${journal.left.length} runtimes…`);
  if (sites.factory.hasUnansweredWrite || sites.workspace?.hasUnansweredWrite) {
    await sleep(clock, LATE_WRITE_MS, hurry).catch(() => undefined);
  }
  return removeAll({ calls, journal, clock, signal: hurry });
}

interface Sites {
  readonly factory: LiveSite;
  readonly workspace: LiveSite | undefined;
  readonly madeNetwork: string | undefined;
}

async function look(options: ProbeOptions, calls: Calls, signal: AbortSignal): Promise<Sites> {
  try {
    const factory = await lookAt('factory', options.factory, calls, signal);
    const workspace = options.workspace && (await lookAt('workspace', options.workspace, calls, signal));
    const network = await networkOf(options, factory.parentId, calls, signal);
    const common = { ...options, calls, signal };
    return {
      factory: new LiveSite({ ...common, ...factory, hasNetwork: network.has }),
      workspace: workspace ? new LiveSite({ ...common, ...workspace, hasNetwork: false }) : undefined,
      madeNetwork: network.made,
    };
  } catch (error) {
    if (options.signal.aborted) throw new ProbeError('interrupted before anything was made');
    throw error instanceof ProbeError ? error : new ProbeError(error instanceof Error ? error.message : String(error));
  }
}

type Seen = Pick<LiveSite, 'kind' | 'parentId' | 'location'>;

async function lookAt(kind: LiveSite['kind'], path: string, calls: Calls, signal: AbortSignal): Promise<Seen> {
  const answer = await calls.send({ method: 'GET', path, version: VERSIONS[kind] }, signal).catch((error: unknown) => {
    throw error instanceof Undecided ? new ProbeError(`The ${kind} cannot be read: ${error.message}`) : error;
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
): Promise<{ has: boolean; made: string | undefined }> {
  const path = `${parentId}/managedVirtualNetworks/default`;
  const version = VERSIONS.factory;
  const there = await calls.send({ method: 'GET', path, version }, signal);
  if (there.status === 200 || !network) return { has: there.status === 200, made: undefined };
  const ask = { method: 'PUT', path, version, headers: { 'If-None-Match': '*' }, body: { properties: {} } } as const;
  const answer = await calls.send(ask, signal);
  if (answer.status !== 200) throw new ProbeError(`The managed virtual network was answered ${shownAnswer(answer)}`);
  return { has: true, made: path };
}

function textAt(answer: Answer, name: string): string | undefined {
  const value = valueAt(jsonOf(answer), name);
  return typeof value === 'string' ? value : undefined;
}

async function found({ where, check }: Checkable, sites: Sites, signal: AbortSignal): Promise<Finding> {
  const site = siteFor(where, sites);
  if (typeof site === 'string') return untold(site);
  if (signal.aborted) return untold(reasonOf(signal));
  try {
    return await check(site);
  } catch (error) {
    if (signal.aborted) return untold(reasonOf(signal));
    // Whatever Azure answers, one check that cannot read it ends no other.
    return untold(error instanceof Undecided ? error.message : `the check failed: ${String(error)}`);
  }
}

/** Or why there is none. */
function siteFor(where: Where, { factory, workspace }: Sites): LiveSite | string {
  if (where === 'workspace') return workspace ?? 'no workspace was named (--workspace)';
  if (where === 'network' && !factory.hasNetwork)
    return 'the factory has no managed virtual network (--network makes one)';
  return factory;
}

function untold(seen: string): Finding {
  return { verdict: 'could not tell', assumed: '', seen };
}

function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : String(reason);
}

/** 0: nothing speaks against the assumptions; 3: one does not hold; 1: it could not be done, or something is left. */
export function exitCodeOf({ results, left, interrupted }: Outcome): 0 | 1 | 3 {
  if (interrupted || left.length > 0 || results.every(({ verdict }) => verdict === 'could not tell')) return 1;
  return results.some(({ verdict }) => verdict === 'does not hold') ? 3 : 0;
}
