/** `kubectl azir plan`: from the flags to the exit code. */
import { rename, rm, writeFile } from 'node:fs/promises';
import { KubeError } from '../../kube/client/errors.ts';
import type { Raw } from '../../kube/client/raw.ts';
import { CommandError, EXIT, type ExitCode, worstOf } from '../exit.ts';
import { type AzureFlags, type KubeFlags, outputs, requestTeller } from '../flags.ts';
import type { Io } from '../io.ts';
import type { KubeClient, listObjects } from '../kube.ts';
import { type Loaded, load } from '../manifests/load.ts';
import { selects } from '../manifests/selector.ts';
import { check, type Named } from '../manifests/validate.ts';
import { inPool } from '../pool.ts';
import { type Plan, writes } from './change.ts';
import { makePlan, POLICIES, type Reads } from './plan.ts';
import { PLAN_FORMATS, render } from './render.ts';

export interface PlanFlags extends KubeFlags, AzureFlags {
  readonly filename: readonly string[];
  readonly recursive: boolean;
  readonly kustomize?: string;
  readonly base?: string;
  readonly live: boolean;
  readonly offline: boolean;
  readonly state: boolean;
  readonly selector?: string;
  readonly detailedExitcode: boolean;
  readonly policy: readonly string[];
  readonly output: readonly string[];
  readonly commentId: string;
  readonly maxLength: string;
}

/** How many namespaces are listed at once. */
const AT_ONCE = 4;

export async function plan(flags: PlanFlags, io: Io): Promise<ExitCode> {
  const chosen = outputs(flags.output, PLAN_FORMATS, 'text');
  const maxLength = checked(flags);
  const input = {
    files: flags.filename,
    recursive: flags.recursive,
    ...(flags.kustomize === undefined ? {} : { kustomize: flags.kustomize }),
  };
  const wanted = await load(input, io);
  const base = flags.base === undefined ? undefined : await load(baseOf(flags.base, flags), io);
  const made = await withAzure(flags, io, async (azure) =>
    makePlan({
      ...(await sources(flags, io, wanted, base)),
      azure,
      readsState: flags.state || flags.live,
      policies: flags.policy,
      progress: (text) => io.progress(text),
      ignored: wanted.others,
      errors: [...wanted.errors, ...(base?.errors ?? [])],
      now: Date.now(),
    }),
  );
  for (const { format, file } of chosen) {
    const text = await render(made, format, io, { commentId: flags.commentId, maxLength });
    if (file === undefined) io.out(text);
    else await writeWhole(file, text);
  }
  return exitCodeOf(made, flags.detailedExitcode);
}

/** Computed from the very list that is shown. */
export function exitCodeOf(made: Plan, detailed: boolean): ExitCode {
  return worstOf([
    ...(made.complete ? [] : [EXIT.failed]),
    ...(made.violations.length > 0 || made.changes.some(({ action }) => action === 'blocked') ? [EXIT.no] : []),
    ...(detailed && made.changes.some(writes) ? [EXIT.changes] : []),
  ]);
}

/** @throws CommandError for flags that contradict each other. */
function checked({ filename, kustomize, offline, live, state, policy, maxLength }: PlanFlags): number {
  if (filename.length === 0 && kustomize === undefined)
    throw new CommandError('there is nothing to plan: give manifests with -f FILE, -f DIR, -f - or -k DIR');
  if (offline && (live || state)) throw new CommandError('--offline cannot be combined with --live or --state');
  const unknown = policy.find((each) => !Object.hasOwn(POLICIES, each));
  if (unknown !== undefined)
    throw new CommandError(`invalid --policy "${unknown}": must be one of ${Object.keys(POLICIES).join(', ')}`);
  if (!/^\d{4,7}$/.test(maxLength))
    throw new CommandError(`invalid --max-length "${maxLength}": must be a number from 1000 to 9999999`);
  return Number(maxLength);
}

function baseOf(folder: string, { kustomize, recursive }: PlanFlags): Parameters<typeof load>[0] {
  return kustomize === undefined ? { files: [folder], recursive } : { files: [], recursive, kustomize: folder };
}

async function sources(flags: PlanFlags, io: Io, wanted: Loaded, base: Loaded | undefined) {
  if (!flags.live) return { ...checkedOf(flags, wanted, base, flags.namespace ?? 'default'), live: undefined };
  const { connect, listObjects } = await import('../kube.ts');
  const client = connect(flags, io);
  try {
    io.progress('listing objects');
    const given = checkedOf(flags, wanted, base, flags.namespace ?? client.namespace ?? 'default');
    return { ...given, ...(await inCluster(client, given, listObjects, io.signal)) };
  } finally {
    await client.close();
  }
}

/** Of all namespaces, because another one may have an object of the same runtime; else of those that the manifests name. */
async function inCluster(
  client: KubeClient,
  { wanted, base = [] }: { readonly wanted: readonly Named[]; readonly base: readonly Named[] | undefined },
  list: typeof listObjects,
  signal: AbortSignal,
): Promise<{ readonly live: Raw[]; readonly unseen?: string }> {
  try {
    return { live: await list(client, undefined, undefined, signal) };
  } catch (error) {
    const isRefused = error instanceof CommandError && error.cause instanceof KubeError && error.cause.status === 403;
    if (!isRefused) throw error;
    const namespaces = [...new Set([...wanted, ...base].map(({ namespace }) => namespace))].sort();
    const lists = await inPool(namespaces, AT_ONCE, (namespace) => list(client, namespace, undefined, signal));
    return {
      live: lists.flat(),
      unseen: `no object of a namespace other than ${namespaces.join(', ')} has the same runtime: you may not look there`,
    };
  }
}

function checkedOf({ selector }: PlanFlags, wanted: Loaded, base: Loaded | undefined, namespace: string) {
  const checkedObjects = ({ manifests }: Loaded) =>
    check(
      manifests.filter(({ raw }) => selects(selector, raw)),
      namespace,
    );
  return { wanted: checkedObjects(wanted), base: base === undefined ? undefined : checkedObjects(base) };
}

async function withAzure<T>(flags: PlanFlags, io: Io, work: (azure: Reads | undefined) => Promise<T>): Promise<T> {
  if (flags.offline) return work(undefined);
  const { createAzureReader } = await import('../azure/reader.ts');
  const azure = createAzureReader(flags.azureCredential, io.env, io.signal, requestTeller(flags, io.note));
  try {
    return await work(azure);
  } finally {
    azure.close();
  }
}

/** Whole or not at all: an interrupted run leaves no half file. */
export async function writeWhole(file: string, text: string): Promise<void> {
  const draft = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(draft, text);
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw new CommandError(`${file} cannot be written: ${error instanceof Error ? error.message : error}`);
  }
}
