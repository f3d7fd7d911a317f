/** Messages about changes as anybody can write them who may write to the queue: forged, replayed, or nonsense. */
import { randomUUID } from 'node:crypto';
import type { FactoryRef } from '../../dev/emulator/index.ts';

export interface Told {
  readonly factory: FactoryRef;
  readonly runtime: string;
  /** `write` when absent. */
  readonly verb?: string;
  /** Now when absent. */
  readonly at?: Date;
  /** What else of the event is to be otherwise. */
  readonly event?: Record<string, unknown>;
}

const TYPES = { factory: 'Microsoft.DataFactory/factories', workspace: 'Microsoft.Synapse/workspaces' } as const;

/** Base64 of an event of Event Grid that tells of this. */
export function tells({ factory, runtime, verb = 'write', at = new Date(), event = {} }: Told): string {
  const { kind = 'factory', subscriptionId, resourceGroup, name } = factory;
  const uri = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${TYPES[kind]}/${name}/integrationRuntimes/${runtime}`;
  const type = verb === 'delete' ? 'Delete' : verb.endsWith('/action') ? 'Action' : 'Write';
  return Buffer.from(
    JSON.stringify({
      id: randomUUID(),
      topic: `/subscriptions/${subscriptionId}`,
      subject: uri,
      eventType: `Microsoft.Resources.Resource${type}Success`,
      eventTime: at.toISOString(),
      dataVersion: '2',
      metadataVersion: '1',
      data: {
        operationName: `${TYPES[kind]}/integrationRuntimes/${verb}`,
        resourceUri: uri,
        correlationId: randomUUID(),
        subscriptionId,
        status: 'Succeeded',
      },
      ...event,
    }),
  ).toString('base64');
}

/** So many that name no object, each in another way: in turn. */
export function strangers(factory: FactoryRef, count: number): string[] {
  const kinds: ((n: number) => string)[] = [
    (n) => tells({ factory, runtime: `stranger-${n}` }),
    (n) => tells({ factory, runtime: `stranger-${n}`, verb: 'delete' }),
    (n) => tells({ factory: { ...factory, name: `stranger-${n}` }, runtime: 'sample' }),
    () => tells({ factory: { ...factory, subscriptionId: randomUUID() }, runtime: 'sample' }),
    (n) => tells({ factory, runtime: 'sample', event: { data: { resourceUri: `https://evil.example/${n}` } } }),
    () => tells({ factory, runtime: 'sample/../other' }),
    () => tells({ factory, runtime: 'sample', verb: 'getStatus/action' }),
    () => tells({ factory, runtime: 'sample', event: { eventType: 'Microsoft.Resources.ResourceWriteFailure' } }),
    (n) => `no message of Event Grid ${n}`,
    () => Buffer.from('{"data":').toString('base64'),
  ];
  return Array.from({ length: count }, (_, n) => kinds[n % kinds.length]?.(n) ?? '');
}
