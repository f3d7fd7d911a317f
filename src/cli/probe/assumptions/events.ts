/** Assumptions about the events that ARM raises and Event Grid brings into a queue. */
import { compared, make, runtimePath, untold } from './answers.ts';
import type { Announced, Finding, Unprovoked } from './assumption.ts';
import { type Count, type HeardEvents, KINDS } from './heard.ts';

const BICEP = 'deploy/azure/push.bicep';
const PAGE = 'docs/change-queue.md';

export const ANNOUNCEMENTS: readonly Announced[] = [
  {
    id: 'change-events',
    sentence:
      'A write of an integration runtime raises an event of its resource group and subscription, as other writes do.',
    mark: 'inferred',
    where: 'either',
    reliedOnBy: [BICEP, 'src/azure/changes/parse-message.ts'],
    ifFalse:
      'Drift that no event tells of is found at the interval; if none is told, the operator says that its queue is silent. First look whether the event subscription leaves these writes out.',
    stands: ['eventMethods', 'eventKindOf'],
    turnedOver: [{ eventMethods: ['PUT', 'PATCH', 'POST'] }, { eventMethods: ['PATCH', 'POST', 'DELETE'] }],
    judge: announcedWrites,
  },
  {
    id: 'change-correlation',
    sentence: 'An event has the correlation id that the request brought.',
    mark: 'inferred',
    where: 'either',
    reliedOnBy: ['src/azure/changes/own-writes.ts'],
    ifFalse: 'Each write of the operator costs one more poll of its runtime, and no write.',
    stands: ['eventsKeepCorrelation'],
    turnedOver: [{ eventsKeepCorrelation: false }],
    judge: ({ events, withOurId }) => {
      const assumed = 'in each event';
      if (events === 0) return untold(assumed, 'no event of a write came');
      return compared(assumed, withOurId === events ? assumed : `in ${withOurId} of ${events} events`);
    },
  },
  {
    id: 'change-state',
    sentence: 'Asking a workspace for the state of a runtime is an action, and raises an event.',
    mark: 'inferred',
    where: 'workspace',
    reliedOnBy: [BICEP, 'src/azure/changes/parse-message.ts'],
    ifFalse: 'No effect: such events are filtered out.',
    stands: ['stateRaisesEvent'],
    turnedOver: [{ stateRaisesEvent: false }],
    // Of a factory, too: its event shows that no filter drops such events.
    provoke: async (site) => {
      const { name } = await make(site);
      await site.send({ method: 'POST', path: runtimePath(site, name, '/getStatus') });
    },
    judge: announcedState,
  },
];

/**
 * Events that do not come prove nothing by themselves: nobody may have subscribed to them, a filter may drop them, or another
 * reader of the queue may have been quicker. So it is false only where the way is proven to be whole: of one kind of write
 * each one was announced, and of another kind none was.
 */
function announcedWrites({ writes, seconds }: HeardEvents): Finding {
  const assumed = 'creates, updates and deletions are announced';
  const counts = KINDS.map((kind) => writes[kind]).filter(({ made }) => made > 0);
  const made = total(counts, 'made');
  if (made === 0) return untold(assumed, 'nothing was written');
  const seen = KINDS.map((kind) => `${writes[kind].announced} of ${writes[kind].made} ${kind}s`).join(', ');
  if (counts.every(({ announced }) => announced > 0)) return { verdict: 'holds', assumed, seen: `announced: ${seen}` };
  if (total(counts, 'announced') === 0) {
    return untold(
      assumed,
      `none of ${made} writes was announced within ${seconds} s. Look whether an event subscription of this resource group delivers into this queue, and whether nobody else reads it: ${PAGE}`,
    );
  }
  const isWhole = counts.every(({ announced, made: all }) => announced === all || announced === 0);
  if (isWhole) return { verdict: 'does not hold', assumed, seen: `announced: ${seen}` };
  return untold(assumed, `announced: ${seen}. Look whether somebody else reads this queue: ${PAGE}`);
}

function announcedState({ states, writes, unfiltered }: HeardEvents): Finding {
  const assumed = 'an event';
  if (states.made === 0) return untold(assumed, 'no state was read');
  if (states.announced > 0) return compared(assumed, 'an event');
  const isWhole = KINDS.every((kind) => writes[kind].announced === writes[kind].made);
  if (unfiltered && isWhole) return compared(assumed, 'no event, though events came that a filter would drop');
  return untold(
    assumed,
    `no event. The event subscription of ${PAGE} filters it out: one without a filter would show it`,
  );
}

function total(counts: readonly Count[], what: keyof Count): number {
  return counts.reduce((sum, count) => sum + count[what], 0);
}

const KEEPS_IDS = 'Of what it reads from a queue (--queue), the probe keeps ids alone.';

export const EVENTS: readonly Unprovoked[] = [
  {
    id: 'change-acceptance',
    sentence: 'A write that a workspace has only accepted raises its event when it is accepted.',
    mark: 'inferred',
    reliedOnBy: [],
    ifFalse: 'No effect: the operator polls when it hears of a change, and once more half a minute later.',
    stands: [],
    whyNot: KEEPS_IDS,
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
    whyNot: 'The probe deletes runtimes, and no factory, workspace or group.',
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
    whyNot: KEEPS_IDS,
    notice: 'A recording of an event.',
  },
  {
    id: 'change-message',
    sentence: 'A message in the queue is one event as JSON, in base64. Plain text was seen in 2021.',
    mark: 'recorded',
    reliedOnBy: [],
    ifFalse: 'No effect: the operator takes either, and an array of events, too.',
    stands: ['QUEUE_MESSAGE'],
    whyNot: KEEPS_IDS,
    notice: 'The metrics count messages as malformed.',
  },
];
