/** Clients of the emulated Entra, and the Secrets by which a namespace acts as one. */
import { randomUUID } from 'node:crypto';
import { DEFAULT_CLIENT } from '../../../dev/emulator/index.ts';
import { CREDENTIAL_SECRET } from '../../../src/api/names.ts';
import type { Place } from './place.ts';

export interface Client {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** As claims name it. */
  readonly identity: string;
}

/** A value that the tear-down looks for in everything that the operator has said. */
export function secretValue(): string {
  return `never-shown-${randomUUID()}`;
}

export async function newClient(place: Place, tenantId: string = DEFAULT_CLIENT.tenantId): Promise<Client> {
  const clientId = randomUUID();
  const client = { tenantId, clientId, clientSecret: secretValue(), identity: `${tenantId}/${clientId}` };
  await place.azure.putClient(client);
  return client;
}

/** Makes this the namespace's Secret, whatever it was. */
export async function putSecret(place: Place, values: Record<string, string>): Promise<void> {
  const { code, stderr } = await place.try(['apply', '--server-side', '--force-conflicts', '-f', '-'], {
    stdin: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: CREDENTIAL_SECRET, namespace: place.namespace },
      data: Object.fromEntries(
        Object.entries(values).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
      ),
    },
  });
  if (code !== 0) throw new Error(stderr);
}

export function actAs(place: Place, { tenantId, clientId, clientSecret }: Client): Promise<void> {
  return putSecret(place, {
    AZURE_TENANT_ID: tenantId,
    AZURE_CLIENT_ID: clientId,
    AZURE_CLIENT_SECRET: clientSecret,
  });
}

export async function removeSecret(place: Place): Promise<void> {
  await place.kubectl('delete', 'secret', CREDENTIAL_SECRET, '-n', place.namespace);
}

/** The clients that have asked anything of this place's factory since, oldest first, without repetitions. */
export async function actors(place: Place, from = 0): Promise<string[]> {
  return [...new Set((await place.trace()).slice(from).map(({ clientId }) => clientId ?? 'nobody'))];
}
