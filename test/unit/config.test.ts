/** Every flag and variable: its default, its check, and which of them wins. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { type Config, ConfigError, parseConfig, usage } from '../../src/config.ts';

type Env = Readonly<Record<string, string | undefined>>;

function config(argv: readonly string[] = [], env: Env = {}): Config {
  const command = parseConfig(argv, env);
  if (command.kind !== 'run') throw new Error(`parsed as ${command.kind}`);
  return command.config;
}

function refusal(argv: readonly string[], env: Env = {}): string {
  try {
    parseConfig(argv, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('was not refused');
}

const FLAGS = {
  interval: { key: 'intervalMs', standard: 600_000, given: '1h30m', parsed: 5_400_000, other: '90s' },
  'max-concurrent-reconciles': { key: 'maxConcurrentReconciles', standard: 10, given: '3', parsed: 3, other: '7' },
  'watch-namespaces': { key: 'watchNamespaces', standard: [], given: 'a,b', parsed: ['a', 'b'], other: 'c' },
  'label-selector': { key: 'labelSelector', standard: '', given: 'team=a', parsed: 'team=a', other: 'team=b' },
  'operator-identity-namespaces': {
    key: 'operatorIdentityNamespaces',
    standard: [],
    given: 'a, b=/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/x',
    parsed: [
      { namespace: 'a', scope: undefined },
      { namespace: 'b', scope: '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/x' },
    ],
    other: '*',
  },
  'azure-credential': {
    key: 'azureCredential',
    standard: 'environment',
    given: 'managed-identity',
    parsed: 'managed-identity',
    other: 'azure-cli',
  },
  'metrics-bind-address': {
    key: 'metricsBindAddress',
    standard: { kind: 'tcp', host: undefined, port: 8080 },
    given: '127.0.0.1:0',
    parsed: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    other: '0',
  },
  'metrics-cert-dir': { key: 'metricsCertDir', standard: '', given: '/etc/tls', parsed: '/etc/tls', other: '/else' },
  'health-probe-bind-address': {
    key: 'healthProbeBindAddress',
    standard: { kind: 'tcp', host: undefined, port: 8081 },
    given: '0',
    parsed: { kind: 'none' },
    other: ':9',
  },
  'leader-elect': { key: 'leaderElect', standard: false, given: 'true', parsed: true, other: 'false' },
  'leader-elect-namespace': { key: 'leaderElectNamespace', standard: '', given: 'a', parsed: 'a', other: 'b' },
  'leader-elect-name': {
    key: 'leaderElectName',
    standard: 'azure-ir-operator',
    given: 'azure-ir-operator-shard-1',
    parsed: 'azure-ir-operator-shard-1',
    other: 'b',
  },
  'leader-elect-lease-duration': {
    key: 'leaderElectLeaseDurationMs',
    standard: 15_000,
    given: '1m',
    parsed: 60_000,
    other: '30s',
  },
  'leader-elect-renew-deadline': {
    key: 'leaderElectRenewDeadlineMs',
    standard: 10_000,
    given: '8s',
    parsed: 8_000,
    other: '9s',
  },
  'leader-elect-retry-period': {
    key: 'leaderElectRetryPeriodMs',
    standard: 2_000,
    given: '1s',
    parsed: 1_000,
    other: '3s',
  },
  'change-queue': {
    key: 'changeQueue',
    standard: '',
    given: 'https://account.queue.core.windows.net/ir-changes/',
    parsed: 'https://account.queue.core.windows.net/ir-changes',
    other: 'https://127.0.0.1:10001/devstoreaccount1/changes',
  },
  'change-queue-poll': { key: 'changeQueuePollMs', standard: 2_000, given: '1m', parsed: 60_000, other: '1s' },
  'log-level': { key: 'logLevel', standard: 'info', given: 'debug', parsed: 'debug', other: 'warn' },
} as const satisfies Record<string, { key: keyof Config; [more: string]: unknown }>;

describe.each(Object.entries(FLAGS))('--%s', (name, { key, standard, given, parsed, other }) => {
  const variable = `AZURE_IR_${name.toUpperCase().replaceAll('-', '_')}`;

  test('has its default', () => expect(config()[key]).toEqual(standard));
  test('is understood as a flag', () => expect(config([`--${name}=${given}`])[key]).toEqual(parsed));
  if (name !== 'leader-elect') {
    test('is understood as a flag with its value apart', () => {
      expect(config([`--${name}`, given])[key]).toEqual(parsed);
    });
  }
  test('is understood as a variable', () => expect(config([], { [variable]: given })[key]).toEqual(parsed));
  test('wins as a flag over the variable', () => {
    expect(config([`--${name}=${given}`], { [variable]: other })[key]).toEqual(parsed);
  });
  test('is taken from the last flag of several', () => {
    expect(config([`--${name}=${other}`, `--${name}=${given}`])[key]).toEqual(parsed);
  });
  test('is in the usage, with its default and its variable', () => {
    expect(usage()).toContain(`--${name}\n`);
    expect(usage()).toContain(`variable ${variable})`);
  });
});

/** Whether the chart takes it: what it takes must not keep the pod from starting. */
function chartTakes(queueUrl: string): boolean {
  const schema = JSON.parse(readFileSync(new URL('../../deploy/chart/values.schema.json', import.meta.url), 'utf8'));
  const { allOf } = schema.properties.changeQueue.properties.url as { allOf: readonly { pattern: string }[] };
  return allOf.every(({ pattern }) => new RegExp(pattern).test(queueUrl));
}

describe('a change queue', () => {
  test.each([
    ['', ''],
    ['https://account.queue.core.windows.net/ir-changes'],
    ['https://account.queue.core.windows.net/ir-changes/', 'https://account.queue.core.windows.net/ir-changes'],
    ['https://account.z12.queue.storage.azure.net/a-b'],
    ['https://account.queue.core.chinacloudapi.cn/1-2-3-4'],
    ['https://127.0.0.1:10001/devstoreaccount1/changes'],
    ['https://account.queue.core.windows.net:443/changes', 'https://account.queue.core.windows.net/changes'],
    [`https://account.queue.core.windows.net/${'a-'.repeat(31)}a`],
  ])('may be %s, for the chart, too', (url, read = url) => {
    expect(config([`--change-queue=${url}`]).changeQueue).toBe(read);
    expect(chartTakes(url)).toBe(true);
  });

  test.each([
    'http://account.queue.core.windows.net/ir-changes',
    'https://account.queue.core.windows.net',
    'https://account.queue.core.windows.net/',
    'https://account.queue.core.windows.net/IR-changes',
    'https://account.queue.core.windows.net/ir--changes',
    'https://account.queue.core.windows.net/ir',
    `https://account.queue.core.windows.net/${'a-'.repeat(32)}`,
    `https://account.queue.core.windows.net/${'a-'.repeat(31)}ab`,
    'https://account.queue.core.windows.net/-changes',
    'https://account.queue.core.windows.net/changes-',
    'https://account.queue.core.windows.net/changes//',
    'https://account.queue.core.windows.net/my_changes',
    'https://account.queue.core.windows.net/ir%2Dchanges',
    'https://account.queue.core.windows.net/a/b/c/changes',
    'https://account.queue.core.windows.net/Account/changes',
    'https://account.queue.core.windows.net/ac/changes',
    'https:///changes',
    'https://:443/changes',
    'https://account.queue.core.windows.net:port/changes',
    'https://account.queue.core.windows.net/ir changes',
    'https://account.queue.core.windows.net/ir-changes/messages/x',
    'https://account.queue.core.windows.net/ir-changes?sv=2024&sig=SECRET',
    'https://user:SECRET@account.queue.core.windows.net/ir-changes',
    'https://account.queue.core.windows.net/ir-changes#SECRET',
    'ir-changes',
  ])('is the https URL of a queue without a secret: %s is refused, and no secret repeated', (url) => {
    const message = refusal([`--change-queue=${url}`]);
    expect(message).toMatch(/^--change-queue: invalid queue URL ".*": must be https, without a SAS token/);
    expect(message).not.toContain('SECRET');
    expect(chartTakes(url)).toBe(false);
  });

  test.each(['999ms', '0s', '61s', 'often'])('is not read every %s', (text) => {
    expect(refusal([`--change-queue-poll=${text}`])).toBe(
      `--change-queue-poll: invalid duration "${text}": must be from 1s to 1m, for example 2s`,
    );
  });
});

describe('what is understood', () => {
  test('a list is of trimmed names, none of them empty', () => {
    expect(config(['--watch-namespaces= a ,,b, ']).watchNamespaces).toEqual(['a', 'b']);
    expect(config(['--watch-namespaces=']).watchNamespaces).toEqual([]);
  });

  test('* is all namespaces for the operator’s identity, with spaces around it too', () => {
    const all = [{ namespace: '*', scope: undefined }];
    expect(config(['--operator-identity-namespaces=*']).operatorIdentityNamespaces).toEqual(all);
    expect(config(['--operator-identity-namespaces= * ']).operatorIdentityNamespaces).toEqual(all);
  });

  test('numbers and durations may have spaces around them', () => {
    expect(config(['--interval= 10s ', '--max-concurrent-reconciles= 4 '])).toMatchObject({
      intervalMs: 10_000,
      maxConcurrentReconciles: 4,
    });
  });

  test('an interval of a second, and a long one', () => {
    expect(config(['--interval=1s']).intervalMs).toBe(1_000);
    expect(config(['--interval=720h']).intervalMs).toBe(2_592_000_000);
  });

  test('one worker, and 9999 of them', () => {
    expect(config(['--max-concurrent-reconciles=1']).maxConcurrentReconciles).toBe(1);
    expect(config(['--max-concurrent-reconciles=9999']).maxConcurrentReconciles).toBe(9_999);
  });

  test('--leader-elect alone is true, as in other operators, and takes no word after it', () => {
    expect(config(['--leader-elect', '--interval=1m'])).toMatchObject({ leaderElect: true, intervalMs: 60_000 });
    expect(refusal(['--leader-elect', 'false'])).toMatch(/false.*See --help\.$/s);
  });

  test('help and version are asked for, whatever else is given', () => {
    expect(parseConfig(['--help'], {})).toEqual({ kind: 'help' });
    expect(parseConfig(['--version', '--interval=nonsense'], {})).toEqual({ kind: 'version' });
    expect(parseConfig(['--help', '--version'], { AZURE_IR_INTERVAL: 'nonsense' })).toEqual({ kind: 'help' });
  });
});

describe('the variables of the Azure SDKs', () => {
  const env = {
    AZURE_CLOUD: 'AzureChina',
    AZURE_AUTHORITY_HOST: 'https://login.chinacloudapi.cn',
    AZURE_RESOURCE_MANAGER_ENDPOINT: 'https://arm.example',
    AZURE_RESOURCE_MANAGER_AUDIENCE: 'https://audience.example',
    AZURE_CLIENT_ID: 'client',
  };

  test('are taken as they stand', () => {
    expect(config([], env).azure).toEqual({
      credential: env,
      cloud: 'AzureChina',
      authorityHost: 'https://login.chinacloudapi.cn',
      resourceManagerEndpoint: 'https://arm.example',
      resourceManagerAudience: 'https://audience.example',
    });
  });

  test('are absent when they are empty', () => {
    const empty = Object.fromEntries(Object.keys(env).map((name) => [name, '']));
    expect(config([], empty).azure).toMatchObject({
      cloud: undefined,
      authorityHost: undefined,
      resourceManagerEndpoint: undefined,
      resourceManagerAudience: undefined,
    });
  });
});

describe('what is refused names the flag or the variable, the value, and what would do', () => {
  const CASES: readonly (readonly [name: string, value: string, does: RegExp])[] = [
    ['interval', 'soon', /must be at least 1s, for example 90s, 10m or 1h30m/],
    ['interval', '0s', /at least 1s/],
    ['interval', '10', /for example 90s/],
    ['interval', '1d', /for example 90s/],
    ['max-concurrent-reconciles', '0', /1 to 9999/],
    ['max-concurrent-reconciles', '10000', /1 to 9999/],
    ['max-concurrent-reconciles', '-1', /1 to 9999/],
    ['max-concurrent-reconciles', '1.5', /1 to 9999/],
    ['max-concurrent-reconciles', '1e3', /1 to 9999/],
    ['max-concurrent-reconciles', 'many', /1 to 9999/],
    ['metrics-bind-address', '8080', /did you mean ":8080"/],
    ['metrics-bind-address', ':99999', /0 to 65535/],
    ['health-probe-bind-address', 'nowhere', /host:port, :port, or 0 to disable/],
    ['log-level', 'loud', /debug, info, warn, error/],
    ['leader-elect', 'yes', /must be true or false/],
    ['leader-elect-name', 'My_Lease', /for example azure-ir-operator/],
    ['leader-elect-lease-duration', '500ms', /at least 1s/],
    ['leader-elect-renew-deadline', '0s', /at least 1s/],
    ['leader-elect-retry-period', 'often', /at least 1s/],
    ['azure-credential', 'default', /one of environment, client-secret, .*managed-identity, azure-cli/],
    ['operator-identity-namespaces', 'Team', /a name such as team-a, or \* for all/],
  ];

  test.each(CASES)('--%s=%s', (name, value, does) => {
    const message = refusal([`--${name}=${value}`]);
    expect(message).toContain(`--${name}: `);
    expect(message).toContain(`"${value}"`);
    expect(message).toMatch(does);
  });

  test.each(CASES)('the variable of %s, %s', (name, value, does) => {
    const variable = `AZURE_IR_${name.toUpperCase().replaceAll('-', '_')}`;
    const message = refusal([], { [variable]: value });
    expect(message.startsWith(`${variable}: `)).toBe(true);
    expect(message).toContain(`"${value}"`);
    expect(message).toMatch(does);
  });

  test.each([
    [
      ['--leader-elect-renew-deadline=15s'],
      /renew-deadline \(15s\) .* shorter than --leader-elect-lease-duration \(15s\)/,
    ],
    [
      ['--leader-elect-lease-duration=9s'],
      /renew-deadline \(10s\) .* shorter than --leader-elect-lease-duration \(9s\)/,
    ],
    [['--leader-elect-retry-period=10s'], /retry-period \(10s\) .* shorter than --leader-elect-renew-deadline \(10s\)/],
  ])('times of the election that contradict each other: %s', (argv, message) => {
    expect(refusal(argv)).toMatch(message);
  });

  test('a flag that nobody knows', () => {
    expect(refusal(['--intervall=1m'])).toMatch(/--intervall.*See --help\.$/s);
  });

  test('a flag without its value', () => {
    expect(refusal(['--interval'])).toMatch(/--interval.*See --help\.$/s);
  });

  test('a word that is no flag', () => {
    expect(refusal(['run'])).toMatch(/run.*See --help\.$/s);
  });

  test('a variable that the flag overrides is not even looked at', () => {
    expect(config(['--interval=5m'], { AZURE_IR_INTERVAL: 'nonsense' }).intervalMs).toBe(300_000);
  });
});
