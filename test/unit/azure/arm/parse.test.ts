/** What ARM answers, parsed at the edge. */
import { describe, expect, test } from '@jest/globals';
import { parseRuntime, parseState } from '../../../../src/azure/arm/parse.ts';
import { resource } from '../support/rig.ts';

const compute = (computeProperties: unknown, rest: object = {}) =>
  resource({ type: 'Managed', typeProperties: { computeProperties, ...rest } });

describe('the type of a runtime', () => {
  test.each([
    ['without anything', resource({ type: 'Managed' })],
    ['with a location', compute({ location: 'West Europe' })],
    ['with no SSIS', compute({}, { ssisProperties: null })],
    ['with type properties of an odd shape', resource({ type: 'Managed', typeProperties: 'x' })],
  ])('Managed %s is an Azure runtime', (_what, value) => {
    expect(parseRuntime(value).type).toBe('Managed');
  });

  test.each([
    ['ssisProperties', compute({}, { ssisProperties: {} })],
    ['nodeSize', compute({ nodeSize: 'Standard_D2_v3' })],
    ['numberOfNodes', compute({ numberOfNodes: 1 })],
  ])('Managed with %s is an Azure-SSIS runtime', (_what, value) => {
    expect(parseRuntime(value).type).toBe('AzureSsis');
  });

  test.each<[object, unknown]>([
    [{ type: 'managed' }, 'Managed'],
    [{ Type: 'MANAGED' }, 'Managed'],
    [{ type: 'selfhosted' }, 'SelfHosted'],
    [{ TYPE: 'Managed', TypeProperties: { SSISProperties: {} } }, 'AzureSsis'],
    [{ type: 'managed', typeproperties: { ComputeProperties: { NodeSize: 'A' } } }, 'AzureSsis'],
    [{ type: 'Managed', Type: 'managed' }, 'Managed'],
    [{ type: 'Managed', Type: 'SelfHosted' }, { unknown: 'Managed and SelfHosted' }],
  ])('%j is told whatever the case', (properties, type) => {
    expect(parseRuntime(resource(properties)).type).toEqual(type);
  });

  test('SelfHosted is what it says', () => {
    expect(parseRuntime(resource({ type: 'SelfHosted' })).type).toBe('SelfHosted');
  });

  test('one that nobody knows is kept by its name', () => {
    expect(parseRuntime(resource({ type: 'Quantum' })).type).toEqual({ unknown: 'Quantum' });
  });
});

describe('interactive authoring', () => {
  const status = (interactiveQuery: unknown) => ({
    properties: { type: 'Managed', state: 'Online', typeProperties: { interactiveQuery } },
  });

  test.each([
    [
      { status: 'Enabled', autoTerminationMinutes: 10, more: 1 },
      { status: 'Enabled', autoTerminationMinutes: 10 },
    ],
    [{ status: 'Pondering' }, { status: 'Pondering' }],
    [{ status: 'Disabled', autoTerminationMinutes: null }, { status: 'Disabled' }],
    [{ status: 'Disabled', autoTerminationMinutes: 1e10 }, { status: 'Disabled' }],
    [{ status: 'Disabled', autoTerminationMinutes: -1 }, { status: 'Disabled' }],
  ])('%j is told with the state', (query, interactiveAuthoring) => {
    expect(parseState(status(query))).toEqual({ state: 'Online', interactiveAuthoring });
  });

  test('a state, as the rest, is understood whatever the case, and told as it is documented', () => {
    const interactiveQuery = { Status: 'enabled', AUTOTERMINATIONMINUTES: 10 };
    expect(
      parseState({ properties: { State: 'online', TypeProperties: { interactivequery: interactiveQuery } } }),
    ).toEqual({
      state: 'Online',
      interactiveAuthoring: { status: 'Enabled', autoTerminationMinutes: 10 },
    });
    expect(parseState({ properties: { state: 'pondering' } })).toEqual({ state: 'pondering' });
  });

  test.each([undefined, null, 'Enabled', {}, { status: 3 }, { status: '' }, []])('%j is nothing', (query) => {
    expect(parseState(status(query))).toEqual({ state: 'Online' });
  });
});

test('what else the specifications have beside a state changes nothing', () => {
  const error = { time: '2026-01-01T00:00:00Z', code: 'E', message: 'm', parameters: ['p'] };
  const typeProperties = {
    createTime: '2026-01-01T00:00:00Z',
    nodes: [{ nodeId: 'n', status: 'Available', errors: [error] }],
    otherErrors: [error],
    lastOperation: { type: 'Start', startTime: '2026-01-01T00:00:00Z', result: 'Failed', errorCode: 'E' },
  };
  const properties = { type: 'Managed', dataFactoryName: 'f', state: 'Limited', typeProperties };
  expect(parseState({ name: 'R', properties })).toEqual({ state: 'Limited' });
});

test('the name keeps its case, and loses what stands before it', () => {
  expect(parseRuntime(resource({ type: 'Managed' }, 'MyRuntime')).name).toBe('MyRuntime');
  expect(parseRuntime(resource({ type: 'Managed' }, 'factory/MyRuntime')).name).toBe('MyRuntime');
});

test('the etag is taken as it is', () => {
  expect(parseRuntime(resource({ type: 'Managed' }, 'R', '16002afd-0000')).etag).toBe('16002afd-0000');
});
