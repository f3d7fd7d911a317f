/** The probe against an emulator in this process, on a clock that goes on whenever the probe does nothing but wait. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import type { Assumed } from '../../../../dev/emulator/assumptions.ts';
import {
  DEFAULT_CLIENT,
  type Emulator,
  type EventSubscription,
  type FactoryRef,
  startEmulator,
} from '../../../../dev/emulator/index.ts';
import type { QueueFailure, QueueMessage } from '../../../../src/azure/changes/queue-client.ts';
import { resolveCloud } from '../../../../src/azure/identity/clouds.ts';
import { createTokenCredential } from '../../../../src/azure/identity/token-credential.ts';
import { TokenSource } from '../../../../src/azure/identity/tokens.ts';
import type { Answer } from '../../../../src/cli/probe/assumptions/site.ts';
import { Calls } from '../../../../src/cli/probe/calls.ts';
import { Journal } from '../../../../src/cli/probe/journal.ts';
import { type ProbeOptions, type ProbeResult, probe } from '../../../../src/cli/probe/probe.ts';
import { type Left, removeAll } from '../../../../src/cli/probe/removal.ts';
import { azureWire, type Wire } from '../../../../src/cli/probe/wire.ts';
import { Sealed } from '../../../../src/core/model/credential.ts';
import type { Json } from '../../../../src/core/model/runtime.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const SUBSCRIPTION = 'c0ffee00-1234-4abc-8def-00000000cafe';
export const FACTORY: FactoryRef = {
  subscriptionId: SUBSCRIPTION,
  resourceGroup: 'Contoso-Prod',
  name: 'ContosoFactory',
};
export const WORKSPACE: FactoryRef = { ...FACTORY, kind: 'workspace', name: 'contosoworkspace' };
export const FACTORY_ID = `/subscriptions/${SUBSCRIPTION}/resourceGroups/Contoso-Prod/providers/Microsoft.DataFactory/factories/ContosoFactory`;
export const WORKSPACE_ID = `/subscriptions/${SUBSCRIPTION}/resourceGroups/Contoso-Prod/providers/Microsoft.Synapse/workspaces/contosoworkspace`;
export const PREFIX = 'azir-probe-7e57012345';
/** So many that a list of them has a second page. */
const OTHERS = 110;
/** Of a workspace's writes: long enough for two to be under way at once, however the requests are spread. */
const OPERATION_MS = 8_000;

export interface Place extends AsyncDisposable {
  readonly emulator: Emulator;
  readonly clock: FakeClock;
  readonly journal: Journal;
  readonly journalFile: string;
  readonly wire: Wire;
  readonly queue: MemoryQueue;
  /** Runs the probe to its end; time goes on by itself. */
  run(options?: Partial<ProbeOptions>): Promise<ProbeResult>;
  /** Removes what is in the journal, as a process does that begins anew. */
  clean(): Promise<Left[]>;
  /** The names of runtimes that are the probe's. */
  ownRuntimes(): Promise<string[]>;
  /** Those that were there before, as they are now. */
  others(): Promise<string>;
}

/** `events`: how the queue is told of writes; undefined: it is not. `operationMs`: how long the workspace's writes take. */
export async function place(
  assumed: Partial<Assumed> = {},
  events: Partial<EventSubscription> | undefined = {},
  operationMs = OPERATION_MS,
): Promise<Place> {
  const clock = new FakeClock(Date.now());
  const queue = new MemoryQueue(clock);
  const deliver = async (_url: string, text: string) => queue.put(text);
  const emulator = await startEmulator({ now: () => clock.now(), assumed, deliver });
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), emulator.caPem]);
  const { control } = emulator;
  await control.ensureFactory({ ...FACTORY, location: 'northeurope' });
  await control.ensureWorkspace({ ...WORKSPACE, location: 'northeurope' });
  await control.ensureNetwork({ factory: FACTORY });
  await control.setOperations({ factory: WORKSPACE, durationMs: operationMs });
  for (let i = 0; i < OTHERS; i++) {
    const properties = { type: 'Managed' };
    for (const factory of [FACTORY, WORKSPACE]) await control.putRuntime({ factory, name: `payroll-${i}`, properties });
  }
  const subscription = { subscriptionId: SUBSCRIPTION, queueUrl: 'https://account.queue.test/changes' };
  if (events !== undefined) await control.putEventSubscription({ ...subscription, ...events });
  const folder = await mkdtemp(join(tmpdir(), 'probe-'));
  const journalFile = join(folder, 'journal');
  const { wire, isIdle } = counted(azureWire(emulator.armUrl, tokensOf(emulator, clock)));
  const journal = new Journal(journalFile);
  const all = async () => [...(await control.runtimes(FACTORY)), ...(await control.runtimes(WORKSPACE))];
  return {
    emulator,
    clock,
    journal,
    journalFile,
    wire,
    queue,
    run: (options = {}) => {
      const never = new AbortController().signal;
      const standard = {
        wire,
        clock,
        journal,
        endpoint: emulator.armUrl,
        factory: FACTORY_ID,
        workspace: WORKSPACE_ID,
        queue,
      };
      const rest = { network: false, prefix: PREFIX, signal: never, hurry: never };
      const silent = { progress: () => {}, underWay: () => {} };
      const run = probe({ ...standard, ...rest, ...silent, ...options }).finally(() => journal.close());
      return passingTime(clock, isIdle, run);
    },
    clean: async () => {
      const calls = new Calls({ wire, clock, endpoint: emulator.armUrl });
      const signal = new AbortController().signal;
      const later = new Journal(journalFile);
      const left = await passingTime(clock, isIdle, removeAll({ calls, clock, journal: later, signal }));
      later.close();
      return left;
    },
    ownRuntimes: async () => (await all()).map(({ name }) => name).filter((name) => name.startsWith(PREFIX)),
    others: async () => JSON.stringify((await all()).filter(({ name }) => !name.startsWith(PREFIX))),
    [Symbol.asyncDispose]: async () => {
      await emulator.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Waiting {
  readonly message: QueueMessage;
  hiddenUntil: number;
}

/** A Storage queue in memory. */
class MemoryQueue {
  /** What a request is answered with, in place of messages. */
  failure: QueueFailure | undefined;
  /** By id: how often each one was got. */
  readonly got = new Map<string, number>();
  readonly #clock: FakeClock;
  #waiting: Waiting[] = [];
  #count = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  put(text: string): void {
    this.#waiting.push({ message: { id: String(++this.#count), popReceipt: 'r', text }, hiddenUntil: 0 });
  }

  /** What is in it, hidden or not. */
  get texts(): string[] {
    return this.#waiting.map(({ message }) => message.text);
  }

  async receive(_signal: AbortSignal, hiddenSeconds = 30): Promise<QueueMessage[]> {
    if (this.failure !== undefined) throw this.failure;
    const now = this.#clock.now();
    const shown = this.#waiting.filter(({ hiddenUntil }) => hiddenUntil <= now).slice(0, 32);
    for (const each of shown) {
      each.hiddenUntil = now + hiddenSeconds * 1_000;
      this.got.set(each.message.id, (this.got.get(each.message.id) ?? 0) + 1);
    }
    return shown.map(({ message }) => message);
  }

  async delete({ id }: QueueMessage): Promise<void> {
    this.#waiting = this.#waiting.filter(({ message }) => message.id !== id);
  }
}

export function isThere(file: string): boolean {
  return existsSync(file);
}

function tokensOf(emulator: Emulator, clock: FakeClock): TokenSource {
  const { tenantId, clientId, clientSecret } = DEFAULT_CLIENT;
  const cloud = resolveCloud({ authorityHost: emulator.authorityUrl, endpoint: emulator.armUrl });
  const method = { kind: 'clientSecret', secret: new Sealed(clientSecret) } as const;
  return new TokenSource({
    create: (onExchange) => createTokenCredential({ tenantId, clientId, method }, cloud, onExchange),
    scope: `${cloud.audience}/.default`,
    clock,
  });
}

function counted(wire: Wire): { wire: Wire; isIdle: () => boolean } {
  let open = 0;
  return {
    isIdle: () => open === 0,
    wire: {
      async send(request, signal) {
        open++;
        try {
          return await wire.send(request, signal);
        } finally {
          open--;
        }
      },
    },
  };
}

/** Moves the clock to the next timer whenever no request is under way and every promise has settled. */
export async function passingTime<T>(clock: FakeClock, isIdle: () => boolean, work: Promise<T>): Promise<T> {
  let isDone = false;
  const done = () => {
    isDone = true;
  };
  work.then(done, done);
  while (!isDone) {
    await clock.settle();
    await clock.settle();
    const next = clock.nextTimerAt;
    if (!isDone && isIdle() && next !== undefined) await clock.advance(Math.max(0, next - clock.now()));
  }
  return work;
}

export function answered(status: number, body: Json = {}): Answer {
  return { status, headers: {}, text: JSON.stringify(body) };
}
