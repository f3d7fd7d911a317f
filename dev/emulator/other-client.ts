/** Another client of ARM: what the control changes, it changes in this client's name, and that raises events as any write does. */
import { randomUUID } from 'node:crypto';
import { eventKindOf } from './assumptions.ts';
import type { FactoryRef, RuntimeRef } from './control.ts';
import type { Events } from './events.ts';
import { actionsOf, scopeOf } from './routes.ts';

const SOMEBODY = {
  tenantId: '11111111-1111-1111-1111-111111111111',
  clientId: '66666666-6666-6666-6666-666666666666',
  objectId: '77777777-7777-7777-7777-777777777777',
};

type Verb = 'write' | 'delete' | 'enableInteractiveQuery/action' | 'disableInteractiveQuery/action';

const METHODS: Readonly<Record<Verb, string>> = {
  write: 'PUT',
  delete: 'DELETE',
  'enableInteractiveQuery/action': 'POST',
  'disableInteractiveQuery/action': 'POST',
};

export interface OtherClient {
  runtime(ref: RuntimeRef, verb: Verb): void;
  parent(ref: FactoryRef, verb: 'delete'): void;
  groupDeleted(subscriptionId: string, resourceGroup: string): void;
}

export function otherClient(events: Events, now: () => number): OtherClient {
  const raise = (operation: string, verb: Verb, names: Parameters<typeof scopeOf>[0]): void => {
    const kind = eventKindOf(METHODS[verb]);
    const { subscriptionId, resourceGroup } = names;
    if (kind === undefined || subscriptionId === undefined) return;
    events.raise({
      kind,
      operationName: `${operation}/${verb}`,
      resourceUri: scopeOf(names),
      subscriptionId,
      resourceGroup,
      method: METHODS[verb],
      succeeded: true,
      correlationId: randomUUID(),
      at: now(),
      caller: SOMEBODY,
    });
  };
  return {
    runtime: ({ factory, name }, verb) =>
      raise(actionsOf(factory.kind ?? 'factory').runtimes, verb, { ...namesOf(factory), runtime: name }),
    parent: (ref, verb) => raise(actionsOf(ref.kind ?? 'factory').parents, verb, namesOf(ref)),
    groupDeleted: (subscriptionId, resourceGroup) =>
      raise('Microsoft.Resources/subscriptions/resourceGroups', 'delete', { subscriptionId, resourceGroup }),
  };
}

function namesOf({ kind: parent = 'factory', subscriptionId, resourceGroup, name: factory }: FactoryRef) {
  return { parent, subscriptionId, resourceGroup, factory };
}
