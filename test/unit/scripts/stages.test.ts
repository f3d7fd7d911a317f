/** What a stage of `npm test` counts. */
import { describe, expect, test } from '@jest/globals';
import { countsOf } from '../../../scripts/testing/stages.ts';

const results = {
  numPassedTests: 5,
  numFailedTests: 0,
  numPendingTests: 2,
  numTodoTests: 1,
  numRuntimeErrorTestSuites: 0,
};
const counted = (changes: Partial<typeof results>, exitedWithFailure: boolean) =>
  countsOf(JSON.stringify({ ...results, ...changes }), exitedWithFailure);

describe('what npm test counts of a run of jest', () => {
  test('is what jest counts', () => {
    expect(counted({}, false)).toEqual({ passed: 5, failed: 0, skipped: 3 });
    expect(counted({ numFailedTests: 4 }, true)).toEqual({ passed: 5, failed: 4, skipped: 3 });
  });

  test('has a failure for each file that could not be run', () => {
    expect(counted({ numFailedTests: 1, numRuntimeErrorTestSuites: 2 }, true).failed).toBe(3);
  });

  test('has a failure where no test failed and jest did, as when a tear-down fails', () => {
    expect(counted({}, true).failed).toBe(1);
  });

  test('has a failure where jest wrote no results', () => {
    expect(countsOf(undefined, true)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});
