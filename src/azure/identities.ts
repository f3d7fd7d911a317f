/** The Azure identity of each object: that of its namespace's Secret, or else the operator's own where that is granted. */
import { CREDENTIAL_SECRET } from '../api/names.ts';
import { compact } from '../core/model/compact.ts';
import type { NamespaceCredential, OwnCredential } from '../core/model/credential.ts';
import { type Grant, refusalOf } from '../core/model/grants.ts';
import { type Advice, inShort } from '../core/model/message.ts';
import type { ManagedObject } from '../core/model/object.ts';
import type { Parent, RuntimeId } from '../core/model/runtime.ts';
import { DENIAL_PASSES_MS } from '../core/schedule.ts';
import type { Access, Identities } from '../ports.ts';
import type { RateLimits } from './budget/limits.ts';
import { PrincipalBudgets } from './budget/principal-budgets.ts';
import {
  type Credential,
  describeCredential,
  fingerprintOf,
  type InvalidCredential,
  identityOf,
  kindOf,
} from './identity/credentials.ts';
import { namespaceCredentialOf } from './identity/namespace-credential.ts';
import { type Environment, ownCredentialOf } from './identity/own-credential.ts';
import { NO_METRICS } from './metrics.ts';
import { bridge, isSame, isSession, lastGood, mayBridge, type NamespaceSessions } from './namespace-sessions.ts';
import { openSession, type Session, type SessionOptions } from './session.ts';

export interface IdentitiesOptions extends SessionOptions {
  /** The SDKs' variables `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`…; an empty value counts as absent. */
  readonly env: Environment;
  /** Which kind of credential the operator itself has; `environment` when absent. */
  readonly ownCredential?: OwnCredential;
  /** Which namespaces may use the operator's own identity. */
  readonly grants: readonly Grant[];
  /** Whether the namespace has objects: as long as it has, its last good credential is kept for their deletion. */
  readonly occupied: (namespace: string) => boolean;
  /** The objects of the namespace act with another credential from now on. */
  readonly relogged?: (namespace: string) => void;
  /** Of each identity in each subscription; ARM's documented ones when absent. */
  readonly limits?: RateLimits;
}

/** Entra knows a new secret everywhere within seconds; an object that waits longer has to say that something is wrong. */
const BRIDGE_MS = DENIAL_PASSES_MS;

/** What a change of a namespace's Secret led to, for the log. No secret. */
export interface CredentialChange {
  /** False when nothing changed. */
  readonly changed: boolean;
  readonly credential: string;
  /** Whether a person has to correct it. */
  readonly wrong: boolean;
}

/**
 * Needs nothing from Azure to be constructed.
 *
 * Guarantees: a namespace with a Secret never uses anything else; naming a client without knowing its secret gives neither
 * its tokens nor what it has seen of Azure (those belong to a credential, secret included), while all credentials of one
 * client share one request budget per subscription, as ARM counts; what no namespace needs any more is dropped.
 *
 * Two designs for a change of a Secret. Looking the Secret up in a cache at every pass needs no state here, but then nothing
 * tells when a token cache and a budget are no longer needed. So this class is told of Secrets, keeps per namespace what it
 * needs, and sweeps after every change.
 *
 * For the deletion of objects whose Secret is gone (`kubectl delete namespace` deletes it first, in no order that one can
 * rely on): (a) a finalizer on the Secret would be safe over restarts, but the operator would have to write Secrets, and a
 * namespace could hang on it; (b) this one, which keeps the last good credential in memory. A restart loses it: the object
 * then says so, with the way out. Good is the last one that Azure gave a token for, or else the last that was complete.
 */
export class AzureIdentities implements Identities {
  readonly #options: IdentitiesOptions;
  readonly #own: Session | InvalidCredential;
  /** By the fingerprint of the credential. */
  readonly #sessions = new Map<string, Session>();
  /** By identity. */
  readonly #principals = new Map<string, PrincipalBudgets>();
  readonly #namespaces = new Map<string, NamespaceSessions>();
  /** Whether objects have been reconciled: a credential that comes from then on replaces another one, or none. */
  #isInUse = false;

  constructor(options: IdentitiesOptions) {
    this.#options = options;
    this.#own = this.#open(ownCredentialOf(options.ownCredential ?? 'environment', options.env));
  }

  accessFor(object: ManagedObject): Access {
    this.#isInUse = true;
    const sessions = this.#namespaces.get(object.namespace);
    const { current, last } = sessions ?? {};
    if (sessions !== undefined && current !== undefined) {
      return this.#bySecret(bridge(sessions, this.#options.clock.monotonic()) ?? current, object);
    }
    if (last === undefined || !object.deleting) return this.#asOperator(object);
    const own = this.#asOperator(object);
    const claimed = object.status.claim?.identity;
    // What the live objects of the namespace act by: it may be good where what the Secret held last is not.
    if (own.granted && own.identity === claimed) return own;
    return this.#bySecret(last, object, ', as it was');
  }

  /** The namespace has this Secret. */
  put(namespace: string, secret: NamespaceCredential): CredentialChange {
    const before = this.#namespaces.get(namespace);
    const current = this.#open(namespaceCredentialOf(secret, this.#options.env));
    const changed = !isSame(before?.current, current);
    if (changed) this.#replace(namespace, before, current);
    return isSession(current)
      ? { changed, credential: describeCredential(current.credential), wrong: false }
      : { changed, credential: `none: ${inShort(wrongSecret(current, namespace))}`, wrong: true };
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

  /** The namespace may have no objects any more: then nothing is kept for them. */
  vacated(namespace: string): void {
    if (this.#namespaces.get(namespace)?.last !== undefined) this.#sweep();
  }

  /** Which credential the operator itself has, or why it has none: for the log of a start. No secret. */
  describe(): string {
    return isSession(this.#own)
      ? describeCredential(this.#own.credential)
      : `none: ${inShort(noOwnIdentity(this.#own))}`;
  }

  /** Another writer may have changed the runtime. The returned function says whether Azure has shown another version since. */
  suspect(id: RuntimeId): () => boolean {
    const asked = [...this.#sessions.values()].flatMap(({ runtimes }) => runtimes.suspect(id) ?? []);
    return () => asked.some((hasChanged) => hasChanged());
  }

  /** When the oldest list of the parent was requested, by the monotonic clock; undefined when there is none. */
  listedAt(parent: Parent): number | undefined {
    const times = [...this.#sessions.values()].flatMap(({ runtimes }) => runtimes.listedAt(parent) ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** The object is gone: its key waits for nothing any more. */
  forget(key: string): void {
    for (const principal of this.#principals.values()) principal.forget(key);
    for (const session of this.#sessions.values()) session.forget(key);
  }

  /** Cancels every timer. */
  stop(): void {
    for (const principal of this.#principals.values()) principal.stop();
    for (const { tokens } of this.#sessions.values()) tokens.stop();
  }

  #replace(namespace: string, before: NamespaceSessions | undefined, current: Session | InvalidCredential): void {
    const last = before && lastGood(before);
    if (mayBridge(before, last, current)) {
      const bridgedUntil = this.#options.clock.monotonic() + BRIDGE_MS;
      this.#namespaces.set(namespace, { current, last, bridgedUntil });
      current.tokens.pursue(bridgedUntil);
    } else {
      this.#namespaces.set(namespace, { current, last });
    }
    this.#sweep();
  }

  /** The authority refused a credential for good: no former token stands in for it any more. */
  #refused(session: Session): void {
    for (const [namespace, { current, last, bridgedUntil }] of this.#namespaces) {
      if (current !== session || bridgedUntil === undefined) continue;
      this.#namespaces.set(namespace, { current, last });
      this.#options.relogged?.(namespace);
    }
  }

  #asOperator(object: ManagedObject): Access {
    const refusal = this.#refusalFor(object);
    if (refusal !== undefined) return { granted: false, message: refusal };
    return isSession(this.#own)
      ? granted(this.#own, "the operator's own")
      : { granted: false, message: noOwnIdentity(this.#own) };
  }

  #bySecret(current: Session | InvalidCredential, object: ManagedObject, when = ''): Access {
    if (!isSession(current)) return { granted: false, message: wrongSecret(current, object.namespace) };
    const borrowed = this.#borrows(current.credential, object);
    if (borrowed !== undefined) return { granted: false, message: borrowed };
    return granted(current, `from the Secret ${CREDENTIAL_SECRET} of the namespace${when}`);
  }

  /** A Secret that names the operator's own client and holds no secret would get around the flag. */
  #borrows({ clientId, method }: Credential, object: ManagedObject): Advice | undefined {
    if (method.kind !== 'workloadIdentity' || clientId !== this.#options.env.AZURE_CLIENT_ID?.toLowerCase()) {
      return undefined;
    }
    const refusal = this.#refusalFor(object);
    if (refusal === undefined) return undefined;
    const secret = `Secret ${object.namespace}/${CREDENTIAL_SECRET}`;
    const what = `${secret} names the operator's own client in AZURE_CLIENT_ID, without a secret. ${refusal.what}`;
    return { ...refusal, what };
  }

  /** Why this object may not use the operator's own identity. */
  #refusalFor({ namespace, spec }: ManagedObject): Advice | undefined {
    return refusalOf(this.#options.grants, namespace, spec.valid ? spec.desired.id : undefined);
  }

  #open(credential: Credential | InvalidCredential): Session | InvalidCredential {
    if ('problem' in credential) return credential;
    const fingerprint = fingerprintOf(credential);
    const present = this.#sessions.get(fingerprint);
    if (present !== undefined) return present;
    const session: Session = openSession(credential, this.#principal(identityOf(credential)), this.#options, {
      ...compact({ beganAt: this.#isInUse ? this.#options.clock.monotonic() : undefined }),
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
    const principal = new PrincipalBudgets(identity, { clock, wake, metrics, ...compact({ limits }) });
    this.#principals.set(identity, principal);
    return principal;
  }

  /** Drops what no namespace needs any more. */
  #sweep(): void {
    const needed = this.#neededSessions();
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

  /** Forgets the last good sessions that are kept for no object, on the way. */
  #neededSessions(): ReadonlySet<Session> {
    const needed = new Set<Session>(isSession(this.#own) ? [this.#own] : []);
    for (const [namespace, { current, last }] of this.#namespaces) {
      const session = isSession(current) ? current : undefined;
      const keepsLast = last !== undefined && !session?.tokens.isProven && this.#options.occupied(namespace);
      if (session !== undefined) needed.add(session);
      if (keepsLast) needed.add(last);
      if (current === undefined && !keepsLast) this.#namespaces.delete(namespace);
      else if (!keepsLast) this.#namespaces.set(namespace, { current, last: undefined });
    }
    return needed;
  }
}

function wrongSecret({ problem, remedy }: InvalidCredential, namespace: string): Advice {
  return {
    what: `Secret ${namespace}/${CREDENTIAL_SECRET} is invalid: ${problem}.`,
    remedy: remedy ?? 'Correct the Secret; it is read again at once.',
  };
}

function noOwnIdentity({ problem, remedy = '' }: InvalidCredential): Advice {
  return { what: `The operator has no Azure identity: ${problem}.`, remedy };
}

function granted({ credential: theirs, runtimes, principal }: Session, whose: string): Access {
  const credential = `${kindOf(theirs)}, ${whose}`;
  return { granted: true, identity: identityOf(theirs), credential, runtimes, budget: principal };
}
