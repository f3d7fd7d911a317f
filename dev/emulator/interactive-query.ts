/** Interactive authoring of one runtime, which the API calls interactive query: what it is at any moment of the emulator's clock. */

export type InteractiveQueryStatus = 'Enabling' | 'Enabled' | 'Disabling' | 'Disabled';

interface Switch {
  readonly id: string;
  readonly to: 'Enabled' | 'Disabled';
  readonly minutes: number;
  readonly doneAt: number;
  readonly fails: boolean;
  /** What it is again when this fails. */
  readonly before: Switch | undefined;
}

export class InteractiveQuery {
  #last: Switch | undefined;
  readonly #all = new Map<string, Switch>();

  /** Begins to enable or to disable it; the minutes of an earlier enabling are kept when it is disabled. */
  begin(id: string, to: Switch['to'], at: { now: number; takesMs: number; fails: boolean; minutes?: number }): void {
    const minutes = at.minutes ?? this.#last?.minutes ?? 0;
    this.#last = { id, to, minutes, doneAt: at.now + at.takesMs, fails: at.fails, before: this.#last };
    this.#all.set(id, this.#last);
  }

  /** Undefined as long as it has never been enabled. */
  view(now: number): { status: InteractiveQueryStatus; autoTerminationMinutes: number } | undefined {
    const last = settled(this.#last, now);
    return last === undefined ? undefined : { status: statusOf(last, now), autoTerminationMinutes: last.minutes };
  }

  /** How the operation of that id stands. */
  outcome(id: string, now: number): 'InProgress' | 'Succeeded' | 'Failed' | undefined {
    const found = this.#all.get(id);
    if (found === undefined) return undefined;
    if (now < found.doneAt) return 'InProgress';
    return found.fails ? 'Failed' : 'Succeeded';
  }
}

function settled(last: Switch | undefined, now: number): Switch | undefined {
  return last?.fails && now >= last.doneAt ? settled(last.before, now) : last;
}

function statusOf({ to, doneAt, minutes }: Switch, now: number): InteractiveQueryStatus {
  if (now < doneAt) return to === 'Enabled' ? 'Enabling' : 'Disabling';
  return to === 'Enabled' && now < doneAt + minutes * 60_000 ? 'Enabled' : 'Disabled';
}
