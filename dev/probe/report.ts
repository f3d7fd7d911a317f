/** What a run tells: a table for people, and the same as JSON. */
import { styleText } from 'node:util';
import { visible } from '../../src/api/visible.ts';
import type { Finding } from '../assumptions/assumption.ts';
import type { Json } from '../emulator/json.ts';
import type { Outcome } from './probe.ts';

const SIGNS: Readonly<Record<Finding['verdict'], readonly [sign: string, colour: 'green' | 'red' | 'yellow']>> = {
  holds: ['holds', 'green'],
  'does not hold': ['DOES NOT HOLD', 'red'],
  'could not tell': ['could not tell', 'yellow'],
};

/** One line for each assumption; below one that does not hold, what was assumed. */
export function tableOf({ results }: Outcome): string {
  const width = Math.max(...results.map(({ id }) => id.length));
  const lines = results.flatMap((result) => {
    const [sign, colour] = SIGNS[result.verdict];
    const line = `${result.id.padEnd(width)}  ${styleText(colour, sign.padEnd(14))}  ${visible(result.seen)}`;
    if (result.verdict !== 'does not hold') return [line];
    const indent = ' '.repeat(width + 2);
    return [line, `${indent}${'assumed'.padEnd(14)}  ${result.assumed}`, `${indent}${result.sentence}`];
  });
  return `${lines.join('\n')}\n`;
}

/** Below the table. */
export function summaryOf({ results, left, madeNetwork, requests, tookMs }: Outcome): string {
  const count = (verdict: Finding['verdict']) => results.filter((result) => result.verdict === verdict).length;
  const time = `${requests} requests in ${Math.ceil(tookMs / 1000)} s`;
  return [
    `${count('holds')} hold, ${count('does not hold')} do not, of ${count('could not tell')} it could not be told; ${time}.`,
    ...(madeNetwork === undefined ? [] : [`Made, and stays: ${madeNetwork}`]),
    ...(left.length === 0
      ? ['Nothing of the probe is left.']
      : [
          `${left.length} runtimes are left. Remove them with: npm run probe -- --clean`,
          ...left.map(({ parent, name, why }) => `  ${parent}/integrationRuntimes/${name}: ${visible(why)}`),
        ]),
  ].join('\n');
}

/** For a program, and for a bug report. */
export function reportOf({ results, requests, tookMs, left, madeNetwork }: Outcome, date: Date): Json {
  return {
    date: date.toISOString().slice(0, 10),
    requests,
    tookMs: Math.round(tookMs),
    left: left.length,
    madeNetwork: madeNetwork !== undefined,
    results: results.map(({ id, verdict, assumed, seen, sentence }) => ({ id, verdict, assumed, seen, sentence })),
  };
}
