/** What a run makes of a queue: it hears its own writes, leaves what is not its own, and says why it hears nothing. */
import { describe, expect, test } from '@jest/globals';
import { PERSON } from '../../../../dev/emulator/event-message.ts';
import { QueueFailure } from '../../../../src/azure/changes/queue-client.ts';
import { LISTENS_MS } from '../../../../src/cli/probe/listener.ts';
import type { ProbeResult } from '../../../../src/cli/probe/probe.ts';
import { exitCodeOf } from '../../../../src/cli/probe/report.ts';
import type { QueueProblem } from '../../../../src/core/model/queue-state.ts';
import { strangers } from '../../../support/change-events.ts';
import { FACTORY, place, WORKSPACE } from './support.ts';

const IDS = ['change-events', 'change-correlation', 'change-state'];
/** As deploy/azure/push.bicep filters. */
const FILTER = [
  'Microsoft.DataFactory/factories/integrationruntimes',
  'Microsoft.Synapse/workspaces/integrationRuntimes',
].flatMap((runtimes) => [`${runtimes}/write`, `${runtimes}/delete`]);

function told({ results }: ProbeResult): string[] {
  return results.filter(({ id }) => IDS.includes(id)).map((each) => `${each.place} ${each.id}: ${each.verdict}`);
}

/** What does not depend on the queue. */
function rest({ results }: ProbeResult): unknown[] {
  return results.filter(({ id, verdict }) => !IDS.includes(id) && verdict !== 'holds');
}

const ALL = (verdict: string, state = verdict) => [
  `factory change-events: ${verdict}`,
  `factory change-correlation: ${verdict}`,
  `workspace change-events: ${verdict}`,
  `workspace change-correlation: ${verdict}`,
  `workspace change-state: ${state}`,
];

describe('a queue', () => {
  test('gives back what others are told, each message got once, and keeps nothing of the run', async () => {
    await using at = await place();
    const others = strangers(FACTORY, 70);
    for (const text of others) at.queue.put(text);
    const outcome = await at.run();
    expect(told(outcome)).toEqual(ALL('holds'));
    expect(at.queue.texts.join('\n') === others.join('\n')).toBe(true);
    expect(new Set(at.queue.got.values())).toEqual(new Set([1]));
    expect(JSON.stringify(outcome)).not.toMatch(new RegExp(`stranger|${PERSON.name}|${PERSON.ipaddr}|${PERSON.upn}`));
  });

  test('that is not named is not asked: the run is the same but for that', async () => {
    await using at = await place();
    const outcome = await at.run({ queue: undefined });
    expect(told(outcome)).toEqual(ALL('could not tell'));
    expect(outcome.results.filter(({ id }) => IDS.includes(id)).map(({ seen }) => seen)).toEqual(
      Array(5).fill('no queue was named (--queue)'),
    );
    expect(exitCodeOf(outcome)).toBe(0);
    expect(rest(outcome)).toEqual([]);
  });

  test('whose event subscription filters as documented does not tell of states, and tells of all else', async () => {
    await using at = await place({}, { operations: FILTER });
    const outcome = await at.run();
    expect(told(outcome)).toEqual(ALL('holds', 'could not tell'));
  });

  test.each([
    ['CloudEvents, in arrays, not encoded', { schema: 'CloudEvents', shape: 'array', encoding: 'plain' }],
    ['every event three times', { copies: 3 }],
  ] as const)('is understood when it has %s', async (_what, how) => {
    await using at = await place({}, how);
    expect(told(await at.run())).toEqual(ALL('holds'));
    expect(at.queue.texts).toHaveLength(0);
  });

  test('into which nothing comes proves nothing: what to look for is said, and the rest stands', async () => {
    await using at = await place({}, { drop: 'always' });
    const outcome = await at.run();
    expect(told(outcome)).toEqual(ALL('could not tell'));
    expect(outcome.results.find(({ id }) => id === 'change-events')).toMatchObject({
      why: 'not shown',
      seen: expect.stringMatching(/^none of \d+ writes was announced within 150 s\. Look whether/),
    });
    expect(rest(outcome)).toEqual([]);
    expect(exitCodeOf(outcome)).toBe(0);
    expect(outcome.tookMs).toBeLessThan(10 * 60_000);
  });

  test('that another reader empties, too, is no proof that anything is not announced', async () => {
    await using at = await place({}, { drop: 40 });
    const verdicts = new Set(told(await at.run()).map((line) => line.replace(/^.*: /, '')));
    expect(verdicts).not.toContain('does not hold');
  });

  test('with more messages of others than anybody’s check should hide is left alone', async () => {
    await using at = await place();
    for (let n = 0; n < 5_100; n++) at.queue.put(`message ${n}`);
    const outcome = await at.run();
    expect(outcome.results.find(({ id }) => id === 'change-events')).toMatchObject({
      why: 'refused',
      seen: expect.stringContaining('a queue and an event subscription of its own'),
    });
    expect(rest(outcome)).toEqual([]);
  });
});

describe('a queue that cannot be read', () => {
  test.each([
    ['missing', '404 QueueNotFound', 'the queue does not exist. Create it, or correct --queue'],
    ['denied', '403 AuthorizationPermissionMismatch', 'Storage Queue Data Message Processor'],
    ['no token', 'AADSTS700016', 'Correct the Azure identity of the probe'],
    ['strange', 'the answer is no list of messages', 'Correct --queue'],
    ['unreachable', 'getaddrinfo ENOTFOUND', 'the queue could not be reached. Correct --queue'],
    ['busy', '503 ServerBusy', 'Run the probe again later'],
  ] as const satisfies readonly (readonly [QueueProblem, string, string])[])(
    '(%s) is told with what to do, and the rest stands',
    async (problem, said, seen) => {
      await using at = await place();
      at.queue.failure = new QueueFailure(problem, said);
      const outcome = await at.run();
      const ours = outcome.results.filter(({ id }) => IDS.includes(id));
      expect(ours).toHaveLength(5);
      for (const each of ours) {
        expect(each).toMatchObject({
          verdict: 'could not tell',
          why: 'refused',
          detail: said,
          seen: expect.stringContaining(seen),
        });
      }
      expect(rest(outcome)).toEqual([]);
      expect(exitCodeOf(outcome)).toBe(1);
      expect(await at.ownRuntimes()).toEqual([]);
    },
  );

  test('for a moment is read again', async () => {
    await using at = await place();
    at.queue.failure = new QueueFailure('busy', '503 ServerBusy', 7_000);
    const lines: string[] = [];
    const progress = (line: string) => {
      // The second time it says so, the first read has failed.
      if (line.startsWith('Reading the queue')) at.clock.setTimer(1_000, () => (at.queue.failure = undefined));
      lines.push(line);
    };
    expect(told(await at.run({ progress }))).toEqual(ALL('holds'));
    expect(lines.at(-1)).toMatch(/^Reading the queue: (\d+) of \1 writes announced; \d+ s more at most\.$/);
  });

  test('until the run is interrupted keeps nothing from being removed', async () => {
    await using at = await place({}, { drop: 'always' });
    const abort = new AbortController();
    let began = 0;
    const progress = (line: string) => {
      if (!line.startsWith('Reading the queue') || began > 0) return;
      began = at.clock.monotonic();
      at.clock.setTimer(20_000, () => abort.abort(new Error('interrupted')));
    };
    const outcome = await at.run({ signal: abort.signal, progress });
    expect(exitCodeOf(outcome)).toBe(130);
    expect(at.clock.monotonic() - began).toBeLessThan(LISTENS_MS / 2);
    expect(await at.ownRuntimes()).toEqual([]);
    expect(outcome.left).toEqual([]);
  });
});

test('a queue that never answers ends with the time for it', async () => {
  await using at = await place();
  const receive = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  const outcome = await at.run({ queue: { receive, delete: async () => {} } });
  expect(told(outcome)).toEqual(ALL('could not tell'));
  expect(outcome.tookMs).toBeLessThanOrEqual(10 * 60_000);
  expect(await at.ownRuntimes()).toEqual([]);
});

test('reading makes no run longer than ten minutes, also where a workspace is slow', async () => {
  await using at = await place({}, { drop: 'always' });
  await at.emulator.control.setOperations({ factory: WORKSPACE, durationMs: 25_000 });
  const outcome = await at.run();
  expect(outcome.left).toEqual([]);
  expect(outcome.tookMs).toBeLessThanOrEqual(10 * 60_000);
});
