/** What whoever waits for the probe reads, line by line. */
import { expect, test } from '@jest/globals';
import { Tally } from '../../../../src/cli/probe/tally.ts';

test('each line names all questions that are open, how many of how many are answered, or what one was answered', () => {
  const lines: string[] = [];
  const say = (line: string) => void lines.push(line);
  const tally = new Tally(3, { progress: say, underWay: (line) => say(`${line} …`) });
  tally.asked({ place: 'workspace', id: 'one' });
  tally.asked({ place: 'factory', id: 'two' });
  tally.answered({ place: 'workspace', id: 'one', verdict: 'holds' });
  tally.asked({ place: 'workspace', id: 'three' });
  tally.answered({ place: 'factory', id: 'two', verdict: 'does not hold' });
  tally.answered({ place: 'workspace', id: 'three', verdict: 'could not tell' });
  expect(lines).toEqual([
    '0 of 3 answered, asking workspace: one …',
    '0 of 3 answered, asking factory: two and workspace: one …',
    '[1/3] workspace: one: holds',
    '1 of 3 answered, asking factory: two …',
    '1 of 3 answered, asking factory: two and workspace: three …',
    '[2/3] factory: two: does not hold',
    '2 of 3 answered, asking workspace: three …',
    '[3/3] workspace: three: could not tell',
  ]);
});
