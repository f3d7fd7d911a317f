/** Names of properties are found whatever their case and keep the spelling they have; values of enumerations compare without case. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseExact } from '../../../../src/azure/arm/exact-json.ts';
import { differences, isAutoResolve, merge, newDocument, valueAt } from '../../../../src/core/model/fields.ts';
import { isIn, networkOf } from '../../../../src/core/model/network.ts';
import type { Json, JsonObject, RuntimeDocument } from '../../../../src/core/model/runtime.ts';
import { at, declared } from './definition.ts';

const compute = (computeProperties: JsonObject): RuntimeDocument => ({ typeProperties: { computeProperties } });
const written = (document: RuntimeDocument, fields: Parameters<typeof declared>[0], before: string[] = []) => {
  const wanted = declared(fields);
  return merge(document, differences(wanted, before, document), wanted, before);
};

describe('a name in a document', () => {
  test.each([
    [at('typeProperties.computeProperties.dataflowProperties.coreCount', 8)],
    [at('TypeProperties.ComputeProperties.DataFlowProperties.CoreCount', 8)],
    [at('TYPEPROPERTIES.computeproperties.dataFlowProperties.corecount', 8)],
  ])('is found in %j, and keeps its spelling when it is written', (document) => {
    const was = { ...document, type: 'Managed' };
    expect(valueAt(was, 'dataFlow.coreCount')).toBe(8);
    expect(differences(declared({ 'dataFlow.coreCount': 8 }), [], was)).toEqual([]);
    expect(JSON.stringify(written(was, { 'dataFlow.coreCount': 16 }))).toBe(JSON.stringify(was).replace('8', '16'));
    const beside = JSON.stringify(written(was, { 'dataFlow.timeToLiveMinutes': 5 }));
    expect(beside).toBe(JSON.stringify(was).replace(':8', ':8,"timeToLive":5'));
    expect(written(was, {}, ['dataFlow.coreCount'])).toEqual({ type: 'Managed' });
  });

  test('is found in the entries of a list too', () => {
    const was = compute({
      dataflowproperties: {
        CustomProperties: [
          { Name: 'a', Value: '1' },
          { Name: 'b', VALUE: 'x' },
        ],
      },
    });
    const [a, b] = ['dataFlow.customProperties[a]', 'dataFlow.customProperties[b]'] as const;
    expect(valueAt(was, a)).toBe('1');
    expect(written(was, { [a]: '2' })).toEqual(
      compute({
        dataflowproperties: {
          CustomProperties: [
            { Name: 'a', Value: '2' },
            { Name: 'b', VALUE: 'x' },
          ],
        },
      }),
    );
    expect(written(was, {}, [a, b])).toEqual({});
  });

  test('of a description is found, and the default goes under whatever spelling', () => {
    expect(written({ Description: 'theirs' }, { description: 'ours' })).toEqual({ Description: 'ours' });
    expect(written({ DESCRIPTION: '' }, {}, ['description'])).toEqual({});
  });
});

describe('a name that is spelled in two ways', () => {
  const both = compute({
    dataflowProperties: { coreCount: 8, alien: { x: 1 } },
    other: 1,
    dataFlowProperties: { computeType: 'General', alien: { y: 2 } },
  });

  test('is read under both', () => {
    expect([valueAt(both, 'dataFlow.coreCount'), valueAt(both, 'dataFlow.computeType')]).toEqual([8, 'General']);
  });

  test('becomes one by a write, the documented one, and nothing below either is lost', () => {
    expect(written(both, { 'dataFlow.coreCount': 16 })).toEqual(
      compute({ other: 1, dataFlowProperties: { computeType: 'General', alien: { y: 2, x: 1 }, coreCount: 16 } }),
    );
  });

  test('equals nothing where its values contradict each other, and is that value where they do not', () => {
    const contradiction = { description: 'a', Description: 'b' };
    expect(differences(declared({ description: 'a' }), [], contradiction)).toEqual([
      { field: 'description', desired: 'a', observed: ['a', 'b'] },
    ]);
    expect(written(contradiction, { description: 'a' })).toEqual({ description: 'a' });
    expect(differences(declared({ description: 'a' }), [], { Description: 'a', DESCRIPTION: 'a' })).toEqual([]);
    expect(written(contradiction, {}, ['description'])).toEqual({});
  });

  test('counts under the one where it is not null', () => {
    expect(valueAt({ description: null, Description: 'a' }, 'description')).toBe('a');
    const lists = (first: Json, second: Json) =>
      compute({ dataFlowProperties: { customProperties: first, CustomProperties: second } });
    expect(
      written(lists([{ name: 'a', value: '1' }], [{ name: 'b', value: '2' }]), { 'dataFlow.customProperties[b]': '3' }),
    ).toEqual(
      compute({
        dataFlowProperties: {
          customProperties: [
            { name: 'a', value: '1' },
            { name: 'b', value: '3' },
          ],
        },
      }),
    );
  });
});

test.each(['memoryoptimized', 'MEMORYOPTIMIZED'])(
  'the compute type %s is MemoryOptimized, and stays as it is',
  (computeType) => {
    const was = compute({ dataFlowProperties: { computeType, coreCount: 8 } });
    expect(differences(declared({ 'dataFlow.computeType': 'MemoryOptimized' }), [], was)).toEqual([]);
    const is = written(was, { 'dataFlow.computeType': 'MemoryOptimized', 'dataFlow.coreCount': 16 });
    expect(is).toEqual(compute({ dataFlowProperties: { computeType, coreCount: 16 } }));
  },
);

describe('AutoResolve', () => {
  test.each(['AutoResolve', 'autoresolve', 'Auto Resolve', 'auto-resolve', 'AUTORESOLVE', 'auto - resolve'])(
    'is sent as such, and meant by %s',
    (location) => {
      expect(isAutoResolve(location)).toBe(true);
      const auto = compute({ location: 'AutoResolve' });
      expect(newDocument(declared({ location }))).toEqual({ type: 'Managed', ...auto });
      expect(written(compute({ location: 'West Europe' }), { location })).toEqual(auto);
      expect(differences(declared({ location }), [], auto)).toEqual([]);
      expect(differences(declared({ location }), [], compute({ location: 'Auto Resolve' }))).toEqual([]);
      expect(differences(declared({ location }), [], {})).toEqual([]);
    },
  );

  test.each(['West Europe', 'Auto', 'AutoResolve2', 'west-europe'])(
    'is not meant by %s, which is sent as it is',
    (location) => {
      expect(isAutoResolve(location)).toBe(false);
      expect(newDocument(declared({ location }))).toEqual({ type: 'Managed', ...compute({ location }) });
    },
  );
});

test.each<[Json, string | undefined]>([
  [{ referenceName: '' }, undefined],
  [{ type: 'ManagedVirtualNetworkReference', ReferenceName: '' }, undefined],
  [{ referenceName: null }, undefined],
  ['default', undefined],
  [{ REFERENCENAME: 'Default' }, 'Default'],
])('a reference %j to a managed virtual network means %j', (reference, name) => {
  const network = name === undefined ? undefined : ({ name: 'default', creation: 'Never' } as const);
  for (const document of [{ managedVirtualNetwork: reference }, { managedvirtualnetwork: reference }]) {
    expect(networkOf(document)).toBe(name);
    expect(isIn(network, document)).toBe(true);
  }
});

describe('a number that keeps its text', () => {
  const text =
    '{"alien":12345678901234567,"typeProperties":{"computeProperties":{"dataFlowProperties":{"alien":[0.12345678901234567890],"coreCount":8}}}}';

  test('stays as it is in a merge', () => {
    const document = parseExact(text) as RuntimeDocument;
    expect(JSON.stringify(written(document, { 'dataFlow.coreCount': 16 }))).toBe(
      text.replace('"coreCount":8', '"coreCount":16'),
    );
  });

  test('is told by its digits where a leaf is declared, and is replaced', () => {
    const document = parseExact(text.replace(':8', ':80000000000000000001')) as RuntimeDocument;
    const [drift] = differences(declared({ 'dataFlow.coreCount': 8 }), [], document);
    expect(JSON.stringify(drift)).toBe('{"field":"dataFlow.coreCount","desired":8,"observed":80000000000000000001}');
    expect(JSON.stringify(written(document, { 'dataFlow.coreCount': 8 }))).toBe(text);
  });

  test('stands in the way of a leaf as any number does', () => {
    const document = parseExact('{"typeProperties":12345678901234567}') as RuntimeDocument;
    expect(valueAt(document, 'dataFlow.coreCount')).toBeNull();
    expect(written(document, { 'dataFlow.coreCount': 8 })).toEqual(compute({ dataFlowProperties: { coreCount: 8 } }));
  });
});

test('a merge keeps every field that nobody declares, to the letter: names of any case and numbers of any length', () => {
  const odd = (name: string) =>
    fc
      .array(fc.boolean(), { minLength: name.length, maxLength: name.length })
      .map((upper) => [...name].map((c, i) => (upper[i] ? c.toUpperCase() : c.toLowerCase())).join(''));
  const value = fc.constantFrom(
    '12345678901234567',
    '0.12345678901234567890',
    '1e400',
    '8',
    '"x"',
    '[1,{"a":-12345678901234567}]',
    'null',
  );
  const names = fc.tuple(...['typeProperties', 'computeProperties', 'dataFlowProperties', 'coreCount'].map(odd));
  fc.assert(
    fc.property(names, fc.tuple(value, value, value, value), ([type, compute, flow, count], [a, b, c, d]) => {
      const text = (cores: string) =>
        `{"Alien":${a},"${type}":{"alien":${b},"${compute}":{"ALIEN":${c},"${flow}":{"alien":${d},"${count}":${cores}}}}}`;
      const document = parseExact(text('8')) as RuntimeDocument;
      expect(JSON.stringify(written(document, { 'dataFlow.coreCount': 16 }))).toBe(text('16'));
    }),
  );
});
