/** Which states are healthy, and which need a person. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RUNTIME_STATES } from '../../../../src/api/names.ts';
import { healthOf } from '../../../../src/core/model/states.ts';

const WELL = ['Online', 'Started'];
const STARTING = ['Initial', 'Starting'];
const DOWN = ['Offline', 'AccessDenied', 'Stopped', 'Stopping', 'NeedRegistration'];

test.each(RUNTIME_STATES)('%s means what the design says', (state) => {
  const expected = WELL.includes(state)
    ? 'healthy'
    : STARTING.includes(state)
      ? 'starting'
      : DOWN.includes(state)
        ? 'down'
        : 'limited';
  expect(healthOf(state)).toBe(expected);
});

test('any other text is a state that nobody knows, names of inherited properties too', () => {
  for (const state of ['', 'online', 'ONLINE', ' Online', '__proto__', 'constructor', 'toString', 'valueOf']) {
    expect(healthOf(state)).toBe('unknown');
  }
  fc.assert(
    fc.property(fc.string(), (state) => {
      fc.pre(!(RUNTIME_STATES as readonly string[]).includes(state));
      expect(healthOf(state)).toBe('unknown');
    }),
  );
});
