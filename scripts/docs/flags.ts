/** docs/reference/flags.md: every flag and variable, from what --help prints. */
import { usage } from '../../src/config.ts';
import { code, list, page, table } from './markdown.ts';

interface Flag {
  readonly name: string;
  readonly help: string;
  readonly standard: string;
  readonly variable: string;
}

/** Of the Azure SDKs and of Node; the operator's own flags know them by name only. */
const VARIABLES: readonly (readonly [names: readonly string[], meaning: string])[] = [
  [['AZURE_TENANT_ID', 'AZURE_CLIENT_ID'], "The operator's own identity."],
  [
    ['AZURE_CLIENT_SECRET', 'AZURE_CLIENT_CERTIFICATE_PATH', 'AZURE_FEDERATED_TOKEN_FILE'],
    'How it authenticates: exactly one of the three, unless `--azure-credential` selects one. The workload identity webhook sets the last.',
  ],
  [['AZURE_CLOUD'], '`AzurePublic` (the default), `AzureUSGovernment` or `AzureChina`.'],
  [['AZURE_AUTHORITY_HOST', 'AZURE_RESOURCE_MANAGER_ENDPOINT', 'AZURE_RESOURCE_MANAGER_AUDIENCE'], 'For other clouds.'],
  [['NODE_EXTRA_CA_CERTS'], 'A file with additional certificate authorities to trust.'],
  [['KUBECONFIG'], 'The kubeconfig of the cluster. If unset, the service account of the pod.'],
];

export function flagsPage(): string {
  return page(
    'Flags and variables',
    'Each flag can also be set by the environment variable next to it; the flag takes precedence. After `npm ci` and `npm run build`, `npx node dist/main.mjs --help` prints the same.',
    table(
      ['flag', 'default', 'variable', 'meaning'],
      flags().map(({ name, help, standard, variable }) => [
        code(`--${name}`),
        standard === '' ? 'empty' : code(standard),
        code(variable),
        help,
      ]),
    ),
    'See also:',
    list([
      "`--interval`: at least `1s`; an object's own `spec.interval` at least `1m`.",
      '`--azure-credential` and `--operator-identity-namespaces`: [identity](../identity.md), and [who can then do what](../security.md#the-operators-own-identity).',
      '`--leader-elect…`: [replicas](../operations.md#replicas). The Role in `deploy/` allows only a Lease with the default name.',
      '`--arm-budget-share`, `--label-selector`, `--watch-namespaces`: [shards](../capacity.md#shards).',
      '`--metrics-cert-dir`: [metrics over TLS](../monitoring.md#metrics-over-tls).',
    ]),
    '## Variables of Azure and Kubernetes',
    table(
      ['variable', 'meaning'],
      VARIABLES.map(([names, meaning]) => [names.map(code).join(', '), meaning]),
    ),
    '## Settings of the process',
    'The operator needs Node 24. The image starts it with `--max-semi-space-size=4 --heap-growing-percent=20` and three variables of the C library (see the [Dockerfile](../../Dockerfile)), which halve its memory usage. Outside the image, start Node with the same settings.',
  );
}

/** As `usage` prints them: the name in one line; help, default and variable in the next. */
function flags(): Flag[] {
  const printed = /^ {2}--(\S+)\n +(.*) \(default (".*?"); variable (\w+)\)$/gm;
  return [...usage().matchAll(printed)].map(([, name = '', help = '', standard = '""', variable = '']) => ({
    name,
    help: asMarkdown(help),
    standard: JSON.parse(standard),
    variable,
  }));
}

/** What would be a tag or emphasis is text. */
function asMarkdown(help: string): string {
  return help.replaceAll('<', '&lt;').replaceAll('*', '\\*');
}
