/** Calls to ARM: headers, retries, deadlines, and what answers mean. */
import { RestError } from '@azure/core-rest-pipeline';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { type JsonObject, MISSING, parentKey, type RuntimeDocument } from '../../../../src/core/model/runtime.ts';
import { Denied, ParkedError, SupersededError } from '../../../../src/ports.ts';
import { deepFrozen } from '../../../support/deep-frozen.ts';
import { hang, type Sent } from '../support/fake-arm.ts';
import { armError, caller, failureOf, idIn, RUNTIME_MISSING, resource, rig as rigOf } from '../support/rig.ts';

const DROPPED = new RestError('socket hang up', { code: 'ECONNRESET' });

const summary = ({ method, url }: Sent) => `${method} ${url.origin}${url.pathname}${url.search}`;

const SERVICES = [
  { parent: 'factory', type: 'Microsoft.DataFactory/factories/Factory', version: '2018-06-01', accepts: false },
  { parent: 'workspace', type: 'Microsoft.Synapse/workspaces/workspace', version: '2021-06-01-preview', accepts: true },
] as const;

describe('the correlation id of a request', () => {
  const ID = idIn('factory');
  const PARENT = parentKey(ID.parent);
  const found = { status: 200, body: { name: 'Runtime', etag: 'e', properties: { type: 'Managed' } } };

  function counting() {
    const told: string[] = [];
    let made = 0;
    const ownWrites = {
      sending: (raises?: string) => {
        told.push(`sending ${raises}`);
        return `id-${made++}`;
      },
      tookEffect: (id: string) => void told.push(`took effect ${id}`),
    };
    return { told, ownWrites };
  }
  const idsOf = (arm: { readonly sent: readonly Sent[] }) =>
    arm.sent.map(({ headers }) => headers['x-ms-correlation-request-id']);

  test('is ours for each write, the same for all of its attempts, and for no read', async () => {
    const { told, ownWrites } = counting();
    const { arm, runtimes } = rigOf({ ownWrites });
    arm.answers({ status: 500 }, found);
    await runtimes.create(ID, { type: 'Managed' }, caller());
    await runtimes.read(ID, caller());
    arm.answers({ status: 200 });
    await runtimes.delete(ID, caller());
    expect(idsOf(arm)).toEqual(['id-0', 'id-0', undefined, 'id-1']);
    expect(told).toEqual([`sending ${PARENT}`, 'took effect id-0', `sending ${PARENT}`, 'took effect id-1']);
  });

  test('is not awaited of a write that was refused or only accepted, or that raises no event', async () => {
    const { told, ownWrites } = counting();
    const { arm, runtimes } = rigOf({ parent: 'workspace', ownWrites });
    arm.answers({ status: 202 }, armError(403, 'AuthorizationFailed'));
    await runtimes.create(idIn('workspace'), { type: 'Managed' }, caller());
    await failureOf(runtimes.update(idIn('workspace'), { type: 'Managed' }, 'e', caller()));
    arm.answers({ status: 202 });
    await runtimes.enableInteractiveAuthoring(idIn('workspace'), 10, caller());
    expect(told.filter((each) => each.startsWith('took effect'))).toEqual([]);
    expect(told.at(-1)).toBe('sending undefined');
  });

  test('is made for what is sent, not for what waits or is outdated', async () => {
    const { told, ownWrites } = counting();
    const { runtimes } = rigOf({ ownWrites });
    const outdated = caller({ mayWrite: () => false });
    await expect(runtimes.create(ID, { type: 'Managed' }, outdated)).rejects.toThrow('older state');
    expect(told).toEqual([]);
  });

  test('is left to ARM where nobody listens', async () => {
    const { arm, runtimes } = rigOf();
    arm.answers(found);
    await runtimes.create(ID, { type: 'Managed' }, caller());
    expect(idsOf(arm)).toEqual([undefined]);
  });
});

describe.each(SERVICES)('the runtimes of a $parent', ({ parent, type, version, accepts }) => {
  const ID = idIn(parent);
  const PATH = `/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/Group/providers/${type}/integrationRuntimes`;
  const rig = (options: Parameters<typeof rigOf>[0] = {}) => rigOf({ parent, ...options });

  describe('documents', () => {
    const json = fc.json().map((text) => JSON.parse(text) as JsonObject);
    const documents = fc
      .tuple(fc.dictionary(fc.string(), json), fc.constantFrom('Managed', 'SelfHosted', 'Odd'), json, json, json, json)
      .map(
        ([rest, type, typeProperties, managedVirtualNetwork, computeProperties, description]): JsonObject =>
          JSON.parse(
            JSON.stringify({
              ...rest,
              typeProperties,
              managedVirtualNetwork,
              computeProperties,
              description,
              state: rest,
              type,
            }),
          ),
      );

    test('numbers that a double would change go through the SDK as they are, in both directions', async () => {
      const properties = '{"type":"Managed","alien":[12345678901234567,0.12345678901234567890,{"x":1e400}],"n":8}';
      const { arm, runtimes } = rig();
      arm.answers({ status: 200, body: `{"name":"Runtime","etag":"etag-1","properties":${properties}}` });
      const document = (await runtimes.read(ID, caller()))?.document ?? {};
      await runtimes.update(ID, document, 'etag-1', caller());
      await runtimes.create(ID, document, caller());
      const body = `{"properties":${properties}}`;
      expect(arm.sent.slice(1).map((sent) => sent.body)).toEqual([body, body]);
    });

    test('any document is read as ARM sent it and written as it is given, unchanged in place, whatever the SDK knows of it', async () => {
      await fc.assert(
        fc.asyncProperty(documents, async (document: RuntimeDocument) => {
          const { arm, runtimes } = rig();
          arm.answers({ status: 200, body: resource(document) });
          const read = await runtimes.read(ID, caller());
          expect(JSON.stringify(read?.document)).toBe(JSON.stringify(document));
          await runtimes.update(ID, deepFrozen(document), 'etag-1', caller());
          expect(arm.sent[1]?.body).toBe(JSON.stringify({ properties: document }));
          arm.answers({ status: 200, body: { value: [resource(document)] } });
          const [listed] = (await runtimes.list(ID.parent, caller())).runtimes;
          expect(JSON.stringify(listed?.document)).toBe(JSON.stringify(document));
        }),
        { numRuns: 100 },
      );
    });
  });

  describe('requests', () => {
    test('each operation is one request to its own path, with the token', async () => {
      const { arm, runtimes, requests } = rig();
      arm.answer = ({ url, method }) =>
        url.pathname.endsWith('/getStatus')
          ? { status: 200, body: { properties: { state: 'Online' } } }
          : method === 'DELETE'
            ? { status: 200 }
            : { status: 200, body: url.pathname.endsWith('Runtimes') ? { value: [resource()] } : resource() };
      await runtimes.list(ID.parent, caller());
      await runtimes.read(ID, caller());
      await runtimes.state(ID, caller());
      await runtimes.create(ID, { type: 'Managed' }, caller());
      await runtimes.update(ID, { type: 'Managed' }, 'etag-1', caller());
      await runtimes.delete(ID, caller());
      const query = `?api-version=${version}`;
      expect(arm.sent.map(summary)).toEqual([
        `GET https://arm.test${PATH}${query}`,
        `GET https://arm.test${PATH}/Runtime${query}`,
        `POST https://arm.test${PATH}/Runtime/getStatus${query}`,
        `PUT https://arm.test${PATH}/Runtime${query}`,
        `PUT https://arm.test${PATH}/Runtime${query}`,
        `DELETE https://arm.test${PATH}/Runtime${query}`,
      ]);
      expect(new Set(arm.sent.map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer token']));
      expect(requests).toEqual(['list 200', 'get 200', 'getStatus 200', 'create 200', 'update 200', 'delete 200']);
    });

    test('interactive authoring is asked for at the runtime, and is under way when Azure has taken the request', async () => {
      const { arm, runtimes, requests } = rig();
      arm.answers({ status: 202, headers: { location: 'https://arm.test/operationresults/1' } });
      await runtimes.enableInteractiveAuthoring(ID, 30, caller());
      expect(arm.sent.map(summary)).toEqual([
        `POST https://arm.test${PATH}/Runtime/enableInteractiveQuery?api-version=${version}`,
      ]);
      expect(arm.sent[0]?.body).toBe('{"autoTerminationMinutes":30}');
      expect(requests).toEqual(['enableInteractiveQuery 202']);
    });

    test.each(['../..', 'a/b', '', '-a', 'x'.repeat(128)])(
      'the network name %j is refused without a request',
      async (name) => {
        const { arm, runtimes } = rig();
        for (const call of [
          runtimes.hasNetwork(ID.parent, name, caller()),
          runtimes.createNetwork(ID.parent, name, caller()),
        ]) {
          expect((await failureOf(call)).kind).toBe('refused');
        }
        expect(arm.sent).toEqual([]);
      },
    );

    test('nothing is enabled once the object has changed', async () => {
      const { arm, runtimes } = rig();
      const late = caller({ mayWrite: () => false });
      await expect(runtimes.enableInteractiveAuthoring(ID, 10, late)).rejects.toBeInstanceOf(SupersededError);
      expect(arm.sent).toEqual([]);
    });

    test('a create may not replace, an update replaces only what was read, a delete asks nothing', async () => {
      const { arm, runtimes } = rig();
      arm.answer = ({ method }) => (method === 'DELETE' ? { status: 200 } : { status: 200, body: resource() });
      await runtimes.create(ID, { type: 'Managed' }, caller());
      await runtimes.update(ID, { type: 'Managed' }, '"odd"-etag', caller());
      await runtimes.delete(ID, caller());
      const conditions = arm.sent.map(({ headers }) => [headers['if-match'], headers['if-none-match']]);
      expect(conditions).toEqual([
        [undefined, '*'],
        ['"odd"-etag', undefined],
        [undefined, undefined],
      ]);
      expect(arm.sent[0]?.headers['content-type']).toMatch(/^application\/json/);
    });

    test.each([
      '../..',
      '.',
      '../../x',
      'a/b?c',
      'a%2Fb',
      'a#b',
      'a\\b',
      '',
      'ab',
      'x'.repeat(64),
      '{factoryName}',
      'a\r\nb',
    ])('the runtime name %j is refused without a request', async (name) => {
      const { arm, runtimes } = rig();
      const id = { ...ID, name };
      for (const call of [
        runtimes.read(id, caller()),
        runtimes.state(id, caller()),
        runtimes.create(id, {}, caller()),
        runtimes.update(id, {}, 'e', caller()),
        runtimes.delete(id, caller()),
        runtimes.enableInteractiveAuthoring(id, 10, caller()),
      ]) {
        expect((await failureOf(call)).kind).toBe('refused');
      }
      expect(arm.sent).toEqual([]);
    });

    test.each([
      { subscriptionId: '../..' },
      { subscriptionId: 'not-a-guid' },
      { resourceGroup: '../..' },
      { resourceGroup: 'a/b' },
      { resourceGroup: 'a?b' },
      { resourceGroup: 'ends.' },
      { name: '../..' },
      { name: 'f/../g' },
    ])('the parent %j is refused without a request', async (hostile) => {
      const { arm, runtimes } = rig();
      const parent = { ...ID.parent, ...hostile };
      expect((await failureOf(runtimes.list(parent, caller()))).kind).toBe('refused');
      expect((await failureOf(runtimes.delete({ ...ID, parent }, caller()))).kind).toBe('refused');
      expect(arm.sent).toEqual([]);
    });

    test('a resource group of another script is percent-encoded', async () => {
      const { arm, runtimes } = rig();
      arm.answers({ status: 200, body: { value: [] } });
      await runtimes.list({ ...ID.parent, resourceGroup: 'größe(1)' }, caller());
      expect(arm.sent[0]?.url.pathname).toContain('/resourceGroups/gr%C3%B6%C3%9Fe(1)/');
    });
  });

  describe('absence', () => {
    test('the 404 of the runtime is understood without a wrapper too', async () => {
      const { arm, runtimes } = rig();
      arm.answers({ status: 404, body: { code: 'NotFound', message: 'It does not exist.', target: 't', error: null } });
      expect(await runtimes.read(ID, caller())).toBeUndefined();
    });

    test('only the own 404 of the runtime is an absence', async () => {
      const { arm, runtimes } = rig();
      arm.answers(RUNTIME_MISSING);
      expect(await runtimes.read(ID, caller())).toBeUndefined();
      expect(await runtimes.state(ID, caller())).toBeUndefined();
      expect(await runtimes.delete(ID, caller())).toBe(MISSING);
    });

    test.each([
      ['its parent', armError(404, 'ParentResourceNotFound'), 'parentNotFound'],
      ['a resource that ARM does not name', armError(404, 'ResourceNotFound'), 'parentNotFound'],
      ['the resource group', armError(404, 'ResourceGroupNotFound'), 'parentNotFound'],
      ['the subscription', armError(404, 'SubscriptionNotFound'), 'subscriptionNotFound'],
      ['nobody knows what', { status: 404, body: '<html>' }, 'unavailable'],
      ['a route, says the gateway', armError(404, 'NotFound', 'x', { 'x-ms-failure-cause': 'gateway' }), 'unavailable'],
    ])('a 404 of %s is none', async (_what, answer, kind) => {
      const { arm, runtimes } = rig();
      arm.answers(answer);
      expect((await failureOf(runtimes.read(ID, caller()))).kind).toBe(kind);
      expect((await failureOf(runtimes.state(ID, caller()))).kind).toBe(kind);
      expect((await failureOf(runtimes.delete(ID, caller()))).kind).toBe(kind);
    });

    test('a parent says itself whether it is there', async () => {
      const { arm, runtimes } = rig();
      arm.answers({ status: 200, body: { name: ID.parent.name.toUpperCase(), properties: {} } });
      expect(await runtimes.hasParent(ID.parent, caller())).toBe(true);
      expect(arm.sent.map(summary).at(-1)).toContain(`GET https://`);
      expect(arm.sent.at(-1)?.url.pathname.toLowerCase()).toBe(PATH.slice(0, PATH.lastIndexOf('/')).toLowerCase());
    });

    test.each([
      ['it', 'ResourceNotFound'],
      ['its resource group', 'ResourceGroupNotFound'],
    ])('a parent is absent where ARM denies %s', async (_what, code) => {
      const { arm, runtimes } = rig();
      arm.answers(armError(404, code));
      expect(await runtimes.hasParent(ID.parent, caller())).toBe(false);
    });

    test.each([
      ['the subscription is denied', armError(404, 'SubscriptionNotFound'), 'subscriptionNotFound'],
      ['nobody knows what is denied', armError(404, 'NotFound'), 'unavailable'],
      ['a page answers', { status: 404, body: '<html>' }, 'unavailable'],
      ['a role is missing', armError(403, 'AuthorizationFailed'), 'forbidden'],
      ['something else is shown', { status: 200, body: { name: 'other' } }, 'unavailable'],
    ])('a parent is not absent where %s', async (_what, answer, kind) => {
      const { arm, runtimes } = rig();
      arm.answers(answer);
      expect((await failureOf(runtimes.hasParent(ID.parent, caller()))).kind).toBe(kind);
    });

    test('a write or a list cannot mean the runtime', async () => {
      const { arm, runtimes } = rig();
      arm.answers(RUNTIME_MISSING);
      expect((await failureOf(runtimes.list(ID.parent, caller()))).kind).toBe('unavailable');
      expect((await failureOf(runtimes.create(ID, {}, caller()))).kind).toBe('unavailable');
      expect((await failureOf(runtimes.update(ID, {}, 'e', caller()))).kind).toBe('unavailable');
    });
  });

  describe('what ARM accepts and goes on with', () => {
    const accepted = {
      status: 202,
      body: { name: 'Runtime', state: 'Creating', operationId: 'o' },
      headers: { location: 'https://arm.test/o' },
    };

    test(accepts ? 'is told at once, and nobody asks for its result' : 'is not understood', async () => {
      const { arm, runtimes } = rig();
      arm.answers(accepted);
      for (const write of [
        runtimes.create(ID, {}, caller()),
        runtimes.update(ID, {}, 'e', caller()),
        runtimes.delete(ID, caller()),
      ]) {
        if (accepts) expect(await write).toEqual({ accepted: true });
        else expect((await failureOf(write)).kind).toBe('unavailable');
      }
      expect(arm.sent).toHaveLength(3);
    });

    test('is no answer to a read', async () => {
      const { arm, runtimes } = rig();
      arm.answers(accepted);
      expect((await failureOf(runtimes.read(ID, caller()))).kind).toBe('unavailable');
      expect((await failureOf(runtimes.state(ID, caller()))).kind).toBe('unavailable');
      expect((await failureOf(runtimes.list(ID.parent, caller()))).kind).toBe('unavailable');
    });
  });

  describe("Azure's ids of a request", () => {
    const headers = { 'x-ms-request-id': 'r-1', 'x-ms-correlation-request-id': 'c-1' };
    test.each([
      ['is refused', armError(403, 'AuthorizationFailed', 'No.', headers)],
      ['fails', armError(500, 'InternalServerError', 'No.', headers)],
      ['whose token is refused', armError(401, 'InvalidAuthenticationToken', 'No.', headers)],
      ['whose token ran out', armError(401, 'ExpiredAuthenticationToken', 'No.', headers)],
      ['is throttled', armError(429, 'TooManyRequests', 'No.', headers)],
      ['is answered with nonsense', { status: 200, body: '{', headers }],
    ])('come with the failure of one that %s', async (_what, answer) => {
      const { arm, runtimes } = rig();
      arm.answers(answer);
      await expect(runtimes.read(ID, caller())).rejects.toMatchObject({ ids: { request: 'r-1', correlation: 'c-1' } });
    });

    test('are not there for one that was not answered', async () => {
      const { arm, runtimes } = rig();
      arm.answers(DROPPED);
      await expect(runtimes.read(ID, caller())).rejects.toMatchObject({ ids: undefined });
    });
  });

  describe('answers that cannot be parsed', () => {
    test.each([
      ['no JSON', '{"name":'],
      ['nothing', undefined],
      ['null', 'null'],
      ['an array', []],
      ['no properties', { name: 'Runtime', etag: 'e' }],
      ['properties that are an array', resource([])],
      ['no type', resource({})],
      ['a type that is no string', resource({ type: 1 })],
      ['no name', { properties: { type: 'Managed' }, etag: 'e' }],
      ['no etag', { name: 'Runtime', properties: { type: 'Managed' } }],
      ['an etag that no header can hold', resource({ type: 'Managed' }, 'Runtime', 'a\r\nb')],
    ])('a runtime with %s is no runtime, and is not asked for again at once', async (_what, body) => {
      const { arm, runtimes } = rig();
      arm.answers({ status: 200, body });
      for (const call of [runtimes.read(ID, caller()), runtimes.update(ID, {}, 'e', caller())]) {
        expect(await failureOf(call)).toMatchObject({
          kind: 'unavailable',
          message: expect.stringContaining('Could not parse'),
        });
      }
      expect(arm.sent).toHaveLength(2);
    });

    test.each([
      ['no array', { value: {} }],
      ['a string', { value: 'x' }],
      ['nothing', {}],
      ['a link that is no string', { value: [], nextLink: 7 }],
      ['a link to another host', { value: [], nextLink: 'https://evil.test/x' }],
      ['a link without a host', { value: [], nextLink: '/x' }],
      ['a link to itself', { value: [], nextLink: 'https://arm.test/again' }],
    ])('a list with %s is no list', async (_what, body) => {
      const { arm, runtimes } = rig();
      arm.answers({ status: 200, body });
      expect((await failureOf(runtimes.list(ID.parent, caller()))).kind).toBe('unavailable');
      expect(arm.sent.filter(({ url }) => url.host !== 'arm.test')).toEqual([]);
    });

    test.each([{}, { properties: {} }, { properties: { state: 3 } }, { properties: { state: '' } }, 'x'])(
      'the status %j has no state',
      async (body) => {
        const { arm, runtimes } = rig();
        arm.answers({ status: 200, body });
        expect((await failureOf(runtimes.state(ID, caller()))).kind).toBe('unavailable');
      },
    );

    test('a missing parent is no missing network', async () => {
      const { arm, runtimes } = rig();
      arm.answers(armError(404, 'ResourceNotFound'));
      const failure = await failureOf(runtimes.hasNetwork(ID.parent, 'default', caller()));
      expect(failure).toMatchObject({ kind: 'parentNotFound', what: parent });
    });

    test('a state that nobody knows is returned as it is', async () => {
      const { arm, runtimes } = rig();
      arm.answers({ status: 200, body: { properties: { state: 'Dreaming' } } });
      expect(await runtimes.state(ID, caller())).toEqual({ state: 'Dreaming' });
    });

    test('a redirect is not followed', async () => {
      const { arm, runtimes } = rig();
      arm.answers({ status: 307, headers: { location: 'https://arm.test/x' } });
      expect((await failureOf(runtimes.read(ID, caller()))).kind).toBe('unavailable');
      expect(arm.sent).toHaveLength(1);
    });
  });

  describe('lists', () => {
    test.each<[string, unknown, string | undefined]>([
      ['nothing', null, undefined],
      ['a name that is a number', { name: 7 }, undefined],
      ['an empty name', { name: 'parent/' }, undefined],
      ['a name alone', { name: 'parent/x' }, 'x'],
      ['no etag', resource({ type: 'Managed' }, 'x', ''), 'x'],
      ['no type', resource({}, 'x'), 'x'],
    ])('an entry with %s is left out, and the others count, on every page', async (_what, entry, name) => {
      const { arm, runtimes } = rig();
      arm.answers(
        { status: 200, body: { value: [entry, resource()], nextLink: 'https://arm.test/next' } },
        { status: 200, body: { value: [resource({ type: 'Managed' }, 'Another'), entry] } },
      );
      const { runtimes: shown, unparsed } = await runtimes.list(ID.parent, caller());
      expect(shown.map((each) => each.name)).toEqual(['Runtime', 'Another']);
      const why = expect.stringContaining('Could not parse');
      expect(unparsed).toEqual([
        { name, why },
        { name, why },
      ]);
    });

    test.each([
      ['pages, each with a new link', 250, () => []],
      ['entries', 21, () => Array.from({ length: 1_000 }, (_, i) => resource({ type: 'Managed' }, `Runtime${i}`))],
      ['bytes', 8, () => [resource({ type: 'Managed', description: 'x'.repeat(4 * 2 ** 20) })]],
    ])('without an end is given up after so many %s', async (_what, pages, value) => {
      const { arm, clock, runtimes } = rig({ parent });
      const body = value();
      arm.answer = () => {
        clock.suspend(100);
        return { status: 200, body: { value: body, nextLink: `https://arm.test/next?page=${arm.sent.length}` } };
      };
      const failure = await failureOf(runtimes.list(ID.parent, caller()));
      expect(failure.kind).toBe('unavailable');
      expect(arm.sent).toHaveLength(pages);
    });

    test('all pages are one list, and each spends a token', async () => {
      const { arm, budget, runtimes } = rig();
      arm.answer = ({ url }) => {
        const page = Number(url.searchParams.get('page') ?? 0);
        const nextLink = page < 2 ? `https://arm.test:443/next?page=${page + 1}` : undefined;
        return { status: 200, body: { value: [resource({ type: 'Managed' }, `Runtime${page}`)], nextLink } };
      };
      budget.observe('reads', 5 + 3);
      const names = (await runtimes.list(ID.parent, caller())).runtimes.map(({ name }) => name);
      expect(names).toEqual(['Runtime0', 'Runtime1', 'Runtime2']);
      expect(arm.sent.map(({ url }) => url.pathname)).toEqual([PATH, '/next', '/next']);
      await expect(runtimes.read(ID, caller())).rejects.toBeInstanceOf(ParkedError);
    });
  });

  describe('attempts', () => {
    test.each([
      ['a dropped connection', DROPPED],
      ['a 500', armError(500, 'InternalServerError')],
      ['a 503', armError(503, 'ServiceUnavailable')],
      ['a 408', armError(408, 'RequestTimeout')],
    ])('%s is tried again, and a second answer counts', async (_what, trouble) => {
      const { arm, runtimes } = rig();
      arm.answers(trouble, { status: 200, body: resource() });
      expect((await runtimes.read(ID, caller()))?.name).toBe('Runtime');
      expect(arm.sent).toHaveLength(2);
    });

    test('three attempts are all', async () => {
      const { arm, runtimes, requests } = rig();
      arm.answers(DROPPED);
      expect((await failureOf(runtimes.read(ID, caller()))).kind).toBe('unavailable');
      expect(requests).toEqual(['get network', 'get network', 'get network']);
    });

    test.each([
      ['a 429', armError(429, 'TooManyRequests', 'x', { 'retry-after': '7' })],
      ['a 400', armError(400, 'BadRequest')],
      ['a 403', armError(403, 'AuthorizationFailed')],
      ['a 409', armError(409, 'Conflict')],
      ['a 412', armError(412, 'PreconditionFailed')],
      ['a 503 that asks for patience', armError(503, 'ServiceUnavailable', 'x', { 'retry-after': '30' })],
    ])('%s is not', async (_what, answer) => {
      const { arm, runtimes } = rig();
      arm.answers(answer);
      await failureOf(runtimes.update(ID, {}, 'e', caller()));
      expect(arm.sent).toHaveLength(1);
    });

    test.each<[string, Parameters<ReturnType<typeof rig>['arm']['answers']>, boolean]>([
      ['a refusal at once', [armError(412, 'PreconditionFailed')], false],
      ['a refusal after an attempt that was cut', [DROPPED, armError(412, 'PreconditionFailed')], true],
      ['a 429 after a 503', [armError(503, 'ServiceUnavailable'), armError(429, 'TooManyRequests')], true],
      ['attempts that were cut, all of them', [DROPPED], true],
      ['a missing role', [armError(403, 'AuthorizationFailed')], false],
    ])('whether a write may have taken effect is known of %s', async (_what, answers, unclear) => {
      const { arm, runtimes } = rig();
      arm.answers(...answers);
      await expect(runtimes.update(ID, {}, 'e', caller())).rejects.toMatchObject({ name: 'AzureFailure', unclear });
    });

    test.each([
      ['a refused token', armError(401, 'InvalidAuthenticationToken')],
      ['a subscription that is not found', armError(404, 'SubscriptionNotFound')],
    ])(
      '%s after an attempt that was cut wakes who waits for it, and leaves open what the cut one did',
      async (_what, no) => {
        const { arm, runtimes, budgetAvailable } = rig();
        arm.answers(DROPPED, no);
        const error = await runtimes.create(ID, {}, caller({ key: 'ns/c' })).catch((each: unknown) => each);
        expect(error).toMatchObject({ unclear: true, wakeWhenOver: expect.any(Function) });
        if (error instanceof Denied) error.wakeWhenOver(caller({ key: 'ns/c' }));
        arm.answers({ status: 200, body: resource() });
        await runtimes.read(ID, caller());
        expect(budgetAvailable).toContain('ns/c');
      },
    );

    test('each attempt spends a token of the budget', async () => {
      const { arm, budget, runtimes, budgetAvailable, clock } = rig();
      arm.answers(DROPPED);
      budget.observe('writes', 4 + 2);
      await expect(runtimes.update(ID, {}, 'e', caller({ key: 'ns/w' }))).rejects.toBeInstanceOf(ParkedError);
      expect(arm.sent).toHaveLength(2);
      await clock.advance(1000);
      expect(budgetAvailable).toEqual(['ns/w']);
    });

    test('each attempt of a write first asks whether it still may', async () => {
      const { arm, runtimes } = rig();
      arm.answers(DROPPED);
      let asked = 0;
      const write = runtimes.update(ID, {}, 'e', caller({ mayWrite: () => ++asked < 2 }));
      await expect(write).rejects.toBeInstanceOf(SupersededError);
      expect(arm.sent).toHaveLength(1);
      await expect(runtimes.delete(ID, caller({ mayWrite: () => false }))).rejects.toBeInstanceOf(SupersededError);
      await expect(runtimes.create(ID, {}, caller({ mayWrite: () => false }))).rejects.toBeInstanceOf(SupersededError);
      expect(arm.sent).toHaveLength(1);
    });

    test('a read asks no such thing', async () => {
      const { arm, runtimes } = rig();
      arm.answers({ status: 200, body: resource() });
      expect(await runtimes.read(ID, caller({ mayWrite: () => false }))).toBeDefined();
    });

    test.each<[string, ReturnType<typeof armError> | Error, boolean]>([
      ['was cut, may be of that attempt', DROPPED, true],
      ['was refused for its token, is of another writer', armError(401, 'ExpiredAuthenticationToken'), false],
    ])('what is in the way of a create after an attempt that %s', async (_what, first, unclear) => {
      const { arm, runtimes } = rig();
      arm.answers(first, armError(412, 'PreconditionFailed'));
      const failure = { kind: 'preconditionFailed' };
      await expect(runtimes.create(ID, {}, caller())).rejects.toMatchObject({ failure, unclear });
    });

    test('a repeated delete that had taken effect is done', async () => {
      const { arm, runtimes } = rig();
      arm.answers(DROPPED, { status: 204 });
      await expect(runtimes.delete(ID, caller())).resolves.toBeUndefined();
    });

    test('an abort ends a call at once, whatever the wire does', async () => {
      const { arm, runtimes, clock } = rig();
      arm.answer = hang;
      const stop = new AbortController();
      const call = runtimes.read(ID, caller({ signal: stop.signal }));
      const outcome = expect(call).rejects.toThrow('enough');
      await clock.settle();
      stop.abort(new Error('enough'));
      await outcome;
      expect(clock.pendingTimers).toBe(0);
    });

    test('an abort before the call means no request', async () => {
      const { arm, runtimes } = rig();
      const signal = AbortSignal.abort(new Error('enough'));
      await expect(runtimes.delete(ID, caller({ signal }))).rejects.toThrow('enough');
      expect(arm.sent).toEqual([]);
    });

    test('a request that is not answered in time is tried again', async () => {
      const { arm, runtimes, clock, requests } = rig({ requestTimeoutMs: 5_000 });
      let first = true;
      arm.answer = () => {
        if (!first) return { status: 200, body: resource() };
        first = false;
        return hang();
      };
      const call = runtimes.read(ID, caller());
      await clock.advance(5_000);
      expect((await call)?.name).toBe('Runtime');
      expect(requests).toEqual(['get timeout', 'get 200']);
      expect(clock.pendingTimers).toBe(0);
    });
  });

  describe('what ARM says of its budget', () => {
    test('after a 429 nobody asks for this kind until its time has come', async () => {
      const { arm, runtimes, clock, budgetAvailable } = rig();
      arm.answers(armError(429, 'TooManyRequests', 'x', { 'retry-after': '7' }), { status: 200, body: resource() });
      expect(await failureOf(runtimes.read(ID, caller()))).toMatchObject({ kind: 'throttled', retryAfterMs: 7000 });
      await expect(runtimes.read(ID, caller({ key: 'ns/b' }))).rejects.toBeInstanceOf(ParkedError);
      expect(await runtimes.create(ID, {}, caller())).toBeDefined();
      await clock.advance(6_999);
      expect(budgetAvailable).toEqual([]);
      await clock.advance(100);
      expect(budgetAvailable).toEqual(['ns/b']);
    });

    test.each(['x-ms-ratelimit-remaining-subscription-reads', 'x-ms-ratelimit-remaining-subscription-global-reads'])(
      'the remaining count in %s bounds what is spent',
      async (header) => {
        const { arm, runtimes } = rig();
        arm.answers({ status: 200, body: resource(), headers: { [header]: '5' } }, { status: 200, body: resource() });
        await runtimes.read(ID, caller());
        await expect(runtimes.read(ID, caller())).rejects.toBeInstanceOf(ParkedError);
        expect(await runtimes.update(ID, {}, 'e', caller({ key: 'ns/other' }))).toBeDefined();
      },
    );
  });

  describe('tokens', () => {
    test('a token that ARM calls expired is replaced within the same call', async () => {
      const { arm, runtimes } = rig({ tokens: ['old', 'new'] });
      arm.answer = ({ headers }) =>
        headers.authorization === 'Bearer old'
          ? armError(401, 'ExpiredAuthenticationToken')
          : { status: 200, body: resource() };
      expect(await runtimes.read(ID, caller())).toBeDefined();
    });

    test.each(['InvalidAuthenticationToken', 'InvalidAuthenticationTokenTenant', 'AuthenticationFailed'])(
      'one that is refused once (%s) is followed by a new one, unnoticed',
      async (code) => {
        const { arm, runtimes, budgetAvailable } = rig({ tokens: ['old', 'new'] });
        arm.answers(armError(401, code), { status: 200, body: resource() });
        expect(await runtimes.read(ID, caller())).toBeDefined();
        expect(arm.sent.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new']);
        expect(budgetAvailable).toEqual([]);
      },
    );

    test('that is refused again, too, is told since when; who waited is woken by the first answer that is none', async () => {
      const { arm, clock, runtimes, budgetAvailable } = rig({ tokens: ['1', '2', '3', '4', '5'] });
      arm.answers(armError(401, 'InvalidAuthenticationTokenTenant'));
      const meet = async (key: string) => {
        const error = await runtimes.read(ID, caller({ key })).catch((thrown: unknown) => thrown);
        if (!(error instanceof Denied)) throw error;
        error.wakeWhenOver({ key, urgency: 'poll' });
        return error.failure;
      };
      const began = clock.now();
      expect(await meet('ns/a')).toMatchObject({ kind: 'credentialsInvalid', mayPass: true, since: began });
      expect(arm.sent).toHaveLength(2);
      await clock.advance(60_000);
      expect(await meet('ns/b')).toMatchObject({ since: began });
      expect(budgetAvailable).toEqual([]);
      arm.answers(RUNTIME_MISSING);
      expect(await runtimes.read(ID, caller({ key: 'ns/c' }))).toBeUndefined();
      expect(budgetAvailable).toEqual(['ns/a', 'ns/b']);
    });

    test('a subscription that answers again wakes who waited for it, and where yes and no take turns, not each time', async () => {
      const { arm, clock, runtimes, budgetAvailable } = rig();
      const meet = async () => {
        arm.answers(armError(404, 'SubscriptionNotFound'));
        const error = await runtimes.read(ID, caller({ key: 'ns/a' })).catch((thrown: unknown) => thrown);
        if (!(error instanceof Denied)) throw error;
        expect(error.failure).toMatchObject({ kind: 'subscriptionNotFound', since: clock.now() });
        error.wakeWhenOver({ key: 'ns/a', urgency: 'poll' });
        arm.answers(RUNTIME_MISSING);
        await runtimes.read(ID, caller({ key: 'ns/b' }));
      };
      await meet();
      expect(budgetAvailable).toEqual(['ns/a']);
      await meet();
      expect(budgetAvailable).toEqual(['ns/a']);
      await clock.advance(30_000);
      await runtimes.read(ID, caller({ key: 'ns/b' }));
      expect(budgetAvailable).toEqual(['ns/a', 'ns/a']);
    });

    test('one that stays expired is a credential that is not available now', async () => {
      const { arm, runtimes } = rig({ tokens: ['old', 'older', 'oldest'] });
      arm.answers(armError(401, 'ExpiredAuthenticationToken'));
      expect((await failureOf(runtimes.read(ID, caller()))).kind).toBe('credentialUnavailable');
      expect(arm.sent).toHaveLength(2);
    });
  });
});

const root = (type: string) =>
  `https://arm.test/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/Group/providers/${type}`;

describe('the networks of a factory', () => {
  const { parent } = idIn('factory');

  test('are looked for in the list, and made unless they are there', async () => {
    const { arm, runtimes, requests } = rigOf();
    const list = (...names: string[]) => ({ status: 200, body: { value: names.map((name) => ({ name })) } });
    arm.answers(list(), list('Default'), list('factory/default'), { status: 200, body: { name: 'default' } });
    const has = () => runtimes.hasNetwork(parent, 'default', caller());
    expect([await has(), await has(), await has()]).toEqual([false, true, true]);
    await runtimes.createNetwork(parent, 'default', caller());
    const networks = `${root('Microsoft.DataFactory/factories/Factory')}/managedVirtualNetworks`;
    expect([...new Set(arm.sent.map(summary))]).toEqual([
      `GET ${networks}?api-version=2018-06-01`,
      `PUT ${networks}/default?api-version=2018-06-01`,
    ]);
    expect(arm.sent.at(-1)).toMatchObject({ body: '{"properties":{}}', headers: { 'if-none-match': '*' } });
    expect(requests.at(-1)).toBe('createNetwork 200');
  });

  test('are not made once the object has changed', async () => {
    const { arm, runtimes } = rigOf();
    const late = caller({ mayWrite: () => false });
    await expect(runtimes.createNetwork(parent, 'default', late)).rejects.toBeInstanceOf(SupersededError);
    expect(arm.sent).toEqual([]);
  });

  test.each([{ value: 'x' }, { value: [{}] }, { value: [{ name: 'other' }], nextLink: 'https://arm.test/next' }, 'x'])(
    '%j do not prove that one is missing',
    async (body) => {
      const { arm, runtimes } = rigOf();
      arm.answers({ status: 200, body });
      expect((await failureOf(runtimes.hasNetwork(parent, 'default', caller()))).kind).toBe('unavailable');
    },
  );
});

describe('the network of a workspace', () => {
  const { parent } = idIn('workspace');

  test.each([
    ['default', true],
    ['Default', true],
    ['', false],
    [null, false],
    [undefined, false],
  ])('is %j in the workspace itself: %j', async (managedVirtualNetwork, expected) => {
    const { arm, runtimes } = rigOf({ parent: 'workspace' });
    arm.answers({ status: 200, body: { name: 'workspace', properties: { managedVirtualNetwork } } });
    expect(await runtimes.hasNetwork(parent, 'default', caller())).toBe(expected);
    expect(arm.sent.map(summary)).toEqual([
      `GET ${root('Microsoft.Synapse/workspaces/workspace')}?api-version=2021-06-01`,
    ]);
  });

  test.each([{}, { properties: 'x' }, { properties: { managedVirtualNetwork: 1 } }, 'x'])(
    '%j does not prove that it is missing',
    async (body) => {
      const { arm, runtimes } = rigOf({ parent: 'workspace' });
      arm.answers({ status: 200, body });
      expect((await failureOf(runtimes.hasNetwork(parent, 'default', caller()))).kind).toBe('unavailable');
    },
  );

  test('cannot be made, and no request is tried', async () => {
    const { arm, runtimes } = rigOf({ parent: 'workspace' });
    const failure = await failureOf(runtimes.createNetwork(parent, 'default', caller()));
    expect(failure).toMatchObject({ kind: 'refused', message: expect.stringContaining('only when it is created') });
    expect(arm.sent).toEqual([]);
  });
});
