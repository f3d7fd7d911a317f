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
export const UNKNOWN = 'it could not be done, or not be known: usage, cluster, Azure, something could not be read';

export const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

export const verboseFlag = [
  '-v, --v <level>',
  'of detail on standard error, as of kubectl: 6 tells each request',
] as const;

/** As `kubectl` has them, after the name of the plugin. */
export function withKubeFlags(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'the kubeconfig; KUBECONFIG when absent')
    .option('--context <name>', 'of the kubeconfig')
    .option('--cluster <name>', 'of the kubeconfig')
    .option('--user <name>', 'of the kubeconfig')
    .option('--as <user>', 'whom to impersonate')
    .option('--as-group <group>', 'of whom is impersonated; may be repeated', collect)
    .option(...verboseFlag)
    .option('--request-timeout <duration>', 'for one request to the API server, such as 30s; 0 for the standard');
}

export function withAzureFlags(command: Command): Command {
  return command.addOption(
    new Option(
      '--azure-credential <kind>',
      'who asks Azure: environment (AZURE_TENANT_ID, AZURE_CLIENT_ID and one of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH, AZURE_FEDERATED_TOKEN_FILE), client-secret, client-certificate, workload-identity (or workload), managed-identity or azure-cli; never one after the other',
    )
      .argParser(ownCredential)
      .default('environment'),
  );
}

export const namespaceFlag = ['-n, --namespace <name>', 'of objects that name none'] as const;
export const selectorFlag = ['-l, --selector <labels>', 'only objects with these labels'] as const;
