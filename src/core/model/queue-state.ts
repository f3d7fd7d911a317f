/** The states of the change queue: a word for the lease and the log, and what each means for people. */

/** What stands in the way of reading the queue. */
export type QueueProblem =
  /** 401 or 403: the identity has no role there (yet). */
  | 'denied'
  /** 404: there is no such queue. */
  | 'missing'
  /** 429 or 5xx. */
  | 'busy'
  /** No answer, or none in time. */
  | 'unreachable'
  /** No token for it. */
  | 'no token'
  /** An answer that no queue gives. */
  | 'strange';

/** The leader notes it on its lease, for `kubectl azir check`. */
export type QueueState =
  | 'up'
  | 'not read yet'
  | QueueProblem
  /** It can be read, but does not announce own writes. */
  | 'silent';

export interface QueueTrouble {
  /** What is wrong, after the name of the queue. */
  readonly says: string;
  readonly remedy: string;
}

export const QUEUE_TROUBLES: Readonly<Record<Exclude<QueueState, 'up'>, QueueTrouble>> = {
  'not read yet': { says: 'the leader has not read it yet', remedy: 'Check again in a minute.' },
  denied: {
    says: 'Azure Storage refuses the operator (401 or 403)',
    remedy:
      'Assign the role "Storage Queue Data Message Processor" on the queue to the operator\'s own identity (docs/change-queue.md#the-roles); a new assignment takes up to ten minutes to spread. If it has the role, let the cluster through the firewall of the storage account.',
  },
  missing: {
    says: 'there is no such queue (404)',
    remedy: 'Create the queue (docs/change-queue.md#set-it-up), or correct --change-queue.',
  },
  busy: {
    says: 'Azure Storage is busy (429 or 5xx)',
    remedy:
      'No action needed: it is read again as soon as Azure Storage allows. If this lasts, check the health of the storage account.',
  },
  unreachable: {
    says: 'it cannot be reached',
    remedy:
      'Check that --change-queue names a storage account that exists, and that the operator can resolve its name and reach its port 443: NetworkPolicy, proxy, private endpoint, firewall of the account.',
  },
  'no token': {
    says: 'the operator gets no token for it',
    remedy: "Correct the operator's own Azure identity: docs/identity.md.",
  },
  strange: {
    says: 'what answers there is not a queue of Azure Storage',
    remedy: 'Correct --change-queue: https://ACCOUNT.queue.core.windows.net/QUEUE.',
  },
  silent: {
    says: 'it can be read, but does not announce what the operator writes',
    remedy:
      'Check that the event subscription exists, covers this factory or workspace, and may deliver: docs/runbook.md#azureirpushdown.',
  },
};

/** Undefined for a word that only an operator of another version knows. */
export function troubleOf(state: string): QueueTrouble | undefined {
  return Object.hasOwn(QUEUE_TROUBLES, state) ? QUEUE_TROUBLES[state as keyof typeof QUEUE_TROUBLES] : undefined;
}
