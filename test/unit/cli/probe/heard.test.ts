/** What of the messages in a queue is about a run's own requests: by the ids of runtimes first, and by those of requests then. */
import { describe, expect, test } from '@jest/globals';
import { eventsIn } from '../../../../src/azure/changes/parse-message.ts';
import { ANNOUNCEMENTS } from '../../../../src/cli/probe/assumptions/events.ts';
import {
  heardIn,
  isAllAnnounced,
  matched,
  type OwnEvent,
  type OwnRequest,
  ownEvent,
  subjectOf,
} from '../../../../src/cli/probe/assumptions/heard.ts';
import { OwnRequests } from '../../../../src/cli/probe/own-requests.ts';

const GROUP = '/subscriptions/00000000-0000-0000-0000-00000000000A/resourceGroups/My-Group';
const FACTORY = `${GROUP}/providers/Microsoft.DataFactory/factories/Factory`;
const WORKSPACE = `${GROUP}/providers/Microsoft.Synapse/workspaces/workspace`;
const runtime = (name = 'azir-probe-1', parent = FACTORY) => `${parent}/integrationRuntimes/${name}`;
const RESOURCE = runtime().toLowerCase();

const request = (verb: OwnRequest['verb'], correlationId: string, more: Partial<OwnRequest> = {}): OwnRequest => ({
  verb,
  resource: RESOURCE,
  correlationId,
  succeeded: true,
  ...more,
});
const event = (verb: OwnEvent['verb'], correlationId: string, more: Partial<OwnEvent> = {}): OwnEvent => ({
  id: `event of ${correlationId}`,
  verb,
  resource: RESOURCE,
  correlationId,
  succeeded: true,
  isLeftOut: false,
  ...more,
});

describe('a request', () => {
  test.each([
    ['PUT', runtime(), { verb: 'write', resource: RESOURCE }],
    ['DELETE', runtime().toUpperCase(), { verb: 'delete', resource: RESOURCE }],
    [
      'POST',
      `${runtime('r', WORKSPACE)}/getStatus`,
      { verb: 'state', resource: runtime('r', WORKSPACE).toLowerCase() },
    ],
    ['POST', `${runtime()}/getStatus`, undefined],
    ['POST', `${runtime()}/enableInteractiveQuery`, undefined],
    ['GET', runtime(), undefined],
    ['GET', `${FACTORY}/integrationRuntimes`, undefined],
    ['PUT', `${FACTORY}/managedVirtualNetworks/default`, undefined],
    ['GET', 'https://management.azure.com/subscriptions/x/operationResults/y', undefined],
  ])('%s %s raises an event that is waited for: %j', (method, path, subject) => {
    expect(subjectOf(method, path)).toEqual(subject);
  });

  test('has an id of its own, and is waited for once it has taken effect or was accepted', () => {
    const requests = new OwnRequests();
    const statuses = [200, 202, 204, 412, undefined];
    const ids = statuses.map((status) => {
      const { headers, answered } = requests.sending('PUT', runtime());
      if (status !== undefined) answered(status);
      return headers['x-ms-correlation-request-id'];
    });
    expect(new Set(ids).size).toBe(statuses.length);
    expect(requests.all.map(({ correlationId }) => correlationId)).toEqual(ids);
    expect(requests.all.map(({ succeeded }) => succeeded)).toEqual([true, true, false, false, false]);
    expect(requests.has(RESOURCE)).toBe(true);
    expect(requests.sending('GET', runtime('other')).headers).toEqual({});
    expect(requests.has(runtime('other').toLowerCase())).toBe(false);
  });
});

describe('a message', () => {
  const isOurs = (resource: string) => resource === RESOURCE;
  const told = (more: object = {}, data: object = {}) => {
    const text = JSON.stringify({
      id: 'e-1',
      eventType: 'Microsoft.Resources.ResourceWriteSuccess',
      eventTime: '2026-01-01T00:00:00Z',
      subject: RESOURCE,
      data: {
        operationName: 'Microsoft.DataFactory/factories/integrationruntimes/write',
        correlationId: 'C0FFEE00-0000-0000-0000-000000000001',
        claims: { name: 'A Person' },
        ...data,
      },
      ...more,
    });
    return (eventsIn(text) ?? []).map((each) => ownEvent(each, isOurs));
  };
  const own = {
    id: 'e-1',
    verb: 'write',
    resource: RESOURCE,
    correlationId: 'c0ffee00-0000-0000-0000-000000000001',
    isLeftOut: false,
  };

  test('about a runtime of the run is kept by its ids, whatever their case, and by nothing else of it', () => {
    expect(told()).toEqual([{ ...own, succeeded: true }]);
    expect(told({}, { resourceUri: runtime().toUpperCase() })).toEqual([{ ...own, succeeded: true }]);
  });

  test.each([
    ['Microsoft.DataFactory/factories/integrationruntimes/delete', 'delete', false],
    ['Microsoft.Synapse/workspaces/integrationRuntimes/getStatus/action', 'state', true],
    ['Microsoft.Synapse/workspaces/integrationRuntimes/enableInteractiveQuery/action', undefined, false],
    ['Microsoft.DataFactory/factories/write', undefined, true],
  ])('tells of the operation %s: %s; the documented filter drops it: %s', (operationName, verb, isLeftOut) => {
    expect(told({}, { operationName, resourceUri: `${runtime()}/getStatus` })).toMatchObject([{ verb, isLeftOut }]);
  });

  test('of a failure is none of what was done', () => {
    expect(told({ eventType: 'Microsoft.Resources.ResourceWriteFailure' })).toMatchObject([{ succeeded: false }]);
  });

  test.each([
    ['another runtime', { subject: runtime('payroll') }],
    ['a runtime whose name only begins so', { subject: `${runtime()}0` }],
    ['the same name in another factory', { subject: runtime().replace('Factory/int', 'Other/int') }],
    ['the factory', { subject: FACTORY }],
    ['nothing', { subject: undefined }],
  ])('about %s is not kept', (_what, more) => {
    expect(told(more)).toEqual([undefined]);
  });

  test('that is no event is nothing', () => {
    expect(eventsIn('no message of Event Grid')).toBeUndefined();
  });
});

describe('requests and events', () => {
  const announced = (requests: OwnRequest[], events: OwnEvent[]) =>
    matched(requests, events).map(({ kind, announced: is }) => `${kind}: ${is}`);

  test('are matched by the id of the request, in any order', () => {
    const requests = [request('write', 'a'), request('write', 'b'), request('delete', 'c')];
    expect(announced(requests, [event('delete', 'c'), event('write', 'b')])).toEqual([
      'create: false',
      'update: true',
      'deletion: true',
    ]);
  });

  test('are matched by the runtime and what was done to it where the event has an id that nobody knows', () => {
    const requests = [request('write', 'a'), request('write', 'b'), request('delete', 'c')];
    expect(announced(requests, [event('write', 'x'), event('write', 'x')])).toEqual([
      'create: true',
      'update: false',
      'deletion: false',
    ]);
    expect(announced(requests, [event('write', 'x'), event('write', 'y'), event('delete', 'z')])).toEqual([
      'create: true',
      'update: true',
      'deletion: true',
    ]);
  });

  test('about a runtime that was deleted begin with a create again', () => {
    const requests = [request('write', 'a'), request('delete', 'b'), request('write', 'c')];
    expect(announced(requests, [])).toEqual(['create: false', 'deletion: false', 'create: false']);
  });

  test('that were refused are not waited for, nor does a failure stand for what was done', () => {
    const requests = [request('write', 'a', { succeeded: false }), request('write', 'b')];
    expect(announced(requests, [event('write', 'x', { succeeded: false })])).toEqual([
      'undefined: false',
      'create: false',
    ]);
    expect(isAllAnnounced(matched(requests, [event('write', 'b')]))).toBe(true);
    expect(isAllAnnounced(matched(requests, []))).toBe(false);
  });

  test('are counted for the one place that they are about', () => {
    const there = { resource: runtime('r', WORKSPACE).toLowerCase() };
    const requests = [request('write', 'a'), request('write', 'b', there), request('state', 'c', there)];
    const events = [event('write', 'a'), event('write', 'x', there), event('state', 'c', there)];
    const heard = (parentId: string) => heardIn(parentId, { requests, events, seconds: 1 });
    expect(heard(FACTORY)).toMatchObject({ writes: { create: { made: 1, announced: 1 } }, events: 1, withOurId: 1 });
    expect(heard(WORKSPACE)).toMatchObject({ events: 1, withOurId: 0, states: { made: 1, announced: 1 } });
  });

  test('of one resource group show by what comes that nothing is filtered out, and of no other group', () => {
    const events = [event('state', 'a', { isLeftOut: true })];
    const unfiltered = (parentId: string) => heardIn(parentId, { requests: [], events, seconds: 1 }).unfiltered;
    expect(unfiltered(WORKSPACE)).toBe(true);
    expect(unfiltered(WORKSPACE.replace('My-Group', 'My-Group2'))).toBe(false);
  });
});

describe('what is made of it', () => {
  const none = { made: 0, announced: 0 };
  const heard = {
    writes: { create: none, update: none, deletion: none },
    states: { made: 1, announced: 0 },
    events: 0,
    withOurId: 0,
    unfiltered: false,
    seconds: 150,
  };
  const judged = (id: string, more: Partial<typeof heard>) =>
    ANNOUNCEMENTS.find((each) => each.id === id)?.judge({ ...heard, ...more });
  const counts = (create: number, update: number, deletion: number) => ({
    create: { made: 4, announced: create },
    update: { made: 3, announced: update },
    deletion: { made: 4, announced: deletion },
  });

  test.each([
    ['each one was announced', counts(4, 3, 4), 'holds', 'announced: 4 of 4 creates, 3 of 3 updates, 4 of 4 deletions'],
    ['some of each kind were', counts(1, 2, 3), 'holds', 'announced: 1 of 4 creates'],
    ['one kind never was, and of the others each one', counts(4, 3, 0), 'does not hold', '0 of 4 deletions'],
    // Another reader takes some out of all, and may by chance have got a whole kind.
    ['one kind never was, and of the others some', counts(4, 2, 0), 'could not tell', 'somebody else reads this queue'],
    // A delivery that is not set up looks just so.
    ['none was', counts(0, 0, 0), 'could not tell', 'none of 11 writes was announced within 150 s. Look whether'],
    ['there were none', heard.writes, 'could not tell', 'nothing was written'],
  ] as const)('where of the writes %s', (_what, writes, verdict, seen) => {
    expect(judged('change-events', { writes })).toMatchObject({ verdict, seen: expect.stringContaining(seen) });
  });

  test.each([
    [0, 0, 'could not tell'],
    [5, 5, 'holds'],
    [5, 4, 'does not hold'],
    [5, 0, 'does not hold'],
  ])('where of %i events %i have the id of the request: %s', (events, withOurId, verdict) => {
    expect(judged('change-correlation', { events, withOurId })).toMatchObject({ verdict });
  });

  test.each([
    ['an event came', { states: { made: 1, announced: 1 } }, 'holds'],
    ['none came, and a filter may drop it', { writes: counts(4, 3, 4) }, 'could not tell'],
    ['none came, and no filter drops any', { writes: counts(4, 3, 4), unfiltered: true }, 'does not hold'],
    ['none came, and of writes some did not', { writes: counts(4, 2, 4), unfiltered: true }, 'could not tell'],
    ['it was not asked for', { states: none, unfiltered: true }, 'could not tell'],
  ])('where of the state of a runtime %s', (_what, more, verdict) => {
    expect(judged('change-state', more)).toMatchObject({ verdict });
  });
});
