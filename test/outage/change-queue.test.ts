/** The change queue is gone, refuses, never answers, loses a message, or is lost with the leader that read it: the objects do not notice. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Azurite, startAzurite } from '../../dev/azurite/azurite.ts';
import { haveAzurite } from '../../dev/azurite/install.ts';
import { type Queue, QueueClient } from '../../dev/azurite/queue.ts';
import type { OperatorProcess } from '../../dev/installation/operator-process.ts';
import { announce } from '../operator/support/change-queue.ts';
import { eventually } from '../operator/support/place.ts';
import { QueueFront } from '../support/queue-front.ts';
import { site, type World } from './support.ts';

const { inWorld, get } = site();
const packages = await haveAzurite();
const describeWithQueue = packages === undefined ? describe.skip : describe;

const DECLARED = { description: 'as declared' };
const DRIFT = { merge: { description: 'changed by another writer' } };
const SELDOM = '--interval=1h';
const DEADLINE_MS = 60_000;

let azurite: Azurite;
let client: QueueClient;
let queues = 0;
if (packages !== undefined) {
  beforeAll(async () => {
    const { emulator, azure } = get().installation;
    azurite = await startAzurite(packages, emulator);
    client = new QueueClient(packages, azure);
  });
  afterAll(async () => {
    await client.stop();
    await azurite.stop();
  });
}

interface Tap {
  /** Of azurite itself: events come in by it. */
  readonly queue: Queue;
  /** By which the operator reads it. */
  readonly front: QueueFront;
  readonly flag: string;
}

/** A queue of the test's own, which is there unless it is to be missing. */
async function withTap(test: (tap: Tap) => Promise<void>, { missing = false } = {}): Promise<void> {
  const name = `queue-${++queues}`;
  const queue = client.queue(azurite.url, name);
  if (!missing) await queue.create();
  const front = await QueueFront.start(azurite.url, get().installation.emulator);
  try {
    await test({ queue, front, flag: `--change-queue=${front.url}/${name}` });
  } finally {
    await front.stop();
  }
}

async function metric({ metricsUrl }: OperatorProcess, name: string): Promise<number | undefined> {
  const text = await (await fetch(`${metricsUrl}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${name} `) || one.startsWith(`${name}{`));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ')));
}

function untilMetric(operator: OperatorProcess, name: string, value: number): Promise<void> {
  return eventually(async () => expect([name, await metric(operator, name)]).toEqual([name, value]), DEADLINE_MS);
}

const warnings = ({ log }: OperatorProcess) =>
  log.filter(({ level, msg }) => level === 'warn' && /queue|push/.test(msg));

async function atRest({ place, history }: World): Promise<void> {
  await place.apply('sample', DECLARED);
  await history.until('sample', 'True Available');
}

function isSetBack({ place }: World): Promise<void> {
  return eventually(
    async () => expect((await place.runtime('sample'))?.properties).toMatchObject(DECLARED),
    DEADLINE_MS,
  );
}

async function drifts({ place, azure }: World): Promise<void> {
  await azure.drift({ factory: place.factory, name: 'sample', ...DRIFT });
}

describeWithQueue('the change queue', () => {
  test.concurrent('is missing: one warning, a metric, and the interval goes on; once it is there, it is read', () =>
    inWorld((world) =>
      withTap(
        async ({ queue, front, flag }) => {
          const operator = await world.operator({ args: [flag] });
          await atRest(world);
          await untilMetric(operator, 'azure_ir_push_up', 0);
          await eventually(async () => expect(front.count('GET', 404)).toBeGreaterThanOrEqual(2), DEADLINE_MS);
          await drifts(world);
          await isSetBack(world);
          expect(warnings(operator)).toHaveLength(1);
          for (const path of ['healthz', 'readyz'])
            expect((await fetch(`${operator.healthUrl}/${path}`)).status).toBe(200);
          await queue.create();
          await untilMetric(operator, 'azure_ir_push_up', 1);
          expect(new Set(world.history.story('sample'))).toEqual(new Set(['True Available']));
        },
        { missing: true },
      ),
    ));

  test.concurrent.each([
    ['refuses the role', { kind: 'refuse', status: 403, code: 'AuthorizationPermissionMismatch' }],
    ['refuses the token', { kind: 'refuse', status: 401, code: 'InvalidAuthenticationInfo' }],
    ['is busy', { kind: 'refuse', status: 503, code: 'ServerBusy', retryAfter: 1 }],
    ['never answers', { kind: 'hang' }],
  ] as const)('%s: objects are created and polled as without it, and drift is set back once it answers', (_, fault) =>
    inWorld((world) =>
      withTap(async ({ queue, front, flag }) => {
        front.meet(fault);
        const operator = await world.operator({ args: [flag, SELDOM] });
        await atRest(world);
        await untilMetric(operator, 'azure_ir_push_up', 0);
        await announce(world.place, {}, queue.url);
        await drifts(world);
        front.mend();
        await isSetBack(world);
        await untilMetric(operator, 'azure_ir_push_up', 1);
        expect(world.history.story('sample')).toEqual(['True Available']);
      }),
    ),
  );

  test.concurrent('was read by a leader that died before it acted: the next one lists everything', () =>
    inWorld((world) =>
      withTap(async ({ queue, front, flag }) => {
        const first = await world.operator({ args: [flag, SELDOM] });
        await atRest(world);
        await announce(world.place, {}, queue.url);
        front.meet({ kind: 'lose the answer' }, 'DELETE');
        await drifts(world);
        await eventually(async () => expect(front.count('DELETE')).toBe(1), DEADLINE_MS);
        await first.kill();
        expect(await queue.count()).toBe(0);
        expect((await world.place.runtime('sample'))?.properties).toMatchObject(DRIFT.merge);
        front.mend();
        await world.operator({ args: [flag, SELDOM] });
        await isSetBack(world);
        await world.place.untilEvents('sample', 'Created', 'DriftDetected', 'DriftCorrected');
      }),
    ));

  test.concurrent('loses a message on the way: the poll at the interval finds the drift', () =>
    inWorld((world) =>
      withTap(async ({ queue, flag }) => {
        await world.operator({ args: [flag] });
        await atRest(world);
        await announce(world.place, { drop: 'always' }, queue.url);
        await drifts(world);
        await isSetBack(world);
      }),
    ));

  test.concurrent('is read by the leader alone, and by the next one once there is one', () =>
    inWorld((world) =>
      withTap(async (one) =>
        withTap(async (other) => {
          const election = [
            '--leader-elect',
            '--leader-elect-namespace=azure-ir-system',
            '--leader-elect-lease-duration=5s',
            '--leader-elect-renew-deadline=3s',
            '--leader-elect-retry-period=1s',
          ];
          const leader = await world.operator({ args: [one.flag, SELDOM, ...election] });
          await atRest(world);
          await world.operator({ args: [other.flag, SELDOM, ...election] });
          const seen = one.front.count('GET');
          await eventually(async () => expect(one.front.count('GET')).toBeGreaterThan(seen + 1), DEADLINE_MS);
          expect(other.front.passed).toEqual([]);
          await leader.kill();
          await eventually(async () => expect(other.front.count('GET', 200)).toBeGreaterThan(0), DEADLINE_MS);
        }),
      ),
    ));
});
