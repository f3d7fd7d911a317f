import type { HttpClient } from '@azure/core-rest-pipeline';
import { CREDENTIAL_SECRET } from '../api/names.ts';
import type { NamespaceCredential, OwnCredential } from '../core/model/credential.ts';
import { type Grant, refusalOf } from '../core/model/grants.ts';
import { foldCase } from '../core/model/letter-case.ts';
import type { ManagedObject } from '../core/model/object.ts';
import type { Parent } from '../core/model/runtime.ts';
import { DENIAL_PASSES_MS } from '../core/schedule.ts';
import type { Access, Identities, Urgency } from '../ports.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { ArmOptions } from './arm/arm-calls.ts';
import { createDataFactory } from './arm/data-factory.ts';
import type { ArmRuntimes } from './arm/remote.ts';
import type { RetrySettings } from './arm/retry.ts';
import { createSynapse } from './arm/synapse.ts';
import { PrincipalBudgets } from './budget/principal.ts';
import type { RateLimits } from './budget/request-budget.ts';
import type { Cloud } from './identity/clouds.ts';
import { Denial } from './identity/denial.ts';
import {
  type Credential,
  createTokenCredential,
  describeCredential,
  type Environment,
  fingerprintOf,
  type InvalidCredential,
  identityOf,
  namespaceCredentialOf,
  ownCredentialOf,
} from './identity/logins.ts';
import { TokenSource, type TokenSourceOptions } from './identity/tokens.ts';
import { type AzureMetrics, NO_METRICS } from './metrics.ts';
import { Observer } from './observer/observer.ts';

export interface IdentitiesOptions {
  /** Where the SDKs' variables `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`… are looked up; an empty value counts as absent. */
  readonly env: Environment;
  /** Which kind of credential the operator itself has; `environment` when absent. */
  readonly ownCredential?: OwnCredential;
  readonly cloud: Cloud;
  /** Which namespaces may use the operator's own identity. */
  readonly grants: readonly Grant[];
  /** Whether the namespace has objects: as long as it has, its last good credential is kept for their deletion. */
  readonly occupied: (namespace: string) => boolean;
  readonly clock: Clock;
  /** Puts the key of an object back into the queue, when the request budget has a token for it. */
  readonly wake: (key: string, urgency: Urgency) => void;
  /** The objects of the namespace act by another login now. */
  readonly relogged?: (namespace: string) => void;
  /** Somebody else changed the runtime with this `armKey`: its objects are to be looked at now. */
  readonly changed: (runtimeKey: string) => void;
  readonly log: Log;
  readonly metrics?: AzureMetrics;
  /** Of each identity in each subscription; ARM's documented ones when absent. */
  readonly limits?: RateLimits;
  /** For one attempt of a request to ARM; 60 s when absent. */
  readonly requestTimeoutMs?: number;
  readonly retry?: RetrySettings;
  /** The life of the process. */
  readonly signal?: AbortSignal;
  /** The transport of ARM requests; the SDK's own when absent. */
  readonly httpClient?: HttpClient;
  /** How a login gets its tokens; by the SDK when absent. */
  readonly credential?: typeof createTokenCredential;
}

/** A login in use: one token cache and one memory of Azure; per subscription, as it is first needed, one client of each service. */
interface Session {
  readonly login: Credential;
  readonly principal: PrincipalBudgets;
  readonly tokens: TokenSource;
  readonly runtimes: Observer;
  /** By subscription, in lower case. */
  readonly denials: ReadonlyMap<string, Denial>;
}

interface Namespace {
  /** What its Secret says; undefined without a Secret. */
  readonly current: Session | InvalidCredential | undefined;
  /** The last good one before that. */
  readonly last: Session | undefined;
  /** Until when the token of that one may stand in for the first one of `current`, which is the same client. */
  readonly bridgedUntil?: number;
}

/** A new secret is known everywhere in Entra within seconds; who waits longer is to learn that something is wrong. */
const BRIDGE_MS = DENIAL_PASSES_MS;
/** Of an answer of a subscription, those who are refused by it are woken this often at most. */
const WAKE_EVERY_MS = 30_000;

/** What became of a namespace's credential, for the log. No secret. */
export interface CredentialChange {
  /** False when nothing changed. */
  readonly changed: boolean;
  readonly credential: string;
  /** Whether a person has to mend it. */
  readonly wrong: boolean;
}

/**
 * With which Azure identity each object may act: that of its namespace's Secret, else the operator's own where that is
 * granted. Needs nothing from Azure to be constructed.
 *
 * Guarantees: a namespace with a Secret never uses anything else; whoever names a client without knowing its secret gets
 * neither its tokens nor what it has seen of Azure (those belong to a login, secret included), while all logins of one
 * client share one request budget per subscription, as ARM counts; what no namespace needs any more is dropped.
 *
 * Two designs for a change of a Secret. Looking the Secret up in a cache at every pass needs no state here, but then nobody
 * knows when a token cache and a budget have had their day. So the Secrets are told to this class, which keeps per namespace
 * what it needs, and sweeps after every change.
 *
 * For the deletion of objects whose Secret is gone (`kubectl delete namespace` removes it first, in no order that can be
 * relied on): (a) a finalizer on the Secret would be safe over restarts, but the operator would have to write Secrets, and
 * a namespace could hang on it; (b) this one, the memory of the last good credential, which a restart loses: the object then
 * says so, with the way out. Good is the last one that Azure gave a token for, else the last that was complete.
 */
export class AzureIdentities implements Identities {
  readonly #options: IdentitiesOptions;
  readonly #own: Session | InvalidCredential;
  readonly #sessions = new Map<string, Session>();
  readonly #principals = new Map<string, PrincipalBudgets>();
  readonly #namespaces = new Map<string, Namespace>();
  /** Whether objects have been looked at: a login that comes from then on takes the place of another, or of none. */
  #isInUse = false;

  constructor(options: IdentitiesOptions) {
    this.#options = options;
    const login = ownCredentialOf(options.ownCredential ?? 'environment', options.env);
    this.#own = 'problem' in login ? login : this.#open(login);
  }

  accessFor(object: ManagedObject): Access {
    this.#isInUse = true;
    const { current, last, bridgedUntil } = this.#namespaces.get(object.namespace) ?? {};
    if (current !== undefined) {
      const bridge = bridgedUntil === undefined ? undefined : this.#bridge(current, last, bridgedUntil);
      return this.#bySecret(bridge ?? current, object);
    }
    if (last === undefined || !object.deleting) return this.#asOperator(object);
    const own = this.#asOperator(object);
    const claimed = object.status.claim?.identity;
    if (own.granted && own.identity === claimed && identityOf(last.login) !== claimed) return own;
    return this.#bySecret(last, object, ', as it was');
  }

  /** The namespace has this Secret. */
  put(namespace: string, credential: NamespaceCredential): CredentialChange {
    const before = this.#namespaces.get(namespace);
    const login = namespaceCredentialOf(credential, this.#options.env);
    const current = 'problem' in login ? login : this.#open(login);
    const changed = !isSame(before?.current, current);
    if (changed) {
      const last = before === undefined ? undefined : lastGood(before);
      const bridge = isBridge(before, last, current)
        ? { bridgedUntil: this.#options.clock.monotonic() + BRIDGE_MS }
        : {};
      this.#namespaces.set(namespace, { current, last, ...bridge });
      if ('bridgedUntil' in bridge && !('problem' in current)) current.tokens.pursue(bridge.bridgedUntil);
      this.#sweep();
    }
    return 'problem' in current
      ? { changed, credential: `none: ${problemOf(current)}`, wrong: true }
      : { changed, credential: describeCredential(current.login), wrong: false };
  }

  /** The namespace has no Secret (any more). */
  remove(namespace: string): CredentialChange {
    const before = this.#namespaces.get(namespace);
    const changed = before?.current !== undefined;
    if (changed) {
      this.#namespaces.set(namespace, { current: undefined, last: lastGood(before) });
      this.#sweep();
    }
    return { changed, credential: 'none', wrong: false };
  }

  /** The namespace may have no objects any more: then nothing of theirs is kept. */
  vacated(namespace: string): void {
    if (this.#namespaces.get(namespace)?.last !== undefined) this.#sweep();
  }

  /** Which credential the operator itself has, or why it has none: for the log of a start. No secret. */
  describe(): string {
    return 'problem' in this.#own ? `none: ${this.#own.problem}` : describeCredential(this.#own.login);
  }

  /** The object is gone: it waits for no request any more. */
  forget(key: string): void {
    for (const principal of this.#principals.values()) principal.forget(key);
    for (const { tokens, denials } of this.#sessions.values()) {
      tokens.forget(key);
      for (const denial of denials.values()) denial.forget(key);
    }
  }

  /** Cancels every timer. */
  stop(): void {
    for (const principal of this.#principals.values()) principal.stop();
    for (const { tokens } of this.#sessions.values()) tokens.stop();
  }

  /** The session whose token is used as long as the new login of the same client has yet to get one of its own. */
  #bridge(current: Session | InvalidCredential, last: Session | undefined, until: number): Session | undefined {
    if ('problem' in current || last === undefined || current.tokens.isProven) return undefined;
    const isOver = current.tokens.isRefusedForGood || this.#options.clock.monotonic() >= until;
    return !isOver && last.tokens.isFresh ? last : undefined;
  }

  /** A login was refused for good: nobody's former token stands in for it any more. */
  #refused(session: Session): void {
    for (const [namespace, { current, last, bridgedUntil }] of this.#namespaces) {
      if (current !== session || bridgedUntil === undefined) continue;
      this.#namespaces.set(namespace, { current, last });
      this.#options.relogged?.(namespace);
    }
  }

  #asOperator(object: ManagedObject): Access {
    const { grants } = this.#options;
    const refusal = refusalOf(grants, object.namespace, object.spec.valid ? object.spec.desired.id : undefined);
    if (refusal !== undefined) return { granted: false, message: refusal };
    if ('problem' in this.#own) {
      return { granted: false, message: `The operator has no Azure identity: ${this.#own.problem}.` };
    }
    return granted(this.#own, "the operator's own");
  }

  #bySecret(current: Session | InvalidCredential, object: ManagedObject, when = ''): Access {
    if ('problem' in current) return { granted: false, message: problemOf(current) };
    const borrowed = this.#borrows(current.login, object);
    if (borrowed !== undefined) return { granted: false, message: borrowed };
    return granted(current, `from the Secret ${CREDENTIAL_SECRET} of the namespace${when}`);
  }

  /** A Secret that names the operator's own client and proves nothing would get around the flag. */
  #borrows({ clientId, proof }: Credential, object: ManagedObject): string | undefined {
    const { env, grants } = this.#options;
    if (proof.kind !== 'workloadIdentity' || clientId !== env.AZURE_CLIENT_ID?.toLowerCase()) return undefined;
    const refusal = refusalOf(grants, object.namespace, object.spec.valid ? object.spec.desired.id : undefined);
    return refusal === undefined
      ? undefined
      : `The Secret ${CREDENTIAL_SECRET} names the operator's own client in AZURE_CLIENT_ID, without a secret. ${refusal}`;
  }

  #open(login: Credential): Session {
    const fingerprint = fingerprintOf(login);
    const present = this.#sessions.get(fingerprint);
    if (present !== undefined) return present;
    const began = this.#isInUse ? { beganAt: this.#options.clock.monotonic() } : {};
    const session: Session = open(login, this.#principal(identityOf(login)), this.#options, {
      ...began,
      onFirstToken: () => this.#sweep(),
      refusedForGood: () => this.#refused(session),
    });
    this.#sessions.set(fingerprint, session);
    return session;
  }

  #principal(identity: string): PrincipalBudgets {
    const { clock, wake, metrics = NO_METRICS, limits } = this.#options;
    const present = this.#principals.get(identity);
    if (present !== undefined) return present;
    const principal = new PrincipalBudgets(identity, {
      clock,
      wake,
      metrics,
      ...(limits === undefined ? {} : { limits }),
    });
    this.#principals.set(identity, principal);
    return principal;
  }

  /** Drops whatever no namespace needs any more. */
  #sweep(): void {
    const needed = new Set<Session>('problem' in this.#own ? [] : [this.#own]);
    for (const [namespace, { current, last }] of this.#namespaces) {
      const session = current === undefined || 'problem' in current ? undefined : current;
      const keepsLast = last !== undefined && !session?.tokens.isProven && this.#options.occupied(namespace);
      if (session !== undefined) needed.add(session);
      if (keepsLast) needed.add(last);
      if (current === undefined && !keepsLast) this.#namespaces.delete(namespace);
      else if (!keepsLast) this.#namespaces.set(namespace, { current, last: undefined });
    }
    for (const [fingerprint, session] of this.#sessions) {
      if (needed.has(session)) continue;
      this.#sessions.delete(fingerprint);
      session.tokens.stop();
    }
    const live = new Set([...this.#sessions.values()].map(({ principal }) => principal));
    for (const [identity, principal] of this.#principals) {
      if (live.has(principal)) continue;
      this.#principals.delete(identity);
      principal.retire();
    }
  }
}

function lastGood({ current, last }: Namespace): Session | undefined {
  const session = current === undefined || 'problem' in current ? undefined : current;
  if (session?.tokens.isProven) return session;
  return last?.tokens.isProven ? last : (session ?? last);
}

/** Whether the former token may be used on: one login of a client has taken the place of another, without a gap. */
function isBridge(
  before: Namespace | undefined,
  last: Session | undefined,
  current: Session | InvalidCredential,
): last is Session {
  if (before?.current === undefined || 'problem' in before.current || 'problem' in current) return false;
  const unbroken = last === before.current || before.bridgedUntil !== undefined;
  return unbroken && last?.tokens.isProven === true && identityOf(last.login) === identityOf(current.login);
}

function isSame(a: Namespace['current'], b: Namespace['current']): boolean {
  if (a !== undefined && b !== undefined && 'problem' in a && 'problem' in b) return a.problem === b.problem;
  return a === b;
}

function problemOf({ problem }: InvalidCredential): string {
  return `The Secret ${CREDENTIAL_SECRET} of the namespace is wrong: ${problem}.`;
}

function granted({ login, runtimes, principal }: Session, whose: string): Access {
  const credential = `${describeCredential(login)}, ${whose}`;
  return { granted: true, identity: identityOf(login), credential, runtimes, budget: principal };
}

const SERVICES: Readonly<Record<Parent['kind'], (options: ArmOptions) => ArmRuntimes>> = {
  factory: createDataFactory,
  workspace: createSynapse,
};

function open(
  login: Credential,
  principal: PrincipalBudgets,
  options: IdentitiesOptions,
  more: Pick<TokenSourceOptions, 'beganAt' | 'onFirstToken' | 'refusedForGood'>,
): Session {
  const { cloud, clock, changed, wake, log, signal, credential = createTokenCredential } = options;
  const tokens = new TokenSource({
    create: (onExchange) => credential(login, cloud, onExchange),
    scope: `${cloud.audience}/.default`,
    clock,
    wake,
    ...more,
  });
  const denials = new Map<string, Denial>();
  const denialOf = (subscription: string): Denial => {
    const denial = denials.get(subscription) ?? new Denial(clock, wake, WAKE_EVERY_MS);
    denials.set(subscription, denial);
    return denial;
  };
  const remotes = new Map<string, ArmRuntimes>();
  const remote = ({ kind, subscriptionId }: Parent): ArmRuntimes => {
    const key = `${kind}/${foldCase(subscriptionId)}`;
    const present = remotes.get(key);
    if (present !== undefined) return present;
    const subscription = foldCase(subscriptionId);
    const limits = { tokens, budget: principal.budget(subscription), denial: denialOf(subscription) };
    const made = SERVICES[kind]({ ...options, ...limits, subscriptionId, endpoint: cloud.endpoint });
    remotes.set(key, made);
    return made;
  };
  const runtimes = new Observer({
    remote,
    clock,
    changed,
    wake,
    log: log.with({ identity: identityOf(login) }),
    ...(signal === undefined ? {} : { signal }),
  });
  return { login, principal, tokens, runtimes, denials };
}
