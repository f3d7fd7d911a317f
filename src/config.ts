/** Every flag and variable of the operator: its default, its meaning, its check. */
import { parseArgs } from 'node:util';
import { OWN_CREDENTIALS, type OwnCredential } from './core/model/credential.ts';
import { parseDuration } from './core/model/duration.ts';
import { type Grant, parseGrants } from './core/model/grants.ts';
import { parseQueueUrl } from './core/model/queue-url.ts';
import { type BindAddress, parseBindAddress } from './http/endpoints.ts';
import { type LogLevel, parseLogLevel } from './telemetry/log/log.ts';

export interface Config {
  /** Milliseconds. */
  readonly intervalMs: number;
  readonly maxConcurrentReconciles: number;
  /** Empty: all. */
  readonly watchNamespaces: readonly string[];
  readonly labelSelector: string;
  readonly azureCredential: OwnCredential;
  readonly operatorIdentityNamespaces: readonly Grant[];
  readonly metricsBindAddress: BindAddress;
  /** Empty: plain HTTP. */
  readonly metricsCertDir: string;
  readonly healthProbeBindAddress: BindAddress;
  readonly armBudgetShare: BudgetShare;
  readonly logLevel: LogLevel;
  readonly leaderElect: boolean;
  /** Empty: the pod's own. */
  readonly leaderElectNamespace: string;
  readonly leaderElectName: string;
  /** Milliseconds, like the next two; each is shorter than the one before. */
  readonly leaderElectLeaseDurationMs: number;
  readonly leaderElectRenewDeadlineMs: number;
  readonly leaderElectRetryPeriodMs: number;
  /** Empty: none. */
  readonly changeQueue: string;
  /** Milliseconds. */
  readonly changeQueuePollMs: number;
  readonly azure: AzureConfig;
}

/** How much of ARM's request limits for an identity in a subscription is used: a fraction, or no limit of our own. */
export type BudgetShare = number | 'unlimited';

/** The Azure SDKs' own variables, unparsed. */
export interface AzureConfig {
  readonly credential: Readonly<Record<string, string | undefined>>;
  readonly cloud: string | undefined;
  readonly authorityHost: string | undefined;
  readonly resourceManagerEndpoint: string | undefined;
  readonly resourceManagerAudience: string | undefined;
}

/** An invalid flag or variable. The message names it, its value and what is expected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

interface Flag<T> {
  readonly default: string;
  readonly help: string;
  /** @throws RangeError that says what is valid. */
  readonly parse: (text: string) => T;
}

const flag = <T>(defaultText: string, help: string, parse: (text: string) => T): Flag<T> => ({
  default: defaultText,
  help,
  parse,
});

const FLAGS = {
  interval: flag('10m', 'how often to check Azure for drift and health, for objects without spec.interval', interval),
  'max-concurrent-reconciles': flag(
    '10',
    'number of objects reconciled in parallel; one that has waited for a response for more than 5s no longer counts, but the total never exceeds ten times this number',
    count,
  ),
  'watch-namespaces': flag('', 'comma-separated list of namespaces to watch; empty for all', list),
  'label-selector': flag('', 'label selector: reconcile only objects that match; empty for all', (text) => text.trim()),
  'azure-credential': flag(
    'environment',
    "credential type of the operator's own Azure identity: environment (detected from the variables below), client-secret, client-certificate, workload-identity, managed-identity (AZURE_CLIENT_ID, or system-assigned), or azure-cli (for development)",
    ownCredential,
  ),
  'operator-identity-namespaces': flag(
    '',
    "comma-separated list of namespaces that may use the operator's own Azure identity, optionally limited to a scope (team-a=/subscriptions/<id>/resourceGroups/<name>); * for all namespaces not listed, empty for none",
    parseGrants,
  ),
  'metrics-bind-address': flag(
    ':8080',
    'host:port to serve /metrics on; 0 disables it, and port 0 means any free port',
    parseBindAddress,
  ),
  'metrics-cert-dir': flag(
    '',
    'directory with tls.crt and tls.key: serve /metrics over TLS, and only to clients whose bearer token is allowed to get the non-resource URL /metrics; empty for plain HTTP without authentication',
    (text) => text.trim(),
  ),
  'health-probe-bind-address': flag(
    ':8081',
    'host:port to serve /healthz and /readyz on; 0 disables it, and port 0 means any free port',
    parseBindAddress,
  ),
  'arm-budget-share': flag(
    '1',
    "share of Azure Resource Manager's request limits to use, per identity and subscription: a fraction such as 1/3 or 0.5 if several operators share an identity, or unlimited to slow down only when Azure answers 429",
    budgetShare,
  ),
  'change-queue': flag(
    '',
    "URL of the Azure Storage queue that Event Grid delivers changes in Azure to (https://<account>.queue.core.windows.net/<queue>), read with the operator's own Azure identity; drift is then found within seconds; empty for polling only",
    (text) => (text.trim() === '' ? '' : parseQueueUrl(text)),
  ),
  'change-queue-poll': flag('2s', 'how often to read the change queue, from 1s to 1m', queuePoll),
  'log-level': flag('info', 'log level: debug, info, warn or error', (text) => parseLogLevel(text.trim())),
  'leader-elect': flag(
    'false',
    'enable leader election: among the replicas that share a lease, only the leader reconciles, and the others stand by; --leader-elect alone means true',
    truth,
  ),
  'leader-elect-namespace': flag(
    '',
    "namespace of the lease; empty for the pod's own namespace, or the namespace of the current kubeconfig context",
    (text) => text.trim(),
  ),
  'leader-elect-name': flag('azure-ir-operator', 'name of the lease', leaseName),
  'leader-elect-lease-duration': flag(
    '15s',
    'how long the other replicas wait after the last renewal before they take over the lease',
    interval,
  ),
  'leader-elect-renew-deadline': flag(
    '10s',
    'how long the leader retries to renew the lease before it stops; must be shorter than the lease duration',
    interval,
  ),
  'leader-elect-retry-period': flag(
    '2s',
    'how often to renew the lease, or to try to acquire it; must be shorter than the renew deadline',
    interval,
  ),
};

/** Flags that may stand alone, which means true. */
const SWITCHES: readonly string[] = ['--leader-elect'];

type FlagName = keyof typeof FLAGS;

/** `--log-level` is also `AZURE_IR_LOG_LEVEL`. */
function variableOf(name: string): string {
  return `AZURE_IR_${name.toUpperCase().replaceAll('-', '_')}`;
}

export function usage(): string {
  const lines = Object.entries(FLAGS).map(
    ([name, { help, default: standard }]) =>
      `  --${name}\n        ${help} (default ${JSON.stringify(standard)}; variable ${variableOf(name)})`,
  );
  return [
    'azure-ir-operator: keeps Azure integration runtimes in sync with their manifests',
    '',
    'Usage: node main.mjs [flags]',
    '',
    ...lines,
    '  --help, --version',
    '',
    'Kubernetes: KUBECONFIG, or the service account of the pod.',
    "Azure: the Secret azure-ir-credential in the namespace of the object; otherwise the operator's own identity, if the",
    'namespace may use it (--operator-identity-namespaces):',
    'AZURE_TENANT_ID, AZURE_CLIENT_ID, and one of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH,',
    'AZURE_FEDERATED_TOKEN_FILE; AZURE_CLOUD, AZURE_AUTHORITY_HOST, AZURE_RESOURCE_MANAGER_ENDPOINT and',
    'AZURE_RESOURCE_MANAGER_AUDIENCE for other clouds; NODE_EXTRA_CA_CERTS to trust private certificate authorities.',
  ].join('\n');
}

export type Command = { readonly kind: 'run'; readonly config: Config } | { readonly kind: 'help' | 'version' };

/** A flag wins over its variable, a variable over the default; of a flag given twice the last wins. @throws ConfigError */
export function parseConfig(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Command {
  const given = parseFlags(argv);
  if (given.help === true) return { kind: 'help' };
  if (given.version === true) return { kind: 'version' };
  const value = <N extends FlagName>(name: N) => read(name, given[name], env);
  return {
    kind: 'run',
    config: checked({
      intervalMs: value('interval'),
      maxConcurrentReconciles: value('max-concurrent-reconciles'),
      watchNamespaces: value('watch-namespaces'),
      labelSelector: value('label-selector'),
      azureCredential: value('azure-credential'),
      operatorIdentityNamespaces: value('operator-identity-namespaces'),
      metricsBindAddress: value('metrics-bind-address'),
      metricsCertDir: value('metrics-cert-dir'),
      healthProbeBindAddress: value('health-probe-bind-address'),
      armBudgetShare: value('arm-budget-share'),
      logLevel: value('log-level'),
      leaderElect: value('leader-elect'),
      leaderElectNamespace: value('leader-elect-namespace'),
      leaderElectName: value('leader-elect-name'),
      leaderElectLeaseDurationMs: value('leader-elect-lease-duration'),
      leaderElectRenewDeadlineMs: value('leader-elect-renew-deadline'),
      leaderElectRetryPeriodMs: value('leader-elect-retry-period'),
      changeQueue: value('change-queue'),
      changeQueuePollMs: value('change-queue-poll'),
      azure: {
        credential: env,
        cloud: env.AZURE_CLOUD || undefined,
        authorityHost: env.AZURE_AUTHORITY_HOST || undefined,
        resourceManagerEndpoint: env.AZURE_RESOURCE_MANAGER_ENDPOINT || undefined,
        resourceManagerAudience: env.AZURE_RESOURCE_MANAGER_AUDIENCE || undefined,
      },
    }),
  };
}

/** A leader must stop before another starts, and must have more than one try at a renewal. @throws ConfigError */
function checked(config: Config): Config {
  const { leaderElectLeaseDurationMs, leaderElectRenewDeadlineMs, leaderElectRetryPeriodMs } = config;
  if (leaderElectRenewDeadlineMs >= leaderElectLeaseDurationMs) {
    throw new ConfigError(
      `--leader-elect-renew-deadline (${leaderElectRenewDeadlineMs / 1000}s) must be shorter than --leader-elect-lease-duration (${leaderElectLeaseDurationMs / 1000}s)`,
    );
  }
  if (leaderElectRetryPeriodMs >= leaderElectRenewDeadlineMs) {
    throw new ConfigError(
      `--leader-elect-retry-period (${leaderElectRetryPeriodMs / 1000}s) must be shorter than --leader-elect-renew-deadline (${leaderElectRenewDeadlineMs / 1000}s)`,
    );
  }
  return config;
}

type Given = Readonly<Record<string, string | boolean | undefined>>;

function parseFlags(argv: readonly string[]): Given {
  const named = Object.fromEntries(Object.keys(FLAGS).map((name) => [name, { type: 'string' as const }]));
  try {
    const options = { ...named, help: { type: 'boolean' as const }, version: { type: 'boolean' as const } };
    const args = argv.map((arg) => (SWITCHES.includes(arg) ? `${arg}=true` : arg));
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new ConfigError(`${error instanceof Error ? error.message : error} See --help.`);
  }
}

function read<N extends FlagName>(
  name: N,
  given: string | boolean | undefined,
  env: Readonly<Record<string, string | undefined>>,
): ReturnType<(typeof FLAGS)[N]['parse']> {
  const { parse, default: standard } = FLAGS[name] as Flag<ReturnType<(typeof FLAGS)[N]['parse']>>;
  const variable = variableOf(name);
  const [text, source] =
    typeof given === 'string'
      ? [given, `--${name}`]
      : [env[variable] || standard, env[variable] ? variable : 'default'];
  try {
    return parse(text);
  } catch (error) {
    throw new ConfigError(`${source}: ${error instanceof Error ? error.message : error}`);
  }
}

function interval(text: string): number {
  const ms = parseDuration(text.trim());
  if (ms === undefined || ms < 1_000)
    throw new RangeError(`invalid duration "${text}": must be at least 1s, for example 90s, 10m or 1h30m`);
  return ms;
}

function queuePoll(text: string): number {
  const ms = parseDuration(text.trim());
  if (ms === undefined || ms < 1_000 || ms > 60_000)
    throw new RangeError(`invalid duration "${text}": must be from 1s to 1m, for example 2s`);
  return ms;
}

function truth(text: string): boolean {
  const word = text.trim();
  if (word !== 'true' && word !== 'false') throw new RangeError(`invalid value "${text}": must be true or false`);
  return word === 'true';
}

/** A name of an object: an RFC 1123 subdomain. */
function leaseName(text: string): string {
  const name = text.trim();
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name) || name.length > 253)
    throw new RangeError(
      `invalid lease name "${text}": must be a DNS subdomain (lowercase letters, digits, - and .), for example azure-ir-operator`,
    );
  return name;
}

function ownCredential(text: string): OwnCredential {
  const known = OWN_CREDENTIALS.find((each) => each === text.trim());
  if (known === undefined)
    throw new RangeError(`invalid credential type "${text}": must be one of ${OWN_CREDENTIALS.join(', ')}`);
  return known;
}

function budgetShare(text: string): BudgetShare {
  const trimmed = text.trim();
  if (trimmed === 'unlimited') return trimmed;
  const [, above, below = '1'] = /^(\d{1,4}(?:\.\d{1,4})?)(?:\/(\d{1,4}))?$/.exec(trimmed) ?? [];
  const share = Number(above) / Number(below);
  if (!(share >= 0.01 && share <= 1))
    throw new RangeError(
      `invalid share "${text}": must be a fraction from 0.01 to 1, for example 1/3 or 0.5, or unlimited`,
    );
  return share;
}

function count(text: string): number {
  const number = /^\d{1,4}$/.test(text.trim()) ? Number(text) : 0;
  if (number < 1) throw new RangeError(`invalid number "${text}": must be from 1 to 9999`);
  return number;
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
