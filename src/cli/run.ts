/** One verb from its command line to its exit code: whatever it throws ends in a line for people and a code. */
import { CommanderError } from 'commander';
import { asCommander } from './argv.ts';
import { CommandError, EXIT, type ExitCode } from './exit.ts';
import type { Io } from './io.ts';
import { safe } from './output/text.ts';
import { createProgram } from './program.ts';

export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  const program = createProgram(io, (told) => {
    code = told;
  });
  try {
    await program.parseAsync(asCommander(program, argv), { from: 'user' });
    return code;
  } catch (error) {
    return codeOf(error, io);
  } finally {
    io.progress('');
  }
}

function codeOf(error: unknown, io: Io): ExitCode {
  if (io.signal.aborted) return EXIT.interrupted;
  // Help and usage are told by commander itself.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.failed;
  if (error instanceof CommandError) {
    io.note(`error: ${safe(error.message)}`);
    return error.exitCode;
  }
  // A bug of this command: where it is helps whoever mends it.
  const lines = error instanceof Error ? (error.stack ?? error.message).split('\n') : [String(error)];
  io.note(lines.map(safe).join('\n'));
  return EXIT.failed;
}
