/** What can go wrong between us and Azure, told apart by what it means, not by how it came over the wire. */
import { compact } from './compact.ts';
import { inFull, type Message } from './message.ts';
import type { RequestIds } from './request-ids.ts';

/** What a failure says to people. */
interface Told {
  /** What is wrong, in our words. */
  readonly message: string;
  /** What to do, where the call knows better than the rule for its kind. */
  readonly remedy?: string;
  /** Azure's code and text. */
  readonly azure?: string;
}

/** When an answer was given that another object may have asked for, milliseconds since the epoch. */
interface Repeated {
  /** Since when it has been answered each time; absent: this is the first time. */
  readonly since?: number;
  /** Nothing that was answered before this counts: it was asked with another login. */
  readonly notBefore?: number;
  /** When it was answered last; absent: just now. Remembered for others, it is no repetition. */
  readonly at?: number;
}

export type Failure = Told &
  (
    | /** 404 of the parent or of the resource group: someone may be creating it, or has deleted it, or Azure is wrong for a while. */
    { readonly kind: 'parentNotFound'; readonly what: 'factory' | 'workspace' | 'resourceGroup' }
    /** Also answered for a wrong tenant or cloud: proves nothing. */
    | ({ readonly kind: 'subscriptionNotFound' } & Repeated)
    /** 403 for want of a role. */
    | { readonly kind: 'forbidden' }
    /** 403 RequestDisallowedByPolicy: a role does not help. */
    | { readonly kind: 'policyDenied' }
    /** 409 ScopeLocked, ReadOnlyDisabledSubscription. */
    | { readonly kind: 'locked' }
    /** 401 of ARM, or a token endpoint that refuses the credential. */
    | ({
        readonly kind: 'credentialsInvalid';
        /** What was refused may be accepted a moment later. */
        readonly mayPass?: true;
      } & Repeated)
    /** The token endpoint does not answer, or a token ran out: heals by itself. */
    | { readonly kind: 'credentialUnavailable' }
    /** The subscription or the cloud lacks the resource provider: no call can succeed until a person changes that. */
    | { readonly kind: 'notOffered'; readonly remedy: string }
    /** 400 and the like on a read: nothing that the manifest declares was sent. */
    | { readonly kind: 'readRefused' }
    /** 400 and other refusals of a write. On DELETE: something still refers to the runtime. */
    | {
        readonly kind: 'refused';
        /** What the document refers to and Azure does not have, as Azure names it. */
        readonly reference?: string;
      }
    /** 412: the document changed since it was read. */
    | { readonly kind: 'preconditionFailed' }
    | { readonly kind: 'throttled'; readonly retryAfterMs: number }
    /** 5xx, a dropped connection, a reply that cannot be understood. A write that met it may have taken effect. */
    | {
        readonly kind: 'unavailable';
        readonly retryAfterMs?: number;
        /** What ARM answered; absent without an answer. A 4xx other than a time-out `isRefusal`. */
        readonly answer?: { readonly name: string; readonly isRefusal: boolean };
      }
  );

/** Thrown by the ports over Azure, and nothing else is. */
export class AzureFailure extends Error {
  override readonly name = 'AzureFailure';
  readonly failure: Failure;
  /** Of the request that met it; undefined where Azure Resource Manager did not answer. */
  readonly ids: RequestIds | undefined;
  /** Whether a write that met it may have taken effect: it, or a request before it that was no success either. */
  readonly unclear: boolean;

  constructor(failure: Failure, options: { cause?: unknown; ids?: RequestIds | undefined; unclear?: boolean } = {}) {
    super(inFull(toldBy(failure)), 'cause' in options ? { cause: options.cause } : undefined);
    this.failure = failure;
    this.ids = options.ids;
    this.unclear = options.unclear ?? failure.kind === 'unavailable';
  }
}

export function toldBy({ message, remedy, azure }: Failure): Message {
  return { what: message, ...compact({ remedy, azure }) };
}

/** Whether a failure ends by itself, or may, so that no person need be told at once. */
export function isTransient(failure: Failure): boolean {
  return mayHaveWritten(failure) || isTemporaryDenial(failure);
}

/** Whether an earlier attempt of the same write may have taken effect. */
export function mayHaveWritten({ kind }: Failure): boolean {
  return ['credentialUnavailable', 'throttled', 'unavailable', 'preconditionFailed'].includes(kind);
}

/** Whether Azure has said no to a write, so that it was not made and asking again changes nothing by itself. */
export function isWriteRefused({ kind }: Failure): boolean {
  return ['refused', 'policyDenied', 'locked', 'forbidden', 'notOffered'].includes(kind);
}

/** Whether the next answer may be another one, so that a failure does not change at first what was decided. */
export function mayBeOver(failure: Failure): boolean {
  // Azure denies now and then what exists.
  return isTransient(failure) || failure.kind === 'parentNotFound';
}

export type Denial = Extract<Failure, { kind: 'subscriptionNotFound' | 'credentialsInvalid' }>;

/** Whether what is denied now may be granted a moment later. */
export function isTemporaryDenial(failure: Failure): boolean {
  return failure.kind === 'subscriptionNotFound' || (failure.kind === 'credentialsInvalid' && failure.mayPass === true);
}
