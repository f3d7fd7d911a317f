/** What a run tells: a table for people, the same as JSON, and an exit code. */
import type { Json } from '../../core/model/runtime.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import type { Io } from '../io.ts';
import { table } from '../output/table.ts';
import { VERSION } from '../version.ts';
import type { Judgement } from './assumptions/assumption.ts';
import { CHECKABLE } from './assumptions/index.ts';
import type { Site } from './assumptions/site.ts';
import type { ProbeResult, Result, Why } from './probe.ts';
import { leftLines } from './removal.ts';

const SIGNS: Readonly<Record<Judgement, readonly [sign: string, colour: 'green' | 'red' | 'yellow']>> = {
  holds: ['holds', 'green'],
  'does not hold': ['DOES NOT HOLD', 'red'],
  'could not tell': ['could not tell', 'yellow'],
};
const PLACES = ['factory', 'workspace'] as const;

/** By place, one line for each assumption; below one that does not hold, what was assumed and what follows for the operator. */
export function tableOf({ results }: ProbeResult, paint: Io['paint']): string {
  const sections = PLACES.flatMap((place) => {
    const own = results.filter((result) => result.place === place);
    return own.length === 0
      ? []
      : [
          `In the ${place}:`,
          ...table(
            own.flatMap((each) => rowsOf(each, paint)),
            '  ',
          ),
          '',
        ];
  });
  return `${sections.join('\n')}`;
}

function rowsOf(result: Result, paint: Io['paint']): Parameters<typeof table>[0] {
  const [sign, colour] = SIGNS[result.verdict];
  const row = [result.id, { text: sign, paint: (text: string) => paint(colour, text) }, result.seen];
  if (result.detail !== undefined) return [row, ['', 'because', result.detail]];
  if (result.verdict !== 'does not hold') return [row];
  return [
    row,
    ['', 'assumed', result.assumed],
    ['', 'meaning', result.sentence],
    ['', 'so', CHECKABLE.find(({ id }) => id === result.id)?.ifFalse ?? ''],
  ];
}

/** Below the table. `command` is how the probe is called. */
export function summaryOf({ results, left, madeNetwork, requests, tookMs }: ProbeResult, command: string): string {
  const count = (verdict: Judgement) => results.filter((result) => result.verdict === verdict).length;
  const untold = (why: Why, words: string) => {
    const many = results.filter((result) => result.why === why).length;
    return many === 0 ? [] : [`${many} ${words}`];
  };
  const reasons = [
    ...untold('not asked', 'not asked'),
    ...untold('not shown', 'not to be seen here'),
    ...untold('refused', 'refused or not answered'),
  ];
  const why = reasons.length === 0 ? '' : ` (${reasons.join(', ')})`;
  return [
    `${count('holds')} hold, ${count('does not hold')} do not, ${count('could not tell')} could not be told${why}.`,
    `${requests} requests in ${Math.ceil(tookMs / 1000)} s.`,
    ...(madeNetwork === undefined
      ? []
      : [`${madeNetwork.isCertain ? 'Made' : 'May have been made'}, and stays: ${madeNetwork.path}`]),
    ...(left.length === 0
      ? ['Nothing of the probe is left.']
      : [
          `Left behind: ${left.length}. Remove with: ${command} --clean`,
          ...leftLines(left).map((line) => `  ${line}`),
        ]),
  ].join('\n');
}

/** For a program, and for a bug report. What each id means is in docs/assumptions.md. */
export function reportOf({ results, requests, tookMs, left, madeNetwork }: ProbeResult, date: Date): Json {
  const of = (place: Site['kind']) =>
    results
      .filter((result) => result.place === place)
      .map(({ id, verdict, assumed, seen, why }) => ({
        id,
        verdict,
        assumed,
        seen,
        ...(why === undefined ? {} : { why }),
      }));
  return {
    version: VERSION,
    date: date.toISOString().slice(0, 10),
    requests,
    tookMs: Math.round(tookMs),
    left: left.length,
    madeNetwork: madeNetwork !== undefined,
    factory: of('factory'),
    workspace: of('workspace'),
  };
}

export type Judgements = Readonly<Record<Site['kind'], Readonly<Record<string, Judgement>>>>;

/** By place and id. */
export function judgementsOf({ results }: Pick<ProbeResult, 'results'>): Judgements {
  const of = (place: Site['kind']) =>
    Object.fromEntries(results.filter((each) => each.place === place).map(({ id, verdict }) => [id, verdict]));
  return { factory: of('factory'), workspace: of('workspace') };
}

/**
 * 0: all that could be asked holds; 3: one does not; 1: something is left behind, or nothing speaks against the assumptions
 * but something was refused. What was not asked, or does not show here, is no failure: the table says so.
 */
export function exitCodeOf({ results, left, interrupted }: ProbeResult): ExitCode {
  if (interrupted) return EXIT.interrupted;
  if (left.length > 0) return EXIT.failed;
  // An answer that was seen stays one, whatever else was not.
  if (results.some(({ verdict }) => verdict === 'does not hold')) return EXIT.no;
  const isTold = results.some(({ verdict }) => verdict === 'holds');
  return isTold && !results.some(({ why }) => why === 'refused') ? EXIT.done : EXIT.failed;
}
