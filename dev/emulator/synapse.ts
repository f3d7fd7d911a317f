/** The Synapse provider: long-running operations in place of immediate writes. */
import { randomUUID } from 'node:crypto';
import { operationFailed, operationMissing } from './arm-errors.ts';
import { type Assumed, foldName } from './assumptions.ts';
import type { Writes } from './datafactory.ts';
import { type Incoming, type Reply, rawReply, reply } from './exchange.ts';
import type { AsyncOperation, Factory, Runtime } from './world.ts';

/** Results that can still be asked for. */
const KEPT = 200;

/** How the Synapse provider answers writes: it accepts them, carries them out later, and answers polls with the result. */
export class Synapse implements Writes {
  readonly #now: () => number;
  readonly #assumed: Assumed;

  constructor(now: () => number, assumed: Assumed) {
    this.#now = now;
    this.#assumed = assumed;
  }

  put(request: Incoming, workspace: Factory, name: string, takeEffect: () => Pick<Runtime, 'json'>): Reply {
    const exists = workspace.runtimes.has(foldName(name));
    const operation = this.#begin(workspace, () => takeEffect().json);
    const time = new Date(this.#now()).toISOString();
    const body = {
      // Recorded: this one is in camel case.
      id: `${workspace.id}/integrationRuntimes/${name}`,
      recordId: 1,
      state: exists ? 'Updating' : 'Creating',
      created: time,
      changed: time,
      type: 'IntegrationRuntime',
      name,
      operationId: operation.id,
      artifactId: randomUUID().toUpperCase(),
    };
    const seconds = this.#assumed.operationRetryAfter;
    const retryAfter = seconds === undefined ? {} : { 'retry-after': String(seconds) };
    return reply(202, body, { location: this.#location(request, workspace, operation), ...retryAfter });
  }

  /** Recorded: neither `Retry-After` nor `artifactId`, and a record that is none. */
  delete(request: Incoming, workspace: Factory, name: string, takeEffect: () => void): Reply {
    const operation = this.#begin(workspace, () => {
      takeEffect();
      return '';
    });
    const never = '0001-01-01T00:00:00';
    const body = {
      id: `${workspace.id}/integrationRuntimes/${name}`,
      recordId: 0,
      state: 'Deleting',
      created: never,
      changed: never,
      type: 'IntegrationRuntime',
      name,
      operationId: operation.id,
    };
    return reply(202, body, { location: this.#location(request, workspace, operation) });
  }

  /** The result of an operation. Recorded: the document after a PUT, nothing after a DELETE. */
  result(request: Incoming, workspace: Factory, id: string): Reply {
    const operation = workspace.operations.find((one) => one.id === id);
    if (operation === undefined) return operationMissing(id);
    switch (operation.end?.kind) {
      case undefined:
        return rawReply(this.#assumed.runningStatus, '', { location: this.#location(request, workspace, operation) });
      case 'failed':
        return operationFailed(id);
      case 'done':
        return rawReply(200, operation.end.body);
    }
  }

  #begin(workspace: Factory, takeEffect: () => string): AsyncOperation {
    const { durationMs, failing } = workspace.operationSettings;
    const fails = failing > 0;
    if (fails) workspace.operationSettings.failing--;
    const operation: AsyncOperation = {
      id: randomUUID(),
      due: this.#now() + durationMs,
      end: undefined,
      finish: () => (fails ? { kind: 'failed' } : { kind: 'done', body: takeEffect() }),
    };
    workspace.operations.push(operation);
    if (workspace.operations.length > KEPT && workspace.operations[0]?.end !== undefined) workspace.operations.shift();
    return operation;
  }

  #location(request: Incoming, workspace: Factory, { id }: AsyncOperation): string {
    return `${request.origin}${workspace.id}/operationResults/${id}?api-version=${request.query.get('api-version') ?? ''}`;
  }
}

/** Completes every operation that is due by now, in the order in which they were accepted. */
export function goOn({ operations }: Factory, now: number, { workspaceOrder }: Assumed): void {
  const pending = operations.filter(({ end }) => end === undefined);
  const first = pending.findIndex(({ due }) => due > now);
  const due = first === -1 ? pending : pending.slice(0, first);
  for (const operation of workspaceOrder === 'accepted' ? due : due.reverse()) operation.end = operation.finish();
}
