import { describe, expect, test } from '@jest/globals';
import { parseSpec } from '../../../src/kube/spec.ts';
import { FACTORY } from './objects-of-tests.ts';

const WORKSPACE = { ...FACTORY, name: 'w' };

const GROUP_OF_90 = 'g'.repeat(90);

function desired(spec: Record<string, unknown>, name = 'runtime-a') {
  const result = parseSpec({ factory: FACTORY, ...spec }, name);
  if (!result.valid) throw new Error(result.problem);
  return result.desired;
}

function problem(spec: unknown, name = 'runtime-a'): string {
  const result = parseSpec(spec, name);
  return result.valid ? 'none' : result.problem;
}

describe('what a manifest leaves out', () => {
  test('has the meaning that the CRD gives to absence', () => {
    expect(desired({})).toEqual({
      id: { parent: { kind: 'factory', ...FACTORY }, name: 'runtime-a' },
      fields: new Map(),
      managementPolicy: 'Manage',
      adoptionPolicy: 'Always',
      deletionPolicy: 'DeleteIfCreated',
      repair: { mode: 'Auto', maxAttempts: 5 },
      intervalMs: undefined,
      suspend: false,
    });
  });

  test('may be written as null', () => {
    expect(desired({ location: null, interval: null, repair: null, azureName: null })).toEqual(desired({}));
  });

  test('is not managed, and an empty description is declared', () => {
    expect([...desired({ description: '' }).fields]).toEqual([['description', '']]);
  });
});

describe('what a manifest declares', () => {
  test('is taken as it is spelled', () => {
    expect(
      desired({
        azureName: 'MySampleAzureIR',
        location: 'West Europe',
        description: 'x',
        managementPolicy: 'Observe',
        adoptionPolicy: 'IfIdentical',
        deletionPolicy: 'Retain',
        repair: { mode: 'Disabled', maxAttempts: 20 },
        interval: '1h30m',
        suspend: true,
      }),
    ).toMatchObject({
      id: { name: 'MySampleAzureIR' },
      fields: new Map([
        ['location', 'West Europe'],
        ['description', 'x'],
      ]),
      managementPolicy: 'Observe',
      adoptionPolicy: 'IfIdentical',
      deletionPolicy: 'Retain',
      repair: { mode: 'Disabled', maxAttempts: 20 },
      intervalMs: 5_400_000,
      suspend: true,
    });
  });

  test.each(['1m', '60s', '90s', '24h', '1440m', '23h59m60s'])('can be an interval of %s', (interval) => {
    expect(desired({ interval }).intervalMs).toBeGreaterThanOrEqual(60_000);
  });

  test('can be in a workspace instead of a factory', () => {
    const result = parseSpec({ workspace: WORKSPACE }, 'runtime-a');
    expect(result).toMatchObject({ desired: { id: { parent: { kind: 'workspace', ...WORKSPACE } } } });
  });

  test('may use the letters of every script in the name of a resource group, which are counted as characters', () => {
    expect(desired({ factory: { ...FACTORY, resourceGroup: '𝒢'.repeat(90) } }).id.parent.resourceGroup).toHaveLength(
      180,
    );
    expect(desired({ factory: { ...FACTORY, resourceGroup: GROUP_OF_90 } }).id.parent.resourceGroup).toBe(GROUP_OF_90);
  });
});

describe('what cannot be understood is told to the person who wrote it', () => {
  test.each<[unknown, RegExp]>([
    [undefined, /^spec is missing/],
    ['text', /^spec is missing/],
    [{}, /^spec\.factory is missing/],
    [{ factory: FACTORY, workspace: WORKSPACE }, /^spec\.factory and spec\.workspace are both set/],
    [{ workspace: { ...WORKSPACE, name: undefined } }, /^spec\.workspace\.name is missing/],
    [{ workspace: { ...WORKSPACE, name: '-ws' } }, /^spec\.workspace\.name is not a name of a Synapse workspace/],
    [{ workspace: { ...WORKSPACE, name: 'w'.repeat(51) } }, /^spec\.workspace\.name is not/],
    [{ workspace: { ...WORKSPACE, resourceGroup: '..' } }, /^spec\.workspace\.resourceGroup is not/],
    [{ factory: 'f' }, /^spec\.factory is not an object/],
    [{ factory: { ...FACTORY, name: undefined } }, /^spec\.factory\.name is missing/],
    [{ factory: { ...FACTORY, name: '/subscriptions/x' } }, /^spec\.factory\.name is not a name of a Data Factory/],
    [{ factory: { ...FACTORY, subscriptionId: 'Pay-As-You-Go' } }, /^spec\.factory\.subscriptionId is not .* GUID/],
    [{ factory: { ...FACTORY, resourceGroup: 'a/b' } }, /^spec\.factory\.resourceGroup is not/],
    [{ factory: { ...FACTORY, resourceGroup: '..' } }, /^spec\.factory\.resourceGroup is not/],
    [{ factory: { ...FACTORY, resourceGroup: `${GROUP_OF_90}g` } }, /^spec\.factory\.resourceGroup is not/],
    [{ factory: FACTORY, azureName: 'a--b' }, /^spec\.azureName is not a name that Azure accepts/],
    [{ factory: FACTORY, azureName: 'ab' }, /^spec\.azureName is not/],
    [{ factory: FACTORY, location: 7 }, /^spec\.location is not a location/],
    [{ factory: FACTORY, location: '' }, /^spec\.location is not a location/],
    [{ factory: FACTORY, description: ['x'] }, /^spec\.description is not/],
    [{ factory: FACTORY, managementPolicy: 'manage' }, /^spec\.managementPolicy is none of Manage, Observe$/],
    [{ factory: FACTORY, repair: { mode: 'On' } }, /^spec\.repair\.mode is none of Auto, Disabled$/],
    [
      { factory: FACTORY, repair: { maxAttempts: 2.5 } },
      /^spec\.repair\.maxAttempts is not a whole number from 1 to 20/,
    ],
    [{ factory: FACTORY, repair: { maxAttempts: 0 } }, /^spec\.repair\.maxAttempts/],
    [{ factory: FACTORY, interval: '10' }, /^spec\.interval is not a duration/],
    [{ factory: FACTORY, interval: '' }, /^spec\.interval is not a duration/],
    [{ factory: FACTORY, interval: 600 }, /^spec\.interval is not a duration/],
    [{ factory: FACTORY, interval: '59s' }, /^spec\.interval is not between 1m and 24h/],
    [{ factory: FACTORY, interval: '24h1s' }, /^spec\.interval is not between 1m and 24h/],
    [{ factory: FACTORY, suspend: 'yes' }, /^spec\.suspend is neither true nor false/],
  ])('%j', (spec, expected) => {
    expect(problem(spec)).toMatch(expected);
  });

  test('the name of the object, where it has to serve as the name in Azure', () => {
    expect(problem({ factory: FACTORY }, 'has.dots')).toMatch(
      /^metadata\.name "has\.dots" is not .*set spec\.azureName/,
    );
  });
});
