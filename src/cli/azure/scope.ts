/** What is imported, as people name it: the id of a factory or workspace, or its name with group and subscription. */
import { ARM_TYPES, type Parent, type RuntimeId } from '../../core/model/runtime.ts';
import { parseSpec } from '../../kube/objects/spec.ts';
import { CommandError } from '../exit.ts';

const ID =
  /^\/subscriptions\/(?<subscriptionId>[^/]+)\/resourceGroups\/(?<resourceGroup>[^/]+)\/providers\/(?<type>[^/]+\/[^/]+)\/(?<name>[^/]+)$/i;

export interface Place {
  readonly subscription: string | undefined;
  readonly resourceGroup: string | undefined;
}

/** @throws CommandError that says what would do. */
export function parentOf(kind: Parent['kind'], text: string, { subscription, resourceGroup }: Place): Parent {
  const parts = ID.exec(text)?.groups;
  if (parts === undefined) {
    if (text.includes('/'))
      throw new CommandError(
        `${text} is not the ARM id of a ${kind}: expected /subscriptions/<id>/resourceGroups/<name>/providers/${ARM_TYPES[kind]}/<name>`,
      );
    if (subscription === undefined || resourceGroup === undefined) {
      throw new CommandError(`--${kind} ${text} is only a name: give its ARM id, or --subscription and -g too`);
    }
    return { kind, subscriptionId: subscription, resourceGroup, name: text };
  }
  const { subscriptionId = '', resourceGroup: group = '', type = '', name = '' } = parts;
  if (type.toLowerCase() !== ARM_TYPES[kind].toLowerCase()) {
    throw new CommandError(`${text} is of the type ${type}, not ${ARM_TYPES[kind]}`);
  }
  return { kind, subscriptionId, resourceGroup: group, name };
}

const RUNTIME = /^(?<parent>\/.+)\/integrationRuntimes\/(?<name>[^/]+)$/i;
const KINDS = ['factory', 'workspace'] as const;

/** The runtime of an ARM id; undefined for what is none, or has a part that ARM does not allow. */
export function runtimeOf(text: string): RuntimeId | undefined {
  const { parent: parentText = '', name = '' } = RUNTIME.exec(text)?.groups ?? {};
  const type = ID.exec(parentText)?.groups?.type?.toLowerCase();
  const kind = KINDS.find((each) => ARM_TYPES[each].toLowerCase() === type);
  if (kind === undefined) return undefined;
  const id = { parent: parentOf(kind, parentText, { subscription: undefined, resourceGroup: undefined }), name };
  return isPossible(id) ? id : undefined;
}

/** By the rules of the CRD, which are Azure's. */
export function isPossible({ parent: { kind, ...reference }, name }: RuntimeId): boolean {
  const spec = { azureName: name, [kind]: { ...reference }, managementPolicy: 'Observe' };
  return parseSpec(spec, 'imported').valid;
}
