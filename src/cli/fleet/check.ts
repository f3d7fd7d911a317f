/** `kubectl azir check`: whether the cluster, the operator and you are ready; each line with its remedy. What is unknown is never ✔. */
import type { Parent } from '../../core/model/runtime.ts';
import { sleep, systemClock } from '../../runtime/clock.ts';
import { parentOf } from '../azure/scope.ts';
import { CommandError, EXIT, type ExitCode, worstOf } from '../exit.ts';
import { type AzureFlags, duration, type KubeFlags, outputs, requestTeller } from '../flags.ts';
import type { Io } from '../io.ts';
import { connect, type KubeClient, listObjects } from '../kube.ts';
import { renderJson } from '../output/documents.ts';
import { safe } from '../output/text.ts';
import { OUTPUT_VERSION } from '../version.ts';
import { annotations } from './check-annotations.ts';
import { apiServer, crd, operator, rights } from './check-cluster.ts';
import { budgets, identities } from './check-identities.ts';
import type { Finding } from './finding.ts';
import { type Found, parsed } from './objects.ts';

export interface CheckFlags extends KubeFlags, AzureFlags {
  readonly pre: boolean;
  readonly azure: boolean;
  readonly factory: readonly string[];
  readonly workspace: readonly string[];
  readonly wait?: string;
  readonly output: readonly string[];
}

const POLL_MS = 1_000;

export async function check(flags: CheckFlags, io: Io): Promise<ExitCode> {
  const [{ format } = { format: 'text' }] = outputs(flags.output, ['text', 'json'] as const, 'text');
  const waitMs = flags.wait === undefined ? 0 : duration('wait', flags.wait);
  const named = parentsIn(flags);
  const deadline = systemClock.monotonic() + waitMs;
  const client = connect(flags, io);
  try {
    let findings = await findingsOf(client, flags, named, io);
    // What may not be looked at stays so; what fails may be about to come up.
    while (findings.some(isFailed) && systemClock.monotonic() < deadline) {
      io.progress(`waiting: ${findings.find(isFailed)?.what}`);
      await sleep(systemClock, POLL_MS, io.signal);
      findings = await findingsOf(client, flags, named, io);
    }
    io.out(format === 'json' ? renderJson(documentOf(findings)) : textOf(findings, io));
    return exitCodeOf(findings, waitMs > 0);
  } finally {
    await client.close();
  }
}

const isFailed = ({ verdict }: Finding): boolean => verdict === 'failed';

/** Computed from the lines that are shown. */
function exitCodeOf(findings: readonly Finding[], waited: boolean): ExitCode {
  const codes = { ok: EXIT.done, warning: EXIT.done, unknown: EXIT.failed, failed: waited ? EXIT.timedOut : EXIT.no };
  return worstOf(findings.map(({ verdict }) => codes[verdict]));
}

/** @throws CommandError */
function parentsIn({ pre, azure, factory, workspace }: CheckFlags): Parent[] {
  const place = { subscription: undefined, resourceGroup: undefined };
  const named = [
    ...factory.map((text) => parentOf('factory', text, place)),
    ...workspace.map((text) => parentOf('workspace', text, place)),
  ];
  if (!azure && named.length > 0) throw new CommandError('--factory and --workspace go with --azure');
  if (azure && pre && named.length === 0)
    throw new CommandError(
      'before there are objects, --azure has to be told where: --factory ARM-ID or --workspace ARM-ID',
    );
  return named;
}

const SIGNS = {
  ok: ['✔', 'green'],
  warning: ['!', 'yellow'],
  unknown: ['!', 'yellow'],
  failed: ['✘', 'red'],
} as const;

function documentOf(findings: readonly Finding[]) {
  const safely = findings.map((finding) =>
    Object.fromEntries(Object.entries(finding).map(([key, text]) => [key, safe(text)])),
  );
  return { apiVersion: OUTPUT_VERSION, kind: 'Check', findings: safely };
}

function textOf(findings: readonly Finding[], io: Io): string {
  const lines = findings.flatMap(({ verdict, what, detail, remedy }) => {
    const [sign, style] = SIGNS[verdict];
    const said = verdict === 'unknown' ? `not known: ${detail}` : detail;
    return [
      `${io.paint(style, sign)} ${safe(what)}: ${safe(said)}`,
      ...(remedy === undefined ? [] : [`    ${safe(remedy)}`]),
    ];
  });
  return `${lines.join('\n')}\n`;
}

async function findingsOf(
  client: KubeClient,
  flags: CheckFlags,
  named: readonly Parent[],
  io: Io,
): Promise<readonly Finding[]> {
  io.progress('asking the API server');
  const server = await apiServer(client, io.signal);
  // Without an API server nothing else can be said of the cluster.
  if (server.verdict !== 'ok') {
    const lost: Finding = { ...server, verdict: 'failed', remedy: 'check the kubeconfig and its context' };
    return [lost, ...(await ofAzure(flags, named, [], io))];
  }
  const namespace = flags.namespace ?? client.namespace ?? 'default';
  const yours = await rights(client, { pre: flags.pre, namespace }, io.signal);
  if (flags.pre) return [server, ...yours, ...(await ofAzure(flags, named, [], io))];
  const definition = await crd(client, io.signal);
  const { findings, deployment } = await operator(client, io.signal);
  const objects = await objectsIn(client, flags.namespace, io.signal);
  const found = 'found' in objects ? objects.found : [];
  const namespaces = new Set([...found.map(({ object }) => object.namespace), ...(flags.namespace ? [namespace] : [])]);
  return [
    server,
    ...definition,
    ...yours,
    ...findings,
    ...('finding' in objects ? [objects.finding] : []),
    ...(await identities(client, namespaces, found, deployment, io.signal)),
    ...budgets(found),
    ...annotations(found),
    ...(await ofAzure(flags, named, found, io)),
  ];
}

/** Where they cannot be listed, what depends on them is not known either. */
async function objectsIn(
  client: KubeClient,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<{ readonly found: readonly Found[] } | { readonly finding: Finding }> {
  try {
    return { found: (await listObjects(client, namespace, undefined, signal)).flatMap(parsed) };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const remedy = 'look at a namespace that you may read: -n NAMESPACE';
    return { finding: { what: 'objects', verdict: 'unknown', detail: error.message, remedy } };
  }
}

async function ofAzure(
  flags: CheckFlags,
  named: readonly Parent[],
  objects: readonly Found[],
  io: Io,
): Promise<Finding[]> {
  if (!flags.azure) return [];
  io.progress('asking Azure');
  const [{ createAzureReader }, { azureRights }] = await Promise.all([
    import('../azure/reader.ts'),
    import('./check-azure.ts'),
  ]);
  try {
    const azure = createAzureReader(flags.azureCredential, io.env, io.signal, requestTeller(flags, io.note));
    try {
      const findings = await azureRights(azure, named, objects);
      if (findings.length > 0) return findings;
      const detail = 'there are no objects, so that nothing says where';
      return [{ what: 'Azure rights', verdict: 'unknown', detail, remedy: 'say where: --factory or --workspace' }];
    } finally {
      azure.close();
    }
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return [{ what: 'Azure rights', verdict: 'unknown', detail: error.message }];
  }
}
