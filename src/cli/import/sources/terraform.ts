/**
 * The runtimes of a Terraform or OpenTofu state, as `terraform show -json` prints it.
 *
 * Format: https://developer.hashicorp.com/terraform/internals/json-format (documented: `values.root_module` with `resources`
 * and `child_modules`; a plan has the state as `prior_state`). Ids: the import sections of the azurerm resources, in which
 * `integrationruntimes` is in lower case. `azapi_resource`: `type` is the ARM type with `@` and an API version.
 */
import { isObject } from '../../../core/model/json.ts';
import { type Raw, readList, readRecord, readText } from '../../../kube/client/raw.ts';
import { runtimeOf } from '../../azure/scope.ts';
import { CommandError } from '../../exit.ts';
import type { Skipped } from '../runtimes.ts';
import { parseJson, type Source, type Wanted } from './source.ts';

const WHAT_TO_DO = 'Give what terraform show -json prints.';

const TYPES: Readonly<Record<string, 'Azure' | Skipped['reason']>> = {
  azurerm_data_factory_integration_runtime_azure: 'Azure',
  azurerm_synapse_integration_runtime_azure: 'Azure',
  azurerm_data_factory_integration_runtime_azure_ssis: 'AzureSsis',
  azurerm_data_factory_integration_runtime_self_hosted: 'SelfHosted',
  azurerm_synapse_integration_runtime_self_hosted: 'SelfHosted',
};
const AZAPI = /^Microsoft\.(DataFactory\/factories|Synapse\/workspaces)\/integrationRuntimes(@|$)/i;

/** @throws CommandError that says what the file is instead. */
export function fromTerraform(file: string, text: string): Source {
  const state = stateOf(file, parseJson(file, text, WHAT_TO_DO));
  const wanted: Wanted[] = [];
  const skipped: Skipped[] = [];
  for (const resource of resourcesIn(state.root_module)) {
    const found = runtimeIn(file, resource);
    if (found === undefined) continue;
    if ('id' in found) wanted.push(found);
    else skipped.push(found);
  }
  return { wanted, skipped, errors: [] };
}

function stateOf(file: string, document: unknown): Raw {
  if (!isObject(document)) throw new CommandError(`${file} holds no state. ${WHAT_TO_DO}`);
  if (typeof document.version === 'number' && 'lineage' in document) {
    throw new CommandError(
      `${file} is the state as Terraform stores it, whose format is its own. Give the other: terraform show -json ${file} > state.json`,
    );
  }
  const { format_version: version } = document;
  if (typeof version !== 'string') throw new CommandError(`${file} has no format_version. ${WHAT_TO_DO}`);
  // "Reject any input which reports an unsupported major version"; before 1.0 it was 0.1 and 0.2, with the same members.
  if (!/^[01]\./.test(version)) {
    throw new CommandError(`${file} has the format ${version}, and only 0 and 1 are known: update kubectl azir`);
  }
  return readRecord('values' in document ? document.values : readRecord(document.prior_state).values);
}

function* resourcesIn(module: unknown): Generator<Raw> {
  const { resources, child_modules: children } = readRecord(module);
  yield* readList(resources).filter(isObject);
  for (const child of readList(children)) yield* resourcesIn(child);
}

function runtimeIn(file: string, resource: Raw): Wanted | Skipped | undefined {
  const type = readText(resource.type) ?? '';
  const values = readRecord(resource.values);
  const kind =
    type === 'azapi_resource' && AZAPI.test(readText(values.type) ?? '')
      ? 'Azure'
      : Object.hasOwn(TYPES, type)
        ? TYPES[type]
        : undefined;
  // A data source only reads, and a deposed object is about to go.
  if (kind === undefined || resource.mode === 'data' || 'deposed_key' in resource) return undefined;
  const address = readText(resource.address) ?? type;
  const declaredIn = `${file}: ${address}`;
  const text = readText(values.id) ?? '';
  if (kind !== 'Azure') return { runtime: text, reason: kind, message: `declared by ${address}, of the type ${type}` };
  const id = runtimeOf(text);
  if (id !== undefined) return { id, declaredIn, address };
  const message = `${declaredIn} has ${text === '' ? 'no id' : 'an id that is none of a runtime'}: run terraform refresh, or name the runtime by --factory and --include`;
  return { runtime: text, reason: 'Unresolved', message };
}

/** An instance's key, as in `[0]` or `["etl"]`: not allowed in `from`. */
const KEYS = /\[(?:\d+|"(?:[^"\\]|\\.)*")\]/g;

/**
 * What lets Terraform go of what was imported, without destroying it. A `removed` block forgets all instances of a resource:
 * where one of them stays, only a command can tell them apart.
 */
export function letGo(imported: readonly Wanted[], all: readonly Wanted[]): string {
  const addresses = (wanted: readonly Wanted[]) =>
    [...new Set(wanted.flatMap(({ address }) => (address === undefined ? [] : [address])))].sort();
  const going = new Set(addresses(imported));
  const groups = Map.groupBy(addresses(all), (address) => address.replaceAll(KEYS, ''));
  const blocks = [...groups].flatMap(([resource, instances]) => {
    const gone = instances.filter((address) => going.has(address));
    if (gone.length === 0) return [];
    const isPlain = /^[\p{L}_][\p{L}\p{N}_.-]*$/u.test(resource);
    return isPlain && gone.length === instances.length ? [removedBlock(resource)] : gone.map(removeCommand);
  });
  return blocks.join('\n');
}

const removedBlock = (from: string): string =>
  `removed {\n  from = ${from}\n  lifecycle {\n    destroy = false\n  }\n}\n`;

const removeCommand = (address: string): string =>
  `# Other instances of it stay: terraform state rm '${address.replaceAll(/[\p{Cc}']/gu, '?')}'\n`;
