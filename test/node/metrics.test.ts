/** The metrics, as a scraper of the cluster gets them: by the Service, through kube-proxy. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createServerIdentity } from '../../dev/emulator/tls.ts';
import { eventually } from '../support/eventually.ts';
import { NAMESPACE, RELEASE } from '../support/helm.ts';
import { MAX_WAIT_MS, Place } from './support/place.ts';

const SERVICE = `${RELEASE}-metrics`;

let place: Place;
beforeAll(async () => {
  place = await Place.create();
  await place.install();
});
afterAll(() => place?.stop());

/** There is no DNS in this cluster. */
async function address(): Promise<string> {
  return place.kubectl([
    'get',
    'service',
    SERVICE,
    '-n',
    NAMESPACE,
    '-o',
    'jsonpath={.spec.clusterIP}:{.spec.ports[0].port}',
  ]);
}

describe('the Service', () => {
  test('leads a pod of another namespace to the metrics of a replica', async () => {
    const [status, ...lines] = (await place.guest(['get', `http://${await address()}/metrics`])).split('\n');
    expect(status).toBe('200');
    expect(lines.join('\n')).toContain('leader_election_master_status');
  });

  test('has both replicas behind it', async () => {
    const pods = await place.pods();
    await eventually(async () => {
      const addresses = await place.kubectl([
        ...['get', 'endpointslices', '-n', NAMESPACE, '-l', `kubernetes.io/service-name=${SERVICE}`],
        ...['-o', 'jsonpath={.items[*].endpoints[*].addresses[*]}'],
      ]);
      expect(addresses.split(' ').sort()).toEqual(pods.map(({ status }) => status.podIP).sort());
    }, MAX_WAIT_MS);
  });
});

describe('secured', () => {
  const scraper = { namespace: 'default', serviceAccount: 'scraper' };

  beforeAll(async () => {
    const { certPem, keyPem, caPem } = createServerIdentity([`${SERVICE}.${NAMESPACE}.svc`]);
    const data = { 'tls.crt': certPem, 'tls.key': keyPem, 'ca.crt': caPem };
    await place.kubectl(['apply', '-f', '-'], {
      stdin: {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'metrics-certificate', namespace: NAMESPACE },
        stringData: data,
      },
    });
    await place.upgrade({ metrics: { secure: { enabled: true, certificateSecret: 'metrics-certificate' } } });
    await place.settled();
    await place.kubectl(['create', 'serviceaccount', scraper.serviceAccount]);
  });

  const scrape = async () => (await place.guest(['get', `https://${await address()}/metrics`], scraper)).split('\n');

  test('helm test, which has no token, takes the refusal for the answer that it is', async () => {
    expect(await place.helm(['test', RELEASE, '--logs', '--timeout', '90s'])).toMatch(/https:\S+ answers/);
  });

  test('they are refused to a service account that nobody has allowed it', async () => {
    expect((await scrape())[0]).toBe('403');
  });

  test('they are given to one that is bound to the role of the chart', async () => {
    const subject = `--serviceaccount=${scraper.namespace}:${scraper.serviceAccount}`;
    await place.kubectl([
      'create',
      'clusterrolebinding',
      'scraper',
      `--clusterrole=${RELEASE}-metrics-reader`,
      subject,
    ]);
    const [status, ...lines] = await scrape();
    expect(status).toBe('200');
    expect(lines.join('\n')).toContain('leader_election_master_status');
  });
});
