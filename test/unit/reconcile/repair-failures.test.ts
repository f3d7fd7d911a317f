/** A repair counts when it was made: what Azure refused, did not answer or never got is tried again, and told as that. */
import { describe, expect, test } from '@jest/globals';
import type { Failure } from '../../../src/core/model/failure.ts';
import { condition } from '../../../src/core/model/object.ts';
import { MINUTE } from '../../../src/core/schedule.ts';
import { FAILURE } from '../core/builders.ts';
import { desired, runtimeId } from '../model/builders.ts';
import type { Fault, Mode } from '../model/fake-azure.ts';
import { INTERVAL_MS, Operator } from '../model/operator.ts';

const ID = runtimeId();

/** The one object of these tests, which may be repaired once, and is Limited. */
class Place {
  /** What meets the PUTs. */
  fault: Fault | undefined;
  /** Whether the process ends with its next PUT, before or after that has taken effect. */
  crash: Fault['when'] | undefined;
  readonly operator: Operator;
  readonly key: string;

  private constructor(mode: Mode, maxAttempts: number) {
    const isPut = () => this.operator.azure.calls.at(-1) === 'update';
    const fault = (call: string) => {
      if (call === 'update' && this.crash === 'before') throw new Error('killed');
      return call === 'update' ? this.fault : undefined;
    };
    const pause = async () => {
      if (this.crash === 'after' && isPut()) throw new Error('killed');
    };
    this.operator = new Operator({ azure: { fault, pause } }, mode);
    this.key = this.operator.apply('sample', desired({ repair: { mode: 'Auto', maxAttempts } }));
  }

  static async limited(mode: Mode = 'answers', maxAttempts = 1): Promise<Place> {
    const place = new Place(mode, maxAttempts);
    const { operator } = place;
    await operator.lookTwice(place.key);
    operator.azure.setState(ID, 'Limited');
    operator.azure.calls.length = 0;
    operator.cluster.writes.length = 0;
    operator.cluster.events.length = 0;
    return place;
  }

  /** A look a minute, each by another process; what the status says after each. */
  async minutes(count: number): Promise<string[]> {
    const said: string[] = [];
    for (let i = 0; i < count; i++) {
      this.operator.restart();
      await this.operator.poll(this.key).catch((error: Error) => expect(error.message).toBe('killed'));
      this.operator.cluster.sync();
      said.push(this.operator.summary(this.key));
      this.operator.now += MINUTE;
    }
    return said;
  }

  get puts(): number {
    return this.operator.azure.calls.filter((call) => call === 'update').length;
  }

  get events(): string[] {
    return this.operator.cluster.events.map(({ reason }) => reason);
  }

  get repair() {
    return this.operator.object(this.key).status.repair;
  }

  get message(): string {
    return condition(this.operator.object(this.key).status, 'Ready')?.message ?? '';
  }
}

const expectRepaired = async (place: Place) => {
  expect((await place.minutes(3)).at(-1)).toBe('Ready=True Available');
  expect(place.repair).toEqual({ attempts: 1, lastAttemptTime: expect.any(Number) });
  expect(place.events.slice(-2)).toEqual(['RepairStarted', 'Repaired']);
};

test('a repair that is throttled for a day keeps the runtime from being polled for no longer than an interval', async () => {
  const place = await Place.limited();
  place.fault = {
    when: 'before',
    failure: { ...FAILURE({ kind: 'throttled' }), retryAfterMs: 24 * 60 * MINUTE } as Failure,
  };
  // Until people have heard of it.
  expect(await place.operator.poll(place.key)).toEqual({ kind: 'after', ms: MINUTE });
  place.operator.now += MINUTE;
  expect(await place.operator.poll(place.key)).toEqual({ kind: 'after', ms: INTERVAL_MS });
});

describe.each<Mode>(['answers', 'accepts'])('in a service that %s', (mode) => {
  const fails = async (kind: Failure['kind'], minutes: number) => {
    const place = await Place.limited(mode);
    place.fault = { when: 'before', failure: FAILURE({ kind }) };
    const said = await place.minutes(minutes);
    expect(said.join()).not.toContain('RepairExhausted');
    expect(place.events).not.toContain('Repaired');
    expect(place.repair).toMatchObject({ attempts: 0, unmade: true });
    expect(place.message).toMatch(/^Limited; repair attempt 1 (did not reach Azure|was not made): .*Azure says/);
    place.fault = undefined;
    return { place, said };
  };

  const expectRepairedOnceDue = async (place: Place) => {
    for (const before = place.puts; place.puts === before; ) await place.minutes(1);
    place.operator.azure.goOn();
    await expectRepaired(place);
  };

  test.each<Failure['kind']>(['unavailable', 'preconditionFailed', 'throttled', 'credentialUnavailable'])(
    'a repair that fails by %s is never counted, tried ever less often, told once, and made when that is over',
    async (kind) => {
      const { place } = await fails(kind, 60);
      // At 0, 1, 2, 4, 8 and 16 minutes, then every ten: each stored before and after.
      expect(place.puts).toBe(10);
      expect(place.operator.cluster.writes).toEqual(Array(20).fill('status'));
      expect(place.operator.cluster.events).toMatchObject([
        {
          type: 'Warning',
          reason: 'RepairFailed',
          message: expect.stringMatching(/^Limited; repair attempt 1 .*Azure says/),
        },
      ]);
      await expectRepairedOnceDue(place);
    },
  );

  test.each<Failure['kind']>(['forbidden', 'policyDenied', 'locked', 'refused', 'notOffered'])(
    'a repair that fails by %s needs a person, is tried slowly from then on, and made when that is over',
    async (kind) => {
      const { place } = await fails(kind, 60);
      expect(place.puts).toBeLessThanOrEqual(kind === 'forbidden' ? 15 : 5);
      expect(place.operator.cluster.events.filter(({ type }) => type === 'Warning')).toHaveLength(1);
      await expectRepairedOnceDue(place);
    },
  );

  test('without a role for it, a person is told after ten minutes, once', async () => {
    const { said, place } = await fails('forbidden', 14);
    expect(said.slice(0, 10)).toEqual(Array(10).fill('Ready=False Forbidden Reconciling'));
    expect(said.slice(11)).toEqual(Array(3).fill('Ready=False Forbidden Stalled'));
    expect(place.events.filter((reason) => reason === 'Forbidden')).toHaveLength(1);
  });

  test('what is stored before the next attempt tells of the last one still', async () => {
    const place = await Place.limited(mode);
    place.fault = { when: 'before', failure: FAILURE({ kind: 'unavailable' }) };
    await place.minutes(1);
    place.crash = 'before';
    await place.minutes(1);
    expect(place.repair).toMatchObject({ attempts: 0, unmade: true });
    expect(place.message).toMatch(/^Limited; repair attempt 1 did not reach Azure: Azure says/);
  });

  test('a process that ends in each PUT makes one for each spacing, and exhausts nothing', async () => {
    const place = await Place.limited(mode);
    place.crash = 'before';
    const said = await place.minutes(6);
    expect(said.join()).not.toContain('RepairExhausted');
    expect(place.puts).toBe(6);
    place.crash = undefined;
    if (mode === 'accepts') {
      await place.minutes(1);
      place.operator.azure.goOn();
    }
    await expectRepaired(place);
  });

  test('after a process that ended in the PUT, the next one says that it was not made, and waits', async () => {
    const place = await Place.limited(mode);
    place.crash = 'before';
    await place.operator.poll(place.key).catch(() => {});
    place.crash = undefined;
    place.operator.now += MINUTE / 2;
    place.operator.restart();
    await place.operator.poll(place.key);
    expect(place.puts).toBe(1);
    expect(place.repair).toMatchObject({ attempts: 0, unmade: true });
    expect(place.message).toMatch(/^Limited; repair attempt 1 did not reach Azure\. Retried automatically at/);
    place.operator.cluster.writes.length = 0;
    await place.operator.poll(place.key);
    expect(place.operator.cluster.writes).toEqual([]);
  });

  test('a repair whose answer is lost counts once the runtime shows it', async () => {
    const place = await Place.limited(mode);
    place.operator.azure.repairsNeeded = 9;
    place.crash = 'after';
    await place.operator.poll(place.key).catch(() => {});
    place.crash = undefined;
    place.operator.azure.goOn();
    place.operator.now += 2 * MINUTE;
    expect((await place.minutes(2)).at(-1)).toBe('Ready=False RepairExhausted Stalled');
    expect(place.puts).toBe(1);
    expect(place.message).toContain('Runtime is still Limited after 1 repair.');
  });

  test('the runtime of a repair whose answer is lost is told to be Repaired', async () => {
    const place = await Place.limited(mode);
    place.crash = 'after';
    await place.operator.poll(place.key).catch(() => {});
    place.crash = undefined;
    place.operator.azure.goOn();
    await place.operator.poll(place.key);
    expect(place.repair).toMatchObject({ attempts: 1 });
    expect(place.events).toEqual(['Repaired']);
  });

  test('a runtime that becomes well by itself is not told to be Repaired', async () => {
    const place = await Place.limited(mode);
    place.fault = { when: 'before', failure: FAILURE({ kind: 'unavailable' }) };
    await place.minutes(2);
    place.operator.azure.setState(ID, 'Online');
    await place.minutes(1);
    expect(place.events).toEqual(['RepairFailed', 'Recovered']);
    expect(place.repair).toBeUndefined();
  });
});

test('somebody else’s write after an attempt without an answer counts as that attempt: the safe side', async () => {
  const place = await Place.limited();
  place.fault = { when: 'before', failure: FAILURE({ kind: 'unavailable' }) };
  await place.minutes(1);
  place.fault = undefined;
  const { document, state } = [...place.operator.azure.runtimes.values()][0] ?? { document: {}, state: '' };
  place.operator.azure.put(ID, document, { state });
  expect((await place.minutes(1)).at(-1)).toBe('Ready=False RepairExhausted Stalled');
});

test('a refused attempt does not count, though somebody else has written', async () => {
  const place = await Place.limited();
  place.fault = { when: 'before', failure: FAILURE({ kind: 'preconditionFailed' }) };
  await place.minutes(1);
  place.fault = undefined;
  const { document, state } = [...place.operator.azure.runtimes.values()][0] ?? { document: {}, state: '' };
  place.operator.azure.put(ID, document, { state });
  await expectRepaired(place);
});

test('a write of our own after an attempt without an answer does not make that attempt one that was made', async () => {
  const place = await Place.limited('answers', 2);
  place.operator.azure.repairsNeeded = 9;
  place.fault = { when: 'before', failure: FAILURE({ kind: 'unavailable' }) };
  await place.minutes(1);
  place.fault = undefined;
  place.operator.cluster.annotate(place.key, { repair: 'r1' });
  await place.minutes(1);
  expect(place.repair).toMatchObject({ attempts: 0 });
  expect(place.puts).toBe(2);
});

test('the spacing grows by the repairs that were made, and by those that were not once they have failed for longer', async () => {
  const place = await Place.limited('answers', 5);
  place.operator.azure.repairsNeeded = 99;
  await place.minutes(1);
  place.fault = { when: 'before', failure: FAILURE({ kind: 'unavailable' }) };
  await place.minutes(7);
  // The first is made at 0 and waited for a minute; the next, which fail, are two minutes apart, then four.
  expect(place.puts).toBe(1 + 3);
  await place.minutes(2);
  expect(place.puts).toBe(1 + 4);
});
