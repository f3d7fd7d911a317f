/** `kubectl azir import`: from the flags to the folder and the exit code. */
import { AzureFailure } from '../../core/model/failure.ts';
import { type Json, type Parent, parentKey } from '../../core/model/runtime.ts';
import type { Raw } from '../../kube/client/raw.ts';
import type { AzureReader } from '../azure/reader.ts';
import { type Place, parentOf } from '../azure/scope.ts';
import { CommandError, EXIT, type ExitCode, worstOf } from '../exit.ts';
import { type AzureFlags, type KubeFlags, requestTeller } from '../flags.ts';
import type { Io } from '../io.ts';
import { renderYaml } from '../output/documents.ts';
import { safe } from '../output/text.ts';
import { writeFolder } from './folder.ts';
import { type ImportResult, importFrom } from './import.ts';
import { filesOf, tell } from './report.ts';
import { fromAdfGit } from './sources/adf-git.ts';
import { fromArm, parametersOf } from './sources/arm.ts';
import { joined, limited, readText, type Source } from './sources/source.ts';
import { fromTerraform, letGo } from './sources/terraform.ts';

export interface ImportFlags extends AzureFlags, KubeFlags {
  readonly factory: readonly string[];
  readonly workspace: readonly string[];
  readonly resourceGroup?: string;
  readonly subscription?: string;
  readonly fromTerraform: readonly string[];
  readonly fromArm: readonly string[];
  readonly parameters: readonly string[];
  readonly fromAdfGit: readonly string[];
  readonly directory?: string;
  readonly name?: string;
  readonly include?: string;
  readonly exclude?: string;
  readonly fields: string;
  readonly observe: boolean;
  readonly includeDefault: boolean;
  readonly live: boolean;
  readonly overwrite: boolean;
  readonly failOnSkip: boolean;
}

export async function importRuntimes(flags: ImportFlags, io: Io): Promise<ExitCode> {
  const options = {
    namespace: flags.namespace,
    include: pattern('include', flags.include),
    exclude: pattern('exclude', flags.exclude),
    minimal: minimal(flags.fields),
    observe: flags.observe,
    includeDefault: flags.includeDefault,
  };
  const given = parentsIn(flags);
  const source = await sourceOf(flags, given, io);
  const cluster = await clusterOf(flags, io);
  const { createAzureReader } = await import('../azure/reader.ts');
  const azure = createAzureReader(flags.azureCredential, io.env, io.signal, requestTeller(flags, io.note));
  try {
    const parents = source === undefined ? await parentsOf(azure, flags, given) : parentsWith(source);
    io.progress(`reading ${parents.length} factories and workspaces`);
    const result = await importFrom({ parents, source, azure, ...cluster, pattern: flags.name, options });
    io.signal.throwIfAborted();
    await hand(result, source, flags, azure.credential, io);
    return exitCodeOf(result, flags);
  } finally {
    azure.close();
  }
}

/** Data goes to the folder or to standard output, the rest to standard error. */
async function hand(
  result: ImportResult,
  source: Source | undefined,
  { directory, overwrite }: ImportFlags,
  credential: string,
  io: Io,
): Promise<void> {
  const imported = new Set(result.objects.flatMap(({ declaredIn }) => declaredIn));
  const wanted = source?.wanted ?? [];
  const letting = letGo(
    wanted.filter(({ declaredIn }) => imported.has(declaredIn)),
    [...wanted, ...(source?.left ?? [])],
  );
  if (directory === undefined) io.out(await streamOf(result));
  const others =
    directory === undefined
      ? []
      : await writeFolder(directory, await filesOf(result, letting), { overwrite, signal: io.signal });
  tell(result, { directory, credential, others, letting }, io);
}

function exitCodeOf({ errors, surprises, skipped }: ImportResult, { failOnSkip }: ImportFlags): ExitCode {
  return worstOf([
    ...(errors.length > 0 ? [EXIT.failed] : []),
    ...(surprises.length > 0 || (failOnSkip && skipped.length > 0) ? [EXIT.no] : []),
  ]);
}

function pattern(flag: string, text: string | undefined): RegExp | undefined {
  try {
    return text === undefined ? undefined : new RegExp(text, 'i');
  } catch (error) {
    throw new CommandError(
      `invalid --${flag} "${text}": not a regular expression: ${error instanceof Error ? error.message : error}`,
    );
  }
}

function minimal(fields: string): boolean {
  if (fields !== 'all' && fields !== 'minimal')
    throw new CommandError(`invalid --fields "${fields}": must be all or minimal`);
  return fields === 'minimal';
}

function parentsIn(flags: ImportFlags): Parent[] {
  const place = { subscription: flags.subscription, resourceGroup: flags.resourceGroup };
  return [
    ...flags.factory.map((text) => parentOf('factory', text, place)),
    ...flags.workspace.map((text) => parentOf('workspace', text, place)),
  ];
}

/** What the files name; undefined: no file is given. @throws CommandError */
async function sourceOf(flags: ImportFlags, given: readonly Parent[], io: Io): Promise<Source | undefined> {
  const { fromTerraform: states, fromArm: templates, fromAdfGit: folders, parameters } = flags;
  if (parameters.length > 0 && templates.length === 0) throw new CommandError('--parameters requires --from-arm');
  if (states.length + templates.length + folders.length === 0) return undefined;
  const read = (file: string): Promise<string> => readText(file, io);
  const sources: Source[] = [];
  for (const file of states) sources.push(fromTerraform(file, await read(file)));
  const values = await parametersOf(parameters, read);
  for (const file of templates) sources.push(fromArm(file, await read(file), values, placeOf(flags, given)));
  for (const folder of folders) sources.push(await fromAdfGit(folder, given, io));
  const all = joined(sources);
  if (all.wanted.length + all.skipped.length + all.errors.length === 0) {
    io.note(safe(`${[...states, ...templates, ...folders].join(', ')}: no integration runtime is declared there`));
  }
  return limited(all, given);
}

/** A template does not tell where it is deployed; a factory that is named does. */
function placeOf({ subscription, resourceGroup }: ImportFlags, [parent]: readonly Parent[]): Place {
  return {
    subscription: subscription ?? parent?.subscriptionId,
    resourceGroup: resourceGroup ?? parent?.resourceGroup,
  };
}

function parentsWith({ wanted }: Source): Parent[] {
  return [...new Map(wanted.map(({ id: { parent } }) => [parentKey(parent), parent])).values()];
}

async function clusterOf(
  flags: ImportFlags,
  io: Io,
): Promise<{ readonly live: readonly Raw[] | undefined; readonly namespace: string }> {
  if (!flags.live) return { live: undefined, namespace: flags.namespace ?? 'default' };
  const { connect, listObjects } = await import('../kube.ts');
  const client = connect(flags, io);
  try {
    const live = await listObjects(client, undefined, undefined, io.signal);
    return { live, namespace: flags.namespace ?? client.namespace ?? 'default' };
  } finally {
    await client.close();
  }
}

/** @throws CommandError that names the right that is missing. */
async function parentsOf(
  azure: AzureReader,
  { subscription, resourceGroup }: ImportFlags,
  given: readonly Parent[],
): Promise<readonly Parent[]> {
  if (given.length > 0) return given;
  if (subscription === undefined) {
    throw new CommandError(
      'there is nothing to import: give --factory ARM-ID, --workspace ARM-ID, or --subscription ID, with -g GROUP for one of its groups; or a file with --from-terraform, --from-arm or --from-adf-git',
    );
  }
  try {
    return await azure.parents(subscription, resourceGroup);
  } catch (error) {
    if (!(error instanceof AzureFailure)) throw error;
    const right =
      error.failure.kind === 'forbidden'
        ? ' It takes the rights Microsoft.DataFactory/factories/read and Microsoft.Synapse/workspaces/read; or name each factory with --factory.'
        : '';
    throw new CommandError(`the factories and workspaces cannot be listed: ${error.message}${right}`);
  }
}

async function streamOf({ objects }: ImportResult): Promise<string> {
  const documents = await Promise.all(objects.map(({ manifest }) => renderYaml(manifest as unknown as Json)));
  return documents.map((text) => `---\n${text}`).join('');
}
