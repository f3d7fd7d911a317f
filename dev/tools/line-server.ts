/** A program that answers lines of JSON. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A program that answers each line of JSON on standard input with a line of JSON, in order. It ends when its input does. */
export class LineServer {
  readonly #child: ChildProcess;
  #failure: Error | undefined;
  readonly #waiting: PromiseWithResolvers<unknown>[] = [];
  readonly #ended: Promise<void>;

  constructor(command: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = process.env) {
    this.#child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => this.#fail(error));
      this.#child.once('close', (code) => {
        this.#fail(new Error(`${command} ended with ${code}`));
        resolve();
      });
    });
    // Writing to a program that has just ended fails, and needs no answer: its end tells.
    this.#child.stdin?.on('error', () => {});
    if (this.#child.stdout) {
      createInterface({ input: this.#child.stdout }).on('line', (line) =>
        this.#waiting.shift()?.resolve(JSON.parse(line)),
      );
    }
  }

  ask(question: object): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.push(answer);
    this.#child.stdin?.write(`${JSON.stringify(question)}\n`);
    return answer.promise;
  }

  async stop(): Promise<void> {
    this.#child.stdin?.end();
    await this.#ended;
  }

  #fail(error: Error): void {
    this.#failure = error;
    for (const answer of this.#waiting.splice(0)) answer.reject(error);
  }
}
