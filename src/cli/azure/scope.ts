/** What is imported, as people name it: the id of a factory or workspace, or its name with group and subscription. */
import { ARM_TYPES, type Parent } from '../../core/model/runtime.ts';
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
        `${text} is no ARM id of a ${kind}: expected /subscriptions/<id>/resourceGroups/<name>/providers/${ARM_TYPES[kind]}/<name>`,
      );
    if (subscription === undefined || resourceGroup === undefined) {
      throw new CommandError(`--${kind} ${text} is a name alone: give its ARM id, or --subscription and -g too`);
    }
    return { kind, subscriptionId: subscription, resourceGroup, name: text };
  }
  const { subscriptionId = '', resourceGroup: group = '', type = '', name = '' } = parts;
  if (type.toLowerCase() !== ARM_TYPES[kind].toLowerCase()) {
    throw new CommandError(`${text} is of the type ${type}, not ${ARM_TYPES[kind]}`);
  }
  return { kind, subscriptionId, resourceGroup: group, name };
}
