/** A factory or workspace in Azure, or in the emulator, as the checks see it. Writes reach nothing that the probe did not make. */
import { isRuntimeName } from '../../azure/arm/ids.ts';
import { type Clock, sleep } from '../../runtime/clock.ts';
import { codeOf, shownAnswer } from './assumptions/answers.ts';
import { type Answer, type Ask, type Site, Undecided } from './assumptions/site.ts';
import type { Calls } from './calls.ts';
import type { Journal } from './journal.ts';

/**
 * A write without an answer may still arrive, or its answer was about the caller; and a workspace carries out what it has
 * accepted within a minute (recorded).
 */
export const LATE_MS = { factory: 10_000, workspace: 60_000 } as const;
export const VERSIONS = { factory: '2018-06-01', workspace: '2021-06-01-preview' } as const;

const POLL_MS = 2_000;
/** Recorded: a create was done within 10 s, a deletion within 30 s. */
const LONGEST_OPERATION_MS = 2 * 60_000;
const ACTIONS = ['', '/enableInteractiveQuery', '/disableInteractiveQuery'];

export interface SiteOptions {
  readonly kind: Site['kind'];
  readonly parentId: string;
  readonly location: string;
  readonly hasNetwork: boolean;
  readonly calls: Calls;
  readonly journal: Journal;
  readonly clock: Clock;
  /** Random: nothing else has a name that begins so. */
  readonly prefix: string;
  readonly signal: AbortSignal;
}

export class LiveSite implements Site {
  readonly kind: Site['kind'];
  readonly parentId: string;
  readonly location: string;
  readonly hasNetwork: boolean;
  readonly #options: SiteOptions;
  /** Parents that are not there: a write below one makes nothing. */
  readonly #missing: string[] = [];
  /** Names at which a write of ours may have taken effect. */
  readonly #written = new Set<string>();
  #unanswered = 0;
  /** Where the results of accepted writes are that were not seen. */
  readonly #accepted = new Set<string>();
  #names = 0;

  constructor(options: SiteOptions) {
    this.kind = options.kind;
    this.parentId = options.parentId;
    this.location = options.location;
    this.hasNetwork = options.hasNetwork;
    this.#options = options;
  }

  async send(ask: Ask): Promise<Answer> {
    const name = this.#checked(ask);
    const { calls, signal } = this.#options;
    if (name !== undefined) this.#unanswered++;
    const answer = await calls.send({ version: VERSIONS[this.kind], ...ask }, signal);
    if (name !== undefined) this.#unanswered--;
    if (name !== undefined && ask.method === 'PUT') this.#learn(name, answer);
    const { location } = answer.headers;
    if (name !== undefined && answer.status === 202 && location !== undefined) this.#accepted.add(location);
    return answer;
  }

  /** How long it may take until what was written and not followed to its end shows. */
  get lateMs(): number {
    if (this.kind === 'workspace') return this.#unanswered + this.#accepted.size > 0 ? LATE_MS.workspace : 0;
    return this.#unanswered > 0 ? LATE_MS.factory : 0;
  }

  async freshName(suffix?: string): Promise<string> {
    const { prefix, journal } = this.#options;
    const name = `${prefix}${suffix ?? `-${++this.#names}`}`;
    const entry = { parent: this.parentId, name };
    if (journal.has(entry)) throw new Error(`the name ${name} is used twice`);
    const answer = await this.send({ method: 'GET', path: `${this.parentId}/integrationRuntimes/${name}` });
    if (!isAbsent(name, answer))
      throw new Undecided(`before anything was made there, a read was answered ${shownAnswer(answer)}`);
    journal.reserve(entry);
    return name;
  }

  async missingParent(): Promise<string> {
    const id = `${this.parentId.slice(0, this.parentId.lastIndexOf('/'))}/${this.#options.prefix}-${++this.#names}`;
    const answer = await this.send({ method: 'GET', path: id });
    if (answer.status !== 404)
      throw new Undecided(`a read of a ${this.kind} of a random name was answered ${shownAnswer(answer)}`);
    this.#missing.push(id.toLowerCase());
    return id;
  }

  async settled(answer: Answer): Promise<Answer> {
    const { location } = answer.headers;
    if (answer.status !== 202 || location === undefined) return answer;
    const end = this.now() + LONGEST_OPERATION_MS;
    for (;;) {
      const poll = await this.send({ method: 'GET', path: location });
      // While it runs: 202 is assumed, and 201 would mean no more.
      if (poll.status !== 202 && poll.status !== 201) {
        this.#accepted.delete(location);
        return poll;
      }
      if (this.now() > end) throw new Undecided('a write was accepted, and not done in time');
      await this.wait(POLL_MS);
    }
  }

  wait(ms: number): Promise<void> {
    return sleep(this.#options.clock, ms, this.#options.signal);
  }

  now(): number {
    return this.#options.clock.monotonic();
  }

  /** The name that a write is about. @throws Error for a write to what the probe did not make: a defect of a check */
  #checked({ method, path }: Ask): string | undefined {
    if (method === 'GET' || (method === 'POST' && path.toLowerCase().endsWith('/getstatus'))) return undefined;
    const asked = path.toLowerCase();
    if (this.#missing.some((id) => asked.startsWith(`${id}/`))) return undefined;
    const below = `${this.parentId}/integrationRuntimes/`;
    const { journal } = this.#options;
    const own = journal.left.find(
      ({ parent, name }) =>
        parent === this.parentId && ACTIONS.some((action) => asked === `${below}${name}${action}`.toLowerCase()),
    );
    if (own === undefined) throw new Error(`the probe does not send ${method} ${path}: it did not make that`);
    return own.name;
  }

  /** Where every write was refused there is nothing of ours: whatever is there, another client was quicker. */
  #learn(name: string, { status }: Answer): void {
    if (status < 300) this.#written.add(name);
    else if (!this.#written.has(name)) this.#options.journal.gone({ parent: this.parentId, name });
  }
}

/** Whether a read says that there is no runtime of the name. One that no runtime can have is refused as such, perhaps. */
export function isAbsent(name: string, answer: Answer): boolean {
  if (answer.status === 404) return codeOf(answer) === 'NotFound';
  return answer.status === 400 && !isRuntimeName(name);
}
