/** Runs what the demo shows, and waits for what is to come of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Installation } from '../../dev/installation/installation.ts';
import { kubectlOf, type Result, runKubectl } from '../../dev/installation/kubectl.ts';
import type { ControlRequest } from './azure.ts';
import type { Narrator } from './narrator.ts';

/** Ample for a machine that is busy: each step takes a second or two. */
export const DEADLINE_S = 60;
const POLL_MS = 250;

/** A step of the demo that did not happen; its message is for people. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';
}

export class Shell {
  readonly #installation: Installation;
  readonly #narrator: Narrator;
  readonly #signal: AbortSignal;

  constructor(installation: Installation, narrator: Narrator, signal: AbortSignal) {
    this.#installation = installation;
    this.#narrator = narrator;
    this.#signal = signal;
  }

  /** Shows and runs kubectl. `pipedFrom` says where its standard input comes from, as one would type it. */
  async kubectl(args: readonly string[], piped?: { readonly from: string; readonly text: string }): Promise<void> {
    this.#signal.throwIfAborted();
    const typed = `kubectl ${args.map(quoted).join(' ')}`;
    this.#narrator.command(piped === undefined ? typed : `${piped.from} | ${typed}`);
    const result = await runKubectl(this.#installation.cluster, args, piped === undefined ? {} : { stdin: piped.text });
    this.#narrator.output(result.stdout);
    if (result.code !== 0) throw new StepFailed(await this.#explain(typed, result));
  }

  async azure(request: ControlRequest): Promise<string> {
    this.#signal.throwIfAborted();
    this.#narrator.command(request.typed);
    const answer = await request.send(this.#signal);
    this.#narrator.output(answer);
    return answer;
  }

  /** The same, unseen. */
  ask(request: ControlRequest): Promise<string> {
    return request.send(this.#signal);
  }

  /** Polls until `holds` does. */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const began = Date.now();
    while (!(await holds())) {
      if (Date.now() - began > DEADLINE_S * 1_000) {
        throw new StepFailed(`Waited ${DEADLINE_S} s in vain for ${what}.\n\n${await this.#status()}`);
      }
      await sleep(POLL_MS, undefined, { signal: this.#signal });
    }
  }

  /** Whether the object's events tell of this reason. */
  async hasEvent(name: string, reason: string): Promise<boolean> {
    const selector = `--field-selector=reason=${reason},regarding.name=${name}`;
    const events = ['get', 'events.events.k8s.io', selector, '-o', 'name'];
    return (await kubectlOf(this.#installation.cluster, events)).trim() !== '';
  }

  async #explain(typed: string, { code, stderr }: Result): Promise<string> {
    return `${typed}\nended with ${code}: ${stderr.trim()}\n\n${await this.#status()}`;
  }

  /** What the objects say of themselves, for a step that failed. */
  async #status(): Promise<string> {
    const { stdout, stderr } = await runKubectl(this.#installation.cluster, ['get', 'azir', '-A', '-o', 'yaml']);
    return `The objects at this moment:\n${stdout.trimEnd() || stderr.trimEnd()}`;
  }
}

/** As the shell wants it: only what it would take for something else is quoted. */
function quoted(arg: string): string {
  return /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`;
}
