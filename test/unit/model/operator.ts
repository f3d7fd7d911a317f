/** The real pass over fake ports, with a clock that the test moves. */
import type { Desired } from '../../../src/core/model/desired.ts';
import { condition, type ManagedObject } from '../../../src/core/model/object.ts';
import { RUNTIME_GONE_MS } from '../../../src/core/schedule.ts';
import type { Access, PassEnd, PassLog, PassMetrics } from '../../../src/ports.ts';
import { createReconciler, type PassResult } from '../../../src/reconcile/reconcile.ts';
import { type AzureHooks, FakeAzure, type Mode, UNBOUNDED } from './fake-azure.ts';
import { type ClusterHooks, FakeCluster } from './fake-cluster.ts';

export const IDENTITY = 'tenant/client';
export const INTERVAL_MS = 600_000;

export class Operator {
  readonly azure: FakeAzure;
  readonly cluster: FakeCluster;
  readonly counted: string[] = [];
  readonly logged: Record<string, unknown>[] = [];
  readonly ends: PassEnd[] = [];
  /** What the namespace may use; changed by tests. */
  access: (object: ManagedObject) => Access;
  now = Date.UTC(2026, 0, 1);
  /** Changed by tests. */
  isLeader = true;
  readonly #metrics: Partial<PassMetrics>;
  #reconcile: ReturnType<typeof createReconciler>;

  /** `metrics` are told instead of the lists above. */
  constructor(
    hooks: { azure?: AzureHooks; cluster?: ClusterHooks; metrics?: Partial<PassMetrics> } = {},
    mode: Mode = 'answers',
  ) {
    this.#metrics = hooks.metrics ?? {};
    this.azure = new FakeAzure(hooks.azure, mode);
    this.cluster = new FakeCluster(hooks.cluster);
    this.access = () => ({ granted: true, identity: IDENTITY, runtimes: this.azure, budget: UNBOUNDED });
    this.#reconcile = this.#start();
  }

  #log(bound: Record<string, unknown>): PassLog {
    const write = (level: string) => (message: string, keys?: Record<string, unknown>) =>
      this.logged.push({ level, message, ...bound, ...keys });
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      with: (keys) => this.#log({ ...bound, ...keys }),
    };
  }

  #start(): ReturnType<typeof createReconciler> {
    return createReconciler({
      objects: this.cluster,
      events: this.cluster,
      identities: { accessFor: (object) => this.access(object) },
      log: this.#log({}),
      metrics: {
        foreignChange: () => {},
        driftDetected: (field) => this.counted.push(`detected ${field}`),
        driftCorrected: (field) => this.counted.push(`corrected ${field}`),
        stalled: () => this.counted.push('stalled'),
        repair: (outcome) => this.counted.push(`repair ${outcome}`),
        passed: (_, end) => void this.ends.push(end),
        abandoned: () => {},
        forgotten: (key) => this.counted.push(`forgotten ${key}`),
        ...this.#metrics,
      },
      isLeader: () => this.isLeader,
      now: () => this.now,
      intervalMs: INTERVAL_MS,
    });
  }

  /** One pass, as the controller makes it. */
  async pass(
    key: string,
    signal: AbortSignal = new AbortController().signal,
    readSignal?: AbortSignal,
  ): Promise<PassResult> {
    return this.#reconcile(key, signal, readSignal);
  }

  /** A pass over a cache and a list that are up to date. */
  async poll(key: string): Promise<PassResult> {
    this.cluster.sync();
    this.azure.refreshList();
    const outcome = await this.pass(key);
    this.cluster.sync();
    return outcome;
  }

  /** As `poll`, and once more after Azure has done all that it had only accepted. */
  async lookTwice(key: string): Promise<PassResult> {
    const outcome = await this.poll(key);
    if (this.azure.pending === 0) return outcome;
    this.azure.goOn();
    return this.poll(key);
  }

  /** A look, and another one after so long that what both missed counts as missing. */
  async lookAgain(key: string): Promise<PassResult> {
    await this.poll(key);
    this.now += RUNTIME_GONE_MS;
    return this.lookTwice(key);
  }

  apply(name: string, desired: Desired): string {
    return this.cluster.create(name, desired).key;
  }

  /** All that a process remembers is gone. */
  restart(): void {
    this.cluster.relist();
    this.#reconcile = this.#start();
  }

  object(key: string): ManagedObject {
    const object = this.cluster.server.get(key);
    if (object === undefined) throw new Error(`no object ${key}`);
    return object;
  }

  /** `Ready=False Forbidden Stalled`, as a reader of the status would sum it up. */
  summary(key: string): string {
    const { status } = this.object(key);
    const ready = condition(status, 'Ready');
    const progress = (['Reconciling', 'Stalled'] as const).filter((type) => condition(status, type) !== undefined);
    return [`Ready=${ready?.status}`, ready?.reason, ...progress].join(' ');
  }
}
