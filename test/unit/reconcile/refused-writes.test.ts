/** While a write is refused or ignored: what a read shows is seen every interval, and the write is made again slowly. */
import { describe, expect, test } from '@jest/globals';
import { AzureFailure, type Failure } from '../../../src/core/model/failure.ts';
import { condition } from '../../../src/core/model/object.ts';
import type { RuntimeDocument } from '../../../src/core/model/runtime.ts';
import { HOUR, MINUTE } from '../../../src/core/schedule.ts';
import type { Runtimes } from '../../../src/ports.ts';
import { FAILURE } from '../core/builders.ts';
import { desired, fieldMap, runtimeId } from '../model/builders.ts';
import { UNBOUNDED } from '../model/fake-azure.ts';
import { INTERVAL_MS, Operator } from '../model/operator.ts';
import { document, instead, KEY, MANAGED, ready, reasons } from './support.ts';

const ID = runtimeId();
/** What the manifest of these tests comes to declare, and Azure refuses. */
const WANTED = { location: 'Atlantis' };
const OF_THE_DOCUMENT: readonly Failure['kind'][] = ['refused', 'policyDenied'];
const OF_EVERY_WRITE: readonly Failure['kind'][] = ['locked', 'notOffered'];

/** One object in sync, whose new location Azure refuses to be written. */
class Place {
  readonly operator = new Operator({
    azure: {
      fault: (call) =>
        call === 'state' && this.stateFails !== undefined
          ? { when: 'before', failure: FAILURE({ kind: this.stateFails }) }
          : undefined,
    },
  });
  readonly key: string;
  stateFails: Failure['kind'] | undefined;
  kind: Failure['kind'] | undefined;
  /** What Azure has refused or taken, oldest first. */
  readonly puts: string[] = [];

  private constructor(key: string, kind: Failure['kind']) {
    this.key = key;
    this.kind = kind;
  }

  static async refusing(kind: Failure['kind'], more: Parameters<typeof desired>[0] = {}): Promise<Place> {
    const place = new Place('team/sample', kind);
    const { operator } = place;
    await ready(operator, more);
    const update = (...[id, wanted, etag, caller]: Parameters<Runtimes['update']>) => {
      const location = JSON.stringify(wanted).includes('Atlantis') ? 'Atlantis' : 'West Europe';
      const everything = place.kind !== undefined && OF_EVERY_WRITE.includes(place.kind);
      place.puts.push(location);
      if (place.kind !== undefined && (everything || location === 'Atlantis')) {
        operator.azure.calls.push('update');
        throw new AzureFailure(FAILURE({ kind: place.kind }));
      }
      return operator.azure.update(id, wanted, etag, caller);
    };
    instead(operator, 'update', async (...args: never[]) =>
      update(...(args as unknown as Parameters<Runtimes['update']>)),
    );
    operator.cluster.edit(place.key, { fields: fieldMap(WANTED) });
    await operator.poll(place.key);
    return place;
  }

  /** So many polls, an interval apart. */
  async polls(count: number, ms = INTERVAL_MS): Promise<void> {
    for (let i = 0; i < count; i++) {
      this.operator.now += ms;
      let next = await this.operator.poll(this.key);
      // What follows at once.
      while (next.kind === 'backoff' && next.baseMs === 1) next = await this.operator.poll(this.key);
    }
  }

  /** In which of so many polls a write was made, by the minutes since the first refusal. */
  async triesOf(count: number): Promise<number[]> {
    const tries: number[] = [];
    for (let i = 1; i <= count; i++) {
      const before = this.puts.length;
      await this.polls(1);
      if (this.puts.length > before) tries.push((i * INTERVAL_MS) / MINUTE);
    }
    return tries;
  }

  forget(): void {
    const { azure, cluster } = this.operator;
    azure.calls.length = 0;
    cluster.writes.length = 0;
    cluster.events.length = 0;
    this.puts.length = 0;
  }

  setState(state: string): void {
    this.operator.azure.setState(ID, state);
  }

  get summary(): string {
    return this.operator.summary(this.key);
  }

  get status() {
    return this.operator.object(this.key).status;
  }

  get healthy() {
    return condition(this.status, 'Healthy');
  }
}

const REASON: Partial<Record<Failure['kind'], string>> = {
  refused: 'InvalidDefinition',
  policyDenied: 'PolicyDenied',
  locked: 'Locked',
  notOffered: 'ProviderNotRegistered',
};

describe.each([...OF_THE_DOCUMENT, ...OF_EVERY_WRITE])('while a write is refused (%s)', (kind) => {
  const STALLED = `Ready=False ${REASON[kind]} Stalled`;

  test('the state is read in the same pass, and shown', async () => {
    const place = await Place.refusing(kind);
    expect(place.summary).toBe(STALLED);
    expect(place.operator.azure.calls).toEqual(['read', 'update', 'state']);
    expect(place.status).toMatchObject({ state: 'Online', location: 'West Europe' });
    expect(place.healthy).toMatchObject({ status: 'True', reason: 'Online' });
  });

  test('a poll costs what one at rest does, and nothing is written as long as nothing changes', async () => {
    const place = await Place.refusing(kind);
    await place.polls(4);
    place.forget();
    // The last try was a moment ago.
    await place.polls(1);
    expect(place.operator.azure.calls).toEqual(['hint', 'state']);
    expect(place.operator.cluster.writes).toEqual([]);
    expect(reasons(place.operator)).toEqual([]);
  });

  test('no try of a refused write costs a Kubernetes write or an event', async () => {
    const place = await Place.refusing(kind);
    place.forget();
    await place.polls(24);
    expect(place.puts.length).toBeGreaterThan(2);
    expect(place.operator.cluster.writes).toEqual([]);
    expect(reasons(place.operator)).toEqual([]);
  });

  test('it is made again after ten minutes, then ever less often, at last once an hour', async () => {
    const place = await Place.refusing(kind);
    expect(await place.triesOf(26)).toEqual([10, 20, 40, 80, 140, 200, 260]);
  });

  test('a state that changes is shown within one interval', async () => {
    const place = await Place.refusing(kind, { repair: { mode: 'Disabled', maxAttempts: 5 } });
    for (const [state, status] of [
      ['Offline', 'False'],
      ['Limited', 'False'],
      ['Pondering', 'Unknown'],
      ['Online', 'True'],
    ]) {
      place.setState(state ?? '');
      await place.polls(1);
      expect(place.summary).toBe(STALLED);
      expect(place.status.state).toBe(state);
      expect(place.healthy?.status).toBe(status);
    }
  });

  test('what others write as it is declared is seen within one interval', async () => {
    const place = await Place.refusing(kind);
    await place.polls(3);
    place.forget();
    place.operator.azure.put(ID, MANAGED('Atlantis'));
    await place.polls(1);
    expect(place.summary).toBe('Ready=True Available');
    expect(place.puts).toEqual([]);
  });

  test('a restart makes no write, nor do ten in a row', async () => {
    const place = await Place.refusing(kind);
    await place.polls(3);
    place.forget();
    for (let i = 0; i < 10; i++) {
      place.operator.restart();
      place.operator.now += HOUR;
      await place.operator.poll(place.key);
    }
    expect(place.puts).toEqual([]);
    expect(place.operator.cluster.writes).toEqual([]);
  });

  test('after a restart it is made again within as long as the pauses are', async () => {
    const place = await Place.refusing(kind);
    place.operator.restart();
    await place.operator.poll(place.key);
    expect(await place.triesOf(2)).toEqual([10, 20]);
    await place.polls(20);
    place.operator.restart();
    await place.operator.poll(place.key);
    expect((await place.triesOf(7))[0]).toBe(60);
  });

  test.each(['an edit', 'a request'])('%s has it made again at once', async (what) => {
    const place = await Place.refusing(kind);
    place.forget();
    if (what === 'an edit') place.operator.cluster.edit(place.key, { adoptionPolicy: 'Never' });
    else place.operator.cluster.annotate(place.key, { reconcile: 'now' });
    await place.operator.poll(place.key);
    expect(place.puts).toEqual(['Atlantis']);
  });

  test('an edit that takes it back makes the object Ready at once', async () => {
    const place = await Place.refusing(kind);
    place.operator.cluster.edit(place.key, { fields: fieldMap({ location: 'West Europe' }) });
    await place.operator.poll(place.key);
    expect(place.summary).toBe('Ready=True Available');
  });

  test('one glitch of the read does not blank what is told', async () => {
    const place = await Place.refusing(kind);
    place.forget();
    place.operator.azure.failing.push({ call: 'state', failure: FAILURE({ kind: 'unavailable' }) });
    await place.operator.poll(place.key);
    expect(place.operator.cluster.writes).toEqual([]);
    expect(place.status.state).toBe('Online');
  });

  test('a state that may not be read leaves the refusal told, and nothing is written with each look', async () => {
    const place = await Place.refusing(kind);
    place.stateFails = 'forbidden';
    await place.polls(1);
    expect(place.summary).toBe(STALLED);
    expect(place.healthy).toMatchObject({ status: 'Unknown' });
    place.forget();
    await place.polls(24);
    expect(place.operator.cluster.writes).toEqual([]);
    expect(reasons(place.operator)).toEqual([]);
  });
});

describe.each(OF_THE_DOCUMENT)('a Limited runtime whose new definition is refused (%s)', (kind) => {
  test('is repaired by writing back what Azure has, and Ready tells of the refusal all the while', async () => {
    const place = await Place.refusing(kind);
    place.forget();
    place.setState('Limited');
    await place.polls(1);
    expect(place.puts).toContain('West Europe');
    expect(place.summary).toBe(`Ready=False ${REASON[kind]} Stalled`);
    expect(place.status).toMatchObject({ state: 'Online', repair: { attempts: 1 } });
    expect(reasons(place.operator)).toEqual(['RepairStarted', 'Repaired']);
    expect(document(place.operator)).toEqual(MANAGED('West Europe'));
  });

  test('is repaired as often as the manifest permits, and told to be Limited', async () => {
    const place = await Place.refusing(kind, { repair: { mode: 'Auto', maxAttempts: 2 } });
    place.operator.azure.repairsNeeded = 99;
    place.setState('Limited');
    place.forget();
    await place.polls(12);
    expect(place.puts.filter((location) => location === 'West Europe')).toHaveLength(2);
    expect(place.summary).toBe(`Ready=False ${REASON[kind]} Stalled`);
    expect(place.healthy).toMatchObject({ status: 'False', reason: 'Limited' });
    place.forget();
    await place.polls(1);
    expect(place.operator.cluster.writes).toEqual([]);
  });

  test('is repaired in the pass after the one that met the refusal', async () => {
    const place = await Place.refusing(kind);
    place.setState('Limited');
    place.operator.cluster.annotate(place.key, { reconcile: 'now' });
    place.forget();
    const next = await place.operator.poll(place.key);
    expect(place.puts).toEqual(['Atlantis']);
    expect(next).toMatchObject({ kind: 'backoff', baseMs: 1 });
    await place.operator.poll(place.key);
    expect(place.puts).toEqual(['Atlantis', 'West Europe']);
    expect(place.status.state).toBe('Online');
  });

  test('is repaired when a person asks, though repair is off', async () => {
    const place = await Place.refusing(kind, { repair: { mode: 'Disabled', maxAttempts: 5 } });
    place.setState('Limited');
    await place.polls(1);
    place.forget();
    place.operator.cluster.annotate(place.key, { repair: 'please' });
    await place.operator.poll(place.key);
    expect(place.puts).toEqual(['West Europe']);
    expect(place.status).toMatchObject({ state: 'Online', lastHandledRepairAt: 'please' });
    expect(reasons(place.operator)).toEqual(['RepairStarted', 'Repaired']);
    expect(place.summary).toBe(`Ready=False ${REASON[kind]} Stalled`);
  });
});

describe.each(OF_EVERY_WRITE)('a Limited runtime that may not be written (%s)', (kind) => {
  test('is told to be Limited, and nothing is written but with the slow tries', async () => {
    const place = await Place.refusing(kind);
    place.setState('Limited');
    await place.polls(1);
    expect(place.healthy).toMatchObject({ status: 'False', reason: 'Limited' });
    place.puts.length = 0;
    await place.polls(6);
    expect(place.puts.length).toBeLessThanOrEqual(2);
    expect(place.status.repair).toBeUndefined();
  });

  test('of which a person asks a repair: one is tried, and the refusal is the answer', async () => {
    const place = await Place.refusing(kind);
    place.setState('Limited');
    await place.polls(1);
    place.forget();
    place.operator.cluster.annotate(place.key, { repair: 'please' });
    await place.operator.poll(place.key);
    await place.operator.poll(place.key);
    expect(place.puts).toEqual(['West Europe']);
    expect(place.status.lastHandledRepairAt).toBe('please');
    expect(place.operator.cluster.events).toMatchObject([{ type: 'Warning', reason: 'RepairFailed' }]);
    expect(place.summary).toBe(`Ready=False ${REASON[kind]} Stalled`);
  });

  test('in sync: repairs that are refused become as rare as other writes', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    const puts: number[] = [];
    const start = operator.now;
    instead(operator, 'update', async () => {
      puts.push((operator.now - start) / MINUTE);
      throw new AzureFailure(FAILURE({ kind }));
    });
    operator.azure.setState(ID, 'Limited');
    for (let i = 0; i < 27; i++) {
      await operator.poll(key);
      operator.now += INTERVAL_MS;
    }
    expect(operator.summary(key)).toBe(`Ready=False ${REASON[kind]} Stalled`);
    expect(puts).toEqual([0, 10, 20, 40, 80, 140, 200, 260]);
    operator.azure.setState(ID, 'Online');
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
  });
});

test('what one identity was refused is tried at once under another that a person has accepted', async () => {
  const place = await Place.refusing('forbidden');
  for (let i = 0; i < 12; i++) await place.polls(1, MINUTE);
  expect(place.summary).toBe('Ready=False Forbidden Stalled');
  place.forget();
  await place.polls(1, MINUTE);
  expect(place.puts).toEqual([]);
  const before = place.operator.access;
  place.operator.access = (object) => ({ ...before(object), identity: 'tenant/other' }) as ReturnType<typeof before>;
  place.operator.cluster.annotate(place.key, { acceptIdentity: 'tenant/other' });
  await place.polls(1, MINUTE);
  expect(place.puts).toEqual(['Atlantis']);
});

describe('a write that Azure ignores', () => {
  async function ignoring() {
    const operator = new Operator();
    const key = await ready(operator);
    const puts: RuntimeDocument[] = [];
    instead(operator, 'update', async (...args: never[]) => {
      const [id, wanted, etag, caller] = args as unknown as Parameters<Runtimes['update']>;
      puts.push(wanted);
      return operator.azure.update(id, document(operator), etag, caller);
    });
    operator.cluster.edit(key, { fields: fieldMap(WANTED) });
    await operator.poll(key);
    return { operator, key, puts };
  }

  test('is NotApplied, and the state is shown', async () => {
    const { operator, key } = await ignoring();
    expect(operator.summary(key)).toBe('Ready=False NotApplied Stalled');
    expect(operator.object(key).status).toMatchObject({ state: 'Online', location: 'West Europe' });
  });

  test('is made again slowly, and polled at the interval', async () => {
    const { operator, key, puts } = await ignoring();
    const made: number[] = [];
    for (let i = 1; i <= 14; i++) {
      operator.now += INTERVAL_MS;
      const before = puts.length;
      await operator.poll(key);
      if (puts.length > before) made.push(i * 10);
    }
    expect(made).toEqual([10, 20, 40, 80, 140]);
    operator.now += INTERVAL_MS;
    operator.azure.calls.length = 0;
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['hint', 'state']);
  });

  test('and that shows late makes the object Ready within one interval', async () => {
    const { operator, key } = await ignoring();
    operator.azure.put(ID, MANAGED('Atlantis'));
    operator.now += INTERVAL_MS;
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=True Available');
  });
});

describe('a runtime that is not the object’s to write', () => {
  test.each([
    ['AdoptionRefused', { adoptionPolicy: 'Never' } as const, {}],
    ['AdoptionRefused', { adoptionPolicy: 'IfIdentical', fields: { location: 'Atlantis' } } as const, {}],
    ['TypeConflict', {}, { type: 'SelfHosted' } as const],
    ['NetworkConflict', { managedVirtualNetwork: { name: 'default', creation: 'Never' } } as const, {}],
  ])('is polled as at rest, and its state shown: %s', async (reason, wanted, more) => {
    const operator = new Operator();
    operator.azure.put(ID, MANAGED('West Europe'), more);
    const key = operator.apply('sample', desired(wanted));
    expect(await operator.poll(key)).toEqual({ kind: 'periodic', ms: INTERVAL_MS });
    expect(operator.summary(key)).toBe(`Ready=False ${reason} Stalled`);
    expect(operator.object(key).status.state).toBe('Online');
    operator.azure.setState(ID, 'Limited');
    operator.now += INTERVAL_MS;
    operator.azure.calls.length = 0;
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['hint', 'state']);
    expect(operator.object(key).status.state).toBe('Limited');
    operator.azure.remove(ID);
    operator.azure.networks.clear();
    operator.azure.putNetwork(ID.parent);
    operator.now += INTERVAL_MS;
    await operator.lookTwice(key);
    expect(operator.azure.calls).toContain('create');
  });

  test('and that a person asks to repair is not written, and says why', async () => {
    const operator = new Operator();
    operator.azure.put(ID, MANAGED('West Europe'));
    const key = operator.apply('sample', desired({ adoptionPolicy: 'Never' }));
    await operator.poll(key);
    operator.cluster.annotate(key, { repair: 'please' });
    operator.cluster.events.length = 0;
    await operator.poll(key);
    expect(operator.object(key).status.lastHandledRepairAt).toBe('please');
    expect(operator.cluster.events).toMatchObject([{ type: 'Warning', reason: 'RepairFailed' }]);
    expect(operator.azure.calls).not.toContain('update');
  });
});

test('an object whose create is refused is polled as at rest, and created again slowly', async () => {
  const creates: number[] = [];
  const operator = new Operator();
  const start = operator.now;
  operator.access = () => ({ granted: true, identity: 'tenant/client', runtimes: operator.azure, budget: UNBOUNDED });
  instead(operator, 'create', async () => {
    creates.push((operator.now - start) / MINUTE);
    throw new AzureFailure(FAILURE({ kind: 'policyDenied' }));
  });
  const key = operator.apply('sample', desired());
  for (let i = 0; i < 9; i++) {
    await operator.poll(key);
    operator.now += INTERVAL_MS;
  }
  expect(creates).toEqual([0, 10, 20, 40, 80]);
  operator.azure.calls.length = 0;
  await operator.poll(key);
  expect(operator.azure.calls).toEqual(['hint']);
  expect(operator.azure.runtimes.has(KEY)).toBe(false);
});

describe('an update that fails otherwise', () => {
  /** An object in a managed virtual network whose edit meets this failure with every update of the definition. */
  async function failing(failure: Failure) {
    const operator = new Operator();
    operator.azure.putNetwork(ID.parent);
    const key = await ready(operator, { managedVirtualNetwork: { name: 'default', creation: 'Never' } });
    const puts: string[] = [];
    instead(operator, 'update', async (...args: never[]) => {
      const [id, wanted, etag, caller] = args as unknown as Parameters<Runtimes['update']>;
      const isDeclared = JSON.stringify(wanted).includes('Atlantis');
      puts.push(isDeclared ? 'declared' : 'repair');
      if (isDeclared) throw new AzureFailure(failure);
      return operator.azure.update(id, wanted, etag, caller);
    });
    operator.cluster.edit(key, { fields: fieldMap(WANTED) });
    await operator.poll(key);
    return { operator, key, puts };
  }

  const MISSING: Failure = { kind: 'refused', message: 'No such network.', reference: 'default' };

  test('for want of the network: the state is shown, and a Limited runtime repaired', async () => {
    const { operator, key, puts } = await failing(MISSING);
    expect(operator.summary(key)).toBe('Ready=False ManagedVirtualNetworkNotFound Reconciling');
    expect(operator.object(key).status.state).toBe('Online');
    operator.azure.setState(ID, 'Limited');
    for (let i = 0; i < 3; i++) {
      operator.now += INTERVAL_MS / 2;
      await operator.poll(key);
      expect(operator.summary(key)).toBe('Ready=False ManagedVirtualNetworkNotFound Reconciling');
    }
    expect(puts).toContain('repair');
    expect(operator.object(key).status.state).toBe('Online');
    expect(puts.at(-1)).toBe('declared');
  });

  test('for want of the network: a repair that a person asks for is made, and the update tried again', async () => {
    const { operator, key, puts } = await failing(MISSING);
    operator.cluster.annotate(key, { repair: 'please' });
    await operator.poll(key);
    expect(puts.at(-1)).toBe('repair');
    expect(operator.object(key).status.lastHandledRepairAt).toBe('please');
    await operator.poll(key);
    expect(puts.at(-1)).toBe('declared');
  });

  test('by an outage of writes alone: the state is shown once that lasts', async () => {
    const { operator, key } = await failing(FAILURE({ kind: 'unavailable' }));
    expect(operator.summary(key)).toBe('Ready=Unknown AzureUnavailable Reconciling');
    expect(operator.object(key).status.state).toBe('Online');
    operator.azure.setState(ID, 'Offline');
    operator.now += INTERVAL_MS;
    await operator.poll(key);
    expect(operator.object(key).status.state).toBe('Offline');
    expect(condition(operator.object(key).status, 'Healthy')?.status).toBe('False');
  });

  test('by an outage of writes, of an object that was Ready: news of the state are told after an interval', async () => {
    const operator = new Operator();
    const key = await ready(operator);
    operator.azure.put(ID, MANAGED('northeurope'));
    instead(operator, 'update', async () => Promise.reject(new AzureFailure(FAILURE({ kind: 'unavailable' }))));
    operator.azure.calls.length = 0;
    await operator.poll(key);
    expect(operator.azure.calls).toEqual(['hint', 'read']);
    expect(operator.summary(key)).toBe('Ready=True Available');
    operator.azure.setState(ID, 'Offline');
    operator.now += INTERVAL_MS;
    await operator.poll(key);
    expect(operator.summary(key)).toBe('Ready=Unknown AzureUnavailable Reconciling');
    expect(operator.object(key).status.state).toBe('Offline');
  });
});
