/** Benchmark of correcting drift that the change queue announces, at an interval of an hour. */
import { setTimeout as sleep } from 'node:timers/promises';
import { stderrLog } from '../../controlplane/log.ts';
import type { FactoryRef } from '../../emulator/control.ts';
import { messageOf } from '../../emulator/event-message.ts';
import type { OperatorProcess } from '../../installation/operator-process.ts';
import { bound } from '../arm-bound.ts';
import { converge, LONGEST_MS, polled, UNLIMITED } from '../converge.ts';
import { eachOf, factoryOf, nameOf, SUBSCRIPTION } from '../objects.ts';
import { inPlace, type Place } from '../place.ts';
import { type ChangeQueue, withQueue } from '../queue.ts';
import type { Result } from '../result.ts';
import { atRest, since, usageOf } from '../usage.ts';

const say = stderrLog('push-drift');
const SELDOM = '--interval=1h';
const SAMPLES = 50;
const FORGED = 2_000;
/** The operator reads the queue this often; a drift comes at any moment between. */
const POLL_MS = 2_000;
const REST_INTERVAL_SECONDS = 15;
const REST_INTERVALS = 4;
const DEFAULT_INTERVALS_PER_HOUR = 6;

export async function pushDrift(objects: number): Promise<Result> {
  return inPlace({ throttling: false }, (place) =>
    withQueue(place, async (changes) => {
      const bench = new PushDrift(place, changes, objects);
      const created = await bench.creates();
      const atRest = await bench.rest();
      await bench.startsSeldomPolling();
      const one = await bench.driftOfOne();
      const strangers = await bench.forged();
      const known = await bench.known();
      const all = await bench.driftOfAll();
      return {
        benchmark: 'push-drift',
        objects,
        figures: { ...one, ...created, ...strangers, ...known, ...all, ...atRest },
        compared: `p99: 5 s; ${objects} own creates and ${FORGED} messages about no object: no read; ${FORGED} about one runtime: a poll in 5 s; all at once: what ARM's buckets allow; 6.1 reads`,
      };
    }),
  );
}

class PushDrift {
  readonly #place: Place;
  readonly #changes: ChangeQueue;
  readonly #objects: number;
  #operator: OperatorProcess | undefined;

  constructor(place: Place, changes: ChangeQueue, objects: number) {
    this.#place = place;
    this.#changes = changes;
    this.#objects = objects;
  }

  /** A create is a GET, a PUT and a getStatus: any other read means that an echo was taken for another writer's change. */
  async creates() {
    say(`creating ${this.#objects} objects`);
    const { operator } = await converge(this.#place, this.#objects, UNLIMITED, SELDOM, this.#changes.flag);
    await this.#drained();
    const reads = await this.#reads();
    await operator.stop();
    return { own_extra_reads: reads - 2 * this.#objects };
  }

  /** At an interval that is shorter than the default. */
  async rest() {
    say(`polling all objects for ${REST_INTERVAL_SECONDS * (REST_INTERVALS + 2)} s`);
    const { flag } = this.#changes;
    const operator = await this.#place.startOperator(UNLIMITED, `--interval=${REST_INTERVAL_SECONDS}s`, flag);
    // Until each poll has its slot in the interval.
    await sleep(2 * REST_INTERVAL_SECONDS * 1_000);
    const before = await usageOf(this.#place, operator);
    await sleep(REST_INTERVALS * REST_INTERVAL_SECONDS * 1_000);
    const usage = since(before, await usageOf(this.#place, operator));
    await operator.stop();
    const intervals = usage.at / 1_000 / REST_INTERVAL_SECONDS;
    return {
      'ARM reads/runtime-hour at 10 min': (usage.armCalls / this.#objects / intervals) * DEFAULT_INTERVALS_PER_HOUR,
    };
  }

  /** Within the buckets of ARM, from now on. */
  async startsSeldomPolling(): Promise<void> {
    say('starting at an interval of an hour, and waiting until the budget is full again');
    const { control } = this.#place;
    await control.setBuckets({ enabled: true });
    await control.clearTrace();
    this.#operator = await this.#place.startOperator(SELDOM, this.#changes.flag);
    await polled(this.#place, this.#objects);
    await atRest(this.#operator);
    // The polls before raised an event each, which the filter of a real subscription leaves out: azurite is slow behind thousands.
    await this.#drained();
  }

  /** One after the other. */
  async driftOfOne() {
    const seconds: number[] = [];
    for (let n = 0; n < SAMPLES; n++) {
      if (n % 10 === 0) say(`drift of one: ${n} of ${SAMPLES}`);
      // Spread over the pause between two reads of the queue.
      await sleep((POLL_MS * n) / SAMPLES);
      seconds.push(await this.#setBack(Math.floor((n * this.#objects) / SAMPLES)));
    }
    seconds.sort((a, b) => a - b);
    const quantile = (share: number) => seconds[Math.min(SAMPLES - 1, Math.ceil(share * SAMPLES) - 1)] ?? Number.NaN;
    return { p50_s: quantile(0.5), p99_s: quantile(0.99) };
  }

  /** Messages about runtimes that no object declares, half of them in a factory that nothing else reads. */
  async forged() {
    say(`${FORGED} messages about no object`);
    const { control } = this.#place;
    const stranger: FactoryRef = { ...factoryOf(0), name: 'stranger' };
    await control.ensureFactory(stranger);
    // What the drift before this led to is none of it.
    await this.#drained();
    const before = await this.#requests();
    const names = Array.from({ length: FORGED }, (_, n) => `stranger-${n}`);
    await this.#changes.queue.send(
      ...names.map((name, n) => message(n % 2 === 0 ? stranger : factoryOf(0), name, Date.now())),
    );
    await this.#drained();
    return { forged_reads: (await this.#requests()) - before };
  }

  async known() {
    say(`${FORGED} messages about one runtime`);
    const { control } = this.#place;
    const polls = async () =>
      (await control.counts({ operation: 'IntegrationRuntimes_GetStatus', runtime: nameOf(0) }))
        .IntegrationRuntimes_GetStatus ?? 0;
    const [before, began] = [await polls(), Date.now()];
    await this.#changes.queue.send(
      ...Array.from({ length: FORGED }, () => message(factoryOf(0), nameOf(0), Date.now())),
    );
    await this.#drained();
    return { 'polls of one flooded/5 s': ((await polls()) - before) / ((Date.now() - began) / 5_000) };
  }

  async driftOfAll() {
    const operator = this.#running();
    say('waiting until the budget is full again');
    await atRest(operator);
    say(`drift of all ${this.#objects}`);
    const before = Date.now();
    await eachOf(0, this.#objects, (n) => this.#drift(n));
    const driftedAt = Date.now();
    const correctedAt = await this.#corrected(before);
    const best = bound({ reads: 2 * this.#objects + this.#objects / 100, writes: this.#objects });
    const seconds = (correctedAt - driftedAt) / 1_000;
    return { 'seconds for all': seconds, 'ratio to bound': best === 0 ? 0 : seconds / best };
  }

  #drift(n: number): Promise<unknown> {
    return this.#place.control.drift({
      factory: factoryOf(n),
      name: nameOf(n),
      merge: { description: 'changed by another writer' },
    });
  }

  /** From the write of another client until the one that sets it back, in seconds. */
  async #setBack(n: number): Promise<number> {
    const { control } = this.#place;
    const driftedAt = Date.now();
    await this.#drift(n);
    for (const deadline = driftedAt + LONGEST_MS; Date.now() < deadline; await sleep(20)) {
      const puts = await control.trace({
        operation: 'IntegrationRuntimes_CreateOrUpdate',
        runtime: nameOf(n),
        limit: 1,
      });
      const [last] = puts.filter(({ at, status }) => at >= driftedAt && status === 200);
      if (last !== undefined) return (last.at - driftedAt) / 1_000;
    }
    throw new Error(`drift of ${nameOf(n)} was not set back`);
  }

  /** When the last of all was set back, in milliseconds since 1970. */
  async #corrected(since: number): Promise<number> {
    const made = async () => {
      const entries = await this.#place.control.trace({ operation: 'IntegrationRuntimes_CreateOrUpdate' });
      return entries.filter(({ at, status }) => at >= since && status === 200);
    };
    let writes = await made();
    for (let said = 0; new Set(writes.map(({ runtime }) => runtime)).size < this.#objects; writes = await made()) {
      if (writes.length >= said + 100) {
        said = writes.length;
        say(`${said} of ${this.#objects} are set back`);
      }
      await sleep(500);
    }
    return Math.max(...writes.map(({ at }) => at));
  }

  /** Resolves once every event has been delivered, the queue is empty, and what was read last can have been acted upon. */
  async #drained(): Promise<void> {
    const { control } = this.#place;
    for (;;) {
      const pending = (await control.events({ subscriptionId: SUBSCRIPTION })).some(
        (one) => one.delivery === 'pending',
      );
      if (!pending && (await this.#changes.queue.count()) === 0) break;
      await sleep(500);
    }
    await sleep(2 * POLL_MS);
  }

  async #reads(): Promise<number> {
    const counts = await this.#place.control.counts();
    const { IntegrationRuntimes_Get: gets = 0, IntegrationRuntimes_GetStatus: states = 0 } = counts;
    return gets + states + (counts.IntegrationRuntimes_ListByFactory ?? 0);
  }

  /** All that has reached ARM, of whatever factory and runtime. */
  async #requests(): Promise<number> {
    return Object.values(await this.#place.control.counts()).reduce((sum, each) => sum + each, 0);
  }

  #running(): OperatorProcess {
    if (this.#operator === undefined) throw new Error('no operator runs');
    return this.#operator;
  }
}

/** The message of Event Grid about another writer's change. */
function message(factory: FactoryRef, name: string, at: number): string {
  const { subscriptionId, resourceGroup } = factory;
  const change = {
    kind: 'Write',
    operationName: 'Microsoft.DataFactory/factories/integrationruntimes/write',
    resourceUri: `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.DataFactory/factories/${factory.name}/integrationRuntimes/${name}`,
    subscriptionId,
    resourceGroup,
    method: 'PUT',
    succeeded: true,
    correlationId: crypto.randomUUID(),
    at,
    caller: { tenantId: 'forged', clientId: 'forged', objectId: 'forged' },
  } as const;
  return messageOf(change, crypto.randomUUID(), { subscriptionId, queueUrl: '' });
}
