/** Messages about changes in Azure: what of them is understood, and that nothing else comes of any text. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkResourceGroup, checkRuntimeId } from '../../../../src/azure/arm/ids.ts';
import { parseMessage } from '../../../../src/azure/changes/parse-message.ts';
import { foldCase } from '../../../../src/core/model/letter-case.ts';
import { runtimeKeyOf } from '../../../../src/kube/objects/runtime-key.ts';
import { ObjectStore } from '../../../../src/kube/objects/store.ts';
import { PushedChanges } from '../../../../src/triggers/pushed-changes.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { parsed } from '../../kube/objects/objects-of-tests.ts';
import { RecordedLog } from '../../runtime/recorded-log.ts';

const SUBSCRIPTION = '00000000-0000-0000-0000-00000000000a';
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/My-Group`;
const FACTORY = `${GROUP}/providers/Microsoft.DataFactory/factories/Factory`;
const WORKSPACE = `${GROUP}/providers/Microsoft.Synapse/workspaces/workspace`;
const RUNTIME = `${FACTORY}/integrationRuntimes/Runtime-1`;
const TIME = '2026-01-02T03:04:05.678Z';
const GROUP_SCOPE = { subscriptionId: SUBSCRIPTION, resourceGroup: 'my-group' };
const FACTORY_SCOPE = { kind: 'factory', ...GROUP_SCOPE, name: 'factory' };

interface EventOptions {
  readonly operation?: unknown;
  readonly resource?: unknown;
  readonly type?: string;
  readonly time?: unknown;
  readonly cloud?: boolean;
  readonly data?: object;
}

function event(options: EventOptions = {}) {
  const { operation = 'Microsoft.DataFactory/factories/integrationruntimes/write', resource = RUNTIME } = options;
  const { type = 'Microsoft.Resources.ResourceWriteSuccess', time = TIME, cloud = false } = options;
  const data = {
    claims: { name: 'A Person', ipaddr: '10.0.0.1' },
    correlationId: 'c0ffee00-0000-0000-0000-000000000001',
    operationName: operation,
    resourceUri: resource,
    ...options.data,
  };
  const named = { id: 'e', subject: foldCase(RUNTIME), data };
  return cloud
    ? { ...named, source: '/subscriptions/x', type, time, specversion: '1.0' }
    : { ...named, topic: '/subscriptions/x', eventType: type, eventTime: time, dataVersion: '2', metadataVersion: '1' };
}

const plain = (value: unknown) => JSON.stringify(value);
const base64 = (value: unknown) => Buffer.from(plain(value)).toString('base64');

const parse = (options?: EventOptions) => parseMessage(base64(event(options)));
const scopesOf = (options?: EventOptions) => parse(options).changes.map(({ scope }) => scope);
const IGNORED = { changes: [], ignored: 1, malformed: 0 };
const MALFORMED = { changes: [], ignored: 0, malformed: 1 };

function namesIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  const { kind: _, ...named } = value as Record<string, unknown>;
  return Object.values(named).flatMap(namesIn);
}

describe('an event of an allowed operation', () => {
  test.each([
    ['base64', base64(event())],
    ['plain text', plain(event())],
    ['with a byte order mark', `\uFEFF${plain(event())}`],
    ['an array of one', base64([event()])],
    ['CloudEvents', base64(event({ cloud: true }))],
    ['CloudEvents in plain text', plain([event({ cloud: true })])],
    ['base64 in lines', base64(event()).replaceAll(/.{76}/g, '$&\r\n')],
  ])('names its runtime in lower case, with operation, correlation id and time: %s', (_, text) => {
    expect(parseMessage(text)).toEqual({
      changes: [
        {
          scope: { kind: 'runtime', id: { parent: FACTORY_SCOPE, name: 'runtime-1' } },
          operation: 'microsoft.datafactory/factories/integrationruntimes/write',
          correlationId: 'c0ffee00-0000-0000-0000-000000000001',
          at: Date.parse(TIME),
        },
      ],
      ignored: 0,
      malformed: 0,
    });
  });

  test.each([
    ['microsoft.datafactory/FACTORIES/integrationRuntimes/WRITE', RUNTIME],
    ['Microsoft.DataFactory/factories/integrationruntimes/delete', RUNTIME],
    ['Microsoft.DataFactory/factories/integrationRuntimes/enableInteractiveQuery/action', RUNTIME],
    ['Microsoft.DataFactory/factories/integrationRuntimes/disableInteractiveQuery/action', RUNTIME],
    ['Microsoft.Synapse/workspaces/integrationRuntimes/write', `${WORKSPACE}/integrationRuntimes/runtime-1`],
    ['Microsoft.Synapse/workspaces/integrationRuntimes/delete', `${WORKSPACE}/integrationruntimes/runtime-1`],
    [
      'Microsoft.Synapse/workspaces/integrationRuntimes/enableInteractiveQuery/action',
      `${WORKSPACE}/integrationRuntimes/a1b`,
    ],
    [
      'Microsoft.Synapse/workspaces/integrationRuntimes/disableInteractiveQuery/action',
      `${WORKSPACE}/integrationRuntimes/a1b`,
    ],
  ])('is understood: %s', (operation, resource) => {
    expect(scopesOf({ operation, resource })).toMatchObject([{ kind: 'runtime' }]);
  });

  test('of a factory, a workspace or a resource group names that', () => {
    expect(scopesOf({ operation: 'Microsoft.DataFactory/factories/delete', resource: FACTORY })).toEqual([
      { kind: 'parent', parent: FACTORY_SCOPE },
    ]);
    expect(scopesOf({ operation: 'Microsoft.Synapse/workspaces/delete', resource: WORKSPACE })).toEqual([
      { kind: 'parent', parent: { kind: 'workspace', ...GROUP_SCOPE, name: 'workspace' } },
    ]);
    expect(scopesOf({ operation: 'Microsoft.Resources/subscriptions/resourceGroups/delete', resource: GROUP })).toEqual(
      [{ kind: 'resourceGroup', ...GROUP_SCOPE }],
    );
  });

  test('is about its subject where it has no resourceUri', () => {
    expect(scopesOf({ data: { resourceUri: undefined } })).toMatchObject([{ id: { name: 'runtime-1' } }]);
  });

  test('has no correlation id that does not look like one', () => {
    for (const correlationId of ['a b\n', 7, null, 'x'.repeat(101)]) {
      expect(parse({ data: { correlationId } }).changes).toMatchObject([{ at: Date.parse(TIME) }]);
      expect(parse({ data: { correlationId } }).changes[0]).not.toHaveProperty('correlationId');
    }
  });
});

describe('an event that is not listened to', () => {
  test.each([
    'Microsoft.Synapse/workspaces/integrationRuntimes/getStatus/action',
    'Microsoft.DataFactory/factories/integrationruntimes/getstatus/read',
    'Microsoft.Synapse/workspaces/integrationRuntimes/start/action',
    'Microsoft.DataFactory/factories/integrationruntimes/write/action',
    'Microsoft.DataFactory/factories/pipelines/write',
    'Microsoft.DataFactory/factories/write',
    'Microsoft.Resources/deployments/write',
    'constructor',
    '__proto__',
    '',
  ])('is ignored: %s', (operation) => expect(parse({ operation })).toEqual(IGNORED));

  test.each(['ResourceWriteFailure', 'ResourceWriteCancel', 'ResourceDeleteFailure', 'ResourceActionCancel', 'Other'])(
    'is ignored: %s',
    (type) => expect(parse({ type: `Microsoft.Resources.${type}` })).toEqual(IGNORED),
  );
});

describe('what makes no sense', () => {
  test.each([
    ['nothing', ''],
    ['no JSON', 'hello'],
    ['JSON that is no event', '17'],
    ['null', base64(null)],
    ['a text in quotes', base64('x')],
    ['base64 of base64', Buffer.from(base64(event())).toString('base64')],
    ['cut', base64(event()).slice(0, 200)],
    ['longer than a message can be', plain(event({ data: { claims: 'x'.repeat(70_000) } }))],
    ['without data', base64({ ...event(), data: undefined })],
    ['without a type', base64({ ...event(), eventType: 3 })],
    ['no operation', base64(event({ operation: ['x'] }))],
    ['no time', base64(event({ time: 5 }))],
    ['a time of day', base64(event({ time: '12:00' }))],
    ['more events than Event Grid puts into one', base64(Array.from({ length: 9 }, () => event()))],
    ['a month too many', base64(event({ time: '2026-13-02T03:04:05Z' }))],
  ])('is malformed: %s', (_, text) => expect(parseMessage(text)).toEqual(MALFORMED));

  test.each([
    `${FACTORY}/integrationRuntimes/..`,
    `${FACTORY}/integrationRuntimes/runtime/../../x`,
    `${FACTORY}/integrationRuntimes/a%2fb`,
    `${FACTORY}/integrationRuntimes/run time`,
    `${FACTORY}/integrationRuntimes/`,
    `${FACTORY}/pipelines/runtime`,
    `${WORKSPACE}/integrationRuntimes/runtime`,
    `https://elsewhere.example${RUNTIME}`,
    `/subscriptions/x/resourceGroups/g/providers/Microsoft.DataFactory/factories/f/integrationRuntimes/runtime`,
    FACTORY,
    GROUP,
    '',
  ])('is a resource that the operation cannot be about: %s', (resource) =>
    expect(parse({ resource })).toEqual(MALFORMED),
  );

  test('of an array, each event counts for itself', () => {
    const { changes, ignored, malformed } = parseMessage(
      base64([event(), event({ operation: 'other' }), 5, null, event({ time: '' }), event({ cloud: true })]),
    );
    expect([changes.length, ignored, malformed]).toEqual([2, 1, 3]);
  });
});

describe('whatever a message is', () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '..',
      '.',
      '%2e%2e',
      'factories',
      'integrationRuntimes',
      SUBSCRIPTION,
      'My-Group',
      'Runtime-1',
      'K',
      'İ',
    ),
  );
  const path = fc.oneof(
    fc.array(word, { maxLength: 12 }).map((words) => `/${words.join('/')}`),
    fc
      .tuple(word, word, word, word)
      .map(
        ([s, g, f, n]) =>
          `/subscriptions/${s}/resourceGroups/${g}/providers/Microsoft.DataFactory/factories/${f}/integrationRuntimes/${n}`,
      ),
    fc.constantFrom(RUNTIME, FACTORY, GROUP),
  );
  const operation = fc.oneof(
    fc.constantFrom(
      'Microsoft.DataFactory/factories/integrationruntimes/write',
      'Microsoft.DataFactory/factories/delete',
      'Microsoft.Resources/subscriptions/resourceGroups/delete',
      'Microsoft.Synapse/workspaces/integrationRuntimes/getStatus/action',
    ),
    fc.string(),
    fc.jsonValue(),
  );
  const events = fc
    .record({
      operation,
      resource: fc.oneof(path, fc.jsonValue()),
      cloud: fc.boolean(),
      time: fc.oneof(fc.constant(TIME), fc.jsonValue()),
    })
    .map((options) => event(options));
  const texts = fc.oneof(
    fc.string({ maxLength: 300 }),
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.base64String({ maxLength: 400 }),
    fc.json(),
    fc.json().map((json) => Buffer.from(json).toString('base64')),
    events.map(plain),
    events.map(base64),
    fc.array(fc.oneof(events, fc.jsonValue())).map(base64),
  );

  test('it is counted, and names nothing that ARM could not have, nor that is not in lower case', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const { changes, ignored, malformed } = parseMessage(text);
        // An array, as it is or in base64, may have no event or several.
        if (!/^\s*[[W\uFEFF]/.test(text)) expect(changes.length + ignored + malformed).toBe(1);
        for (const { scope, operation, at } of changes) {
          expect(Number.isFinite(at)).toBe(true);
          expect(operation).not.toContain('getstatus');
          for (const name of namesIn(scope)) expect(name).toBe(foldCase(name));
          if (scope.kind === 'runtime') checkRuntimeId(scope.id);
          checkResourceGroup(
            scope.kind === 'runtime' ? scope.id.parent : scope.kind === 'parent' ? scope.parent : scope,
          );
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('it has nothing polled but runtimes of objects', () => {
    const objects = new ObjectStore();
    const factory = { subscriptionId: SUBSCRIPTION, resourceGroup: 'My-Group', name: 'Factory' };
    objects.replace(
      ['Runtime-1', 'Runtime-2'].map((azureName) => parsed({ name: azureName, spec: { azureName, factory } })),
    );
    const named = new Set<string>();
    const changes = new PushedChanges({
      objects,
      polls: { named: (key) => void named.add(key) },
      listedAt: () => undefined,
      announced: () => {},
      clock: new FakeClock(Date.parse(TIME)),
      log: new RecordedLog(),
    });
    const keys = objects.objects().map((object) => runtimeKeyOf(object) ?? '');
    const almost = fc
      .tuple(
        fc.constantFrom(GROUP, `${GROUP}-2`, GROUP.toUpperCase()),
        fc.constantFrom('Factory', 'factory', 'Factory-2'),
        fc.constantFrom('Runtime-1', 'RUNTIME-1', 'Runtime-10', 'Runtime'),
      )
      .map(([group, parent, name]) =>
        base64(
          event({
            resource: `${group}/providers/Microsoft.DataFactory/factories/${parent}/integrationRuntimes/${name}`,
          }),
        ),
      );
    fc.assert(
      fc.property(fc.oneof(texts, almost), (text) => {
        for (const change of parseMessage(text).changes) changes.take(change);
        for (const key of named) expect(keys).toContain(key);
      }),
      { numRuns: 500, examples: [[plain(event())]] },
    );
    expect(named).toContain(keys[0]);
  });

  test('nothing of its claims is kept', () => {
    fc.assert(
      fc.property(events, (one) => {
        expect(JSON.stringify(parseMessage(base64(one)))).not.toMatch(/A Person|10\.0\.0\.1/);
      }),
    );
  });
});
