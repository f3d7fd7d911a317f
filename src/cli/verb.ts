/** What a verb of `kubectl azir` is, and the flags that several of them have. */
import { type Command, Option } from 'commander';
import type { ExitCode } from './exit.ts';
import { ownCredential } from './flags.ts';

export interface Verb {
  readonly command: Command;
  /** Each is one line that a test runs. */
  readonly examples: readonly string[];
  /** What each exit code means; a test has each of them happen. */
  readonly codes: Codes;
}

export type Codes = Readonly<Partial<Record<ExitCode, string>>>;

/** Ends the process with this code once the verb is done. */
export type Done = (code: ExitCode) => void;

export const INTERRUPTED = { 130: 'interrupted' } as const;
export const UNKNOWN = 'failed or incomplete: invalid usage, or the cluster, Azure or a file could not be read';

export const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

export const verboseFlag = [
  '-v, --v <level>',
  'verbosity on standard error, as in kubectl: 6 or more logs each request, without headers and bodies',
] as const;

/** As `kubectl` has them, after the name of the plugin. */
export function withKubeFlags(command: Command): Command {
  return command
    .option(
      '--kubeconfig <file>',
      'path to the kubeconfig file; defaults to KUBECONFIG, in a pod to its service account, otherwise to ~/.kube/config',
    )
    .option('--context <name>', 'name of the kubeconfig context to use')
    .option('--cluster <name>', 'name of the kubeconfig cluster to use')
    .option('--user <name>', 'name of the kubeconfig user to use')
    .option('--as <user>', 'user to impersonate')
    .option('--as-group <group>', 'group to impersonate, together with --as; may be repeated', collect)
    .option(...verboseFlag)
    .option(
      '--request-timeout <duration>',
      'timeout of a single request to the API server, such as 30s; 0 for the default',
    );
}

export function withAzureFlags(command: Command): Command {
  return command.addOption(
    new Option(
      '--azure-credential <kind>',
      'credential type to authenticate to Azure with: environment (AZURE_TENANT_ID, AZURE_CLIENT_ID and one of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH, AZURE_FEDERATED_TOKEN_FILE), client-secret, client-certificate, workload-identity (or workload), managed-identity or azure-cli; no other type is tried',
    )
      .argParser(ownCredential)
      .default('environment'),
  );
}

export const namespaceFlag = [
  '-n, --namespace <name>',
  'namespace of manifests that set none; defaults to default, with --live to that of the kubeconfig context',
] as const;
export const selectorFlag = ['-l, --selector <labels>', 'only objects that match this label selector'] as const;
