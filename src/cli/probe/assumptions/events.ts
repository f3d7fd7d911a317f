/** Assumptions about the events that ARM raises and Event Grid brings into a queue: the probe reads none yet. */
import type { Unprovoked } from './assumption.ts';

const NO_QUEUE =
  'It takes an event subscription and a queue, and the right to assign roles: docs/change-queue.md has three commands.';
const BICEP = 'deploy/azure/push.bicep';

export const EVENTS: readonly Unprovoked[] = [
  {
    id: 'change-events',
    sentence:
      'A write of an integration runtime raises an event of its resource group and subscription, as other writes do.',
    mark: 'inferred',
    reliedOnBy: [BICEP],
    ifFalse: 'A change queue stays empty, and the operator says that it is silent. Drift is found at the interval.',
    stands: ['eventKindOf'],
    whyNot: NO_QUEUE,
    notice: 'The three commands of docs/change-queue.md show nothing.',
  },
  {
    id: 'change-correlation',
    sentence: 'An event has the correlation id that the request brought.',
    mark: 'inferred',
    reliedOnBy: [BICEP],
    ifFalse: 'Each write of the operator costs one more poll of its runtime, and no write.',
    stands: [],
    whyNot: NO_QUEUE,
    notice: 'The three commands of docs/change-queue.md say that it is another one.',
  },
  {
    id: 'change-state',
    sentence: 'Asking a workspace for the state of a runtime is an action, and may raise an event.',
    mark: 'inferred',
    reliedOnBy: [BICEP],
    ifFalse: 'No effect: such events are filtered out.',
    stands: [],
    whyNot: NO_QUEUE,
    notice: 'An event subscription without a filter shows none.',
  },
  {
    id: 'change-acceptance',
    sentence: 'A write that a workspace has only accepted raises its event when it is accepted.',
    mark: 'inferred',
    reliedOnBy: [],
    ifFalse: 'No effect: the operator polls when it hears of a change, and once more half a minute later.',
    stands: [],
    whyNot: NO_QUEUE,
    notice: 'The times of the events and of the writes in a recording.',
  },
  {
    id: 'change-parents',
    sentence:
      'The deletion of a factory, a workspace or a resource group raises one event, and none for the runtimes in it.',
    mark: 'inferred',
    reliedOnBy: [],
    ifFalse: 'No effect: each event of a runtime is one more reason for the same poll.',
    stands: [],
    whyNot: NO_QUEUE,
    notice: 'More than one event of a deletion in the queue.',
  },
  {
    id: 'change-spelling',
    sentence:
      'The ids in an event may be in another case than those of requests: the documented examples have `resourcegroups` and `resourceGroups`.',
    mark: 'documented',
    reliedOnBy: [],
    ifFalse: 'No effect: the operator knows a runtime by its id, whatever its case.',
    stands: ['eventSubject'],
    whyNot: NO_QUEUE,
    notice: 'A recording of an event.',
  },
  {
    id: 'change-message',
    sentence: 'A message in the queue is one event as JSON, in base64. Plain text was seen in 2021.',
    mark: 'recorded',
    reliedOnBy: [],
    ifFalse: 'No effect: the operator takes either, and an array of events, too.',
    stands: ['QUEUE_MESSAGE'],
    whyNot: NO_QUEUE,
    notice: 'The metrics count messages as malformed.',
  },
];
