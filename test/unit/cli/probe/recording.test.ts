/** What is written of a run: nothing of what the probe was given is left in it, or it is not written. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Json } from '../../../../dev/emulator/json.ts';
import { claimsOf, type Inputs, needlesOf, proxyOf } from '../../../../src/cli/probe/inputs.ts';
import type { RawExchange } from '../../../../src/cli/probe/recorder.ts';
import { LeakError, pseudonymous, recordingFrom, recordingOf, textOf } from '../../../../src/cli/probe/recording.ts';
import { leftovers } from '../../../../src/cli/probe/scanner.ts';

const GUIDS = [
  'c0ffee00-1234-4abc-8def-00000000cafe',
  'deadbeef-1234-4abc-8def-000000000001',
  'feedface-1234-4abc-8def-000000000002',
] as const;

function inputsOf(group: string, factory: string, more: Partial<Inputs> = {}): Inputs {
  const [subscriptionId, tenantId, clientId] = GUIDS;
  return {
    parents: [{ kind: 'factory', subscriptionId, resourceGroup: group, name: factory }],
    tenantId,
    clientId,
    hosts: ['https://arm.fabrikam.internal:8443', 'https://login.microsoftonline.com'],
    secrets: ['eyJhbGciOiJSUzI1NiJ9.eyJvaWQiOiJ4In0.c2lnbmF0dXJl'],
    claims: ['Erika Mustermann', 'erika@fabrikam.example'],
    prefix: 'azir-probe-0123456789',
    ...more,
  };
}

/** A run in which Azure says the inputs wherever it can, and in spellings of its own. */
function exchangesOf({ parents, prefix, hosts }: Inputs): RawExchange[] {
  const [{ subscriptionId, resourceGroup, name } = { subscriptionId: '', resourceGroup: '', name: '' }] = parents;
  const parent = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.DataFactory/factories/${name}`;
  const runtime = `${prefix}-1`;
  const url = `${hosts[0]}${parent.split('/').map(encodeURIComponent).join('/')}/integrationRuntimes/${runtime}?api-version=2018-06-01`;
  const headers = {
    'content-type': 'application/json',
    'x-ms-routing-request-id': `${resourceGroup}:20250101T000000Z`,
    'x-forwarded-for': '203.0.113.77',
    location: url.toUpperCase().replace(/^HTTPS/, 'https'),
  };
  const request = { method: 'GET', url, headers: {}, body: undefined, authorization: undefined } as const;
  const answer = (status: number, body: Json): RawExchange => ({
    at: 1,
    request,
    answer: { status, headers, text: JSON.stringify(body) },
  });
  const id = `${parent}/integrationruntimes/${runtime}`;
  const entries = [
    {
      id,
      name: runtime,
      type: 'Microsoft.DataFactory/factories/integrationruntimes',
      etag: '16002afd-0000-0000-0000-5b2c71530000',
      properties: { type: 'Managed' },
    },
    {
      id: `${parent}/integrationruntimes/payroll`,
      name: 'payroll',
      properties: { type: 'SelfHosted', description: 'of Contoso' },
    },
  ];
  const message = `The client 'erika@fabrikam.example' with object id '${GUIDS[2].toUpperCase()}' does not have authorization over scope '${id.toLowerCase()}' (Erika Mustermann, 203.0.113.77).`;
  return [
    answer(200, {
      id: parent,
      name,
      location: 'West Europe',
      tags: { owner: 'Erika' },
      properties: { repoConfiguration: { accountName: resourceGroup } },
    }),
    answer(200, {
      value: entries,
      nextLink: `${url}&%24skipToken=${Buffer.from(`payroll-${name}`).toString('base64')}`,
    }),
    answer(403, { error: { code: 'AuthorizationFailed', message } }),
    answer(403, {
      error: { code: 'RequestDisallowedByPolicy', message: `Policy 'Contoso secret policy'`, target: name },
    }),
    answer(404, {
      error: {
        code: 'ResourceNotFound',
        message: `The Resource 'Microsoft.DataFactory/factories/${name}' under resource group '${resourceGroup}' was not found.`,
      },
    }),
  ];
}

const written = (inputs: Inputs, exchanges = exchangesOf(inputs)): string =>
  textOf(
    recordingOf(
      { date: new Date(0), exchanges, verdicts: { factory: { 'stale-etag': 'holds' }, workspace: {} } },
      inputs,
    ),
  );

describe('a recording', () => {
  const inputs = inputsOf('Fabrikam-RG_(eu)', 'fabrikamFactory');
  const text = written(inputs);

  test.each([
    ...GUIDS,
    'fabrikam',
    'Mustermann',
    '203.0.113.77',
    'payroll',
    'Contoso',
    'azir-probe-0123456789',
    'eyJ',
    '8443',
  ])('has nothing of %s', (input) => {
    expect(text.toLowerCase()).not.toContain(input.toLowerCase());
  });

  test('says the same for the same, and keeps what a maintainer needs', () => {
    const { exchanges } = recordingFrom(text);
    const parent =
      '/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/group-1/providers/Microsoft.DataFactory/factories/factory-1';
    expect(exchanges[0]?.request.path).toBe(`${parent}/integrationRuntimes/azir-probe-0-1?api-version=2018-06-01`);
    expect(exchanges[1]?.answer).toMatchObject({
      leftOut: 1,
      body: {
        value: [
          {
            id: `${parent}/integrationruntimes/azir-probe-0-1`,
            name: 'azir-probe-0-1',
            properties: { type: 'Managed' },
          },
        ],
      },
    });
    expect(exchanges[2]?.answer?.body).toMatchObject({ error: { code: 'AuthorizationFailed' } });
    expect(exchanges[4]?.answer?.body).toMatchObject({
      error: {
        message:
          "The Resource 'Microsoft.DataFactory/factories/factory-1' under resource group 'group-1' was not found.",
      },
    });
  });

  test.each([
    'a',
    'type',
    'factories',
    'default',
    'Managed',
    'probe',
    'group-1',
    '00000000',
    '2018',
    'Microsoft.DataFactory',
    'error',
  ])('is written although the group or the factory is called as a word of the service: %s', (name) => {
    const { exchanges } = recordingFrom(written(inputsOf(name, 'fabrikamFactory')));
    const [, , , , group] = exchanges[0]?.request.path.split('/') ?? [];
    expect(group).toMatch(/^group-\d+$/);
    expect(group).not.toBe(name);
  });

  test.each(['results', 'factory', 'assumed', 'refused', 'seen', 'version'])(
    'and the report beside it are written although the group is called as a word of them: %s',
    (name) => {
      const inputs = inputsOf(name, 'fabrikamFactory');
      const run = { date: new Date(0), exchanges: exchangesOf(inputs), verdicts: { factory: {}, workspace: {} } };
      const results = [{ id: 'stale-etag', verdict: 'could not tell', assumed: '', seen: '403', why: 'refused' }];
      const report = {
        version: '1',
        requests: 1,
        tookMs: 1,
        left: 0,
        madeNetwork: false,
        factory: results,
        workspace: [],
      };
      expect(() => pseudonymous(report, run, inputs)).not.toThrow();
    },
  );

  test('is refused if what Azure answers has an input where nobody looks for it', () => {
    const [first] = exchangesOf(inputs);
    const header = { 'content-type': `text/${Buffer.from('xfabrikamFactory').toString('base64')}` };
    const hidden = first?.answer && { ...first, answer: { ...first.answer, headers: header } };
    expect(() => written(inputs, hidden ? [hidden] : [])).toThrow(LeakError);
  });

  test('is no more telling than the report beside it', () => {
    const run = { date: new Date(0), exchanges: exchangesOf(inputs), verdicts: { factory: {}, workspace: {} } };
    const report = pseudonymous(
      { seen: 'getaddrinfo ENOTFOUND arm.fabrikam.internal for fabrikamfactory' },
      run,
      inputs,
    );
    expect(JSON.stringify(report)).not.toMatch(/fabrikam/i);
  });
});

describe('the scanner', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9]{7,15}$/);
  const spelled: readonly (readonly [string, (text: string) => string])[] = [
    ['as it is', (text) => text],
    ['in capitals', (text) => text.toUpperCase()],
    ['percent-encoded', (text) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16)}`).join('')],
    [
      'percent-encoded twice',
      (text) => encodeURIComponent([...Buffer.from(text)].map((byte) => `%${byte.toString(16)}`).join('')),
    ],
    ['in base64', (text) => Buffer.from(text).toString('base64')],
    ['in base64 of capitals, one byte later', (text) => Buffer.from(`-${text.toUpperCase()}`).toString('base64')],
    ['in base64url, two bytes later', (text) => Buffer.from(`--${text}`).toString('base64url')],
    ['in base64, in a longer word', (text) => `abc${Buffer.from(text).toString('base64')}`],
    ['in base64 of UTF-16', (text) => Buffer.from(text, 'utf16le').toString('base64')],
    [
      'as escapes of JSON',
      (text) => [...text].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
    ],
    ['as numbers of HTML', (text) => [...text].map((letter) => `&#${letter.charCodeAt(0)};`).join('')],
    [
      'as hexadecimal numbers of HTML',
      (text) => [...text].map((one) => `&#x${one.charCodeAt(0).toString(16)};`).join(''),
    ],
    ['in hexadecimal', (text) => Buffer.from(text).toString('hex')],
    ['in hexadecimal, half a byte later', (text) => `a${Buffer.from(text).toString('hex').toUpperCase()}`],
    ['with something in it that has no width', (text) => `${text.slice(0, 3)}\u200b${text.slice(3)}\u00ad`],
  ];

  test.each(spelled)('finds an input that is left %s, in a value, a name or deep inside', (_how, spell) => {
    fc.assert(
      fc.property(name, fc.string(), fc.string(), (input, before, after) => {
        const needles = needlesOf(inputsOf(input, 'fabrikamFactory'));
        const scan = { needles, vocabulary: '' };
        const text = `${before} ${spell(input)} ${after}`;
        for (const document of [text, { a: [{ b: text }] }, { [text]: 1 }])
          expect(leftovers(document, scan)).toContain('group');
      }),
      { numRuns: 50 },
    );
  });
});

describe('a GUID without its dashes', () => {
  const inputs = inputsOf('Fabrikam-RG_(eu)', 'fabrikamFactory');
  const bare = (guid: string) => guid.replaceAll('-', '');

  test.each(GUIDS)('is found by the scanner: %s', (guid) => {
    const scan = { needles: needlesOf(inputs), vocabulary: '' };
    for (const text of [`x${bare(guid)}x`, bare(guid).toUpperCase(), Buffer.from(bare(guid)).toString('base64')])
      expect(leftovers({ text }, scan)).toEqual(['guid']);
  });

  test('is replaced by that of the same GUID, in a word and of others too', () => {
    const other = 'abcdefab-1234-4abc-8def-00000000beef';
    const texts = [GUIDS[0], bare(GUIDS[0]), `sub${bare(GUIDS[0]).toUpperCase()}`, other, bare(other)];
    const run = { date: new Date(0), exchanges: [], verdicts: { factory: {}, workspace: {} } };
    const [first, second, inWord, third, fourth] = pseudonymous(texts, run, inputs) as string[];
    expect(first).toMatch(/^00000000-0000-4000-8000-/);
    expect([second, inWord]).toEqual([bare(first ?? ''), `sub${second}`]);
    expect(third).not.toBe(first);
    expect(fourth).toBe(bare(third ?? ''));
  });
});

test.each([
  ['2001:db8::7', 'client name-1'],
  ['2603:1020:201:10::10F', 'client name-1'],
  ['2001:0DB8:0000:0000:0000:0000:0000:0007', 'client name-1'],
  ['[2001:db8::7]:443', 'client [name-1]:443'],
  ['ip:2001:db8::7', 'client ip:name-1'],
  ['fd00::7', 'client name-1'],
  ['::ffff:203.0.113.77', 'client ::ffff:192.0.2.1'],
  // What only looks like one.
  ['12:34:56', 'client 12:34:56'],
  ['2025-01-01T12:34:56Z', 'client 2025-01-01T12:34:56Z'],
])('an IPv6 address is replaced, and what is none is not: %s', (address, text) => {
  const inputs = inputsOf('Fabrikam-RG_(eu)', 'fabrikamFactory');
  const run = { date: new Date(0), exchanges: [], verdicts: { factory: {}, workspace: {} } };
  expect(pseudonymous(`client ${address}`, run, inputs)).toBe(text);
});

test('the correlation id of an answer is in no header, and in a message it is another one: the same for the same', () => {
  const inputs = inputsOf('Fabrikam-RG_(eu)', 'fabrikamFactory');
  const [, , first] = exchangesOf(inputs);
  const correlationId = 'abcdefab-1234-4abc-8def-00000000beef';
  const headers = { 'x-ms-correlation-request-id': correlationId, 'x-ms-request-id': correlationId };
  const message = `The request failed (Correlation id: ${correlationId}).`;
  const failed = { status: 500, headers, text: JSON.stringify({ error: { code: 'InternalServerError', message } }) };
  const text = written(inputs, first ? [first, { ...first, answer: failed }, { ...first, answer: failed }] : []);
  expect(text).not.toContain(correlationId);
  const [, ...answers] = recordingFrom(text).exchanges.map(({ answer }) => answer);
  expect(answers[0]).toMatchObject({
    headers: { 'x-ms-correlation-request-id': '(removed)', 'x-ms-request-id': '(removed)' },
    body: { error: { message: expect.stringMatching(/\(Correlation id: 00000000-0000-4000-8000-[0-9a-f]{12}\)/) } },
  });
  expect(answers[1]).toEqual(answers[0]);
});

test('a guest of the directory is a person, too', () => {
  const inputs = inputsOf('Fabrikam-RG_(eu)', 'fabrikamFactory');
  const run = { date: new Date(0), exchanges: [], verdicts: { factory: {}, workspace: {} } };
  const message = "The client 'alice_contoso.com#EXT#@fabrikam.onmicrosoft.com' has no role";
  expect(pseudonymous(message, run, inputs)).toBe("The client 'person-1@example.com' has no role");
});

test.each(['https:// is not an address', 'https://', 'https://[x', 'https://docs.example/x says more'])(
  'a message that begins as an address does keeps no recording from being written: %s',
  (message) => {
    const inputs = inputsOf('Fabrikam-RG_(eu)', 'fabrikamFactory');
    const [first] = exchangesOf(inputs);
    const text = JSON.stringify({ error: { code: 'BadRequest', message } });
    const exchanges = first?.answer ? [{ ...first, answer: { ...first.answer, text } }] : [];
    expect(recordingFrom(written(inputs, exchanges)).exchanges[0]?.answer?.body).toEqual(JSON.parse(text));
  },
);

test('the host of a proxy counts as an input, and who uses it', () => {
  expect(proxyOf({ https_proxy: 'http://erika:p%40ss@proxy.corp.fabrikam.com:8080' })).toEqual({
    hosts: ['http://erika:p%40ss@proxy.corp.fabrikam.com:8080/'],
    users: ['erika'],
    secrets: ['p@ss'],
  });
  expect(proxyOf({ HTTP_PROXY: 'proxy.corp:3128', ALL_PROXY: '', HTTPS_PROXY: '::' }).hosts).toEqual([
    'http://proxy.corp:3128/',
  ]);
});

test('whatever group and factory are called, nothing of them is left or nothing is written', () => {
  const group = fc.oneof(
    fc.stringMatching(/^[\w().-]{0,20}[\w()-]$/),
    fc.stringMatching(/^[\p{L}\p{N}_().-]{3,20}$/u).filter((text) => !text.endsWith('.')),
  );
  const factory = fc.stringMatching(/^[A-Za-z0-9]{3,12}(-[A-Za-z0-9]{1,8})?$/);
  fc.assert(
    fc.property(group, factory, (resourceGroup, name) => {
      const inputs = inputsOf(resourceGroup, name);
      let text: string;
      try {
        text = written(inputs);
      } catch (error) {
        expect(error).toBeInstanceOf(LeakError);
        return;
      }
      // A name of a letter or two is in every text: where a name stands, it is not.
      const paths = [...text.matchAll(/\/(?:resourceGroups|factories)\/([^/?"' ]+)/gi)].map(([, segment = '']) =>
        segment.toLowerCase(),
      );
      for (const input of [resourceGroup, name]) {
        expect(paths).not.toContain(input.toLowerCase());
        expect(paths).not.toContain(encodeURIComponent(input).toLowerCase());
      }
      for (const guid of GUIDS) expect(text.toLowerCase()).not.toContain(guid);
    }),
    { numRuns: 300 },
  );
});

test('a name that is not a word of the service does not keep a recording from being written', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[A-Za-z]{6,10}-[0-9]{2}_[a-z]{3}$/),
      fc.stringMatching(/^adf-[a-z0-9]{8,20}$/),
      (group, factory) => {
        const text = written(inputsOf(group, factory)).toLowerCase();
        expect(text).not.toContain(group.toLowerCase());
        expect(text).not.toContain(factory.toLowerCase());
      },
    ),
    { numRuns: 200 },
  );
});

test.each([
  ['https://contosochanges.queue.core.windows.net/payroll-events', ['contosochanges', 'payroll-events']],
  ['https://contosochanges.queue.core.chinacloudapi.cn/payroll-events', ['contosochanges', 'payroll-events']],
  ['https://queues.fabrikam.internal:10001/contosochanges/payroll-events', ['contosochanges', 'payroll-events']],
])('of a queue, neither the account nor its name is told: %s', (queue, names) => {
  const inputs = inputsOf('Fabrikam-RG_(eu)', 'fabrikamFactory', { queue });
  const run = { date: new Date(0), exchanges: exchangesOf(inputs), verdicts: { factory: {}, workspace: {} } };
  const seen = `the queue could not be reached. Azure: getaddrinfo ENOTFOUND ${new URL(queue).hostname} (${queue})`;
  const text = JSON.stringify(pseudonymous({ seen }, run, inputs));
  expect(text).not.toMatch(/fabrikam/i);
  for (const name of names) {
    expect(text).not.toContain(name);
    expect(leftovers({ seen: name }, { needles: needlesOf(inputs), vocabulary: '' })).not.toEqual([]);
  }
});

test('the address of an emulated queue does not keep a recording from being written that has a part of it as a number', () => {
  const inputs = inputsOf('Fabrikam-RG_(eu)', 'fabrikamFactory', { queue: 'https://127.0.0.1:10001/account/payroll' });
  const exchanges = exchangesOf(inputs).map((each) => ({ ...each, at: 127 }));
  expect(() => written(inputs, exchanges)).not.toThrow();
});

test('what a token says of its owner counts as an input', () => {
  const payload = { oid: 'o-1', upn: 'erika@fabrikam.example', name: 'Erika', exp: 1, roles: ['x'] };
  const token = `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.x`;
  expect(claimsOf(token)).toEqual(['o-1', 'erika@fabrikam.example', 'Erika']);
  expect(claimsOf('opaque')).toEqual([]);
});
