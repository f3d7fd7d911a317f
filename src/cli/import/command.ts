/** `kubectl azir import`: from the flags to the folder and the exit code. */
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AzureFailure } from '../../core/model/failure.ts';
import type { Json, Parent } from '../../core/model/runtime.ts';
import type { AzureReader } from '../azure/reader.ts';
import { parentOf } from '../azure/scope.ts';
import { CommandError, EXIT, type ExitCode, worstOf } from '../exit.ts';
import { type AzureFlags, requestTeller } from '../flags.ts';
import type { Io } from '../io.ts';
import { renderJson, renderYaml } from '../output/documents.ts';
import { safe } from '../output/text.ts';
import { writeWhole } from '../plan/command.ts';
import { OUTPUT_VERSION } from '../version.ts';
import { type ImportResult, importFrom } from './import.ts';

export interface ImportFlags extends AzureFlags {
  readonly factory: readonly string[];
  readonly workspace: readonly string[];
  readonly resourceGroup?: string;
  readonly subscription?: string;
  readonly directory?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly include?: string;
  readonly exclude?: string;
  readonly fields: string;
  readonly observe: boolean;
  readonly includeDefault: boolean;
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
    pattern: flags.name,
  };
  const given = parentsIn(flags);
  const { createAzureReader } = await import('../azure/reader.ts');
  const azure = createAzureReader(flags.azureCredential, io.env, io.signal, requestTeller(flags, io.note));
  try {
    const parents = given.length > 0 ? given : await parentsOf(azure, flags);
    const result = await importFrom(parents, azure, options);
    if (flags.directory === undefined) io.out(await streamOf(result));
    else await writeFolder(flags.directory, result, flags.overwrite);
    tell(result, flags, azure.credential, parents.length, io);
    return exitCodeOf(result, flags);
  } finally {
    azure.close();
  }
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
      `--${flag} ${text} is no regular expression: ${error instanceof Error ? error.message : error}`,
    );
  }
}

function minimal(fields: string): boolean {
  if (fields !== 'all' && fields !== 'minimal') throw new CommandError(`--fields ${fields} is neither all nor minimal`);
  return fields === 'minimal';
}

function parentsIn(flags: ImportFlags): Parent[] {
  const place = { subscription: flags.subscription, resourceGroup: flags.resourceGroup };
  return [
    ...flags.factory.map((text) => parentOf('factory', text, place)),
    ...flags.workspace.map((text) => parentOf('workspace', text, place)),
  ];
}

/** @throws CommandError that names the right that is missing. */
async function parentsOf(azure: AzureReader, { subscription, resourceGroup }: ImportFlags): Promise<Parent[]> {
  if (subscription === undefined) {
    throw new CommandError(
      'there is nothing to import: give --factory ARM-ID, --workspace ARM-ID, or --subscription ID, with -g GROUP for one of its groups',
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

async function writeFolder(folder: string, result: ImportResult, overwrite: boolean): Promise<void> {
  const files = await filesOf(result);
  await mkdir(folder, { recursive: true });
  if (!overwrite) {
    for (const [name, text] of files) {
      const path = join(folder, name);
      if ((await isThere(path)) && !(await isSame(path, text))) {
        throw new CommandError(`${path} is there already, and another one: choose another folder, or --overwrite`);
      }
    }
  }
  for (const [name, text] of files) await writeWhole(join(folder, name), text);
}

/** Sorted, without dates: a second run gives the same bytes. */
async function filesOf(result: ImportResult): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const { manifest } of result.objects) {
    files.set(`${manifest.metadata.name}.yaml`, await renderYaml(manifest as unknown as Json));
  }
  const resources = [...files.keys()].sort();
  files.set(
    'kustomization.yaml',
    await renderYaml({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources }),
  );
  files.set('import-report.json', renderJson(reportOf(result)));
  return files;
}

function reportOf({ objects, skipped, errors, surprises }: ImportResult) {
  return {
    apiVersion: OUTPUT_VERSION,
    kind: 'ImportReport',
    complete: errors.length === 0,
    imported: objects.map(({ id, manifest, undeclared }) => ({
      name: manifest.metadata.name,
      runtime: id.name,
      [id.parent.kind]: id.parent.name,
      undeclared,
    })),
    skipped,
    errors,
    surprises,
  };
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function isSame(path: string, text: string): Promise<boolean> {
  const { readFile } = await import('node:fs/promises');
  return (await readFile(path, 'utf8')) === text;
}

function tell(result: ImportResult, flags: ImportFlags, credential: string, parents: number, io: Io): void {
  const { objects, skipped, errors, surprises } = result;
  const where = flags.directory === undefined ? '' : ` in ${flags.directory}`;
  const proof =
    surprises.length === 0
      ? 'Checked: applying them changes nothing in Azure.'
      : `Applying them would change something in Azure: ${surprises.map(({ object, action }) => `${object.name} (${action})`).join(', ')}.`;
  io.note(
    `${objects.length} manifests${where} from ${parents} factories and workspaces, read as ${safe(credential)}. ${safe(proof)}`,
  );
  if (skipped.length > 0) {
    const counts = [...Map.groupBy(skipped, ({ reason }) => reason)].map(
      ([reason, group]) => `${group.length} ${reason}`,
    );
    io.note(`skipped ${skipped.length}: ${counts.join(', ')}`);
  }
  for (const { manifest, undeclared } of objects) {
    if (undeclared.length > 0)
      io.note(
        `not declared in ${manifest.metadata.name}: ${undeclared.map(({ field }) => safe(field)).join(', ')}; it stays in Azure as it is`,
      );
  }
  for (const error of errors) io.note(`error: ${safe(error)}`);
  io.note(
    'Whoever declared these runtimes so far, such as Terraform, an ARM template or a Git folder, has to let go of them: two owners undo each other.',
  );
  if (flags.directory !== undefined) io.note(`next: kubectl azir plan -k ${flags.directory}`);
}
