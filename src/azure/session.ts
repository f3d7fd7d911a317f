/** A credential in use: its tokens, its clients, and what they have seen of Azure. */
import type { HttpClient } from '@azure/core-rest-pipeline';
import { compact } from '../core/model/compact.ts';
import { foldCase } from '../core/model/letter-case.ts';
import type { Parent } from '../core/model/runtime.ts';
import type { Urgency } from '../ports.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { ArmOptions } from './arm/arm-calls.ts';
import type { ArmRuntimes } from './arm/arm-runtimes.ts';
import { createDataFactory } from './arm/data-factory.ts';
import type { RetrySettings } from './arm/retry.ts';
import { createSynapse } from './arm/synapse.ts';
import type { PrincipalBudgets } from './budget/principal-budgets.ts';
import type { OwnWrites } from './changes/own-writes.ts';
import type { Cloud } from './identity/clouds.ts';
import { type Credential, identityOf } from './identity/credentials.ts';
import { TokenDenial } from './identity/denial.ts';
import { createTokenCredential } from './identity/token-credential.ts';
import { TokenSource, type TokenSourceOptions } from './identity/tokens.ts';
import type { AzureMetrics } from './metrics.ts';
import { Observer } from './observer/observer.ts';

export interface SessionOptions {
  readonly cloud: Cloud;
  readonly clock: Clock;
  /** Puts the key of an object back into the queue that waits for a token, the budget or a list. */
  readonly wake: (key: string, urgency: Urgency) => void;
  /** Another writer changed the runtime with this `armKey`: its objects have to be reconciled now. */
  readonly changed: (runtimeKey: string) => void;
  readonly log: Log;
  readonly metrics?: AzureMetrics;
  /** For one attempt of a request to ARM; 60 s when absent. */
  readonly requestTimeoutMs?: number;
  readonly retry?: RetrySettings;
  /** Gives every write a correlation id, by which its event is recognised; when absent, ARM makes one up. */
  readonly ownWrites?: OwnWrites;
  /** The life of the process. */
  readonly signal?: AbortSignal;
  /** The transport of ARM requests; the SDK's own when absent. */
  readonly httpClient?: HttpClient;
  /** Makes the credential that gets the tokens; the SDK's when absent. */
  readonly credential?: typeof createTokenCredential;
}

export interface Session {
  readonly credential: Credential;
  readonly principal: PrincipalBudgets;
  readonly tokens: TokenSource;
  readonly runtimes: Observer;
  /** The key is gone: it waits for nothing. */
  forget(key: string): void;
}

/** How often a subscription that grants a request wakes the keys that it refused before, at most. */
const WAKE_EVERY_MS = 30_000;

const SERVICES: Readonly<Record<Parent['kind'], (options: ArmOptions) => ArmRuntimes>> = {
  factory: createDataFactory,
  workspace: createSynapse,
};

/** Makes the client of a service in a subscription when it is first needed. */
export function openSession(
  credential: Credential,
  principal: PrincipalBudgets,
  options: SessionOptions,
  events: Pick<TokenSourceOptions, 'beganAt' | 'onFirstToken' | 'refusedForGood'>,
): Session {
  const { cloud, clock, changed, wake, log, signal, credential: create = createTokenCredential } = options;
  const tokens = new TokenSource({
    create: (onExchange) => create(credential, cloud, onExchange),
    scope: `${cloud.audience}/.default`,
    clock,
    wake,
    ...events,
  });
  const denials = new Map<string, TokenDenial>();
  const denialOf = (subscription: string) =>
    getOrMake(denials, subscription, () => new TokenDenial(clock, wake, WAKE_EVERY_MS));
  const clients = new Map<string, ArmRuntimes>();
  const remote = ({ kind, subscriptionId }: Parent): ArmRuntimes => {
    const subscription = foldCase(subscriptionId);
    return getOrMake(clients, `${kind}/${subscription}`, () => {
      const limits = { tokens, budget: principal.budget(subscription), denial: denialOf(subscription) };
      return SERVICES[kind]({ ...options, ...limits, subscriptionId, endpoint: cloud.endpoint });
    });
  };
  const identity = identityOf(credential);
  const runtimes = new Observer({ remote, clock, changed, wake, log: log.with({ identity }), ...compact({ signal }) });
  const forget = (key: string): void => {
    tokens.forget(key);
    for (const denial of denials.values()) denial.forget(key);
  };
  return { credential, principal, tokens, runtimes, forget };
}

function getOrMake<T>(map: Map<string, T>, key: string, make: () => T): T {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}
