/** The verbs that ask the operator for something: annotate or patch, wait until it is handled, print what came of it. */
import { createInterface } from 'node:readline/promises';
import { PatchStrategy } from '@kubernetes/client-node';
import { ANNOTATION } from '../../api/names.ts';
import { condition, type ManagedObject, type Requests } from '../../core/model/object.ts';
import { runtimePath } from '../../kube/objects/runtime-api.ts';
import { sleep, systemClock } from '../../runtime/clock.ts';
import { CommandError, EXIT, type ExitCode, worstOf } from '../exit.ts';
import { duration } from '../flags.ts';
import type { Io } from '../io.ts';
import { ask, connect, type KubeClient } from '../kube.ts';
import { safe } from '../output/text.ts';
import { inPool } from '../pool.ts';
import { type Choice, checkChoice, type Found, find, gitOpsOf, isReady, parsed, SUSPEND } from './objects.ts';

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
}

const AT_ONCE = 4;
/** More are asked for first. */
const MANY = 20;
const POLL_MS = 500;

export async function steer(verb: Steering, names: readonly string[], flags: SteerFlags, io: Io): Promise<ExitCode> {
  checkChoice(names, flags);
  const timeoutMs = duration('timeout', flags.timeout);
  const client = connect(flags);
  try {
    const found = await find(client, names, flags, io.signal);
    if (found.length === 0) throw new CommandError('no AzureIntegrationRuntime found');
    if (flags.dryRun) {
      io.out(found.map(({ object }) => `${safe(object.key)}: would ${verb}\n`).join(''));
      return EXIT.done;
    }
    await confirm(verb, found.length, flags, io);
    const act = actOf(verb, flags, new Date(systemClock.now()), await whoami(verb, client, io));
    const codes = await inPool(found, AT_ONCE, (each) => one(verb, act, each, client, flags, timeoutMs, io));
    return worstOf(codes);
  } finally {
    await client.close();
  }
}

async function confirm(verb: Steering, count: number, { yes }: SteerFlags, io: Io): Promise<void> {
  if (count <= MANY || yes) return;
  if (!io.isTerminal) throw new CommandError(`${verb} of ${count} objects must be confirmed: add --yes`);
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question(`${verb} ${count} objects? [y/N] `, { signal: io.signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('cancelled');
  } finally {
    prompt.close();
  }
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
      return {
        patch: asked('acceptIdentity', identity),
        refusal: suspended,
        isHandled: ({ status }) => status.claim?.identity === identity,
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
      return { patch: { metadata: { annotations }, spec: { suspend: false } }, refusal: none, isHandled: isObserved };
    }
  }
}

const isObserved = ({ status, generation }: ManagedObject): boolean => status.observedGeneration === generation;

function suspended({ spec }: ManagedObject): string | undefined {
  return spec.valid && spec.desired.suspend ? 'it is suspended: resume it first' : undefined;
}

function declaresNoAuthoring({ spec }: ManagedObject): string | undefined {
  return spec.valid && spec.desired.interactiveAuthoring === undefined
    ? 'it declares no spec.interactiveAuthoring'
    : undefined;
}

async function one(
  verb: Steering,
  { patch, refusal, isHandled }: Act,
  found: Found,
  client: KubeClient,
  flags: SteerFlags,
  timeoutMs: number,
  io: Io,
): Promise<ExitCode> {
  const { object } = found;
  const say = (text: string, code: ExitCode): ExitCode => {
    io.out(`${safe(object.key)}: ${safe(text)}\n`);
    return code;
  };
  const why = refusal(object);
  if (why !== undefined) return say(`not done: ${why}`, EXIT.no);
  const owner = verb === 'suspend' || verb === 'resume' ? gitOpsOf(found) : undefined;
  if (owner !== undefined && !flags.force)
    return say(`not done: ${owner} will revert it; change spec.suspend in Git, or use --force`, EXIT.no);
  const path = runtimePath({ namespace: object.namespace, name: object.name });
  try {
    const answer = await ask(
      client,
      { method: 'PATCH', path, body: patch, contentType: PatchStrategy.MergePatch },
      io.signal,
    );
    if (!flags.wait) return say(`${verb} requested`, EXIT.done);
    const [patched = found] = parsed(answer);
    return await outcome(client, patched.object, isHandled, verb, timeoutMs, say, io);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return say(error.message, EXIT.failed);
  }
}

/** Until it is handled and nothing is under way any more; Stalled ends the wait at once. */
async function outcome(
  client: KubeClient,
  asked: ManagedObject,
  isHandled: Act['isHandled'],
  verb: Steering,
  timeoutMs: number,
  say: (text: string, code: ExitCode) => ExitCode,
  io: Io,
): Promise<ExitCode> {
  const deadline = systemClock.monotonic() + timeoutMs;
  for (let object = asked; ; ) {
    const ready = condition(object.status, 'Ready');
    const told = ready === undefined ? 'not reconciled yet' : `${ready.reason}: ${ready.message}`;
    if (isHandled(object) || (verb === 'accept-identity' && isReady(object))) {
      if (verb === 'suspend') return say('suspended', EXIT.done);
      if (isReady(object)) return say(told, EXIT.done);
      if (isObserved(object) && condition(object.status, 'Stalled')?.status === 'True') return say(told, EXIT.no);
    }
    if (systemClock.monotonic() >= deadline) return say(`timed out; ${told}`, EXIT.timedOut);
    await sleep(systemClock, POLL_MS, io.signal);
    const { namespace, name } = object;
    const [next] = parsed(await ask(client, { method: 'GET', path: runtimePath({ namespace, name }) }, io.signal));
    if (next?.object.uid !== asked.uid) return say('the object is gone', EXIT.failed);
    object = next.object;
  }
}
