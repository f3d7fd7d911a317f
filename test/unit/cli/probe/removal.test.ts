/** The removal by itself: how long it takes at most, what it takes for gone, and what it waits for. */
import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Answer } from '../../../../src/cli/probe/assumptions/site.ts';
import { Calls } from '../../../../src/cli/probe/calls.ts';
import { Journal } from '../../../../src/cli/probe/journal.ts';
import { type Left, removeAll, removeLeft } from '../../../../src/cli/probe/removal.ts';
import type { WireRequest } from '../../../../src/cli/probe/wire.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { answered, FACTORY_ID, PREFIX, passingTime } from './support.ts';

const NOT_FOUND = answered(404, { error: { code: 'NotFound' } });

let dir: string;
let file: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'removal-'));
  file = join(dir, 'journal');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

type Send = (request: WireRequest, clock: FakeClock, signal: AbortSignal) => Answer | Promise<Answer>;
type How = (removal: Parameters<typeof removeAll>[0]) => Promise<Left[]>;

/** Removes runtimes of these names; the waits of a service that hangs count as waiting. */
async function removal(
  send: Send,
  names: readonly string[],
  how: How = removeAll,
): Promise<{ left: Left[]; ms: number; journal: Journal }> {
  const clock = new FakeClock(Date.now());
  const first = new Journal(file);
  for (const name of names) first.reserve({ parent: FACTORY_ID, name });
  const journal = new Journal(file);
  const wire = { send: async (request: WireRequest, signal: AbortSignal) => send(request, clock, signal) };
  const calls = new Calls({ wire, clock, endpoint: 'https://arm.invalid' });
  const signal = new AbortController().signal;
  const began = clock.monotonic();
  const left = await passingTime(clock, () => true, how({ calls, journal, clock, signal }));
  return { left, ms: clock.monotonic() - began, journal };
}

const many = Array.from({ length: 30 }, (_, at) => `${PREFIX}-${at}`);

/** As a service that does not answer, until the caller has had enough. */
function hang(clock: FakeClock, signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const timer = clock.setTimer(60_000, () => reject(new Error('timed out')));
    const on = () => {
      timer.cancel();
      reject(signal.reason);
    };
    signal.addEventListener('abort', on, { once: true });
  });
}

describe('a removal ends in time, and lists what is left, where', () => {
  const SERVICES: readonly (readonly [string, Send])[] = [
    [
      'deletions are throttled for a minute each',
      ({ method }) => (method === 'DELETE' ? { ...answered(429), headers: { 'retry-after': '60' } } : answered(200)),
    ],
    ['nothing is answered', (_request, clock, signal) => hang(clock, signal)],
    ['deletions take no effect', () => answered(200)],
    ['nobody is reached', () => Promise.reject(new Error('socket hang up'))],
  ];
  test.each(SERVICES)('%s', async (_what, send) => {
    const { left, ms, journal } = await removal(send, many);
    expect(ms).toBeLessThanOrEqual(90_000);
    expect(left.map(({ name }) => name)).toEqual(many);
    expect(journal.left).toHaveLength(many.length);
  });
});

describe('a runtime counts as gone', () => {
  const refused = answered(409, { error: { code: 'Conflict' } });
  /** Answers reads one after the other; the last one stays. */
  const reading =
    (deletion: Answer, ...reads: Answer[]): Send =>
    ({ method }) =>
      method === 'DELETE' ? deletion : ((reads.length > 1 ? reads.shift() : reads[0]) as Answer);

  test.each<readonly [what: string, send: Send, isGone: boolean]>([
    ['if it was deleted and one read denies it', reading(answered(200), NOT_FOUND), true],
    ['if its deletion and one read deny it', reading(NOT_FOUND, NOT_FOUND), true],
    ['if its deletion was refused, and two reads deny it', reading(refused, NOT_FOUND), true],
    [
      'not if its deletion was refused, and only one of two reads denies it',
      reading(refused, NOT_FOUND, answered(200)),
      false,
    ],
    [
      'not if what it was in is denied',
      reading(answered(200), answered(404, { error: { code: 'ResourceNotFound' } })),
      false,
    ],
    ['not if a read of it is refused', reading(answered(200), answered(400, { error: { code: 'BadRequest' } })), false],
  ])('%s', async (_what, send, isGone) => {
    const { left } = await removal(send, [`${PREFIX}-1`]);
    expect(left).toHaveLength(isGone ? 0 : 1);
  });

  test('if no runtime can have its name, and it is refused as such', async () => {
    const { left } = await removal(() => answered(400, { error: { code: 'InvalidResourceName' } }), [`${PREFIX}--x`]);
    expect(left).toEqual([]);
  });
});

test('what is gone and cannot be struck off is listed', async () => {
  const full: How = (means) => {
    means.journal.gone = () => {
      throw new Error('ENOSPC: no space left on device');
    };
    return removeAll(means);
  };
  const { left } = await removal(() => NOT_FOUND, many.slice(0, 2), full);
  expect(left.map(({ why }) => why)).toEqual(
    Array(2).fill('it is gone, but the journal cannot be written: ENOSPC: no space left on device'),
  );
});

describe('what another process left', () => {
  const said: string[] = [];
  const later: How = (means) => removeLeft(means, (line) => said.push(line));
  beforeEach(() => void said.splice(0));

  test('is removed once a write that was under way has taken effect', async () => {
    let isThere = false;
    let began: number | undefined;
    const send: Send = ({ method }, clock) => {
      began ??= clock.monotonic();
      if (method === 'DELETE') isThere = false;
      return isThere ? answered(200) : NOT_FOUND;
    };
    const { left } = await removal(send, [`${PREFIX}-1`], (means) => {
      means.clock.setTimer(8_000, () => {
        isThere = true;
      });
      return later(means);
    });
    expect({ left, isThere, began }).toEqual({ left: [], isThere: false, began: 10_000 });
    expect(said).toEqual(['Waiting for 10 s: what was written last may take effect only now…']);
  });

  test('long ago is removed at once', async () => {
    const { ms } = await removal(
      () => NOT_FOUND,
      [`${PREFIX}-1`],
      (means) => {
        utimesSync(file, 0, 0);
        return later({ ...means, journal: new Journal(file) });
      },
    );
    expect({ ms, said }).toEqual({ ms: 0, said: [] });
  });
});
