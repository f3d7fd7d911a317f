/** What goes wrong in the emulated Azure of one test, and what it has seen. */
import { expect } from '@jest/globals';
import type { Fault, FaultEffect, Filter, TraceEntry } from '../../../dev/emulator/index.ts';
import type { Operation } from '../../../dev/emulator/operations.ts';
import { eventually, type Place } from './place.ts';

export const LIST = 'IntegrationRuntimes_ListByFactory';
export const GET = 'IntegrationRuntimes_Get';
export const STATUS = 'IntegrationRuntimes_GetStatus';
export const PUT = 'IntegrationRuntimes_CreateOrUpdate';
export const DELETE = 'IntegrationRuntimes_Delete';

const DEADLINE_MS = 60_000;

type Body = Extract<FaultEffect, { kind: 'reply' }>['body'];

export const DROP: FaultEffect = { kind: 'drop' };
export const DELAY: FaultEffect = { kind: 'delay' };

export function reply(status: number, body?: Body, headers?: Record<string, string>): FaultEffect {
  return {
    kind: 'reply',
    status,
    ...(body === undefined ? {} : { body }),
    ...(headers === undefined ? {} : { headers }),
  };
}

/** As ARM's gateway words a refusal. */
export function refusal(status: number, code: string, headers?: Record<string, string>): FaultEffect {
  return reply(status, { error: { code, message: `Said by the test: ${code}.` } }, headers);
}

export const HTML = '<!DOCTYPE html><html><body><h1>Bad Gateway</h1><p>Contact your <b>proxy</b>.</p></body></html>';

/** From now on, until `heal`, calls of this operation in this place's factory meet the effect. */
export function fault(
  place: Place,
  operation: Operation,
  effect: FaultEffect,
  more: Omit<Fault, 'match' | 'effect'> = {},
): Promise<{ id: string }> {
  const match = { operation, subscriptionId: place.factory.subscriptionId, factory: place.factory.name };
  return place.azure.addFault({ match, times: 'always', ...more, effect });
}

/** Azure denies what is there; once, unless told otherwise. */
export function deny(
  { azure, factory }: Place,
  match: Filter,
  what: Extract<FaultEffect, { kind: 'absent' }>['what'],
  times: NonNullable<Fault['times']> = 1,
): Promise<{ id: string }> {
  const { subscriptionId, name } = factory;
  return azure.addFault({
    match: { ...match, subscriptionId, factory: name },
    times,
    effect: { kind: 'absent', what },
  });
}

export function heal(place: Place): Promise<void> {
  return place.azure.clearFaults({ factory: place.factory.name });
}

export function trace(place: Place, filter: Filter = {}): Promise<TraceEntry[]> {
  return place.azure.trace({ factory: place.factory.name, ...filter });
}

export async function count(place: Place, operation: Operation): Promise<number> {
  return (await place.calls())[operation] ?? 0;
}

/** Resolves when so many more calls of this operation have come: evidence that the operator went on looking. */
export async function untilCalled(place: Place, operation: Operation, times: number): Promise<void> {
  const wanted = (await count(place, operation)) + times;
  await eventually(async () => expect(await count(place, operation)).toBeGreaterThanOrEqual(wanted), DEADLINE_MS);
}
