/** Which namespaces may use the operator's own identity, and which subscriptions. */
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { describeGrants, parseGrants, refusalOf } from '../../../../src/core/model/grants.ts';
import { inShort } from '../../../../src/core/model/message.ts';
import type { RuntimeId } from '../../../../src/core/model/runtime.ts';

const SUBSCRIPTION = '00000000-0000-0000-0000-00000000000a';
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/Group`;
const FACTORY = `${GROUP}/providers/Microsoft.DataFactory/factories/Factory`;

function runtime(resourceGroup = 'Group', subscriptionId = SUBSCRIPTION): RuntimeId {
  return { parent: { kind: 'factory', subscriptionId, resourceGroup, name: 'Factory' }, name: 'Runtime' };
}
const isGranted = (flag: string, namespace: string, id = runtime()) =>
  refusalOf(parseGrants(flag), namespace, id) === undefined;

describe('the flag', () => {
  test.each([
    ['', 'team-a', false],
    ['*', 'team-a', true],
    [' * ', 'team-a', true],
    ['team-a', 'team-a', true],
    ['team-a', 'team-b', false],
    ['team-a, team-b', 'team-b', true],
    ['team-a,', 'team-a', true],
    [`team-a=${GROUP}`, 'team-a', true],
    [`team-a=${GROUP}/`, 'team-a', true],
    [`team-a=/subscriptions/${SUBSCRIPTION}`, 'team-a', true],
    [`team-a=${FACTORY}`, 'team-a', true],
    [`team-a=${FACTORY}2`, 'team-a', false],
    [`team-a=${GROUP.toUpperCase()}`, 'team-a', true],
    [`team-a=${GROUP}2`, 'team-a', false],
    [`team-a=${GROUP.slice(0, -1)}`, 'team-a', false],
    [`team-a=${GROUP}2,team-a=${GROUP}`, 'team-a', true],
    [`team-a=${GROUP}2,*`, 'team-a', false],
    [`team-a=${GROUP}2,*`, 'team-b', true],
    [`*=${GROUP}`, 'team-b', true],
    [`*=${GROUP}2`, 'team-b', false],
    [`*=${GROUP}2,team-b`, 'team-b', true],
  ])('%j, for an object in %s: %s', (flag, namespace, granted) => {
    expect(isGranted(flag, namespace)).toBe(granted);
  });

  test.each([
    ['Team', 'invalid namespace "Team"'],
    ['team_a', 'invalid namespace'],
    ['=/subscriptions/x', 'invalid namespace ""'],
    ['a*', 'invalid namespace'],
    [`team-a=`, 'invalid scope ""'],
    ['team-a=/subscriptions/mine', 'invalid scope "/subscriptions/mine"'],
    ['team-a=resourceGroups/x', 'invalid scope'],
    [`team-a=${GROUP}/providers`, 'invalid scope'],
    [`team-a=${GROUP}/providers/Microsoft.DataFactory/factories`, 'invalid scope'],
    [`team-a=/subscriptions/${SUBSCRIPTION}//resourceGroups/x`, 'invalid scope'],
    [`team-a=/providers/x`, 'for team-a'],
  ])('%j is refused: %s', (flag, words) => {
    expect(() => parseGrants(flag)).toThrow(RangeError);
    expect(() => parseGrants(flag)).toThrow(words);
  });

  test('is told as it was given', () => {
    expect(describeGrants(parseGrants(` team-a=${GROUP}/ ,team-b,*`))).toBe(`team-a=${GROUP},team-b,*`);
  });
});

const NONE = { what: '' };

describe('a refusal', () => {
  test('names the flag, the namespace and the Secret that would do', () => {
    const message = inShort(refusalOf(parseGrants('team-a'), 'team-b', runtime()) ?? NONE);
    expect(message).toContain('--operator-identity-namespaces');
    expect(message).toContain('team-b');
    expect(message).toContain('azure-ir-credential');
  });

  test('outside of a scope names the flag and the scope', () => {
    const message = inShort(refusalOf(parseGrants(`team-a=${GROUP}`), 'team-a', runtime('Other')) ?? NONE);
    expect(message).toMatch(new RegExp(`--operator-identity-namespaces\\. Scope: ${GROUP}\\.$`));
  });

  test('is given when the runtime is not known', () => {
    expect(refusalOf(parseGrants(`team-a=${GROUP}`), 'team-a', undefined)).toBeDefined();
  });
});

test('a scope holds exactly what lies below it, by whole segments, whatever their case', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9_.()-]{1,8}[A-Za-z0-9]$/);
  fc.assert(
    fc.property(name, name, fc.boolean(), (bound, used, upper) => {
      const text = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${bound}`;
      const flag = `team-a=${upper ? text.toUpperCase() : text}`;
      expect(isGranted(flag, 'team-a', runtime(used))).toBe(bound.toLowerCase() === used.toLowerCase());
    }),
  );
});
