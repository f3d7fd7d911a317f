/** Assumptions about the events that ARM raises and Event Grid brings into a queue: the probe has no queue. */
import type { Unprovoked } from './assumption.ts';

const NO_QUEUE = 'It takes a queue and an event subscription, which the probe does not set up.';
const BY_INTERVAL = 'the operator finds drift at the next poll, as without a change queue.';

export const EVENTS: readonly Unprovoked[] = [
  {
    id: 'event-of-runtimes',
    sentence:
      'Every write and deletion of an integration runtime, and every action on one, raises an event of ARM. Documented of resources without an exception; recorded of other child resources only.',
    mark: 'inferred',
    reliedOnBy: [],
    ifFalse: `Nothing is announced: ${BY_INTERVAL} It says that the change queue is silent.`,
    stands: ['eventKindOf'],
    whyNot: NO_QUEUE,
    notice: 'The operator warns that the change queue is silent: its own writes are not announced.',
  },
  {
    id: 'event-of-status',
    sentence: 'The POST that reads the state of a runtime raises an event, as every action does.',
    mark: 'inferred',
    reliedOnBy: [],
    ifFalse: 'Nothing: there are fewer messages that nobody acts upon.',
    stands: [],
    whyNot: NO_QUEUE,
    notice: 'The metrics count messages that are ignored, about as many as polls.',
  },
  {
    id: 'event-at-acceptance',
    sentence: 'A write that a workspace has only accepted raises its event when it is accepted.',
    mark: 'inferred',
    reliedOnBy: [],
    ifFalse: 'Nothing: the operator polls when it hears of a change, and once more half a minute later.',
    stands: [],
    whyNot: NO_QUEUE,
    notice: 'The times of the events and of the writes in a recording.',
  },
  {
    id: 'event-of-parents',
    sentence:
      'The deletion of a factory, a workspace or a resource group raises one event, and none for the runtimes in it.',
    mark: 'inferred',
    reliedOnBy: [],
    ifFalse: 'Nothing: each event of a runtime is one more reason for the same poll.',
    stands: [],
    whyNot: NO_QUEUE,
    notice: 'More than one event of a deletion in the queue.',
  },
  {
    id: 'event-correlation',
    sentence: 'An event has the correlation id that the caller sent as `x-ms-correlation-request-id`.',
    mark: 'inferred',
    reliedOnBy: [],
    ifFalse:
      'Each own write costs one poll, and no further write. The operator warns that the change queue is silent, though it is not.',
    stands: [],
    whyNot: NO_QUEUE,
    notice: 'The metrics count no echo, and as many polls by messages as there are own writes.',
  },
  {
    id: 'event-spelling',
    sentence:
      'The ids in an event may be in another case than those of requests: the documented examples have `resourcegroups` and `resourceGroups`.',
    mark: 'documented',
    reliedOnBy: [],
    ifFalse: 'Nothing: the operator knows a runtime by its id, whatever its case.',
    stands: ['eventSubject'],
    whyNot: NO_QUEUE,
    notice: 'A recording of an event.',
  },
  {
    id: 'event-message',
    sentence: 'A message in the queue is one event as JSON, in base64. Plain text was seen in 2021.',
    mark: 'recorded',
    reliedOnBy: [],
    ifFalse: 'Nothing: the operator takes either, and an array of events, too.',
    stands: ['QUEUE_MESSAGE'],
    whyNot: NO_QUEUE,
    notice: 'The metrics count messages as malformed.',
  },
];
