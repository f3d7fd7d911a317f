/** Wires the change queue: from the messages of Azure to the polls of runtimes, and whether they can be relied upon. */
import type { HttpClient } from '@azure/core-rest-pipeline';
import { checkedTransport } from '../azure/arm/transport.ts';
import { limitsFor } from '../azure/budget/limits.ts';
import { POLL_SHARE } from '../azure/budget/poll-spacing.ts';
import { ChangeReader, type ChangeSink } from '../azure/changes/change-reader.ts';
import type { OwnWrites } from '../azure/changes/own-writes.ts';
import { QueueClient, STORAGE_SCOPE } from '../azure/changes/queue-client.ts';
import type { AzureIdentities } from '../azure/identities.ts';
import type { Credential } from '../azure/identity/credentials.ts';
import { ownCredentialOf } from '../azure/identity/own-credential.ts';
import { createTokenCredential } from '../azure/identity/token-credential.ts';
import { TokenSource } from '../azure/identity/tokens.ts';
import type { BudgetShare, Config } from '../config.ts';
import type { QueueState } from '../core/model/queue-state.ts';
import type { RuntimeId } from '../core/model/runtime.ts';
import { runtimeKeyOf } from '../kube/objects/runtime-key.ts';
import type { Shard } from '../kube/objects/shard.ts';
import { aborted } from '../runtime/aborted.ts';
import type { Leadership } from '../runtime/elector.ts';
import { type Component, longRunning } from '../runtime/lifecycle.ts';
import type { Rate } from '../runtime/token-bucket.ts';
import { Announcements } from '../triggers/announcements.ts';
import type { Enqueuer } from '../triggers/enqueuer.ts';
import { PushHealth } from '../triggers/push-health.ts';
import { PushedChanges } from '../triggers/pushed-changes.ts';
import { PushedPolls } from '../triggers/pushed-polls.ts';
import type { Base } from './base.ts';
import type { PassListener } from './controller.ts';
import { cloudOf } from './identities.ts';

/** A list of its parent, unless one has shown it by then, and its state. */
const READS_OF_A_POLL = 2;

export interface ChangeQueueParts {
  readonly shard: Shard;
  readonly enqueuer: Enqueuer;
  readonly identities: AzureIdentities;
  readonly ownWrites: OwnWrites;
  readonly leadership: Leadership;
}

export interface ChangeQueue {
  readonly component: Component;
  /** To be told what passes find: it shows whether changes reach us. */
  readonly passes: PassListener;
  state(): QueueState;
}

/** @throws Error when the operator has no identity of its own to read it with */
export function createChangeQueue(base: Base, parts: ChangeQueueParts): ChangeQueue {
  const { clock } = base;
  const { shard, ownWrites, leadership } = parts;
  const credential = credentialFor(base.config);
  const announcements = new Announcements(clock);
  const health = new PushHealth({
    announcements,
    ownWrites,
    objects: shard.own,
    metrics: base.metrics.push,
    log: base.log,
  });
  shard.own.subscribe((change) => {
    if (change.kind === 'removed') health.removed(change.before);
  });
  const withRuntime = (key: string, then: (runtimeKey: string) => void) => {
    const runtimeKey = runtimeKeyOf(shard.own.get(key));
    if (runtimeKey !== undefined) then(runtimeKey);
  };
  const run = async (signal: AbortSignal) => {
    if (!(await leadership.won(signal))) return;
    await readChanges(base, parts, health, credential, AbortSignal.any([signal, leadership.lost]));
    await aborted(signal);
  };
  return {
    component: longRunning('change queue', run),
    state: () => health.state,
    passes: {
      foreignChange: (key) => withRuntime(key, (runtimeKey) => announcements.found(runtimeKey)),
      passed: (key, { observed, isAsDeclared }) => {
        if (observed) withRuntime(key, (runtimeKey) => announcements.seen(runtimeKey, isAsDeclared));
      },
    },
  };
}

/** Resolves when the signal aborts. */
async function readChanges(
  base: Base,
  parts: ChangeQueueParts,
  health: PushHealth,
  credential: Credential,
  signal: AbortSignal,
): Promise<void> {
  const { config, clock, log, metrics } = base;
  const tokens = new TokenSource({
    create: (onExchange) => createTokenCredential(credential, cloudOf(config), onExchange),
    scope: STORAGE_SCOPE,
    clock,
  });
  const polls = pollsOf(base, parts);
  const isLeader = () => parts.leadership.isLeader();
  const httpClient: HttpClient = checkedTransport(isLeader);
  const reader = new ChangeReader({
    queue: new QueueClient({ url: config.changeQueue, tokens, clock, httpClient }),
    url: config.changeQueue,
    pollMs: config.changeQueuePollMs,
    clock,
    log,
    isLeader,
    isEcho: (change) => parts.ownWrites.isEcho(change),
    sink: sinkOf(base, parts, health, polls),
  });
  metrics.push.start();
  log.info('reading the change queue', { queue: config.changeQueue, pollMs: config.changeQueuePollMs });
  try {
    await reader.run(signal);
  } finally {
    polls.stop();
    tokens.stop();
  }
}

/** As much again as routine polls may use. Where both do, the request budget holds both back, and people's changes go first. */
export function rateOfPushedPolls(share: BudgetShare): Rate {
  const { burst, perSecond } = limitsFor(share).reads;
  return { burst: Math.max(READS_OF_A_POLL, burst * POLL_SHARE), perSecond: perSecond * POLL_SHARE };
}

function pollsOf({ config, clock }: Base, { shard, identities, enqueuer }: ChangeQueueParts): PushedPolls {
  const idOf = (runtimeKey: string): RuntimeId | undefined => {
    const [object] = shard.own.sharing(runtimeKey);
    return object?.spec.valid ? object.spec.desired.id : undefined;
  };
  return new PushedPolls({
    clock,
    rate: rateOfPushedPolls(config.armBudgetShare),
    suspect: (runtimeKey) => {
      const id = idOf(runtimeKey);
      return id === undefined ? () => true : identities.suspect(id);
    },
    reads: (runtimeKey, suspectedAt) => {
      const id = idOf(runtimeKey);
      const listedAt = id === undefined ? undefined : identities.listedAt(id.parent);
      return listedAt !== undefined && listedAt > suspectedAt ? READS_OF_A_POLL - 1 : READS_OF_A_POLL;
    },
    poll: (runtimeKey) => enqueuer.runtimePushed(runtimeKey),
  });
}

function sinkOf(base: Base, parts: ChangeQueueParts, health: PushHealth, polls: PushedPolls): ChangeSink {
  const { clock, log } = base;
  const { shard, identities } = parts;
  const metrics = base.metrics.push;
  const pushed = new PushedChanges({
    objects: shard.own,
    polls,
    listedAt: (parent) => identities.listedAt(parent),
    announced: (runtimeKey) => health.announced(runtimeKey),
    clock,
    log,
  });
  return {
    change: (change, count) => {
      const outcome = pushed.take(change);
      metrics.message(outcome, count);
      if (outcome === 'poll') metrics.delay(clock.now() - change.at);
    },
    dropped: (why, count) => metrics.message(why, count),
    read: (problem, isEmpty) => health.read(problem, isEmpty),
  };
}

function credentialFor({ azureCredential, azure }: Config): Credential {
  const credential = ownCredentialOf(azureCredential, azure.credential);
  if (!('problem' in credential)) return credential;
  const { problem, remedy = '' } = credential;
  throw new Error(
    `--change-queue is read with the operator's own Azure identity, and it has none: ${problem}. ${remedy}`.trim(),
  );
}
