/** The SDK clients on a transport that the test answers for. */
import type { ArmOptions } from '../../../../src/azure/arm/arm-calls.ts';
import { createDataFactory } from '../../../../src/azure/arm/data-factory.ts';
import { createSynapse } from '../../../../src/azure/arm/synapse.ts';
import { RequestBudget } from '../../../../src/azure/budget/request-budget.ts';
import { TokenDenial } from '../../../../src/azure/identity/denial.ts';
import { TokenSource } from '../../../../src/azure/identity/tokens.ts';
import { compact } from '../../../../src/core/model/compact.ts';
import { AzureFailure, type Failure } from '../../../../src/core/model/failure.ts';
import type { Parent, RuntimeId } from '../../../../src/core/model/runtime.ts';
import type { CallContext } from '../../../../src/ports.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { FakeArm } from './fake-arm.ts';

export const SUBSCRIPTION = '00000000-0000-0000-0000-000000000001';

export const ID = idIn('factory');

export function idIn(kind: Parent['kind']): RuntimeId {
  const name = { factory: 'Factory', workspace: 'workspace' }[kind];
  return { parent: { kind, subscriptionId: SUBSCRIPTION, resourceGroup: 'Group', name }, name: 'Runtime' };
}

export function caller(changes: Partial<CallContext> = {}): CallContext {
  return { key: 'ns/a', urgency: 'change', signal: new AbortController().signal, mayWrite: () => true, ...changes };
}

/** A runtime as ARM sends it. */
export function resource(properties: unknown = { type: 'Managed' }, name = 'Runtime', etag = 'etag-1'): unknown {
  return { id: `/x/integrationruntimes/${name}`, name, type: 'Microsoft.DataFactory/…', properties, etag };
}

export function armError(status: number, code: string, message = 'Because.', headers: Record<string, string> = {}) {
  return { status, body: { error: { code, message } }, headers };
}

export const RUNTIME_MISSING = armError(
  404,
  'NotFound',
  'The document could not be retrieved because it does not exist.',
);

/** The runtimes of a service over its real SDK and an in-process transport. */
export function rig(
  options: {
    parent?: Parent['kind'];
    tokens?: readonly string[];
    requestTimeoutMs?: number;
    ownWrites?: ArmOptions['ownWrites'];
  } = {},
) {
  const clock = new FakeClock();
  const arm = new FakeArm();
  const budgetAvailable: string[] = [];
  const requests: string[] = [];
  const metrics = {
    armRequest: (operation: string, code: string) => void requests.push(`${operation} ${code}`),
    budgetAdded: () => {},
    intervalFactorChanged: () => {},
    budgetRemoved: () => {},
  };
  const budget = new RequestBudget({ clock, wake: (key) => void budgetAvailable.push(key) });
  const given = [...(options.tokens ?? ['token'])];
  let token = given.shift() ?? 'token';
  const tokens = new TokenSource({
    create: () => ({
      getToken: async () => {
        const answer = { token, expiresOnTimestamp: clock.now() + 3_600_000 };
        token = given.shift() ?? token;
        return answer;
      },
    }),
    scope: 'https://arm.test/.default',
    clock,
  });
  const { requestTimeoutMs, ownWrites, parent = 'factory' } = options;
  const create = { factory: createDataFactory, workspace: createSynapse }[parent];
  const runtimes = create({
    subscriptionId: SUBSCRIPTION,
    endpoint: 'https://arm.test',
    tokens,
    budget,
    denial: new TokenDenial(clock, (key) => void budgetAvailable.push(key), 30_000),
    clock,
    metrics,
    retry: { attempts: 3, minDelayMs: 0, maxDelayMs: 1000 },
    httpClient: arm,
    ...compact({ requestTimeoutMs, ownWrites }),
  });
  return { clock, arm, budget, budgetAvailable, requests, runtimes };
}

/** The failure that a call ends with. */
export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  const error = await call.then(
    () => new Error('the call succeeded'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AzureFailure)) throw error;
  return error.failure;
}
