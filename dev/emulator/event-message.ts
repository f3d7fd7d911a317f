/** ARM's event of a change, as a message in a queue (documented: Event Grid's schemas of subscriptions and resource groups). */
import { randomUUID } from 'node:crypto';
import { eventSubject, QUEUE_MESSAGE } from './assumptions.ts';
import type { EventSubscription } from './control.ts';

/** A write that ARM has answered. */
export interface Change {
  readonly kind: 'Write' | 'Delete' | 'Action';
  /** As in role definitions: Microsoft.DataFactory/factories/integrationruntimes/write. */
  readonly operationName: string;
  readonly resourceUri: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string | undefined;
  readonly method: string;
  readonly succeeded: boolean;
  readonly correlationId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly caller: { readonly tenantId: string; readonly clientId: string; readonly objectId: string };
}

/** The person who made the write. Whoever gets the event must not log or keep this. */
export const PERSON = {
  name: 'Jane Neverloggedname',
  upn: 'jane.neverlogged@example.com',
  ipaddr: '203.0.113.77',
} as const;

export function eventTypeOf({ kind, succeeded }: Change): string {
  return `Microsoft.Resources.Resource${kind}${succeeded ? 'Success' : 'Failure'}`;
}

/** The text of the message for an event. */
export function messageOf(change: Change, id: string, how: EventSubscription): string {
  const { schema = 'EventGrid', encoding = QUEUE_MESSAGE.encoding, shape = QUEUE_MESSAGE.shape } = how;
  const event = schema === 'CloudEvents' ? cloudEvent(change, id) : gridEvent(change, id);
  const text = JSON.stringify(shape === 'array' ? [event] : event);
  return encoding === 'base64' ? Buffer.from(text).toString('base64') : text;
}

function gridEvent(change: Change, id: string): object {
  return {
    id,
    topic: `/subscriptions/${change.subscriptionId}`,
    subject: eventSubject(change.resourceUri),
    eventType: eventTypeOf(change),
    eventTime: timeOf(change),
    dataVersion: '2',
    metadataVersion: '1',
    data: dataOf(change),
  };
}

function cloudEvent(change: Change, id: string): object {
  return {
    id,
    source: `/subscriptions/${change.subscriptionId}`,
    subject: eventSubject(change.resourceUri),
    type: eventTypeOf(change),
    time: timeOf(change),
    specversion: '1.0',
    data: dataOf(change),
  };
}

function dataOf(change: Change): object {
  const { operationName, resourceUri, method, correlationId, subscriptionId, caller } = change;
  return {
    authorization: {
      scope: resourceUri,
      action: operationName,
      evidence: { role: 'Data Factory Contributor', principalId: caller.objectId, principalType: 'ServicePrincipal' },
    },
    claims: {
      aud: 'https://management.azure.com',
      iss: `https://sts.windows.net/${caller.tenantId}/`,
      appid: caller.clientId,
      ipaddr: PERSON.ipaddr,
      name: PERSON.name,
      'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn': PERSON.upn,
    },
    correlationId,
    httpRequest: { clientRequestId: randomUUID(), clientIpAddress: PERSON.ipaddr, method, url: resourceUri },
    resourceProvider: operationName.split('/')[0],
    resourceUri,
    operationName,
    status: change.succeeded ? 'Succeeded' : 'Failed',
    subscriptionId,
    tenantId: caller.tenantId,
  };
}

const timeOf = ({ at }: Change): string => new Date(at).toISOString();
