/** The entry of `kubectl azir`: one verb, its exit code, and nothing left running. */
import { EXIT } from './exit.ts';
import { processIo, SIGNALS } from './io.ts';
import { run } from './run.ts';

const interrupted = new AbortController();
// The second time the process ends as it would have by itself.
for (const signal of SIGNALS) process.once(signal, () => interrupted.abort(new Error('interrupted')));
// Whoever reads may have had enough: `kubectl azir status | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.done);
});
// A program of its own is linked under the name by which kubectl asks for completions.
const asked = /(^|[\\/])kubectl_complete-azir(\.exe)?$/.test(process.argv0) ? ['__complete'] : [];
process.exitCode = await run([...asked, ...process.argv.slice(2)], processIo(interrupted.signal));
