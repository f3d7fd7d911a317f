/** Two replicas of the operator, as processes: one leads, and whatever becomes of it, the other goes on and no write is made twice. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { LogLine, OperatorProcess } from '../../dev/installation/operator-process.ts';
import { createKubeClient } from '../../src/kube/client/client.ts';
import { createLeaseStore } from '../../src/kube/lease/lease.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { DELAY, fault, GET, PUT, trace } from '../operator/support/faults.ts';
import { isHeld } from '../operator/support/history.ts';
import { eventually } from '../operator/support/place.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { RecordedLog } from '../unit/runtime/recorded-log.ts';
import { site, type World } from './support.ts';

const { inWorld } = site();

const NAMESPACE = 'azure-ir-system';
const LEASE = 'azure-ir-operator';
const RENEW_DEADLINE_MS = 3_000;
/** Shorter than by default, and in the same proportions. */
const TIMES = ['lease-duration=5s', `renew-deadline=${RENEW_DEADLINE_MS / 1000}s`, 'retry-period=1s'];
const ELECTION = [
  '--leader-elect',
  `--leader-elect-namespace=${NAMESPACE}`,
  ...TIMES.map((one) => `--leader-elect-${one}`),
];
const DEADLINE_MS = 30_000;
/** From one new object to the next: more than the budget has requests for would only make them wait. */
const PACE_MS = 200;
/** How long Azure takes for a write, so that some are always under way. */
const WRITE_MS = 300;

interface Replica {
  readonly process: OperatorProcess;
  /** Its way to the API server. */
  readonly api: TcpProxy;
  /** By which Azure knows it. */
  readonly host: string;
}

class Election {
  readonly world: World;
  /** Who held the lease, oldest first. */
  readonly holders: string[] = [];
  readonly #dir: string;
  readonly #proxies: TcpProxy[] = [];
  readonly #stop = new AbortController();
  readonly #client: ReturnType<typeof createKubeClient>;
  #watching: Promise<void> = Promise.resolve();
  #created = 0;

  private constructor(world: World, dir: string) {
    this.world = world;
    this.#dir = dir;
    this.#client = createKubeClient({ kubeconfig: world.installation.cluster.kubeconfig });
  }

  static async run(test: (election: Election) => Promise<void>): Promise<void> {
    await inWorld(async (world) => {
      const election = new Election(world, await mkdtemp(join(tmpdir(), 'replicas-')));
      try {
        await election.#watch();
        await test(election);
      } finally {
        await election.#end();
      }
    });
  }

  async replica(): Promise<Replica> {
    const { installation } = this.world;
    const [api, arm] = [
      await TcpProxy.start(installation.controlPlane.url),
      await TcpProxy.start(installation.azure.armUrl),
    ];
    this.#proxies.push(api, arm);
    const kubeconfig = join(this.#dir, `kubeconfig-${this.#proxies.length}`);
    const text = await readFile(installation.operatorKubeconfig, 'utf8');
    await writeFile(kubeconfig, text.replaceAll(installation.controlPlane.url, api.url));
    const process = await this.world.operator({
      args: ELECTION,
      kubeconfig,
      azure: { armUrl: arm.url },
      // For Azure itself, whichever the way to it.
      env: { AZURE_RESOURCE_MANAGER_AUDIENCE: 'https://management.azure.com' },
    });
    return { process, api, host: arm.host };
  }

  /** A leader, and one that stands by. */
  async pair(): Promise<[Replica, Replica]> {
    const leader = await this.replica();
    await leads(leader);
    const standby = await this.replica();
    await untilSaid(standby, 'another replica is leading');
    return [leader, standby];
  }

  /** Creates objects one after the other until `until` resolves, and then some more; their names. */
  async load(until: Promise<unknown>): Promise<string[]> {
    let isOver = false;
    const over = until.finally(() => {
      isOver = true;
    });
    const names: string[] = [];
    for (let after = 0; after < 5; after += Number(isOver)) {
      const name = `ir-${this.#created++}`;
      await this.world.place.apply(name);
      names.push(name);
      await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    }
    await over;
    return names;
  }

  /** Which replica began to write each runtime, and when. */
  async writes(): Promise<{ runtime: string; host: string; at: number; status: number }[]> {
    const entries = await trace(this.world.place, { operation: PUT });
    return entries.map(({ runtime = '', host = '', at, status }) => ({ runtime, host, at, status }));
  }

  /** Each is Ready, and was written exactly once. */
  async expectWrittenOnce(names: readonly string[]): Promise<void> {
    const { history } = this.world;
    for (const name of names) {
      const object = await history.until(name, 'True Available');
      expect([name, object.status?.claim?.origin, isHeld(object)]).toEqual([name, 'Created', true]);
    }
    const written = (await this.writes()).map(({ runtime }) => runtime);
    expect(written.sort()).toEqual([...names].sort());
  }

  async #watch(): Promise<void> {
    // Nobody is to wait for a replica of another test.
    await this.world.place.try(['delete', 'lease', LEASE, '-n', NAMESPACE, '--ignore-not-found']);
    const log = new RecordedLog();
    const store = createLeaseStore({
      client: this.#client,
      clock: systemClock,
      log,
      namespace: NAMESPACE,
      name: LEASE,
    });
    this.#watching = store.watch((stored) => {
      const holder = stored?.lease.holder;
      if (holder !== undefined && holder !== this.holders.at(-1)) this.holders.push(holder);
    }, this.#stop.signal);
  }

  async #end(): Promise<void> {
    this.#stop.abort();
    await this.#watching;
    await this.#client.close();
    await Promise.all(this.#proxies.map((proxy) => proxy.stop()));
    await rm(this.#dir, { recursive: true });
  }
}

const said = ({ process }: Replica, message: string): LogLine | undefined =>
  process.log.find(({ msg }) => msg === message);

function untilSaid(replica: Replica, message: string): Promise<LogLine> {
  return eventually(async () => {
    const line = said(replica, message);
    if (line === undefined) throw new Error(`it has not said "${message}": ${JSON.stringify(replica.process.log)}`);
    return line;
  }, DEADLINE_MS);
}

const leads = (replica: Replica) => untilSaid(replica, 'leading');
const timeOf = (line: LogLine | undefined) => Date.parse(String(line?.time));

async function get({ process }: Replica, path: string): Promise<number> {
  return (await fetch(`${process.healthUrl}${path}`)).status;
}

function untilSuspended({ process }: Replica): Promise<void> {
  return eventually(async () => {
    const answer = await fetch(`${process.healthUrl}/healthz`, { signal: AbortSignal.timeout(200) }).catch(
      () => undefined,
    );
    expect(answer).toBeUndefined();
  });
}

async function masterStatus({ process }: Replica): Promise<string | undefined> {
  const text = await (await fetch(`${process.metricsUrl}/metrics`)).text();
  return /^leader_election_master_status\{name="azure-ir-operator"\} (\d)$/m.exec(text)?.[1];
}

const inElection = (test: (election: Election) => Promise<void>) => () => Election.run(test);

describe('a replica that stands by', () => {
  test(
    'is live and ready, asks Azure for nothing, has nothing queued, and exits with 0',
    inElection(async (election) => {
      const { place, history } = election.world;
      const [leader, standby] = await election.pair();
      await place.apply('sample');
      await history.until('sample', 'True Available');
      expect(await Promise.all(['/healthz', '/readyz'].map((path) => get(standby, path)))).toEqual([200, 200]);
      expect(await Promise.all([leader, standby].map(masterStatus))).toEqual(['1', '0']);
      const hosts = (await trace(place)).map(({ host }) => host);
      expect(new Set(hosts)).toEqual(new Set([leader.host]));
      const metrics = await (await fetch(`${standby.process.metricsUrl}/metrics`)).text();
      expect(metrics).toMatch(/^workqueue_adds_total\{.*\} 0$/m);
      expect(await standby.process.stop()).toBe(0);
      expect(election.holders).toHaveLength(1);
    }),
  );
});

describe('the leader is told to end (SIGTERM), under load and with a write under way', () => {
  test(
    'it lets the write end, releases the lease, exits with 0, and the other begins then',
    inElection(async (election) => {
      const { place } = election.world;
      const [leader, standby] = await election.pair();
      await place.azure.addFault({
        match: { operation: PUT, factory: place.factory.name, runtime: 'slow' },
        effect: DELAY,
        delayMs: 10 * WRITE_MS,
      });
      await fault(place, PUT, DELAY, { delayMs: WRITE_MS });
      const before = await election.load(Promise.resolve());
      await place.apply('slow');
      await eventually(async () => expect((await election.writes()).map(({ runtime }) => runtime)).toContain('slow'));
      const stopping = leader.process.stop();
      const during = await election.load(Promise.all([stopping, leads(standby)]));
      expect(await stopping).toBe(0);
      await election.expectWrittenOnce([...before, 'slow', ...during]);
      expect(leader.process.log.at(-1)).toMatchObject({ msg: 'stopped', exitCode: 0 });
      expect(said(leader, 'lease released')).toBeDefined();
      expect(election.holders).toEqual([said(leader, 'leading')?.identity, '', said(standby, 'leading')?.identity]);
      const writes = await election.writes();
      expect(writes.find(({ runtime }) => runtime === 'slow')).toMatchObject({ host: leader.host, status: 200 });
      expect(new Set(writes.map(({ host }) => host)).size).toBe(2);
    }),
  );
});

describe('the leader dies (SIGKILL), under load', () => {
  test(
    'the other follows when the lease is over, and nothing is written twice',
    inElection(async (election) => {
      const { place } = election.world;
      const [leader, standby] = await election.pair();
      await fault(place, PUT, DELAY, { delayMs: WRITE_MS });
      const before = await election.load(Promise.resolve());
      await eventually(async () => expect(await election.writes()).not.toEqual([]));
      await leader.process.kill();
      const after = await election.load(leads(standby));
      await election.expectWrittenOnce([...before, ...after]);
      expect(election.holders).toEqual([said(leader, 'leading')?.identity, said(standby, 'leading')?.identity]);
      const lease = JSON.parse(await place.kubectl('get', 'lease', LEASE, '-n', NAMESPACE, '-o', 'json'));
      expect(lease.spec).toMatchObject({ leaseTransitions: 1, leaseDurationSeconds: 5 });
    }),
  );
});

describe('the leader cannot reach the API server, under load', () => {
  test(
    'it stops by itself before the other begins, and no runtime is written by two',
    inElection(async (election) => {
      const { place } = election.world;
      const [leader, standby] = await election.pair();
      await fault(place, PUT, DELAY, { delayMs: WRITE_MS });
      const before = await election.load(Promise.resolve());
      leader.api.fallSilent();
      const during = await election.load(leads(standby));
      expect(await leader.process.exited).toBe(1);
      const lost = said(leader, 'leadership lost');
      expect(lost).toMatchObject({
        level: 'error',
        lease: `${NAMESPACE}/${LEASE}`,
        why: 'it was not renewed within 3 s',
      });
      expect(timeOf(lost)).toBeLessThan(timeOf(said(standby, 'leading')));
      await election.expectWrittenOnce([...before, ...during]);
      const writes = await election.writes();
      expect(writes.filter(({ host, at }) => host === leader.host && at > timeOf(lost))).toEqual([]);
      expect(writes.filter(({ host }) => host === standby.host)).not.toEqual([]);
      // As the kubelet starts it again.
      const again = await election.replica();
      await untilSaid(again, 'another replica is leading');
    }),
  );

  test(
    'a write that it had begun is cut off, and refused by Azure if it arrives all the same',
    inElection(async (election) => {
      const { place, history, azure } = election.world;
      const [leader, standby] = await election.pair();
      await azure.addFault({
        match: { operation: PUT, factory: place.factory.name },
        effect: DELAY,
        delayMs: 4 * RENEW_DEADLINE_MS,
      });
      await place.apply('sample');
      await eventually(async () => expect(await election.writes()).toHaveLength(1));
      leader.api.fallSilent();
      expect(await leader.process.exited).toBe(1);
      // It has not waited for the answer.
      expect(await election.writes()).toMatchObject([{ host: leader.host, status: 0 }]);
      await leads(standby);
      await history.until('sample', 'True Available');
      await eventually(async () =>
        expect((await election.writes()).map(({ host, status }) => [host, status])).toEqual([
          [leader.host, 412],
          [standby.host, 200],
        ]),
      );
      expect(await azure.runtimes(place.factory)).toHaveLength(1);
    }),
  );
});

describe('the leader is suspended (SIGSTOP) and goes on when the other leads', () => {
  test(
    'it writes nothing, although all that was missing for a write is there when it wakes',
    inElection(async (election) => {
      const { place, history } = election.world;
      const [leader, standby] = await election.pair();
      await fault(place, GET, DELAY, { delayMs: WRITE_MS });
      await place.apply('sample');
      await eventually(async () => expect((await trace(place, { operation: GET })).length).toBeGreaterThan(0));
      // While Azure is asked: the finalizer will be stored, and the answer to that is what the write waits for.
      leader.api.holdAnswers();
      await history.until('sample', isHeld);
      leader.process.signal('SIGSTOP');
      await untilSuspended(leader);
      leader.api.mend();
      await leads(standby);
      const names = await election.load(Promise.resolve());
      await election.expectWrittenOnce(['sample', ...names]);
      leader.process.signal('SIGCONT');
      expect(await leader.process.exited).toBe(1);
      expect(said(leader, 'leadership lost')).toBeDefined();
      expect((await election.writes()).map(({ host }) => host)).toEqual(Array(6).fill(standby.host));
    }),
  );
});
