/** The entry of `kubectl azir`: one verb, its exit code, and nothing left running. */
import { processIo, SIGNALS } from './io.ts';
import { run } from './run.ts';

const interrupted = new AbortController();
// The second time the process ends as it would have by itself.
for (const signal of SIGNALS) process.once(signal, () => interrupted.abort(new Error('interrupted')));
// A program of its own is linked under the name by which kubectl asks for completions.
const asked = /(^|[\\/])kubectl_complete-azir(\.exe)?$/.test(process.argv0) ? ['__complete'] : [];
process.exitCode = await run([...asked, ...process.argv.slice(2)], processIo(interrupted.signal));
