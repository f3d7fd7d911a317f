/** The chart's NetworkPolicy, enforced by kube-router: what it allows goes, and nothing else. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Child } from '../../dev/controlplane/child.ts';
import { startServer } from '../../dev/controlplane/server.ts';
import { API_URL, NODE_ADDRESS, NODE_NAME } from '../../dev/machine/configuration.ts';
import { pathOf } from '../../dev/tools/index.ts';
import { eventually } from '../support/eventually.ts';
import { operatorOf } from './support/containers.ts';
import { MAX_WAIT_MS, Place, SAMPLE } from './support/place.ts';
import { nodeRun, sandboxDir } from './support/run.ts';

const describeLong = nodeRun().long ? describe : describe.skip;

describeLong('where NetworkPolicies are enforced', () => {
  let place: Place;
  let router: Child;
  beforeAll(async () => {
    router = await startServer({
      command: pathOf('kube-router'),
      args: [
        '--run-router=false',
        '--run-service-proxy=false',
        '--run-loadbalancer=false',
        '--run-firewall=true',
        '--enable-cni=false',
        '--enable-ipv6=false',
        '--service-cluster-ip-range=10.96.0.0/24',
        `--hostname-override=${NODE_NAME}`,
        `--kubeconfig=${sandboxDir()}/admin.kubeconfig`,
        '--health-port=20244',
      ],
      logFile: join(sandboxDir(), 'kube-router.log'),
      removeWhenOrphaned: [],
      ready: () => fetch('http://127.0.0.1:20244/healthz').then(({ ok }) => ok),
      signal: new AbortController().signal,
    });
    place = await Place.create();
    await place.install();
  });
  afterAll(async () => {
    await place?.stop();
    await router?.stop(10_000);
    await promisify(execFile)(pathOf('kube-router'), ['--cleanup-config']).catch(() => {});
  });

  /** From the network of an operator's pod. */
  async function dialled(...addresses: string[]): Promise<string[]> {
    const [pod] = await place.pods();
    const pid = await operatorOf(pod?.metadata.uid ?? '');
    const args = ['--target', String(pid), '--net', pathOf('guest'), 'dial', ...addresses];
    const { stdout } = await promisify(execFile)('nsenter', args);
    return stdout.trimEnd().split('\n');
  }

  test('the operator reaches the API server and Azure, and makes the example Ready', async () => {
    await place.kubectl(['apply', '-f', SAMPLE]);
    await place.untilReady();
  });

  test('it reaches nothing else', async () => {
    const control = new URL(place.emulator.controlUrl).host;
    const api = new URL(API_URL).host;
    await eventually(async () => {
      expect(await dialled(`${NODE_ADDRESS}:443`, api, control)).toEqual([
        `${NODE_ADDRESS}:443 open`,
        `${api} open`,
        expect.stringMatching(`^${control} (refused|silent)$`),
      ]);
    }, MAX_WAIT_MS);
  });

  test('another pod reaches its metrics, and not its health', async () => {
    const [pod] = await place.pods();
    const ip = pod?.status.podIP;
    const lines = (await place.guest(['dial', `${ip}:8080`, `${ip}:8081`])).trimEnd().split('\n');
    expect(lines).toEqual([`${ip}:8080 open`, expect.stringMatching(`^${ip}:8081 (refused|silent)$`)]);
  });
});
