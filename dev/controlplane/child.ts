/** Child processes that cannot outlive this one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Order } from './supervisor.ts';

export interface ChildOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** A file descriptor that gets all output; without it, output comes through `output()`. */
  logFd?: number;
  /** Removed if this process dies while the child lives. */
  removeWhenOrphaned?: readonly string[];
}

/** A process that cannot outlive this one, however this one ends. */
export class Child {
  readonly #supervisor: ChildProcess;
  /** The exit code once it has ended; 127 when it could not be started, 128 + n when signal n ended it. */
  readonly exited: Promise<number>;
  #exitCode: number | undefined;

  constructor(command: string, args: readonly string[], options: ChildOptions = {}) {
    const order: Order = { command, args, removeWhenOrphaned: options.removeWhenOrphaned ?? [] };
    const output = options.logFd ?? 'pipe';
    // Options meant for this process, such as an inspector's port, would break the supervisor.
    const { NODE_OPTIONS: _, ...env } = options.env ?? process.env;
    this.#supervisor = spawn(process.execPath, [join(import.meta.dirname, 'supervisor.ts'), JSON.stringify(order)], {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env,
      stdio: ['pipe', output, output],
      // Its own session: Ctrl-C in the terminal must reach only this process, which then ends its children in order.
      detached: true,
    });
    // Writing to a supervisor that has just ended fails, and needs no answer: `exited` tells.
    this.#supervisor.stdin?.on('error', () => {});
    this.exited = new Promise((resolve) => {
      this.#supervisor.once('error', () => resolve(127));
      this.#supervisor.once('close', (code) => resolve(code ?? 128));
    });
    void this.exited.then((code) => {
      this.#exitCode = code;
    });
  }

  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  output(): Readable[] {
    return [this.#supervisor.stdout, this.#supervisor.stderr].filter((stream) => stream !== null);
  }

  /** Reaches the command and all that it started. */
  kill(signal: NodeJS.Signals): void {
    this.#supervisor.stdin?.write(`${signal}\n`);
  }

  /** Ends the command, kills it after `graceMs`, and resolves when it is gone. */
  async stop(graceMs: number): Promise<void> {
    this.kill('SIGTERM');
    const timer = new AbortController();
    const outOfPatience = sleep(graceMs, undefined, { signal: timer.signal }).then(
      () => this.kill('SIGKILL'),
      () => {},
    );
    await this.exited;
    timer.abort();
    await outOfPatience;
  }
}

export interface Finished {
  code: number;
  stdout: string;
  /** The last lines of all output, for error messages. */
  tail: string;
}

const tailLines = 30;

/** Runs a command to its end. An abort kills it and all that it started, and is thrown only once they are gone. */
export async function run(
  command: string,
  args: readonly string[],
  options: Omit<ChildOptions, 'logFd'> & { signal: AbortSignal },
): Promise<Finished> {
  options.signal.throwIfAborted();
  const child = new Child(command, args, options);
  const kill = () => child.kill('SIGKILL');
  options.signal.addEventListener('abort', kill);
  let stdout = '';
  let tail = '';
  const [out, err] = child.output();
  const keep = (text: string) => {
    tail = (tail + text).split('\n').slice(-tailLines).join('\n');
  };
  out?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    keep(text);
  });
  err?.setEncoding('utf8').on('data', keep);
  const code = await child.exited;
  options.signal.removeEventListener('abort', kill);
  options.signal.throwIfAborted();
  return { code, stdout, tail: tail.trim() };
}
