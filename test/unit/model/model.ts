/** The model test: random scripts of people, Azure and crashes, and what must hold after each. */
import { expect } from '@jest/globals';
import { FINALIZER, MARK_ANNOTATION } from '../../../src/api/names.ts';
import type { Desired } from '../../../src/core/model/desired.ts';
import { differences } from '../../../src/core/model/fields.ts';
import { isIn, networkOf } from '../../../src/core/model/network.ts';
import { condition, EMPTY_STATUS, type ManagedObject } from '../../../src/core/model/object.ts';
import { armKey, type RuntimeDocument, type RuntimeId } from '../../../src/core/model/runtime.ts';
import { parseObject } from '../../../src/kube/objects/codec.ts';
import { renderStatus } from '../../../src/kube/objects/status.ts';
import { type AzureHooks, type Fault, type Mode, PARENT_DENIED, WRITES } from './fake-azure.ts';
import { type ClusterHooks, Unreachable } from './fake-cluster.ts';
import { Gate, settled } from './gate.ts';
import { IDENTITY, INTERVAL_MS, Operator } from './operator.ts';
import { Oracle } from './oracle.ts';

export const NAMES = ['a', 'b', 'c'];
export const RUNTIMES = ['One', 'One', 'One', 'Two'];

/** What an object of this uid comes with. */
type Bring = (uid: string) => Partial<ManagedObject>;

/** The real pass over fake ports that the test lets through one call at a time, judged by the oracle. */
export class Model {
  readonly oracle = new Oracle();
  readonly gate = new Gate();
  readonly inFlight = new Set<string>();
  readonly unexpected: unknown[] = [];
  #faults: Fault[] = [];
  /** The calls of which the next one is told that there is no such runtime. */
  readonly #denials = new Set<string>();
  /** The calls of which the next one is told that there is no such factory. */
  readonly #parentDenials = new Set<string>();
  /** Whether no request reaches the API server, while Azure goes on answering. */
  cutOff = false;
  #lostAnswers = 0;
  #applied = 0;
  /** Once false, calls go through by themselves. */
  gated = true;
  readonly operator: Operator;

  constructor(mode: Mode = 'answers') {
    const pause = () => (this.gated ? this.gate.pass() : Promise.resolve());
    const azure = {
      pause,
      fault: (call, { key }) => this.#nextFault(call, key),
      denies: (call) => this.#denials.delete(call),
      onRead: (by, key, found) => this.oracle.onRead(by, key, found),
      onWrite: (write) => this.oracle.onWrite(write),
      onNetwork: (by) => this.oracle.onNetwork(by),
    } satisfies AzureHooks;
    const cluster = {
      pause,
      fault: () => {
        if (this.cutOff) return 'before';
        return this.#lostAnswers > 0 && this.#lostAnswers-- > 0 ? 'after' : undefined;
      },
      onStatus: (object) => this.oracle.onStatus(object),
      onHold: (object, origin) => this.oracle.onHold(object, origin),
      onLeave: (successor) => this.oracle.onLeave(successor),
      onRelease: (object) => this.oracle.onRelease(object),
      onGone: (object) => this.oracle.onGone(object),
    } satisfies ClusterHooks;
    this.operator = new Operator({ azure, cluster }, mode);
    this.oracle.cluster = this.operator.cluster;
    this.oracle.azure = this.operator.azure;
  }

  /** `luck` decides about precedence between objects of the same second. */
  apply(name: string, wanted: Desired, luck = 50, bring: Bring = () => ({})): void {
    const { cluster } = this.operator;
    if (cluster.server.has(`team/${name}`)) return;
    this.#applied += 1;
    const uid = `uid-${luck}-${this.#applied}`;
    this.oracle.declares(cluster.create(name, wanted, { uid, ...bring(uid) }));
  }

  /** As `apply`, of a copy: it brings the finalizer, the mark and the status of an object that was here or elsewhere. */
  applyCopy(name: string, wanted: Desired, luck: number, of: string): void {
    const { uid: whose = 'elsewhere', status = EMPTY_STATUS } = this.operator.cluster.server.get(`team/${of}`) ?? {};
    const mark = JSON.stringify({ uid: whose, origin: 'Created', runtime: armKey(wanted.id) });
    const claim = status.claim ?? { origin: 'Created', identity: IDENTITY };
    const stored = { ...renderStatus({ ...status, claim }), uid: whose };
    this.apply(name, wanted, luck, (uid) => {
      const metadata = { name, namespace: 'team', uid, resourceVersion: '1', finalizers: [FINALIZER] };
      const raw = { metadata: { ...metadata, annotations: { [MARK_ANNOTATION]: mark } }, status: stored };
      const parsed = parseObject(raw);
      if (parsed === undefined) throw new Error('the copy cannot be parsed');
      return { hasFinalizer: parsed.hasFinalizer, mark: parsed.mark, status: parsed.status };
    });
  }

  /** Only of an object with a claim: else what was made in a crash is taken for foreign, and stays. */
  meddle(key: string): void {
    const { cluster } = this.operator;
    if (cluster.server.get(key)?.status.claim !== undefined) cluster.meddle(key);
  }

  edit(name: string, change: Partial<Desired>): void {
    this.operator.cluster.edit(`team/${name}`, change);
    this.oracle.declares(this.operator.cluster.server.get(`team/${name}`));
  }

  /** Somebody else deletes a runtime. */
  remove(id: RuntimeId): void {
    this.operator.azure.remove(id);
    // What the operator had Azure accept comes all the same, and is the operator's.
    if (!this.operator.azure.isPending('create', armKey(id))) this.oracle.onRemoved(armKey(id));
  }

  /** Somebody else puts another kind of runtime under the name. */
  replace(id: RuntimeId): void {
    this.oracle.onRemoved(armKey(id));
    this.operator.azure.put(id, { type: 'SelfHosted' }, { type: 'SelfHosted' });
  }

  async start(key: string): Promise<void> {
    if (this.inFlight.size >= 2 || this.inFlight.has(key)) return;
    const { inFlight } = this;
    inFlight.add(key);
    this.operator
      .pass(key)
      // The controller tries again.
      .catch((error) => error instanceof Unreachable || this.unexpected.push(error))
      .finally(() => inFlight.delete(key));
    await settled();
  }

  async proceed(n: number, times: number): Promise<void> {
    for (let i = 0; i < times && this.gate.waiting > 0; i++) await this.gate.release(n);
  }

  /** Somebody else writes a document; one of another network is another runtime, since none can be moved. */
  foreignPut(id: RuntimeId, document: RuntimeDocument): void {
    const before = this.operator.azure.runtimes.get(armKey(id));
    if (networkOf(before?.document ?? {}) !== networkOf(document)) this.oracle.onRemoved(armKey(id));
    this.oracle.onForeignWrite(armKey(id));
    this.operator.azure.put(id, document);
  }

  /** Whatever Azure has accepted it has done within some minutes. */
  goOn(ms: number): void {
    this.operator.now += ms;
    if (ms >= INTERVAL_MS) this.operator.azure.goOn();
  }

  /** The next call of this kind meets a 404 for what may be there; that of the parent itself (`presenceOf`) for itself. */
  deny(call: string, what: 'runtime' | 'parent'): void {
    (what === 'parent' ? this.#parentDenials : this.#denials).add(call);
  }

  #nextFault(call: string, key: string): Fault | undefined {
    const fault: Fault | undefined = this.#parentDenials.delete(call)
      ? { when: 'before', failure: PARENT_DENIED }
      : this.#faults.shift();
    if (call === 'create' && fault?.when === 'before') this.oracle.onRefusedCreate(key);
    return fault;
  }

  /** The next call to Azure fails. */
  fail(fault: Fault): void {
    this.#faults.push(fault);
  }

  /** The next request to the API server takes effect, and its answer is lost. */
  loseAnswer(): void {
    this.#lostAnswers += 1;
  }

  /** Nobody looks on: a pass under way would find the object changed, and end. */
  forgetAdopted(key: string): void {
    const { cluster } = this.operator;
    const object = cluster.server.get(key);
    if (object?.status.claim?.origin !== 'Adopted' || this.inFlight.has(key)) return;
    cluster.forget(key);
    this.oracle.onForgotten(object);
  }

  crash(): void {
    this.gate.cut();
    this.inFlight.clear();
    this.operator.restart();
  }

  /** All faults end, and everybody is looked at until nothing changes. */
  async calmDown(): Promise<void> {
    this.#faults = [];
    this.#denials.clear();
    this.#parentDenials.clear();
    this.cutOff = false;
    this.#lostAnswers = 0;
    this.gated = false;
    while (this.gate.waiting > 0) await this.gate.release(0);
    for (let round = 0; round < 12; round++) await this.lookAtAll();
  }

  async lookAtAll(): Promise<void> {
    this.operator.now += 2 * INTERVAL_MS;
    this.operator.azure.goOn();
    for (const key of NAMES.map((name) => `team/${name}`)) await this.operator.lookTwice(key);
  }
}

/** What an object may still wait for when nothing fails any longer. */
const WAITS = ['Contested', 'NotFound', 'Repairing', 'ManagedVirtualNetworkNotFound'];

/** Ends all faults, lets everybody be looked at, and judges what has become of it. */
export async function expectEnded(model: Model): Promise<void> {
  await model.calmDown();
  expect(model.unexpected).toEqual([]);
  expect(model.oracle.violations).toEqual([]);
  expectEveryObjectEnded(model);
  await expectQuiet(model);
}

async function expectQuiet(model: Model): Promise<void> {
  const { cluster, azure } = model.operator;
  const kubernetesWrites = cluster.writes.length;
  azure.calls.length = 0;
  await model.lookAtAll();
  expect(cluster.writes.length - kubernetesWrites).toBe(0);
  expect(azure.calls.filter((call) => WRITES.includes(call))).toEqual([]);
}

function expectEveryObjectEnded(model: Model): void {
  const { cluster, azure } = model.operator;
  const claims = new Map<string, string>();
  for (const object of cluster.server.values()) {
    expect({ key: object.key, deleting: object.deleting }).toEqual({ key: object.key, deleting: false });
    if (!object.spec.valid) continue;
    const { desired: wanted } = object.spec;
    const key = armKey(wanted.id);
    const ready = condition(object.status, 'Ready');
    const ended =
      ready?.status === 'True' ||
      condition(object.status, 'Stalled') !== undefined ||
      WAITS.includes(ready?.reason ?? '');
    expect({ key: object.key, summary: model.operator.summary(object.key), ended }).toMatchObject({ ended: true });
    if (ready?.status === 'True' && !wanted.suspend) {
      const found = azure.runtimes.get(key);
      expect(found?.type).toBe('Managed');
      if (wanted.managementPolicy === 'Manage') {
        expect(differences(wanted.fields, [], found?.document ?? {})).toEqual([]);
        expect(isIn(wanted.managedVirtualNetwork, found?.document ?? {})).toBe(true);
        if (wanted.interactiveAuthoring !== undefined) {
          const { status, requests } = object;
          expect(requests.enableInteractiveAuthoring).toBe(status.lastHandledInteractiveAuthoringAt);
        }
      }
    }
    if (object.status.claim !== undefined && wanted.managementPolicy === 'Manage' && !wanted.suspend) {
      expect({ key: object.key, hasFinalizer: object.hasFinalizer }).toEqual({ key: object.key, hasFinalizer: true });
      expect({ claimedBy: [claims.get(key), object.key] }).toEqual({ claimedBy: [undefined, object.key] });
      claims.set(key, object.key);
    }
  }
}
