/** An object of the API server, parsed at the edge. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EMPTY_STATUS } from '../../../../src/core/model/object.ts';
import { parseObject } from '../../../../src/kube/objects/codec.ts';
import { FACTORY, parsed, rawObject } from './objects-of-tests.ts';

describe('an object of the API server', () => {
  test('is known by its metadata', () => {
    expect(parsed({ version: '42', generation: 7, finalizers: ['other.io/x', 'azure-ir.io/runtime'] })).toMatchObject({
      key: 'team/runtime-a',
      uid: 'uid-of-runtime-a',
      generation: 7,
      resourceVersion: '42',
      createdAt: Date.UTC(2025, 0, 2, 3, 4, 5),
      deleting: false,
      hasFinalizer: true,
      finalizers: ['other.io/x', 'azure-ir.io/runtime'],
    });
  });

  test('counts as being deleted from its deletion timestamp on', () => {
    expect(parsed({ deleting: true }).deleting).toBe(true);
  });

  test.each([
    [
      'the annotation',
      { annotations: { 'argocd.argoproj.io/tracking-id': 'lake:azure-ir.io/AzureIntegrationRuntime:a/b' } },
    ],
    ['the label', { labels: { 'app.kubernetes.io/instance': 'lake' } }],
  ])('bears a mark of Argo CD when it has %s of that', (_name, mark) => {
    expect(parsed(mark).isTrackedByArgoCd).toBe(true);
    expect(parsed().isTrackedByArgoCd).toBe(false);
  });

  test.each([
    ['of a Helm release', { 'meta.helm.sh/release-name': 'lake' }, { 'app.kubernetes.io/instance': 'lake' }, false],
    [
      'of a Helm release that Argo CD tracks by its own label',
      { 'meta.helm.sh/release-name': 'lake' },
      { 'argocd.argoproj.io/instance': 'lake' },
      true,
    ],
    [
      'of a Helm release that Argo CD tracks by its annotation',
      { 'meta.helm.sh/release-name': 'lake', 'argocd.argoproj.io/tracking-id': 'lake:a/b:c/d' },
      { 'app.kubernetes.io/instance': 'lake' },
      true,
    ],
  ])('%s: whether it bears a mark of Argo CD', (_name, annotations, labels, expected) => {
    expect(parsed({ annotations, labels }).isTrackedByArgoCd).toBe(expected);
  });

  test('is not held by a foreign finalizer', () => {
    expect(parsed({ finalizers: ['foregroundDeletion'] }).hasFinalizer).toBe(false);
  });

  describe('bears a mark', () => {
    const mark = { uid: 'uid-of-runtime-a', origin: 'Created', runtime: '/subscriptions/x' };
    const marked = (value: unknown) => parsed({ annotations: { 'azure-ir.io/mark': value } });

    test('of its own where that names its uid', () => {
      const { mark: own, bearsMark } = marked(JSON.stringify(mark));
      expect([own, bearsMark]).toEqual([{ origin: 'Created', runtime: '/subscriptions/x' }, true]);
      expect(parsed()).toMatchObject({ mark: undefined, bearsMark: false });
    });

    test('with what a create sends, but not what no manifest declares', () => {
      const fields = { location: 'West Europe', 'dataFlow.customProperties[x]': 'y', other: 1 };
      const known = new Map(Object.entries(fields).slice(0, 2));
      expect(marked(JSON.stringify({ ...mark, sent: [fields, 1] })).mark?.sent).toEqual([known]);
      expect(marked(JSON.stringify({ ...mark, sent: 'none' })).mark?.sent).toBeUndefined();
    });

    test.each([
      ['another uid', JSON.stringify({ ...mark, uid: 'uid-of-runtime-b' })],
      ['no uid', JSON.stringify({ ...mark, uid: undefined })],
      ['no runtime', JSON.stringify({ ...mark, runtime: '' })],
      ['another origin', JSON.stringify({ ...mark, origin: 'Stolen' })],
      ['a list', JSON.stringify([mark])],
      ['half of it', JSON.stringify(mark).slice(0, -1)],
      ['nothing', ''],
      ['no text', mark],
    ])('that proves nothing where that is %s', (_, value) => {
      expect(marked(value)).toMatchObject({ mark: undefined, bearsMark: true });
    });
  });

  test.each([['another-uid'], [undefined], [7]])('remembers nothing of a status that is about %s', (uid) => {
    const claim = { origin: 'Created', identity: 't/c' };
    const status = { observedGeneration: 1, claim, lastHandledRepairAt: 'r1', operation: { kind: 'Create' } };
    expect(parsed({ status: { ...status, uid } }).status).toEqual(EMPTY_STATUS);
    expect(parsed({ status }).status).toMatchObject({ observedGeneration: 1, claim, lastHandledRepairAt: 'r1' });
  });

  test.each(['name', 'namespace', 'uid', 'resourceVersion'])('is nothing without its %s', (field) => {
    const raw = rawObject();
    expect(parseObject({ ...raw, metadata: { ...raw.metadata, [field]: undefined } })).toBeUndefined();
  });

  test('brings what people ask for by annotations, and an empty value asks for nothing', () => {
    const annotations = {
      'azure-ir.io/reconcile': 'a',
      'reconcile.fluxcd.io/requestedAt': 'b',
      'azure-ir.io/repair': '',
      'azure-ir.io/enable-interactive-authoring': 't3',
      'azure-ir.io/accept-identity': 'tenant/client',
    };
    expect(parsed({ annotations }).requests).toEqual({
      reconcile: 'a',
      requestedAt: 'b',
      repair: undefined,
      acceptIdentity: 'tenant/client',
      enableInteractiveAuthoring: 't3',
    });
  });

  test('has a token cut to the length at which the handled one is kept, so that the two can be equal', () => {
    expect(parsed({ annotations: { 'azure-ir.io/repair': 'x'.repeat(300) } }).requests.repair).toBe('x'.repeat(256));
  });

  test('that is hostile never makes parsing throw', () => {
    const json = fc.jsonValue({ maxDepth: 4 });
    const metadata = fc.record(
      Object.fromEntries(
        ['name', 'namespace', 'uid', 'resourceVersion', 'annotations', 'finalizers'].map((k) => [k, json]),
      ),
    );
    const statusPart = fc.record(
      Object.fromEntries(
        [
          'conditions',
          'claim',
          'drift',
          'repair',
          'corrections',
          'ownedFields',
          'waitingSince',
          'operation',
          'connectVia',
        ].map((k) => [
          k,
          fc.oneof(
            json,
            fc.array(json),
            fc.array(fc.record({ type: fc.constant('Ready'), times: json, field: fc.constant('location') })),
          ),
        ]),
      ),
    );
    const spec = fc.record(
      Object.fromEntries(
        ['azureName', 'location', 'interval', 'repair', 'suspend', 'managementPolicy'].map((k) => [k, json]),
      ),
      { requiredKeys: [] },
    );
    const sound = rawObject();
    const hostile = fc.oneof(
      json,
      metadata.map((part) => ({ ...sound, metadata: part })),
      statusPart.map((status) => ({ ...sound, status })),
      fc
        .oneof(
          json,
          spec,
          spec.map((s) => ({ ...s, factory: FACTORY })),
        )
        .map((part) => ({ ...sound, spec: part })),
    );
    fc.assert(
      fc.property(hostile, (raw) => void parseObject(raw)),
      { numRuns: 2000 },
    );
  });
});
