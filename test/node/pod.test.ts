/** What Kubernetes makes of the pod, seen by the kernel, and what becomes of the replicas when one goes. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PAUSE_IMAGE } from '../../dev/machine/configuration.ts';
import { eventually } from '../support/eventually.ts';
import { NAMESPACE, RELEASE } from '../support/helm.ts';
import { kubelet, memoryOf, operatorOf, rootOf, statusOf, tokenOf } from './support/containers.ts';
import { MAX_WAIT_MS, Place, type Pod, SAMPLE } from './support/place.ts';
import { nodeRun } from './support/run.ts';

const MIB = 2 ** 20;
/** The lease of the operator's defaults. */
const LEASE_SECONDS = 15;
const describeLong = nodeRun().long ? describe : describe.skip;

let place: Place;
beforeAll(async () => {
  place = await Place.create();
  await place.install();
  await place.kubectl(['apply', '-f', SAMPLE]);
  await place.untilReady();
});
afterAll(() => place?.stop());

const pods = async (): Promise<readonly [Pod, Pod]> => {
  const [first, second, ...more] = await place.pods();
  if (first === undefined || second === undefined || more.length > 0) throw new Error('there are not two pods');
  return [first, second];
};
const processOf = async (name: string) => operatorOf((await place.pod(name)).metadata.uid);

/** Resolves once the pod's container has been started again so many times, the last time after SIGKILL. */
const killed = async (name: string, restarts: number, maxWaitMs = MAX_WAIT_MS) =>
  eventually(async () => {
    const [status] = (await place.pod(name)).status.containerStatuses ?? [];
    expect(status?.restartCount).toBe(restarts);
    expect(status?.lastState.terminated).toMatchObject({ exitCode: 137 });
  }, maxWaitMs);
const restartsOf = async (name: string) => (await place.pod(name)).status.containerStatuses?.[0]?.restartCount ?? 0;

describe('the container', () => {
  let pid: number;
  let name: string;
  beforeAll(async () => {
    const [pod] = await pods();
    name = pod.metadata.name;
    pid = await operatorOf(pod.metadata.uid);
  });

  test('is another user than root, without any capability, and cannot get one', async () => {
    const status = await statusOf(pid);
    expect(status.Uid?.split('\t')).toEqual(['65532', '65532', '65532', '65532']);
    expect(status.Gid?.split('\t')).toEqual(['65532', '65532', '65532', '65532']);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) expect(status[set]).toMatch(/^0+$/);
    expect(status.NoNewPrivs).toBe('1');
  });

  test('may make only the system calls of the runtime’s default profile', async () => {
    expect((await statusOf(pid)).Seccomp).toBe('2');
  });

  test('has a root that cannot be written to', async () => {
    expect(await rootOf(pid)).toContain('ro');
  });

  test('has no shell', async () => {
    for (const shell of ['sh', '/bin/sh', 'bash']) {
      const { code, stderr } = await place.try(['exec', name, '-n', NAMESPACE, '--', shell, '-c', 'true']);
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/no such file or directory|not found/);
    }
  });

  test('is limited to the memory of the chart, and far below it at rest', async () => {
    expect(await memoryOf(pid, 'memory.limit_in_bytes')).toBe(512 * MIB);
    expect(await memoryOf(pid, 'memory.usage_in_bytes')).toBeLessThan(128 * MIB);
  });
});

describe('restricted Pod Security', () => {
  test('is what the namespace enforces: a pod that asks for more is refused by the server', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'careless', namespace: NAMESPACE },
      spec: { containers: [{ name: 'careless', image: PAUSE_IMAGE }] },
    };
    const { code, stderr } = await place.try(['create', '-f', '-'], { stdin: pod });
    expect(code).toBe(1);
    expect(stderr).toContain('violates PodSecurity "restricted');
  });
});

describe('when the leader goes', () => {
  test('by a deletion of its pod, it releases the lease and ends at once, and another leads', async () => {
    const leader = await place.leader();
    const log = place.log(leader, '-f');
    await place.kubectl(['delete', 'pod', leader, '-n', NAMESPACE, '--wait=false']);
    // The other one or the one that takes its place: whoever asks first after the release.
    expect(await place.nextLeader(leader)).not.toBe(leader);
    expect(await log).toContain('lease released');
    await place.settled();
  });

  test('killed, it is started again by the kubelet, and another leads when the lease is over', async () => {
    const leader = await place.leader();
    const before = await restartsOf(leader);
    process.kill(await processOf(leader), 'SIGKILL');
    expect(await place.nextLeader(leader)).not.toBe(leader);
    await killed(leader, before + 1);
    await place.kubectl(['wait', `pod/${leader}`, '-n', NAMESPACE, '--for=condition=Ready', '--timeout=60s']);
  });

  test('the runtime is looked after by who leads then', async () => {
    await place.look();
    await place.untilReady();
  });
});

describe('a node that is drained', () => {
  test('does not lose both replicas at once: the PodDisruptionBudget holds the second back', async () => {
    await place.settled();
    const uids = (await pods()).map(({ metadata }) => metadata.uid);
    const drain = ['drain', 'node1', '--pod-selector', `app.kubernetes.io/instance=${RELEASE}`, '--timeout=20s'];
    const { code, stderr } = await place.try(drain);
    expect(code).not.toBe(0);
    expect(stderr).toContain('Cannot evict pod as it would violate the pod');
    const left = (await place.pods()).filter(({ metadata }) => uids.includes(metadata.uid));
    expect(left.length).toBe(1);
    await place.kubectl(['uncordon', 'node1']);
    await place.settled();
  });
});

describeLong('a leader that hangs', () => {
  test('is followed when its lease is over, and killed by the kubelet when it does not answer', async () => {
    const leader = await place.leader();
    const before = await restartsOf(leader);
    process.kill(await processOf(leader), 'SIGSTOP');
    const began = Date.now();
    await place.nextLeader(leader);
    expect(Date.now() - began).toBeGreaterThan((LEASE_SECONDS / 2) * 1_000);
    await killed(leader, before + 1, 240_000);
    await place.kubectl(['wait', `pod/${leader}`, '-n', NAMESPACE, '--for=condition=Ready', '--timeout=60s']);
  }, 400_000);
});

describeLong('a service account that was deleted and made again', () => {
  test('is used by its new token once the kubelet has put that there, without a new pod', async () => {
    const before = await pods();
    const names = before.map(({ metadata }) => metadata.name);
    const tokens = async () => Promise.all(names.map(async (name) => tokenOf(await processOf(name))));
    const old = await tokens();
    const account = await place.get<{ metadata: object }>('serviceaccount', RELEASE, '-n', NAMESPACE);
    await place.kubectl(['delete', 'serviceaccount', RELEASE, '-n', NAMESPACE]);
    const { uid: _, resourceVersion: __, ...metadata } = account.metadata as Record<string, unknown>;
    await place.kubectl(['create', '-f', '-'], { stdin: { ...account, metadata } });
    // It keeps tokens until shortly before they expire, in an hour; one that has just started has none.
    process.kill(await kubelet(), 'SIGKILL');
    await eventually(async () => {
      for (const token of await tokens()) expect(old).not.toContain(token);
    }, 240_000);
    // The API server believes in a token that it has seen for some seconds longer.
    await eventually(async () => {
      for (const token of old) {
        const { stderr } = await place.try(['auth', 'whoami', `--token=${token}`]);
        expect(stderr).toContain('Unauthorized');
      }
    }, MAX_WAIT_MS);
    await place.look(180_000);
    expect((await pods()).map(({ metadata }) => metadata.uid)).toEqual(before.map(({ metadata }) => metadata.uid));
  }, 600_000);
});

describe('an operator that has too little memory', () => {
  test('is killed for that, and says so', async () => {
    await place.helm(['upgrade', RELEASE, 'deploy/chart'], {
      ...place.values(),
      resources: { requests: { memory: '30Mi' }, limits: { memory: '30Mi' } },
    });
    await eventually(async () => {
      const statuses = (await place.pods()).flatMap(({ status }) => status.containerStatuses ?? []);
      expect(statuses.map(({ lastState }) => lastState.terminated?.reason)).toContain('OOMKilled');
    }, MAX_WAIT_MS);
    // As long as the new pods do not get ready, an old one stays, and somebody leads.
    await place.leader();
    await place.upgrade({});
    await place.settled();
  });
});
