/** What Azure has, as a manifest would declare it. */
import { describe, expect, test } from '@jest/globals';
import { declarationOf, isSecretName, withLeaf } from '../../../../src/core/model/declaration.ts';
import type { Json } from '../../../../src/core/model/runtime.ts';

const compute = (properties: { [key: string]: Json }) => ({
  type: 'Managed',
  typeProperties: { computeProperties: properties },
});

describe('the declaration of a document', () => {
  test('has every leaf that stands in it, at its place in spec, and nothing else', () => {
    const document = {
      ...compute({
        location: 'West Europe',
        alien: 1,
        dataFlowProperties: { computeType: 'General', coreCount: 8, timeToLive: 10, cleanup: false },
        copyComputeScaleProperties: { dataIntegrationUnit: 4, timeToLive: 5 },
        pipelineExternalComputeScaleProperties: { timeToLive: 60, numberOfPipelineNodes: 1, numberOfExternalNodes: 2 },
      }),
      description: '',
      managedVirtualNetwork: { type: 'ManagedVirtualNetworkReference', referenceName: 'default' },
    };
    expect(declarationOf(document)).toEqual({
      managedVirtualNetwork: { name: 'default' },
      location: 'West Europe',
      description: '',
      dataFlow: { computeType: 'General', coreCount: 8, timeToLiveMinutes: 10, cleanup: false },
      copyCompute: { dataIntegrationUnits: 4, timeToLiveMinutes: 5 },
      pipelineExternalCompute: { timeToLiveMinutes: 60, pipelineNodes: 1, externalNodes: 2 },
    });
    expect(declarationOf({ type: 'Managed' })).toEqual({});
  });

  test('leaves out custom properties that may hold a secret, and has the rest in the order of their names', () => {
    const customProperties = [
      { name: 'b', value: '2' },
      { name: 'dbPassword', value: 'hunter2' },
      { name: 'a', value: '1' },
    ];
    const declared = { dataFlow: { customProperties: [customProperties[2], customProperties[0]] } };
    expect(declarationOf(compute({ dataFlowProperties: { customProperties } }))).toEqual(declared);
    customProperties.reverse();
    expect(declarationOf(compute({ dataFlowProperties: { customProperties } }))).toEqual(declared);
  });

  test('takes a property by its whole name, whatever is in it', () => {
    expect(withLeaf({}, 'dataFlow.customProperties[spark.sql[0].x]', 'v')).toEqual({
      dataFlow: { customProperties: [{ name: 'spark.sql[0].x', value: 'v' }] },
    });
  });
});

test.each(['apiKey', 'sasToken', 'connection string'])('%s is the name of a secret', (name) =>
  expect(isSecretName(name)).toBe(true),
);
