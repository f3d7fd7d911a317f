/** What an import tells: the files of its folder, and lines for people. */
import type { Json } from '../../core/model/runtime.ts';
import type { Io } from '../io.ts';
import { renderJson, renderYaml } from '../output/documents.ts';
import { safe } from '../output/text.ts';
import { OUTPUT_VERSION } from '../version.ts';
import type { ImportResult } from './import.ts';

/** Sorted, without dates: a second run gives the same bytes. Those that name others come last. */
export async function filesOf(result: ImportResult, letGo: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const { manifest } of result.objects) {
    files.set(fileOf(manifest.metadata.name), await renderYaml(manifest as unknown as Json));
  }
  const resources = [...files.keys()].sort();
  if (letGo !== '') files.set('removed.tf', letGo);
  files.set('import-report.json', renderJson(reportOf(result)));
  const kustomization = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources };
  files.set('kustomization.yaml', await renderYaml(kustomization));
  return files;
}

/** No name that is given here has a dot. */
function fileOf(name: string): string {
  return name === 'kustomization' ? 'kustomization.runtime.yaml' : `${name}.yaml`;
}

function reportOf({ objects, skipped, errors, surprises }: ImportResult) {
  return {
    apiVersion: OUTPUT_VERSION,
    kind: 'ImportReport',
    complete: errors.length === 0,
    imported: objects.map(({ id, manifest, undeclared, declaredIn }) => ({
      name: manifest.metadata.name,
      runtime: id.name,
      [id.parent.kind]: id.parent.name,
      undeclared,
      ...(declaredIn.length === 0 ? {} : { declaredIn }),
    })),
    skipped,
    errors,
    surprises,
  };
}

export interface ReportOptions {
  readonly directory: string | undefined;
  readonly credential: string;
  /** Manifests that are in the folder, and are none of these. */
  readonly others: readonly string[];
  /** What lets Terraform go. */
  readonly letting: string;
}

export function tell(result: ImportResult, { directory, credential, others, letting }: ReportOptions, io: Io): void {
  const { objects, skipped, errors, surprises } = result;
  const parents = new Set(objects.map(({ id: { parent } }) => JSON.stringify(parent))).size;
  const where = directory === undefined ? '' : ` in ${directory}`;
  io.note(
    safe(
      `${counted(objects.length, 'manifest')}${where} from ${counted(parents, 'factory or workspace', 'factories and workspaces')}, read as ${credential}. ${proofOf(surprises)}`,
    ),
  );
  tellSkipped(skipped, directory, io);
  for (const { manifest, undeclared } of objects) {
    if (undeclared.length === 0) continue;
    const fields = undeclared.map(({ field }) => field).join(', ');
    io.note(safe(`not declared in ${manifest.metadata.name}: ${fields}. It stays in Azure as it is.`));
  }
  for (const error of errors) io.note(safe(`error: ${error}`));
  if (others.length > 0) io.note(safe(`left alone in ${directory}: ${others.join(', ')}`));
  tellOwners(result, directory, letting, io);
  if (directory !== undefined && objects.length > 0) io.note(safe(`next: kubectl azir plan -k ${directory}`));
}

function proofOf(surprises: ImportResult['surprises']): string {
  if (surprises.length === 0) return 'Checked: applying them changes nothing in Azure.';
  const told = surprises.map(({ object, action, message }) =>
    message === undefined ? `${object.name} (${action})` : `${object.name} (${action}: ${message})`,
  );
  return `Applying them would change something in Azure: ${told.join(', ')}.`;
}

function tellSkipped(skipped: ImportResult['skipped'], directory: string | undefined, io: Io): void {
  if (skipped.length === 0) return;
  const counts = [...Map.groupBy(skipped, ({ reason }) => reason)].map(([reason, { length }]) => `${length} ${reason}`);
  io.note(`skipped ${skipped.length}: ${counts.join(', ')}`);
  // A file's own word is not repeated by Azure: without the report these would be told nowhere.
  const odd = skipped.filter(({ reason }) => directory === undefined || reason === 'Unresolved' || reason === 'Absent');
  for (const { runtime, message } of odd) io.note(safe(`skipped ${runtime}: ${message}`));
}

function tellOwners({ objects }: ImportResult, directory: string | undefined, letting: string, io: Io): void {
  if (objects.length === 0) return;
  io.note(
    'Whoever declared these runtimes so far, such as Terraform, an ARM template or a Git folder, has to let go of them: two owners undo each other.',
  );
  if (letting !== '') {
    io.note(
      directory === undefined
        ? `Terraform lets go with these in place of the resources:\n${letting.split('\n').map(safe).join('\n')}`
        : safe(`Terraform lets go with ${directory}/removed.tf in place of the resources.`),
    );
    return;
  }
  for (const place of objects.flatMap(({ declaredIn }) => declaredIn)) io.note(safe(`declared in ${place}`));
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
