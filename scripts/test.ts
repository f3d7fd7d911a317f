/**
 * `npm test`: everything that CI runs, in order. A stage that fails does not keep the others from running, unless they
 * mean nothing without it. The last line is the sum.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { type Context, type Counts, NONE, STAGES, type Stage } from './testing/stages.ts';

interface Done extends Counts {
  readonly stage: Stage;
  readonly seconds: number;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function runAll(context: Context): Promise<Done[]> {
  const done: Done[] = [];
  let broken: Stage | undefined;
  for (const [index, stage] of STAGES.entries()) {
    say(styleText('bold', `\n── ${index + 1}/${STAGES.length} ${stage.name}: ${stage.about}`));
    if (broken === undefined) {
      const result = await runOne(stage, context);
      done.push(result);
      if (stage.foundation && result.failed > 0) broken = stage;
    } else {
      say(`not run: it needs what "${broken.name}" did not bring about`);
      done.push({ stage, seconds: 0, ...NONE, skipped: 1 });
    }
  }
  return done;
}

async function runOne(stage: Stage, context: Context): Promise<Done> {
  const began = Date.now();
  const counts = await stage.run(context);
  context.signal.throwIfAborted();
  const seconds = Math.round((Date.now() - began) / 1_000);
  say(`${stage.name}: ${inWords(counts)}, in ${seconds} s`);
  return { stage, seconds, ...counts };
}

function inWords({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

function sum(done: readonly Counts[]): Counts {
  const total = (key: keyof Counts) => done.reduce((so, counts) => so + counts[key], 0);
  return { passed: total('passed'), failed: total('failed'), skipped: total('skipped') };
}

function summarize(done: readonly Done[]): Counts {
  say(styleText('bold', '\n── all'));
  for (const { stage, seconds, ...counts } of done) {
    say(`${stage.name.padEnd(14)} ${inWords(counts).padEnd(36)} ${String(seconds).padStart(4)} s`);
  }
  const total = sum(done);
  say(`\n${inWords(total)}`);
  return total;
}

/** Resolves with the exit code. */
async function main(): Promise<number> {
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => interrupted.abort(128 + constants.signals[name]));
  }
  const dir = await mkdtemp(join(tmpdir(), 'azure-ir-test-'));
  try {
    const { failed } = summarize(await runAll({ dir, signal: interrupted.signal }));
    return failed === 0 ? 0 : 1;
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    say('interrupted');
    return interrupted.signal.reason;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

process.exitCode = await main();
