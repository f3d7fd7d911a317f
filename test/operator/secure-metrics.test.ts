/** The operator with secure metrics, under the rights that the chart gives it for that, scraped by a real Prometheus. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { operator as serviceAccount } from '../../dev/controlplane/index.ts';
import { createServerIdentity } from '../../dev/emulator/tls.ts';
import { kubectlOf } from '../../dev/installation/kubectl.ts';
import { type OperatorProcess, startOperator } from '../../dev/installation/operator-process.ts';
import { startPrometheus } from '../../dev/tools/prometheus.ts';
import { eventually } from '../support/eventually.ts';
import { CHART, helm, NAMESPACE, RELEASE, WITH_IMAGE } from '../support/helm.ts';
import { getOverTls } from '../support/https.ts';
import { describeWith } from '../support/tools.ts';
import { currentRun } from './support/run.ts';

const SET_UP_MS = 60_000;
const describe = await describeWith('helm', 'prometheus');

describe('secure metrics', () => {
  const { caPem, certPem, keyPem } = createServerIdentity(['127.0.0.1']);
  let dir: string;
  let operator: OperatorProcess;
  let url: string;

  const kubectl = (...args: string[]) => kubectlOf(currentRun().cluster, args);
  const tokenOf = async (account: string) => (await kubectl('create', 'token', account, '-n', NAMESPACE)).trim();
  const path = (name: string) => join(dir, name);

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'secure-metrics-'));
    await Promise.all([
      writeFile(path('ca.crt'), caPem),
      writeFile(path('tls.crt'), certPem),
      writeFile(path('tls.key'), keyPem),
    ]);
    await kubectlOf(currentRun().cluster, ['apply', '-f', '-'], { stdin: await roles() });
    for (const account of ['prometheus', 'curious']) await kubectl('create', 'sa', account, '-n', NAMESPACE);
    const subject = `--serviceaccount=${NAMESPACE}:prometheus`;
    await kubectl('create', 'clusterrolebinding', 'prometheus', `--clusterrole=${RELEASE}-metrics-reader`, subject);
    operator = await startOperator({
      kubeconfig: await operatorKubeconfig(),
      azure: {
        ...{ armUrl: 'https://127.0.0.1:9', authorityUrl: 'https://127.0.0.1:9', caFile: path('ca.crt') },
        ...{ tenantId: 't', clientId: 'c', clientSecret: 'none' },
      },
      args: [`--metrics-cert-dir=${dir}`, `--watch-namespaces=${NAMESPACE}`],
    });
    url = `${operator.metricsUrl.replace('http:', 'https:')}/metrics`;
  }, SET_UP_MS);

  afterAll(async () => {
    const exitCode = await operator?.stop();
    await rm(dir, { recursive: true, force: true });
    expect(exitCode).toBe(0);
  });

  /** What the chart adds for it. */
  function roles(): Promise<string> {
    const values = { metrics: { secure: { enabled: true, certificateSecret: 'tls' } } };
    const only = ['--show-only', 'templates/metrics-access.yaml'];
    return helm(['template', RELEASE, CHART, '--namespace', NAMESPACE, ...WITH_IMAGE, ...only], { home: dir, values });
  }

  async function operatorKubeconfig(): Promise<string> {
    const config = JSON.parse(await readFile(currentRun().cluster.kubeconfig, 'utf8'));
    const { name } = serviceAccount;
    const contexts = config.contexts.map((each: object) => ({
      ...each,
      context: { cluster: 'controlplane', user: name },
    }));
    const users = [{ name, user: { token: await tokenOf(RELEASE) } }];
    await writeFile(path('kubeconfig'), JSON.stringify({ ...config, contexts, users }), { mode: 0o600 });
    return path('kubeconfig');
  }

  const get = (token?: string) =>
    getOverTls(url, caPem, token === undefined ? {} : { authorization: `Bearer ${token}` });

  test('are given to whom a role allows it, and to nobody else', async () => {
    expect(await get(await tokenOf('prometheus'))).toMatchObject({
      status: 200,
      body: expect.stringContaining('azure_ir_build_info'),
    });
    expect(await get(await tokenOf('curious'))).toMatchObject({ status: 403 });
    expect(await get('nonsense')).toMatchObject({ status: 401 });
    expect(await get()).toMatchObject({ status: 401 });
  });

  test('are scraped by Prometheus, which checks the certificate', async () => {
    await writeFile(path('token'), await tokenOf('prometheus'));
    const job = (name: string, more: object) => ({
      job_name: name,
      scrape_interval: '500ms',
      scheme: 'https',
      tls_config: { ca_file: path('ca.crt') },
      static_configs: [{ targets: [new URL(url).host] }],
      ...more,
    });
    const prometheus = await startPrometheus(
      JSON.stringify({
        scrape_configs: [job('with', { authorization: { credentials_file: path('token') } }), job('without', {})],
      }),
    );
    try {
      await eventually(async () => {
        expect(await prometheus.query('azure_ir_build_info{job="with"}')).toHaveLength(1);
        expect(await prometheus.query('up{job="without"} == 0')).toHaveLength(1);
      });
    } finally {
      await prometheus.stop();
    }
  });

  test('are given on to whom they were given while somebody sends ever new tokens, who is put off', async () => {
    const token = await tokenOf('prometheus');
    await eventually(async () => expect(await get(token)).toMatchObject({ status: 200 }));
    const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => get(`nonsense-${i}`)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401, 429]));
    const putOff = answers.filter(({ status }) => status === 429);
    expect(new Set(putOff.map(({ headers }) => headers['retry-after']))).toEqual(new Set(['1']));
    expect(await get(token)).toMatchObject({ status: 200 });
  });
});
