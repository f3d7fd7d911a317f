/**
 * Runs one command on behalf of a parent that may die at any moment, SIGKILL included.
 *
 * The parent holds the other end of standard input: a line names a signal for the command, and the end of the stream
 * means that the parent is gone. Then the command's whole process group is killed and the folders that only it used are
 * removed. The pipe is what makes this portable: Linux could be asked for a signal on the parent's death, macOS could not.
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';

export interface Order {
  command: string;
  args: readonly string[];
  removeWhenOrphaned: readonly string[];
}

const order = JSON.parse(process.argv[2] ?? '') as Order;
const command = spawn(order.command, order.args, { stdio: ['ignore', 'inherit', 'inherit'], detached: true });
let orphaned = false;

function signalGroup(signal: NodeJS.Signals): void {
  if (command.pid === undefined) return;
  try {
    process.kill(-command.pid, signal);
  } catch {
    // The group is gone, which is all that a signal could bring about.
  }
}

function finish(code: number): void {
  signalGroup('SIGKILL');
  if (orphaned) {
    // Retried: a sibling that is being killed by its own supervisor may still write into the same folder.
    for (const path of order.removeWhenOrphaned) rmSync(path, { recursive: true, force: true, maxRetries: 10 });
  }
  process.exit(code);
}

command.on('error', (error) => {
  process.stderr.write(`${order.command} cannot be started: ${error.message}\n`);
  finish(127);
});
command.on('exit', (code, signal) => finish(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));

const orders = createInterface({ input: process.stdin });
orders.on('line', (line) => signalGroup(line as NodeJS.Signals));
orders.on('close', () => {
  orphaned = true;
  signalGroup('SIGKILL');
});

// Only the parent decides when the command ends. A supervisor that gets a signal watches on until the command has ended.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => signalGroup('SIGTERM'));
