/** `kubectl azir wait`: until objects are ready, synced, healthy or gone; Stalled ends it. */
import { type ConditionType, condition, type ManagedObject } from '../../core/model/object.ts';
import { KubeError } from '../../kube/client/errors.ts';
import { runtimePath } from '../../kube/objects/runtime-api.ts';
import { sleep, systemClock } from '../../runtime/clock.ts';
import { CommandError, EXIT, type ExitCode, worstOf } from '../exit.ts';
import { duration } from '../flags.ts';
import type { Io } from '../io.ts';
import { connect, type KubeClient } from '../kube.ts';
import { safe } from '../output/text.ts';
import { type Choice, checkChoice, find, parsed } from './objects.ts';

export interface WaitFlags extends Choice {
  readonly for: string;
  readonly timeout: string;
}

const CONDITIONS: Readonly<Record<string, ConditionType>> = { ready: 'Ready', synced: 'Synced', healthy: 'Healthy' };
const POLL_MS = 500;

export async function wait(names: readonly string[], flags: WaitFlags, io: Io): Promise<ExitCode> {
  checkChoice(names, flags);
  if (flags.for !== 'deleted' && !Object.hasOwn(CONDITIONS, flags.for)) {
    throw new CommandError(
      `invalid --for "${flags.for}": must be one of ${[...Object.keys(CONDITIONS), 'deleted'].join(', ')}`,
    );
  }
  const deadline = systemClock.monotonic() + duration('timeout', flags.timeout);
  const client = connect(flags);
  try {
    const namespace = flags.namespace ?? client.namespace ?? 'default';
    // Those named need not be there yet.
    const places =
      names.length > 0
        ? names.map((name) => ({ namespace, name: name.replace(/^[^/]*\//, '') }))
        : (await find(client, [], flags, io.signal)).map(({ object }) => object);
    return worstOf(await Promise.all(places.map((place) => one(client, place, flags.for, deadline, io))));
  } finally {
    await client.close();
  }
}

interface Place {
  readonly namespace: string;
  readonly name: string;
}

async function one(client: KubeClient, place: Place, what: string, deadline: number, io: Io): Promise<ExitCode> {
  const key = `${place.namespace}/${place.name}`;
  for (let before = ''; ; ) {
    const object = await read(client, place, io.signal);
    const { line, code } = judge(object, what);
    if (line !== before) io.out(`${safe(key)}: ${safe(line)}\n`);
    before = line;
    if (code !== undefined) return code;
    if (systemClock.monotonic() >= deadline) {
      io.out(`${safe(key)}: timed out; ${safe(line)}\n`);
      return EXIT.timedOut;
    }
    await sleep(systemClock, POLL_MS, io.signal);
  }
}

async function read(client: KubeClient, place: Place, signal: AbortSignal): Promise<ManagedObject | undefined> {
  try {
    const { namespace, name } = place;
    return parsed(await client.request({ method: 'GET', path: runtimePath({ namespace, name }) }, signal))[0]?.object;
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return undefined;
    throw error instanceof KubeError ? new CommandError(`the API server refused: ${error.message}`) : error;
  }
}

function judge(object: ManagedObject | undefined, what: string): { line: string; code?: ExitCode } {
  if (object === undefined)
    return what === 'deleted' ? { line: 'deleted', code: EXIT.done } : { line: 'not found yet' };
  const { status, generation } = object;
  const ready = condition(status, 'Ready');
  if (ready === undefined || status.observedGeneration !== generation) return { line: 'not reconciled yet' };
  const line = `${ready.reason}: ${ready.message}`;
  if (what !== 'deleted' && condition(status, CONDITIONS[what] ?? 'Ready')?.status === 'True')
    return { line, code: EXIT.done };
  if (condition(status, 'Stalled')?.status === 'True') return { line, code: EXIT.no };
  return { line };
}
