/** Azure for those who only look. */
import { createDefaultHttpClient, type HttpClient } from '@azure/core-rest-pipeline';
import type { ArmOptions } from '../../azure/arm/arm-calls.ts';
import type { ArmRuntimes, Listed } from '../../azure/arm/arm-runtimes.ts';
import { createDataFactory } from '../../azure/arm/data-factory.ts';
import { createSynapse } from '../../azure/arm/synapse.ts';
import { limitsFor } from '../../azure/budget/limits.ts';
import { PrincipalBudgets } from '../../azure/budget/principal-budgets.ts';
import { resolveCloud } from '../../azure/identity/clouds.ts';
import { type Credential, describeCredential, identityOf } from '../../azure/identity/credentials.ts';
import { TokenDenial } from '../../azure/identity/denial.ts';
import { ownCredentialOf } from '../../azure/identity/own-credential.ts';
import { createTokenCredential } from '../../azure/identity/token-credential.ts';
import { TokenSource } from '../../azure/identity/tokens.ts';
import { NO_METRICS } from '../../azure/metrics.ts';
import type { OwnCredential } from '../../core/model/credential.ts';
import { AzureFailure } from '../../core/model/failure.ts';
import { foldCase } from '../../core/model/letter-case.ts';
import { type Parent, parentKey, type RuntimeId, type RuntimeStatus } from '../../core/model/runtime.ts';
import { type CallContext, ParkedError } from '../../ports.ts';
import { sleep, systemClock } from '../../runtime/clock.ts';
import { CommandError } from '../exit.ts';
import type { RequestTeller } from '../flags.ts';
import { ArmPages } from './pages.ts';
import { listParents } from './parents.ts';
import { listPermissions, type Permission } from './permissions.ts';

type ReadOnly = Pick<ArmRuntimes, 'list' | 'read' | 'state' | 'hasParent' | 'hasNetwork'>;

/** Throws `AzureFailure` for what Azure refuses. */
export interface AzureReader {
  /** `<tenant>/<client>`. */
  readonly identity: string;
  /** Which credential that is, for people. */
  readonly credential: string;
  /** How many requests Azure Resource Manager has answered. */
  readonly reads: number;
  /** Complete, or an error; asked once for each parent. */
  list(parent: Parent): Promise<Listed>;
  state(id: RuntimeId): Promise<RuntimeStatus | undefined>;
  hasParent(parent: Parent): Promise<boolean>;
  hasNetwork(parent: Parent, name: string): Promise<boolean>;
  /** The factories and workspaces of a subscription, or of one of its groups. Complete, or an error. */
  parents(subscriptionId: string, resourceGroup: string | undefined): Promise<Parent[]>;
  /** What roles grant this identity there. Complete, or an error. */
  permissions(parent: Parent): Promise<Permission[]>;
  close(): void;
}

/**
 * A fifth of what ARM grants this identity: the operator, and others, live on it too. Kept by the transport: a list that the
 * request budget interrupts begins anew, and one of a large factory would never come to its end.
 */
const PACE = { burst: 50, everyMs: 200 };
/** A 429 that asks for a longer wait ends the read. */
const LONGEST_RETRY_AFTER_MS = 120_000;
const MOST_THROTTLED = 5;

/**
 * Azure for those who only look: the operator's own adapters over a transport that lets no write through.
 *
 * Two designs. A port without the writing methods is checked by the compiler alone. A transport that refuses everything but
 * GET and getStatus holds whatever the code above it does. This has both.
 */
export function createAzureReader(
  choice: OwnCredential,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
  tell?: RequestTeller,
): AzureReader {
  const credential = ownCredentialOf(choice, env);
  if ('problem' in credential) {
    throw new CommandError(
      `there is no Azure identity to read with: ${credential.problem}. Choose one: --azure-credential azure-cli takes whoever is logged in with az login`,
    );
  }
  return new Reader(credential, env, signal, tell);
}

class Reader implements AzureReader {
  readonly identity: string;
  readonly credential: string;
  readonly #services = new Map<string, ReadOnly>();
  readonly #lists = new Map<string, Promise<Listed>>();
  readonly #principal: PrincipalBudgets;
  readonly #tokens: TokenSource;
  readonly #open: (kind: Parent['kind'], subscriptionId: string) => ReadOnly;
  readonly #armOf: (subscriptionId: string) => ArmOptions;
  readonly #signal: AbortSignal;
  /** Who waits for the request budget, by key. */
  readonly #waiting = new Map<string, () => void>();
  #calls = 0;
  reads = 0;

  constructor(
    credential: Credential,
    env: Readonly<Record<string, string | undefined>>,
    signal: AbortSignal,
    tell: RequestTeller | undefined,
  ) {
    const clock = systemClock;
    const cloud = resolveCloud({
      cloud: env.AZURE_CLOUD,
      authorityHost: env.AZURE_AUTHORITY_HOST,
      endpoint: env.AZURE_RESOURCE_MANAGER_ENDPOINT,
      audience: env.AZURE_RESOURCE_MANAGER_AUDIENCE,
    });
    const wake = (key: string): void => this.#waiting.get(key)?.();
    this.identity = identityOf(credential);
    this.credential = describeCredential(credential);
    this.#signal = signal;
    this.#tokens = new TokenSource({
      create: (onExchange) => createTokenCredential(credential, cloud, onExchange),
      scope: `${cloud.audience}/.default`,
      clock,
    });
    this.#principal = new PrincipalBudgets(this.identity, {
      clock,
      wake,
      limits: limitsFor('unlimited'),
      metrics: NO_METRICS,
    });
    const pace = pacer(signal);
    const transport = createDefaultHttpClient();
    const httpClient = readOnly(tell === undefined ? transport : told(transport, tell), async () => {
      await pace();
      this.reads++;
    });
    this.#armOf = (subscriptionId) => ({
      subscriptionId,
      endpoint: cloud.endpoint,
      tokens: this.#tokens,
      budget: this.#principal.budget(foldCase(subscriptionId)),
      denial: new TokenDenial(clock, wake),
      clock,
      httpClient,
    });
    this.#open = (kind, subscriptionId) =>
      (kind === 'factory' ? createDataFactory : createSynapse)(this.#armOf(subscriptionId));
  }

  list(parent: Parent): Promise<Listed> {
    const key = parentKey(parent);
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    const listed = this.#ask(parent, (service, caller) => service.list(parent, caller));
    this.#lists.set(key, listed);
    return listed;
  }

  state(id: RuntimeId): Promise<RuntimeStatus | undefined> {
    return this.#ask(id.parent, (service, caller) => service.state(id, caller));
  }

  hasParent(parent: Parent): Promise<boolean> {
    return this.#ask(parent, (service, caller) => service.hasParent(parent, caller));
  }

  hasNetwork(parent: Parent, name: string): Promise<boolean> {
    return this.#ask(parent, (service, caller) => service.hasNetwork(parent, name, caller));
  }

  async parents(subscriptionId: string, resourceGroup: string | undefined): Promise<Parent[]> {
    const pages = new ArmPages(this.#armOf(subscriptionId));
    const kinds = ['factory', 'workspace'] as const;
    const scope = { subscriptionId, resourceGroup };
    const found = await Promise.all(
      kinds.map((kind) => this.#patiently((caller) => listParents(pages, kind, scope, caller))),
    );
    return found.flat();
  }

  permissions(parent: Parent): Promise<Permission[]> {
    const pages = new ArmPages(this.#armOf(parent.subscriptionId));
    return this.#patiently((caller) => listPermissions(pages, parent, caller));
  }

  close(): void {
    this.#principal.stop();
    this.#tokens.stop();
  }

  #ask<T>(parent: Parent, read: (service: ReadOnly, caller: CallContext) => Promise<T>): Promise<T> {
    return this.#patiently((caller) => read(this.#service(parent), caller));
  }

  /** Waits for the request budget, and for as long as a 429 says. */
  async #patiently<T>(read: (caller: CallContext) => Promise<T>): Promise<T> {
    const key = `read-${++this.#calls}`;
    const caller: CallContext = { key, urgency: 'change', signal: this.#signal, mayWrite: () => false };
    for (let throttled = 0; ; ) {
      const woken = new Promise<void>((resolve) => void this.#waiting.set(key, resolve));
      try {
        const answer = await read(caller);
        this.#principal.finish(key);
        return answer;
      } catch (error) {
        this.#principal.finish(key);
        if (error instanceof ParkedError) await this.#until(woken);
        else if (isThrottled(error) && ++throttled < MOST_THROTTLED)
          await sleep(systemClock, error.failure.retryAfterMs, this.#signal);
        else throw error;
      } finally {
        this.#waiting.delete(key);
      }
    }
  }

  async #until(woken: Promise<void>): Promise<void> {
    const { promise, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(this.#signal.reason);
    this.#signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([woken, promise]);
    } finally {
      this.#signal.removeEventListener('abort', onAbort);
    }
  }

  #service({ kind, subscriptionId }: Parent): ReadOnly {
    const key = `${kind}/${foldCase(subscriptionId)}`;
    const service = this.#services.get(key) ?? this.#open(kind, subscriptionId);
    this.#services.set(key, service);
    return service;
  }
}

type Throttled = AzureFailure & { readonly failure: { readonly kind: 'throttled'; readonly retryAfterMs: number } };

function isThrottled(error: unknown): error is Throttled {
  return (
    error instanceof AzureFailure &&
    error.failure.kind === 'throttled' &&
    error.failure.retryAfterMs <= LONGEST_RETRY_AFTER_MS
  );
}

/** Resolves when the next request may go out, one after the other. */
function pacer(signal: AbortSignal): () => Promise<void> {
  let free = systemClock.monotonic() - PACE.burst * PACE.everyMs;
  return async () => {
    const now = systemClock.monotonic();
    free = Math.max(free, now - PACE.burst * PACE.everyMs) + PACE.everyMs;
    if (free > now) await sleep(systemClock, free - now, signal);
  };
}

/** A transport that reports each request, for `-v`. */
export function told(transport: HttpClient, tell: RequestTeller): HttpClient {
  return {
    async sendRequest(request) {
      const { host, pathname } = new URL(request.url);
      const start = systemClock.monotonic();
      const end = (said: string): void =>
        tell(`${request.method} https://${host}${pathname}`, said, systemClock.monotonic() - start);
      try {
        const answer = await transport.sendRequest(request);
        end(String(answer.status));
        return answer;
      } catch (error) {
        end('no answer');
        throw error;
      }
    },
  };
}

/** A transport of nothing but GET, and of the POST that asks for a state. */
export function readOnly(transport: HttpClient, onRequest: () => Promise<void> = async () => {}): HttpClient {
  return {
    async sendRequest(request) {
      const { pathname } = new URL(request.url);
      const isRead = request.method === 'GET' || (request.method === 'POST' && /\/getStatus$/i.test(pathname));
      if (!isRead) throw new Error(`kubectl azir does not send ${request.method} ${pathname}`);
      await onRequest();
      return transport.sendRequest(request);
    },
  };
}
