/** `kubectl azir wait`: until objects are ready, synced, healthy or gone; Stalled ends it. */
import { type ConditionType, condition, type ManagedObject } from '../../core/model/object.ts';
import { CommandError, EXIT, type ExitCode, worstOf } from '../exit.ts';
import { duration } from '../flags.ts';
import type { Io } from '../io.ts';
import { connect, type KubeClient } from '../kube.ts';
import { safe } from '../output/text.ts';
import { follow, type Objects, type Scope } from './follow.ts';
import { type Choice, checkChoice, find, type Place, placesOf } from './objects.ts';

export interface WaitFlags extends Choice {
  readonly filename: readonly string[];
  readonly recursive: boolean;
  readonly for: string;
  readonly timeout: string;
}

const CONDITIONS: Readonly<Record<string, ConditionType>> = { ready: 'Ready', synced: 'Synced', healthy: 'Healthy' };

export async function wait(names: readonly string[], flags: WaitFlags, io: Io): Promise<ExitCode> {
  if (flags.filename.length === 0) checkChoice(names, flags);
  else if (names.length > 0 || flags.selector !== undefined || flags.all || flags.notReady)
    throw new CommandError('give names, -f, or choose by -l, --all or --not-ready: not two of them');
  if (flags.for !== 'deleted' && !Object.hasOwn(CONDITIONS, flags.for)) {
    throw new CommandError(
      `invalid --for "${flags.for}": must be one of ${[...Object.keys(CONDITIONS), 'deleted'].join(', ')}`,
    );
  }
  const timeoutMs = duration('timeout', flags.timeout);
  const client = connect(flags, io);
  try {
    const places = await chosen(client, names, flags, io);
    if (places.length === 0)
      throw new CommandError('no AzureIntegrationRuntime was found: there is nothing to wait for');
    const waiting = new Waiting(places, flags.for, io);
    await follow(client, scopeOf(places), (objects, changed) => waiting.see(objects, changed), { io, timeoutMs });
    return waiting.end();
  } finally {
    await client.close();
  }
}

/** Those that are named, or in a file, need not be there yet. */
async function chosen(client: KubeClient, names: readonly string[], flags: WaitFlags, io: Io): Promise<Place[]> {
  if (names.length > 0) return placesOf(names, flags, client);
  if (flags.filename.length === 0) return (await find(client, [], flags, io.signal)).map(({ object }) => object);
  const [{ load }, { check }] = await Promise.all([import('../manifests/load.ts'), import('../manifests/validate.ts')]);
  const { manifests, errors } = await load({ files: flags.filename, recursive: flags.recursive }, io);
  const [error] = errors;
  if (error !== undefined) throw new CommandError(error);
  return check(manifests, flags.namespace ?? client.namespace ?? 'default');
}

/** The namespace, where it is one. */
export function scopeOf(places: readonly Place[]): Scope {
  const namespaces = new Set(places.map(({ namespace }) => namespace));
  return { namespace: namespaces.size === 1 ? places[0]?.namespace : undefined };
}

/** A line for each change, and a code for each object that came to an end. */
class Waiting {
  readonly #what: string;
  readonly #io: Io;
  readonly #lines: Map<string, string>;
  readonly #codes = new Map<string, ExitCode>();

  constructor(places: readonly Place[], what: string, io: Io) {
    this.#what = what;
    this.#io = io;
    this.#lines = new Map(places.map(({ namespace, name }) => [`${namespace}/${name}`, '']));
  }

  /** True when all have come to an end. */
  see(objects: Objects, changed: string | undefined): true | undefined {
    for (const key of changed === undefined ? this.#lines.keys() : [changed]) {
      const before = this.#lines.get(key);
      if (before === undefined || this.#codes.has(key)) continue;
      const { line, code } = judge(objects.get(key)?.object, this.#what);
      if (line !== before) this.#io.out(`${safe(key)}: ${safe(line)}\n`);
      this.#lines.set(key, line);
      if (code !== undefined) this.#codes.set(key, code);
    }
    const left = this.#lines.size - this.#codes.size;
    this.#io.progress(left === 0 ? '' : `waiting for ${left} of ${this.#lines.size} objects`);
    return left === 0 ? true : undefined;
  }

  end(): ExitCode {
    const late = [...this.#lines].filter(([key]) => !this.#codes.has(key));
    for (const [key, line] of late)
      this.#io.out(`${safe(key)}: timed out; ${safe(line || 'the API server has not answered')}\n`);
    return worstOf([...this.#codes.values(), ...(late.length > 0 ? [EXIT.timedOut] : [])]);
  }
}

function judge(object: ManagedObject | undefined, what: string): { line: string; code?: ExitCode } {
  if (object === undefined)
    return what === 'deleted' ? { line: 'deleted', code: EXIT.done } : { line: 'not found yet' };
  const { status, generation } = object;
  const ready = condition(status, 'Ready');
  if (what === 'deleted' && !object.deleting) return { line: 'there, and its deletion has not been asked for' };
  if (ready === undefined || status.observedGeneration !== generation) return { line: 'not reconciled yet' };
  const line = `${ready.reason}: ${ready.message}`;
  if (what !== 'deleted' && condition(status, CONDITIONS[what] ?? 'Ready')?.status === 'True')
    return { line, code: EXIT.done };
  if (condition(status, 'Stalled')?.status === 'True') return { line, code: EXIT.no };
  return { line };
}
