/** The change queue: from the messages of Azure to the looks at runtimes, and whether they can be relied upon. */
import type { HttpClient } from '@azure/core-rest-pipeline';
import { checkedTransport } from '../azure/arm/transport.ts';
import { limitsFor } from '../azure/budget/limits.ts';
import { POLL_SHARE } from '../azure/budget/poll-spacing.ts';
import { ChangeReader, type ChangeSink } from '../azure/changes/change-reader.ts';
import type { OwnWrites } from '../azure/changes/own-writes.ts';
import { QueueClient, STORAGE_SCOPE } from '../azure/changes/queue-client.ts';
import { QUEUE_TROUBLES, type QueueProblem, type QueueState } from '../azure/changes/queue-state.ts';
import type { AzureIdentities } from '../azure/identities.ts';
import type { Credential } from '../azure/identity/credentials.ts';
import { ownCredentialOf } from '../azure/identity/own-credential.ts';
import { createTokenCredential } from '../azure/identity/token-credential.ts';
import { TokenSource } from '../azure/identity/tokens.ts';
import type { Config } from '../config.ts';
import { parentKey } from '../core/model/runtime.ts';
import { runtimeKeyOf } from '../kube/objects/runtime-key.ts';
import type { Shard } from '../kube/objects/shard.ts';
import { aborted } from '../runtime/aborted.ts';
import type { Leadership } from '../runtime/elector.ts';
import { type Component, longRunning } from '../runtime/lifecycle.ts';
import { WarnOnce } from '../runtime/warn-once.ts';
import { Announcements } from '../triggers/announcements.ts';
import type { Enqueuer } from '../triggers/enqueuer.ts';
import { Looks } from '../triggers/looks.ts';
import { PushedChanges } from '../triggers/pushed-changes.ts';
import type { Base } from './base.ts';
import type { PassListener } from './controller.ts';
import { cloudOf } from './identities.ts';

export interface ChangeQueueParts {
  readonly shard: Shard;
  readonly enqueuer: Enqueuer;
  readonly identities: AzureIdentities;
  readonly ownWrites: OwnWrites;
  readonly leadership: Leadership;
}

export interface ChangeQueue {
  readonly component: Component;
  /** What passes find, by which it shows whether changes reach us. */
  readonly passes: PassListener;
  state(): QueueState;
}

/** @throws Error when the operator has no identity of its own to read it with */
export function createChangeQueue(base: Base, parts: ChangeQueueParts): ChangeQueue {
  const { clock } = base;
  const { shard, leadership } = parts;
  const credential = credentialFor(base.config);
  const announcements = new Announcements(clock);
  const health = new PushHealth(base, parts, announcements);
  shard.own.subscribe((change) => {
    const key = change.kind === 'removed' ? runtimeKeyOf(change.before) : undefined;
    if (key !== undefined) announcements.forget(key);
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
      passed: (key, { observed }) => {
        if (observed) withRuntime(key, (runtimeKey) => announcements.seen(runtimeKey));
      },
    },
  };
}

/** Until the signal aborts. */
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
  const looks = looksOf(base, parts);
  const isLeader = () => parts.leadership.isLeader();
  const httpClient: HttpClient = checkedTransport(isLeader);
  const reader = new ChangeReader({
    queue: new QueueClient({ url: config.changeQueue, tokens, clock, httpClient }),
    url: config.changeQueue,
    pollMs: config.changeQueuePollMs,
    clock,
    log,
    isLeader,
    sink: sinkOf(base, parts, health, looks),
  });
  metrics.push.start();
  log.info('reading the change queue', { queue: config.changeQueue, pollMs: config.changeQueuePollMs });
  try {
    await reader.run(signal);
  } finally {
    looks.stop();
    tokens.stop();
  }
}

function looksOf({ config, clock }: Base, { shard, identities, enqueuer }: ChangeQueueParts): Looks {
  const { burst, perSecond } = limitsFor(config.armBudgetShare).reads;
  return new Looks({
    clock,
    // As much as routine polls may use.
    rate: { burst: Math.max(1, burst * POLL_SHARE), perSecond: perSecond * POLL_SHARE },
    look: (runtimeKey) => {
      const [object] = shard.own.sharing(runtimeKey);
      if (!object?.spec.valid) return () => true;
      const hasChanged = identities.suspect(object.spec.desired.id);
      enqueuer.runtimePushed(runtimeKey);
      return hasChanged;
    },
  });
}

function sinkOf(base: Base, parts: ChangeQueueParts, health: PushHealth, looks: Looks): ChangeSink {
  const { clock, log } = base;
  const { shard, identities, ownWrites } = parts;
  const metrics = base.metrics.push;
  const pushed = new PushedChanges({
    objects: shard.own,
    looks,
    isEcho: (id) => ownWrites.isEcho(id),
    listedAt: (parent) => identities.listedAt(parent),
    announced: (runtimeKey) => health.announced(runtimeKey),
    clock,
    log,
  });
  return {
    change: (change) => {
      const outcome = pushed.take(change);
      metrics.message(outcome);
      if (outcome === 'look') metrics.delay(clock.now() - change.at);
    },
    dropped: (why, count) => metrics.message(why, count),
    read: (problem) => health.read(problem),
  };
}

/** Whether changes reach us: the queue can be read, own writes are announced, and so is the drift that polls find. */
class PushHealth {
  readonly #base: Base;
  readonly #parts: ChangeQueueParts;
  readonly #announcements: Announcements;
  readonly #warnOnce = new WarnOnce();
  #state: QueueState = 'not read yet';

  constructor(base: Base, parts: ChangeQueueParts, announcements: Announcements) {
    this.#base = base;
    this.#parts = parts;
    this.#announcements = announcements;
  }

  get state(): QueueState {
    return this.#state;
  }

  announced(runtimeKey: string): void {
    this.#announcements.announced(runtimeKey);
    this.#warnOnce.clear('missed');
  }

  read(problem: QueueProblem | undefined): void {
    if (problem === undefined) for (const runtime of this.#announcements.missed()) this.#missed(runtime);
    else this.#announcements.interrupted();
    this.#state = problem ?? (this.#isSilent() ? 'silent' : 'up');
    this.#base.metrics.push.up(this.#state === 'up');
  }

  #missed(runtime: string): void {
    const { metrics, log } = this.#base;
    metrics.push.missed();
    log[this.#warnOnce.level('missed', 'missed')]('drift was found that no message of the change queue had announced', {
      runtime,
      remedy: 'See docs/runbook.md#azureirpushmissed.',
    });
  }

  #isSilent(): boolean {
    const { ownWrites } = this.#parts;
    const silent = ownWrites.silent();
    if (silent.length === 0) {
      if (this.#warnOnce.clear('silent')) this.#base.log.info('change queue announces own writes again');
      return false;
    }
    const parents = this.#parents();
    for (const { parent } of silent) {
      if (!parents.has(parent)) ownWrites.forget(parent);
      else
        this.#base.log[this.#warnOnce.level('silent', parent)](
          'change queue is silent: it has not announced a write of our own',
          {
            parent,
            remedy: QUEUE_TROUBLES.silent.remedy,
          },
        );
    }
    return silent.some(({ parent }) => parents.has(parent));
  }

  /** Of all objects. */
  #parents(): ReadonlySet<string> {
    const objects = this.#parts.shard.own.objects();
    return new Set(objects.flatMap(({ spec }) => (spec.valid ? [parentKey(spec.desired.id.parent)] : [])));
  }
}

function credentialFor({ azureCredential, azure }: Config): Credential {
  const credential = ownCredentialOf(azureCredential, azure.credential);
  if (!('problem' in credential)) return credential;
  const { problem, remedy = '' } = credential;
  throw new Error(
    `--change-queue is read with the operator's own Azure identity, and it has none: ${problem}. ${remedy}`.trim(),
  );
}
