/** A refused write after other things have happened: what an earlier write, an outage or another writer left behind. */
import { describe, expect, test } from '@jest/globals';
import { AzureFailure, type Failure } from '../../../src/core/model/failure.ts';
import { condition } from '../../../src/core/model/object.ts';
import type { Json } from '../../../src/core/model/runtime.ts';
import { MINUTE, OPERATION_MS } from '../../../src/core/schedule.ts';
import type { Runtimes } from '../../../src/ports.ts';
import { FAILURE } from '../core/builders.ts';
import { desired, fieldMap, runtimeId } from '../model/builders.ts';
import type { Fault } from '../model/fake-azure.ts';
import { INTERVAL_MS, Operator } from '../model/operator.ts';
import { instead, MANAGED, ready } from './support.ts';

const ID = runtimeId();

/** A factory or a workspace whose runtime comes to be declared in a place that Azure may refuse. */
class Scene {
  readonly operator: Operator;
  key = '';
  /** How Azure refuses what is declared, or every write where it is a lock; undefined: it does not. */
  refuses: Failure['kind'] | undefined;
  readonly puts: string[] = [];

  private constructor(operator: Operator) {
    this.operator = operator;
  }

  static async of(operator: Operator, more: Parameters<typeof ready>[1] = {}): Promise<Scene> {
    const scene = new Scene(operator);
    scene.key = await ready(operator, more);
    await operator.lookTwice(scene.key);
    instead(operator, 'update', async (...args: never[]) =>
      scene.#update(...(args as unknown as Parameters<Runtimes['update']>)),
    );
    return scene;
  }

  async #update(...[id, wanted, etag, caller]: Parameters<Runtimes['update']>) {
    const isDeclared = JSON.stringify(wanted).includes('Atlantis');
    this.puts.push(isDeclared ? 'declared' : 'repair');
    if (this.refuses !== undefined && (isDeclared || this.refuses === 'locked')) {
      throw new AzureFailure(FAILURE({ kind: this.refuses }));
    }
    return this.operator.azure.update(id, wanted, etag, caller);
  }

  declare(fields: Record<string, Json>): void {
    this.operator.cluster.edit(this.key, { fields: fieldMap(fields) });
  }

  /** A pass, and those that follow at once, of which there are few. */
  async look(afterMs = 0): Promise<void> {
    this.operator.now += afterMs;
    for (let passes = 0; passes < 8; passes++) {
      const next = await this.operator.poll(this.key);
      if (next.kind !== 'backoff' || next.baseMs !== 1) return;
    }
    throw new Error('the passes follow each other without end');
  }

  forget(): void {
    this.puts.length = 0;
    this.operator.cluster.writes.length = 0;
  }

  get summary(): string {
    return this.operator.summary(this.key);
  }

  get status() {
    return this.operator.object(this.key).status;
  }
}

const REASON: Partial<Record<Failure['kind'], string>> = {
  refused: 'InvalidDefinition',
  policyDenied: 'PolicyDenied',
  locked: 'Locked',
};

describe.each(['refused', 'policyDenied', 'locked'] as const)(
  'an update refused after one that never showed (%s)',
  (kind) => {
    /** Azure accepts an update and fails to do it; the next one it refuses: the same one later, or another at once. */
    async function leftOver(how: 'later' | 'edited', more: Parameters<typeof ready>[1] = {}): Promise<Scene> {
      const scene = await Scene.of(new Operator({}, 'accepts'), more);
      scene.declare({ location: 'Atlantis' });
      await scene.look();
      expect(scene.puts).toEqual(['declared']);
      scene.operator.azure.failNext();
      scene.refuses = kind;
      scene.forget();
      if (how === 'later') scene.operator.now += OPERATION_MS;
      else scene.declare({ location: 'Atlantis', description: 'new' });
      return scene;
    }

    test.each(['later', 'edited'] as const)('is made again slowly (%s)', async (how) => {
      const scene = await leftOver(how);
      await scene.look();
      expect(scene.puts).toEqual(['declared']);
      expect(scene.summary).toBe(`Ready=False ${REASON[kind]} Stalled`);
      scene.forget();
      const tries: number[] = [];
      for (let i = 1; i <= 14; i++) {
        const before = scene.puts.length;
        await scene.look(INTERVAL_MS);
        if (scene.puts.length > before) tries.push((i * INTERVAL_MS) / MINUTE);
      }
      expect(tries).toEqual([10, 20, 40, 80, 140]);
      expect(scene.operator.cluster.writes).toEqual([]);
    });

    test.each(['later', 'edited'] as const)(
      'leaves a repair that a person asks for its one answer (%s)',
      async (how) => {
        const scene = await leftOver(how);
        scene.operator.cluster.annotate(scene.key, { repair: 'please' });
        await scene.look();
        expect(scene.puts).toEqual(['declared', 'repair']);
        expect(scene.status.lastHandledRepairAt).toBe('please');
      },
    );

    test.each(['later', 'edited'] as const)(
      'and a Limited runtime: no pass follows another without end (%s)',
      async (how) => {
        const scene = await leftOver(how);
        scene.operator.azure.setState(ID, 'Limited');
        await scene.look();
        // Where every write is refused, none is made on our own account.
        expect(scene.puts).toEqual(kind === 'locked' ? ['declared'] : ['declared', 'repair']);
        scene.operator.azure.goOn();
        await scene.look(INTERVAL_MS / 2);
        expect(scene.summary).toBe(`Ready=False ${REASON[kind]} Stalled`);
        expect(scene.status.state).toBe(kind === 'locked' ? 'Limited' : 'Online');
      },
    );
  },
);

test('a create refused after one that never showed is made again slowly', async () => {
  const creates: number[] = [];
  const operator = new Operator({}, 'accepts');
  const key = operator.apply('sample', desired());
  await operator.poll(key);
  operator.azure.failNext();
  const start = operator.now + INTERVAL_MS;
  instead(operator, 'create', async () => {
    creates.push((operator.now - start) / MINUTE);
    throw new AzureFailure(FAILURE({ kind: 'policyDenied' }));
  });
  for (let i = 0; i < 10; i++) {
    operator.now += INTERVAL_MS;
    await operator.poll(key);
  }
  expect(creates).toEqual([0, 10, 20, 40, 80]);
  expect(operator.summary(key)).toBe('Ready=False PolicyDenied Stalled');
});

describe('a refused definition, while nothing but the state cannot be read', () => {
  /** Which failure the state meets, from when that is set. */
  async function refused() {
    const state: { fails?: Failure['kind'] } = {};
    const fault = (call: string): Fault | undefined =>
      call === 'state' && state.fails !== undefined
        ? { when: 'before', failure: FAILURE({ kind: state.fails }) }
        : undefined;
    const scene = await Scene.of(new Operator({ azure: { fault } }));
    scene.refuses = 'refused';
    scene.declare({ location: 'Atlantis' });
    await scene.look();
    scene.forget();
    return { scene, state };
  }

  test.each([
    'unavailable',
    'throttled',
    'preconditionFailed',
    'credentialUnavailable',
    'subscriptionNotFound',
    'credentialsInvalid',
    'parentNotFound',
    'readRefused',
    'forbidden',
  ] as const)('is made again as slowly as else, and told all the while (%s)', async (kind) => {
    const { scene, state } = await refused();
    const stalled = condition(scene.status, 'Stalled');
    state.fails = kind;
    const tries: number[] = [];
    for (let i = 1; i <= 14; i++) {
      const before = scene.puts.length;
      await scene.look(INTERVAL_MS);
      if (scene.puts.length > before) tries.push((i * INTERVAL_MS) / MINUTE);
      expect(scene.summary).toBe('Ready=False InvalidDefinition Stalled');
    }
    expect(tries).toEqual([10, 20, 40, 80, 140]);
    expect(condition(scene.status, 'Stalled')).toEqual(stalled);
    expect(condition(scene.status, 'Healthy')).toMatchObject({ status: 'Unknown' });
    // That the state is not known is all that was told.
    expect(scene.operator.cluster.writes).toEqual(['status']);
    delete state.fails;
    await scene.look(INTERVAL_MS);
    expect(scene.status.state).toBe('Online');
  });

  test.each(['unavailable', 'throttled', 'credentialsInvalid'] as const)(
    'a glitch blanks no state (%s)',
    async (kind) => {
      const { scene, state } = await refused();
      await scene.look(INTERVAL_MS);
      await scene.look(INTERVAL_MS);
      scene.forget();
      state.fails = kind;
      await scene.look(INTERVAL_MS);
      delete state.fails;
      await scene.look(MINUTE);
      expect(scene.puts).toEqual([]);
      expect(scene.operator.cluster.writes).toHaveLength(kind === 'credentialsInvalid' ? 2 : 0);
      expect(scene.status.state).toBe('Online');
    },
  );
});

test.each(['unavailable', 'throttled', 'credentialUnavailable'] as const)(
  'an update that Azure ignores is made again slowly, also while the state cannot be read (%s)',
  async (kind) => {
    const fault = (call: string): Fault | undefined =>
      call === 'state' && isUnreadable ? { when: 'before', failure: FAILURE({ kind }) } : undefined;
    let isUnreadable = false;
    const operator = new Operator({ azure: { fault } });
    const key = await ready(operator);
    const tries: number[] = [];
    const start = operator.now;
    instead(operator, 'update', async (...args: never[]) => {
      const [id, , etag, caller] = args as unknown as Parameters<Runtimes['update']>;
      tries.push((operator.now - start) / MINUTE);
      return operator.azure.update(id, MANAGED('West Europe'), etag, caller);
    });
    operator.cluster.edit(key, { fields: fieldMap({ location: 'Atlantis' }) });
    isUnreadable = true;
    for (let i = 0; i <= 14; i++) {
      await operator.poll(key);
      operator.now += INTERVAL_MS;
      expect(operator.summary(key)).toBe('Ready=False NotApplied Stalled');
    }
    expect(tries).toEqual([0, 10, 20, 40, 80, 140]);
  },
);

describe('what is told after an outage', () => {
  /** An object whose outage begins and ends with `isOut`. */
  async function scene() {
    const outage = { isOut: false };
    const fault = (): Fault | undefined =>
      outage.isOut ? { when: 'before', failure: FAILURE({ kind: 'unavailable' }) } : undefined;
    return { it: await Scene.of(new Operator({ azure: { fault } })), outage };
  }

  async function passes({ it, outage }: Awaited<ReturnType<typeof scene>>): Promise<void> {
    outage.isOut = true;
    await it.look(INTERVAL_MS);
    await it.look(INTERVAL_MS);
    expect(condition(it.status, 'Reconciling')?.reason).toBe('AzureUnavailable');
    outage.isOut = false;
    it.forget();
  }

  test.each([
    ['refused', 'InvalidDefinition', 'a Limited runtime', ['declared', 'repair']],
    ['refused', 'InvalidDefinition', 'a request', ['declared', 'repair']],
    ['policyDenied', 'PolicyDenied', 'a Limited runtime', ['declared', 'repair']],
    ['locked', 'Locked', 'a Limited runtime', ['declared']],
    ['locked', 'Locked', 'a request', ['declared', 'repair']],
  ] as const)(
    'of a write that is %s is the refusal (%s), and no longer the outage: with %s',
    async (kind, reason, why, puts) => {
      const { it, outage } = await scene();
      it.refuses = kind;
      it.declare({ location: 'Atlantis' });
      await it.look();
      if (why === 'a Limited runtime') {
        it.operator.azure.repairsNeeded = 99;
        it.operator.azure.setState(ID, 'Limited');
        await it.look(INTERVAL_MS);
      }
      await passes({ it, outage });
      if (why === 'a request') it.operator.cluster.annotate(it.key, { repair: 'please' });
      await it.look(INTERVAL_MS);
      expect(it.puts).toEqual(puts);
      expect(it.summary).toBe(`Ready=False ${reason} Stalled`);
      expect(condition(it.status, 'Reconciling')).toBeUndefined();
      expect(it.status.unconfirmedSince).toBeUndefined();
    },
  );

  test('of a contested field that is as declared at the moment is the contest', async () => {
    const { it, outage } = await scene();
    for (let i = 0; i < 6; i++) {
      it.operator.azure.put(ID, MANAGED('uksouth'));
      await it.look(MINUTE);
    }
    expect(it.summary).toBe('Ready=False Contested Reconciling');
    await passes({ it, outage });
    it.operator.azure.put(ID, MANAGED('West Europe'));
    await it.look(MINUTE);
    expect(it.puts).toEqual([]);
    expect(it.summary).toBe('Ready=False Contested Reconciling');
    expect(condition(it.status, 'Reconciling')?.reason).toBe('Contested');
  });
});

describe('a refusal beside a contested field', () => {
  const theirs = (description: string) => ({ ...MANAGED('uksouth'), description });

  /** The location is contested, and setting the description back was refused a minute ago. */
  async function refused(): Promise<Scene> {
    const it = await Scene.of(new Operator(), { fields: { location: 'Atlantis', description: 'ours' } });
    for (let i = 0; i < 6; i++) {
      it.operator.azure.put(ID, theirs('ours'));
      await it.look(MINUTE);
    }
    expect(it.summary).toBe('Ready=False Contested Reconciling');
    it.refuses = 'locked';
    it.operator.azure.put(ID, theirs('theirs'));
    await it.look(MINUTE);
    expect(it.summary).toBe('Ready=False Locked Stalled');
    it.forget();
    return it;
  }

  test.each(['Online', 'Limited'])(
    'is over with the write that is taken: what is left is contested (%s)',
    async (state) => {
      const it = await refused();
      it.refuses = undefined;
      it.operator.azure.repairsNeeded = 99;
      it.operator.azure.setState(ID, state);
      await it.look(5 * MINUTE);
      expect(it.puts).toHaveLength(1);
      expect(it.status.drift.map(({ field }) => field)).toEqual(['location']);
      expect(it.summary).toBe(
        state === 'Online' ? 'Ready=False Contested Reconciling' : 'Ready=False Repairing Reconciling',
      );
      expect(it.operator.cluster.writes).toEqual(['status']);
    },
  );

  test('is over once another writer has done what was refused', async () => {
    const it = await refused();
    it.operator.azure.put(ID, theirs('ours'));
    await it.look(MINUTE);
    expect(it.puts).toEqual([]);
    expect(it.summary).toBe('Ready=False Contested Reconciling');
    expect(it.operator.cluster.writes).toEqual(['status']);
    it.forget();
    await it.look(MINUTE);
    expect(it.operator.cluster.writes).toEqual([]);
  });
});
