/** Waiting that ends with a signal, or when a time is up. */
import { describe, expect, test } from '@jest/globals';
import { unlessAborted, withDeadline } from '../../../src/runtime/deadline.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const never = new Promise<never>(() => {});

function rig(signal?: AbortSignal) {
  const clock = new FakeClock();
  const late = () => new Error('late');
  return { clock, deadline: { clock, ms: 1_000, late, ...(signal === undefined ? {} : { signal }) } };
}

describe('a call with a deadline', () => {
  test('that is in time gives its result, and leaves no timer', async () => {
    const { clock, deadline } = rig();
    expect(await withDeadline(deadline, async () => 'done')).toBe('done');
    expect(clock.pendingTimers).toBe(0);
  });

  test('that fails gives its failure, also when it throws at once', async () => {
    const { clock, deadline } = rig();
    const fails = () => {
      throw new Error('at once');
    };
    await expect(withDeadline(deadline, fails)).rejects.toThrow('at once');
    expect(clock.pendingTimers).toBe(0);
  });

  test('that is late is aborted and given up, whether or not it notices', async () => {
    const { clock, deadline } = rig();
    let given: AbortSignal | undefined;
    const call = withDeadline(deadline, (signal) => {
      given = signal;
      return never;
    });
    const result = expect(call).rejects.toThrow('late');
    await clock.advance(999);
    expect(given?.aborted).toBe(false);
    await clock.advance(1);
    await result;
    expect(given?.reason).toEqual(new Error('late'));
  });

  test('ends with the signal of its caller, for its reason', async () => {
    const abort = new AbortController();
    const { clock, deadline } = rig(abort.signal);
    const call = withDeadline(deadline, () => never);
    abort.abort(new Error('stopped'));
    await expect(call).rejects.toThrow('stopped');
    expect(clock.pendingTimers).toBe(0);
    await expect(withDeadline(deadline, () => never)).rejects.toThrow('stopped');
  });
});

test('a promise is waited for until the signal aborts, and its own failure is no unhandled one then', async () => {
  const abort = new AbortController();
  const { promise, reject } = Promise.withResolvers<string>();
  const waiting = unlessAborted(promise, abort.signal);
  abort.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
  reject(new Error('too late'));
  expect(await unlessAborted(Promise.resolve('done'), undefined)).toBe('done');
});
