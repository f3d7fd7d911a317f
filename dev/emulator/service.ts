/** The way of a request through the emulator. */
import { type Arm, denial } from './arm.ts';
import type { Fault, TraceEntry } from './control.ts';
import type { Entra } from './entra.ts';
import { header, type Incoming, reply, type Subject } from './exchange.ts';
import type { Faults, Met } from './faults.ts';
import { cloudMetadata } from './metadata.ts';
import { type Route, route } from './routes.ts';
import type { Service } from './server.ts';
import type { Trace } from './trace.ts';

/** A request's way: route, trace, fault, then the authority or ARM. */
export function createService(parts: {
  now: () => number;
  arm: Arm;
  entra: Entra;
  faults: Faults;
  trace: Trace;
}): Service {
  const { now, arm, entra, faults, trace } = parts;
  return (request) => {
    const where = route(request.method, request.path);
    const subject = describe(request, where, entra);
    return {
      done: trace.begin(subject, traceEntry(now(), request, subject)),
      fault: met(faults.take(request, subject), where),
      answer: () => {
        if (where.operation === 'Metadata_Endpoints') return reply(200, cloudMetadata(request.origin));
        return entra.handle(where.operation, request, where.tenant ?? '') ?? arm.handle(request, where);
      },
    };
  };
}

function met(fault: Fault | undefined, where: Route): Met | undefined {
  if (fault === undefined) return undefined;
  const { effect, ...rest } = fault;
  return { ...rest, effect: effect.kind === 'absent' ? { kind: 'reply', ...denial(effect.what, where) } : effect };
}

function traceEntry(at: number, request: Incoming, subject: Subject): TraceEntry {
  const host = header(request, 'host');
  const ifMatch = header(request, 'if-match');
  const ifNoneMatch = header(request, 'if-none-match');
  const entry: TraceEntry = { at, method: request.method, path: request.url, status: 0, ...subject };
  entry.correlationId = request.correlationId;
  if (host !== undefined) entry.host = host;
  if (ifMatch !== undefined) entry.ifMatch = ifMatch;
  if (ifNoneMatch !== undefined) entry.ifNoneMatch = ifNoneMatch;
  // The body of a token request holds the secret.
  if (request.body !== '' && subject.operation !== 'Entra_Token') entry.body = request.body;
  return entry;
}

function describe(request: Incoming, where: Route, entra: Entra): Subject {
  const { operation, subscriptionId, resourceGroup, factory, runtime } = where;
  const subject: Subject = { operation };
  if (subscriptionId !== undefined) subject.subscriptionId = subscriptionId;
  if (resourceGroup !== undefined) subject.resourceGroup = resourceGroup;
  if (factory !== undefined) subject.factory = factory;
  if (runtime !== undefined) subject.runtime = runtime;
  const clientId = callerOf(request, operation === 'Entra_Token', entra);
  if (clientId !== undefined) subject.clientId = clientId;
  return subject;
}

function callerOf(request: Incoming, isToken: boolean, entra: Entra): string | undefined {
  if (isToken) return new URLSearchParams(request.body).get('client_id') ?? undefined;
  const authorization = header(request, 'authorization');
  return authorization === undefined ? undefined : entra.tokens.find(authorization.slice('Bearer '.length))?.clientId;
}
