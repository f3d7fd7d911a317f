/** The operator's own identity: every kind of it, for whom, and in which cloud. Each test runs an operator of its own. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DEFAULT_CLIENT } from '../../dev/emulator/index.ts';
import { buildBundle } from '../../dev/installation/bundle.ts';
import { type Installation, install } from '../../dev/installation/installation.ts';
import { type LogLine, type OperatorProcess, startOperator } from '../../dev/installation/operator-process.ts';
import { actAs, newClient, putSecret, removeSecret } from '../operator/support/credentials.ts';
import { eventually, message, Place } from '../operator/support/place.ts';
import type { Run } from '../operator/support/run.ts';
import { leaksOf, partsOfToken } from '../support/leaks.ts';

const { tenantId: TENANT, clientId: CLIENT, clientSecret: SECRET } = DEFAULT_CLIENT;
const NO_SECRET = { AZURE_CLIENT_SECRET: '' };
const ready = (place: Place) => place.until('sample', 'Ready=True Available');
const refused = (place: Place) => place.until('sample', 'Ready=False CredentialsInvalid Stalled');

let installation: Installation;
let dir: string;
let run: Run;
/** Whatever any of the operators said. */
const said: string[] = [];

beforeAll(async () => {
  await buildBundle();
  installation = await install();
  dir = await mkdtemp(join(tmpdir(), 'own-identity-'));
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), installation.emulator.caPem]);
  run = {
    cluster: installation.cluster,
    azure: installation.azure,
    emulatorControlUrl: installation.emulator.controlUrl,
    metricsUrl: '',
    healthUrl: '',
    logFile: '',
    identity: `${TENANT}/${CLIENT}`,
  };
});

afterAll(async () => {
  await installation?.stop();
  await rm(dir, { recursive: true, force: true });
});

interface Settings {
  args?: string[];
  env?: Record<string, string>;
}

async function withOperator(settings: Settings, use: (operator: OperatorProcess) => Promise<void>): Promise<void> {
  const operator = await startOperator({
    kubeconfig: installation.operatorKubeconfig,
    azure: installation.azure,
    args: ['--interval=1s', '--log-level=debug', ...(settings.args ?? [])],
    env: settings.env ?? {},
    onLine: (line) => said.push(line),
  });
  try {
    await use(operator);
  } finally {
    await operator.stop();
    said.push(operator.stderr());
  }
}

/** A namespace whose objects are gone before the test ends, so that the next operator has nothing to do with them. */
async function withPlace(use: (place: Place) => Promise<void>): Promise<void> {
  const place = await Place.create(run, 'own');
  try {
    await use(place);
  } finally {
    await place.kubectl('delete', 'azir', '--all', '-n', place.namespace, '--wait=false');
    await place.kubectl('get', 'azir', '-n', place.namespace, '-o', 'name').then(async (names) => {
      for (const name of names.split('\n').filter((each) => each !== '')) {
        await place.try(['patch', name, '-n', place.namespace, '--type=merge', '-p', '{"metadata":{"finalizers":[]}}']);
      }
    });
    await place.leave();
  }
}

const identityLine = ({ log }: OperatorProcess): LogLine | undefined => log.find(({ msg }) => msg === 'azure identity');
const groupOf = ({ factory }: Place) =>
  `/subscriptions/${factory.subscriptionId}/resourceGroups/${factory.resourceGroup}`;

/** A token of the emulator, as the node or the CLI would get it. */
async function issueToken(): Promise<string> {
  const { armUrl, authorityUrl } = installation.emulator;
  const form = {
    grant_type: 'client_credentials',
    client_id: CLIENT,
    client_secret: SECRET,
    scope: `${armUrl}/.default`,
  };
  const answer = await fetch(`${authorityUrl}/${TENANT}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

async function federatedToken(): Promise<string> {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const file = join(dir, 'federated-token');
  await writeFile(
    file,
    `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ sub: 'system:serviceaccount:ns:sa' })}.c2lnbmF0dXJl`,
  );
  return file;
}

/** The node's metadata endpoint, as far as tokens go (documented). */
class Node {
  readonly asked: URLSearchParams[] = [];
  status = 200;
  #server: Server | undefined;

  async start(): Promise<string> {
    const token = await issueToken();
    const server = createServer((request: IncomingMessage, response) => {
      const query = new URL(request.url ?? '/', 'http://node').searchParams;
      this.asked.push(query);
      const expires = Math.floor(Date.now() / 1000) + 3600;
      response.writeHead(this.status, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(
          this.status === 200
            ? {
                access_token: token,
                expires_on: String(expires),
                resource: query.get('resource'),
                token_type: 'Bearer',
              }
            : { error: 'invalid_request', error_description: 'Identity not found' },
        ),
      );
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }
}

async function withNode(use: (node: Node, env: Record<string, string>) => Promise<void>): Promise<void> {
  const node = new Node();
  const AZURE_POD_IDENTITY_AUTHORITY_HOST = await node.start();
  try {
    await use(node, { ...NO_SECRET, AZURE_POD_IDENTITY_AUTHORITY_HOST });
  } finally {
    node.stop();
  }
}

describe('the identity of the operator', () => {
  test('is nobody’s until the flag says so; a Secret needs no flag, and is known before the first pass of the next start', () =>
    withPlace(async (place) => {
      await withOperator({}, async (operator) => {
        expect(identityLine(operator)).toMatchObject({
          namespaces: '',
          credential: expect.stringContaining('client secret'),
        });
        await place.apply('sample');
        expect(message(await refused(place))).toContain('--operator-identity-namespaces');
        await actAs(place, await newClient(place));
        await ready(place);
      });
      const versions = place.versions('sample').length;
      await withOperator(
        { args: ['--operator-identity-namespaces=*', `--watch-namespaces=${place.namespace}`] },
        async () => {
          await place.passes('sample');
          expect(place.versions('sample')).toHaveLength(versions);
          // The memory of a Secret does not outlive the process: the object says so, and how to let go.
          await removeSecret(place);
          await refused(place);
        },
      );
      await withOperator({}, async () => {
        await place.delete('sample');
        await eventually(async () => expect(message(await place.get('sample'))).toContain('deletionPolicy: Retain'));
        await place.patch('sample', { spec: { deletionPolicy: 'Retain' } });
        await place.untilGone('sample');
      });
    }));

  test('is bound to the scope that the flag gives the namespace', () =>
    withPlace(async (inside) =>
      withPlace(async (outside) => {
        const grants = `${inside.namespace}=${groupOf(inside).toUpperCase().replace('/SUBSCRIPTIONS/', '/subscriptions/')},${outside.namespace}=${groupOf(inside)}`;
        await withOperator({ args: [`--operator-identity-namespaces=${grants}`] }, async () => {
          await inside.apply('sample');
          await outside.apply('sample');
          await ready(inside);
          const told = message(await refused(outside));
          expect(told).toContain('--operator-identity-namespaces');
          expect(told).toContain(groupOf(inside));
          expect(await outside.trace()).toEqual([]);
          await inside.delete('sample');
          await inside.untilGone('sample');
        });
      }),
    ));

  test('by workload identity serves the Secrets without a proof too, except to borrow the operator’s own client', () =>
    withPlace(async (own) =>
      withPlace(async (other) => {
        const env = { ...NO_SECRET, AZURE_FEDERATED_TOKEN_FILE: await federatedToken() };
        await withOperator({ args: [`--operator-identity-namespaces=${own.namespace}`], env }, async (operator) => {
          expect(identityLine(operator)?.credential).toContain('workload identity');
          await own.apply('sample');
          expect((await ready(own)).status?.claim?.identity).toBe(`${TENANT}/${CLIENT}`);
          await putSecret(other, { AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: CLIENT });
          await other.apply('sample');
          expect(message(await refused(other))).toContain('AZURE_CLIENT_ID');
          expect(await other.trace()).toEqual([]);
          const client = await newClient(other);
          await putSecret(other, { AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: client.clientId });
          expect((await ready(other)).status?.claim?.identity).toBe(client.identity);
          for (const place of [own, other]) await place.delete('sample');
          for (const place of [own, other]) await place.untilGone('sample');
        });
      }),
    ));

  test('is never the node’s because something was forgotten', () =>
    withNode(async (node, env) =>
      withPlace(async (place) =>
        withOperator({ args: ['--operator-identity-namespaces=*'], env }, async (operator) => {
          expect(identityLine(operator)?.credential).toMatch(/^none: .*azure\.workload\.identity\/use/);
          await place.apply('sample');
          expect(message(await refused(place))).toContain('azure.workload.identity/use');
          expect(node.asked).toEqual([]);
        }),
      ),
    ));

  test('is the node’s managed identity when the flag asks for it', () =>
    withNode(async (node, env) =>
      withPlace(async (place) => {
        const args = ['--operator-identity-namespaces=*', '--azure-credential=managed-identity'];
        await withOperator({ args, env }, async (operator) => {
          expect(identityLine(operator)?.credential).toContain(`managed identity of client ${CLIENT}`);
          await place.apply('sample');
          expect((await ready(place)).status?.claim?.identity).toBe(`${TENANT}/${CLIENT}`);
          expect(node.asked.map((query) => [query.get('client_id'), query.get('resource')])).toEqual([
            [CLIENT, installation.emulator.armUrl],
          ]);
          await place.delete('sample');
          await place.untilGone('sample');
        });
        node.status = 400;
        await withOperator({ args, env }, async () => {
          await place.apply('sample');
          expect(message(await refused(place))).toContain('the node has no managed identity with this client id');
        });
        node.stop();
        await withOperator({ args, env }, async () => {
          await place.annotate('sample', 'azure-ir.io/reconcile', 'again');
          await eventually(async () =>
            expect(message(await place.get('sample'))).toContain('managed identity endpoint did not answer'),
          );
        });
      }),
    ));

  test('is whoever is logged in to the Azure CLI when the flag asks for it', () =>
    withPlace(async (place) => {
      const args = ['--operator-identity-namespaces=*', '--azure-credential=azure-cli'];
      await withOperator({ args, env: { ...NO_SECRET, PATH: dir } }, async (operator) => {
        expect(identityLine(operator)?.credential).toContain('Azure CLI');
        await place.apply('sample');
        expect(message(await refused(place))).toContain('the Azure CLI (az) is not installed');
      });
      const answer = {
        accessToken: await issueToken(),
        expires_on: Math.floor(Date.now() / 1000) + 3600,
        tokenType: 'Bearer',
      };
      await writeFile(join(dir, 'az.json'), JSON.stringify(answer));
      await writeFile(join(dir, 'az'), `#!/bin/sh\nexec /bin/cat ${join(dir, 'az.json')}\n`, { mode: 0o755 });
      await withOperator({ args, env: { ...NO_SECRET, PATH: dir } }, async () => {
        await place.annotate('sample', 'azure-ir.io/reconcile', 'again');
        expect((await ready(place)).status?.claim?.identity).toBe(`${TENANT}/azure-cli`);
        await place.delete('sample');
        await place.untilGone('sample');
      });
      await writeFile(join(dir, 'az'), `#!/bin/sh\necho "Please run 'az login' to setup account." >&2\nexit 1\n`, {
        mode: 0o755,
      });
      await withOperator({ args, env: { ...NO_SECRET, PATH: dir } }, async () => {
        await place.apply('sample');
        expect(message(await refused(place))).toContain('Run: az login');
      });
    }));
});

describe('what a client needs', () => {
  test('is dropped when nobody acts as it any more', () =>
    withPlace(async (place) =>
      withOperator({}, async ({ metricsUrl }) => {
        const budgets = async (identity: string) =>
          (await (await fetch(`${metricsUrl}/metrics`)).text())
            .split('\n')
            .filter((line) => line.startsWith('azure_ir_arm_budget_remaining{') && line.includes(identity));
        const [first, second] = [await newClient(place), await newClient(place)];
        await actAs(place, first);
        await place.apply('sample', { interval: '1h' });
        await ready(place);
        expect(await budgets(first.identity)).not.toEqual([]);
        await removeSecret(place);
        await refused(place);
        // The object could be deleted yet.
        expect(await budgets(first.identity)).not.toEqual([]);
        await place.annotate('sample', 'azure-ir.io/accept-identity', second.identity);
        await actAs(place, second);
        await ready(place);
        expect(await budgets(first.identity)).toEqual([]);
        expect(await budgets(second.identity)).not.toEqual([]);
        await removeSecret(place);
        await refused(place);
        await place.delete('sample');
        await place.untilGone('sample');
        await eventually(async () => expect(await budgets(second.identity)).toEqual([]));
      }),
    ));
});

describe('a cloud', () => {
  const UNSET = { AZURE_RESOURCE_MANAGER_ENDPOINT: '', AZURE_AUTHORITY_HOST: '' };

  test.each([
    [undefined, 'AzurePublic', 'https://management.azure.com', 'https://login.microsoftonline.com'],
    ['AzurePublic', 'AzurePublic', 'https://management.azure.com', 'https://login.microsoftonline.com'],
    [
      'azureusgovernment',
      'AzureUSGovernment',
      'https://management.usgovcloudapi.net',
      'https://login.microsoftonline.us',
    ],
    ['AzureChina', 'AzureChina', 'https://management.chinacloudapi.cn', 'https://login.chinacloudapi.cn'],
  ])('named %s has its endpoint, its authority and its audience', async (AZURE_CLOUD, name, endpoint, authority) => {
    const env = { ...UNSET, ...(AZURE_CLOUD === undefined ? {} : { AZURE_CLOUD }) };
    await withOperator({ env }, async (operator) => {
      expect(identityLine(operator)).toMatchObject({ cloud: name, endpoint, authority, audience: endpoint });
    });
  });

  test('of one’s own has all three from the variables, and tokens are asked for that audience', () =>
    withPlace(async (place) => {
      const audience = 'https://management.chinacloudapi.cn';
      // The SDKs' own logging is on too: what it writes is searched for secrets at the end.
      const env = {
        AZURE_CLOUD: 'AzureUSGovernment',
        AZURE_RESOURCE_MANAGER_AUDIENCE: audience,
        AZURE_LOG_LEVEL: 'verbose',
      };
      const { armUrl, authorityUrl, control } = installation.emulator;
      await withOperator({ env }, async (operator) => {
        expect(identityLine(operator)).toMatchObject({ endpoint: armUrl, authority: authorityUrl, audience });
        const client = await newClient(place);
        await actAs(place, client);
        await place.apply('sample');
        await ready(place);
        const tokens = await control.issuedTokens({ clientId: client.clientId });
        expect(tokens.map((token) => token.audience)).toEqual([audience]);
        await place.delete('sample');
        await place.untilGone('sample');
        expect(operator.stderr()).toContain('azure:');
      });
    }));

  test.each([
    [{ AZURE_CLOUD: 'AzureMoon' }, [], /AzureMoon.*AzurePublic, AzureUSGovernment, AzureChina/],
    [{ AZURE_AUTHORITY_HOST: 'http://login.test' }, [], /authority host must be an https URL/],
    [{ AZURE_RESOURCE_MANAGER_ENDPOINT: 'arm.test' }, [], /Resource Manager endpoint must be an https URL/],
    [
      {},
      ['--azure-credential=default'],
      /--azure-credential: invalid credential type "default": must be one of environment, .*managed-identity/,
    ],
    [
      {},
      ['--operator-identity-namespaces=team-a=/somewhere'],
      /--operator-identity-namespaces: invalid scope "\/somewhere"/,
    ],
  ])('that is set to something impossible (%j %j) ends the start, with what would do', async (env, args, words) => {
    await expect(withOperator({ env, args }, async () => {})).rejects.toThrow(words);
  });
});

test('none of these operators has shown a secret, a token or the federated token', async () => {
  const { control } = installation.emulator;
  const tokens = (await control.issuedTokens()).flatMap(({ token }) => partsOfToken(token));
  const secrets = [
    ...(await control.presentedSecrets()),
    ...tokens,
    await readFile(join(dir, 'federated-token'), 'utf8'),
  ];
  expect(said.length).toBeGreaterThan(10);
  expect(leaksOf([SECRET, 'never-shown-', ...secrets], { said: said.join('\n') })).toEqual([]);
});
