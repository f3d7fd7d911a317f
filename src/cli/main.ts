/** The entry of `kubectl azir`: one verb, its exit code, and nothing left running. */
import { CommanderError } from 'commander';
import { CommandError, EXIT, type ExitCode } from './exit.ts';
import { type Io, processIo } from './io.ts';
import { safe } from './output/text.ts';
import { createProgram } from './program.ts';

async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  const program = createProgram(io, (told) => {
    code = told;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (io.signal.aborted) return EXIT.interrupted;
    // Help and usage are told by commander itself.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.failed;
    if (error instanceof CommandError) {
      io.note(`error: ${safe(error.message)}`);
      return error.exitCode;
    }
    io.note(
      error instanceof Error ? (error.stack ?? error.message).split('\n').map(safe).join('\n') : safe(String(error)),
    );
    return EXIT.failed;
  }
}

const interrupted = new AbortController();
// The second time the process ends as it would have by itself.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => interrupted.abort(new Error('interrupted')));
// Whoever reads may have had enough: `kubectl azir status | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.done);
});
// A program of its own is linked under the name by which kubectl asks for completions.
const asked = /(^|[\\/])kubectl_complete-azir(\.exe)?$/.test(process.argv0) ? ['__complete'] : [];
process.exitCode = await run([...asked, ...process.argv.slice(2)], processIo(interrupted.signal));
