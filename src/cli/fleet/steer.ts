/** The verbs that ask the operator for something: annotate or patch, wait until it is handled, print what came of it. */
import { PatchStrategy } from '@kubernetes/client-node';
import { ANNOTATION } from '../../api/names.ts';
import { condition, type ManagedObject, type Requests } from '../../core/model/object.ts';
import { runtimePath } from '../../kube/objects/runtime-api.ts';
import { systemClock } from '../../runtime/clock.ts';
import { CommandError, EXIT, type ExitCode, worstOf } from '../exit.ts';
import { duration } from '../flags.ts';
import type { Io } from '../io.ts';
import { ask, connect, type KubeClient } from '../kube.ts';
import { safe } from '../output/text.ts';
import { inPool } from '../pool.ts';
import { follow, type Objects } from './follow.ts';
import { type Choice, checkChoice, type Found, find, gitOpsOf, isReady, parsed, SUSPEND } from './objects.ts';
import { scopeOf } from './wait.ts';

export const STEERING = ['reconcile', 'repair', 'suspend', 'resume', 'enable-authoring', 'accept-identity'] as const;
export type Steering = (typeof STEERING)[number];

export interface SteerFlags extends Choice {
  readonly wait: boolean;
  readonly timeout: string;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly force?: boolean;
  readonly reason?: string;
  readonly identity?: string;
}

interface Act {
  readonly patch: object;
  /** Why it would do nothing for this object; undefined where it does. */
  readonly refusal: (object: ManagedObject) => string | undefined;
  /** Whether the operator has taken it up. */
  readonly isHandled: (object: ManagedObject) => boolean;
  /** What there is to say of an object that is ready; Ready's message where this is absent, or undefined. */
  readonly outcome?: (before: ManagedObject, after: ManagedObject) => string | undefined;
}

const AT_ONCE = 4;
/** More are asked for first. */
const MANY = 20;

export async function steer(verb: Steering, names: readonly string[], flags: SteerFlags, io: Io): Promise<ExitCode> {
  checkChoice(names, flags);
  const timeoutMs = duration('timeout', flags.timeout);
  const client = connect(flags, io);
  try {
    const found = await find(client, names, flags, io.signal);
    if (found.length === 0) throw new CommandError('no AzureIntegrationRuntime found');
    if (flags.dryRun) {
      io.out(found.map(({ object }) => `${safe(object.key)}: would ${verb}\n`).join(''));
      return EXIT.done;
    }
    await confirm(verb, found.length, flags, io);
    const act = actOf(verb, flags, new Date(systemClock.now()), await whoami(verb, client, io));
    const steered = new Steered(verb, act, io);
    io.progress(`asking for ${verb} of ${found.length} objects`);
    await inPool(found, AT_ONCE, (each) => steered.ask(client, each, flags));
    if (flags.wait && steered.pending.length > 0)
      await follow(client, scopeOf(steered.pending), (objects, changed) => steered.see(objects, changed), {
        io,
        timeoutMs,
      });
    return steered.end();
  } finally {
    await client.close();
  }
}

async function confirm(verb: Steering, count: number, { yes }: SteerFlags, io: Io): Promise<void> {
  if (count <= MANY || yes) return;
  if (!io.isTerminal) throw new CommandError(`${verb} of ${count} objects has to be confirmed: --yes`);
  const answer = await io.ask(`${verb} ${count} objects? [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('cancelled');
}

/** As the API server knows you; what `suspend` leaves behind for others. */
async function whoami(verb: Steering, client: KubeClient, io: Io): Promise<string> {
  if (verb !== 'suspend') return '';
  try {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
    const answer = (await client.request({ method: 'POST', path, body }, io.signal)) as {
      status?: { userInfo?: { username?: string } };
    };
    return answer.status?.userInfo?.username ?? 'unknown';
  } catch {
    io.signal.throwIfAborted();
    return 'unknown';
  }
}

function actOf(verb: Steering, flags: SteerFlags, now: Date, by: string): Act {
  const token = now.toISOString();
  const none = () => undefined;
  const observes = ({ spec }: ManagedObject) =>
    spec.valid && spec.desired.managementPolicy === 'Observe' ? 'it only observes its runtime' : undefined;
  const asked = (name: keyof Requests & keyof typeof ANNOTATION, value: string): object => ({
    metadata: { annotations: { [ANNOTATION[name]]: value } },
  });
  switch (verb) {
    case 'reconcile':
      return {
        patch: asked('reconcile', token),
        refusal: suspended,
        isHandled: ({ status }) => status.lastHandledReconcileToken === token,
      };
    case 'repair':
      return {
        patch: asked('repair', token),
        refusal: (object) => suspended(object) ?? observes(object),
        isHandled: ({ status }) => status.lastHandledRepairAt === token,
      };
    case 'enable-authoring':
      return {
        patch: asked('enableInteractiveAuthoring', token),
        refusal: (object) => suspended(object) ?? observes(object) ?? declaresNoAuthoring(object),
        isHandled: ({ status }) => status.lastHandledInteractiveAuthoringAt === token,
      };
    case 'accept-identity': {
      const { identity } = flags;
      if (identity === undefined)
        throw new CommandError('missing --identity TENANT/CLIENT: take it from the message of the object');
      const annotations = { [ANNOTATION.acceptIdentity]: identity, [ANNOTATION.reconcile]: token };
      return {
        patch: { metadata: { annotations } },
        refusal: (object) => suspended(object) ?? observes(object),
        // A wrong identity changes nothing: only the look at the object tells that it came to nothing.
        isHandled: ({ status }) => status.lastHandledReconcileToken === token,
        outcome: (_, after) => (after.status.claim?.identity === identity ? undefined : goesOnAs(after)),
      };
    }
    case 'suspend': {
      const annotations = {
        [SUSPEND.reason]: flags.reason ?? null,
        [SUSPEND.by]: by,
        [SUSPEND.at]: `${token.slice(0, 19)}Z`,
      };
      return { patch: { metadata: { annotations }, spec: { suspend: true } }, refusal: none, isHandled: isObserved };
    }
    case 'resume': {
      const annotations = { [SUSPEND.reason]: null, [SUSPEND.by]: null, [SUSPEND.at]: null };
      return {
        patch: { metadata: { annotations }, spec: { suspend: false } },
        refusal: none,
        isHandled: isObserved,
        outcome: driftMended,
      };
    }
  }
}

const isObserved = ({ status, generation }: ManagedObject): boolean => status.observedGeneration === generation;

function goesOnAs(object: ManagedObject): string {
  const { claim } = object.status;
  return claim === undefined
    ? `not accepted: it has claimed no runtime; ${toldOf(object)}`
    : `not accepted: it keeps acting as ${claim.identity}; ${toldOf(object)}`;
}

function driftMended(before: ManagedObject, after: ManagedObject): string | undefined {
  const drift = before.status.drift.map(({ field }) => field);
  return drift.length === 0 ? undefined : `${toldOf(after)} Drift from the time of the suspension: ${drift.join(', ')}`;
}

function suspended({ spec }: ManagedObject): string | undefined {
  return spec.valid && spec.desired.suspend ? 'it is suspended: resume it first' : undefined;
}

function declaresNoAuthoring({ spec }: ManagedObject): string | undefined {
  return spec.valid && spec.desired.interactiveAuthoring === undefined
    ? 'it declares no spec.interactiveAuthoring'
    : undefined;
}

/** The objects that are asked for something: from the request to what came of it, a line for each. */
class Steered {
  readonly #verb: Steering;
  readonly #act: Act;
  readonly #io: Io;
  readonly #pending = new Map<string, ManagedObject>();
  readonly #codes: ExitCode[] = [];

  constructor(verb: Steering, act: Act, io: Io) {
    this.#verb = verb;
    this.#act = act;
    this.#io = io;
  }

  get pending(): readonly ManagedObject[] {
    return [...this.#pending.values()];
  }

  async ask(client: KubeClient, found: Found, { wait, force }: SteerFlags): Promise<void> {
    const { object } = found;
    const why = this.#act.refusal(object) ?? undoneByGitOps(this.#verb, found, force, this.#io);
    if (why !== undefined) {
      this.#say(object, `not done: ${why}`, EXIT.no);
      return;
    }
    const path = runtimePath({ namespace: object.namespace, name: object.name });
    const request = { method: 'PATCH', path, body: this.#act.patch, contentType: PatchStrategy.MergePatch } as const;
    try {
      const [patched = found] = parsed(await ask(client, request, this.#io.signal));
      // The drift is told from before: it goes with what is asked for.
      if (wait) this.#pending.set(object.key, { ...patched.object, status: object.status });
      else this.#say(object, `${this.#verb} requested`, EXIT.done);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      this.#say(object, error.message, EXIT.failed);
    }
  }

  /** True when all have come to an end; Stalled is one, once what was asked for is handled. */
  see(objects: Objects, changed: string | undefined): true | undefined {
    for (const key of changed === undefined ? [...this.#pending.keys()] : [changed]) {
      const asked = this.#pending.get(key);
      if (asked === undefined) continue;
      const object = objects.get(key)?.object;
      if (object?.uid !== asked.uid) this.#end(asked, 'the object is gone', EXIT.failed);
      else this.#judge(asked, object);
    }
    const { size } = this.#pending;
    this.#io.progress(size === 0 ? '' : `waiting for ${size} objects`);
    return size === 0 ? true : undefined;
  }

  #judge(asked: ManagedObject, object: ManagedObject): void {
    const told = toldOf(object);
    const isHandled = this.#act.isHandled(object);
    if (isHandled && this.#verb === 'suspend') this.#end(asked, 'suspended', EXIT.done);
    else if (isHandled && isReady(object)) this.#end(asked, this.#act.outcome?.(asked, object) ?? told, EXIT.done);
    else if (isHandled && isObserved(object) && condition(object.status, 'Stalled')?.status === 'True')
      this.#end(asked, told, EXIT.no);
    else this.#pending.set(object.key, { ...object, status: { ...object.status, drift: asked.status.drift } });
  }

  end(): ExitCode {
    for (const object of this.pending) this.#end(object, `timed out; ${toldOf(object)}`, EXIT.timedOut);
    return worstOf(this.#codes);
  }

  #end(object: ManagedObject, text: string, code: ExitCode): void {
    this.#pending.delete(object.key);
    this.#say(object, text, code);
  }

  #say({ key }: ManagedObject, text: string, code: ExitCode): void {
    this.#codes.push(code);
    this.#io.out(`${safe(key)}: ${safe(text)}\n`);
  }
}

function toldOf({ status }: ManagedObject): string {
  const ready = condition(status, 'Ready');
  return ready === undefined ? 'not reconciled yet' : `${ready.reason}: ${ready.message}`;
}

/** What Git says of `spec.suspend` comes back with the next sync. */
function undoneByGitOps(verb: Steering, found: Found, force: boolean | undefined, io: Io): string | undefined {
  const owner = verb === 'suspend' || verb === 'resume' ? gitOpsOf(found) : undefined;
  if (owner === undefined) return undefined;
  if (!force) return `${owner} will revert it: change spec.suspend in Git, or --force`;
  io.note(
    `${safe(found.object.key)}: ${owner} will undo this where Git says otherwise: change spec.suspend in Git, too`,
  );
  return undefined;
}
