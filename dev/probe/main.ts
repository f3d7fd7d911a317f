/** The entry of `npm run probe`: one run, its exit code, and nothing left running. */
import { run } from './command.ts';

const interrupted = new AbortController();
const hurried = new AbortController();
/** Ctrl-C reaches this process from the terminal, and once more through npm. */
const SAME_MS = 500;
let first = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    const isFirst = !interrupted.signal.aborted;
    if (!isFirst && performance.now() - first < SAME_MS) return;
    first ||= performance.now();
    if (isFirst) process.stderr.write('\nRemoving what was made. Once more, and it stays.\n');
    (isFirst ? interrupted : hurried).abort(new Error('interrupted'));
  });
}
process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  isTerminal: process.stdin.isTTY === true && process.stderr.isTTY === true,
  out: (text) => void process.stdout.write(text),
  note: (line) => void process.stderr.write(`${line}\n`),
  signal: interrupted.signal,
  hurry: hurried.signal,
});
