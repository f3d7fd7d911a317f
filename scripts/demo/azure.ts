/** What the demo does in the emulated Azure, as requests that curl can make, too. */
import { toQuery } from '../../dev/emulator/control-routes.ts';
import { DEFAULT_FACTORY } from '../../dev/emulator/index.ts';

/** A request to the emulator's control, and how to type it. */
export interface ControlRequest {
  readonly typed: string;
  send(signal: AbortSignal): Promise<string>;
}

/** Everything that the sample's factory holds. */
export function listRuntimes(controlUrl: string): ControlRequest {
  return request(`${controlUrl}/runtimes?${toQuery(DEFAULT_FACTORY)}`);
}

/** Another writer edits the runtime: `merge` is a JSON merge patch of its properties. */
export function drift(controlUrl: string, name: string, merge: object): ControlRequest {
  return put(`${controlUrl}/drift`, { name, factory: DEFAULT_FACTORY, merge });
}

export function setState(controlUrl: string, name: string, state: string): ControlRequest {
  return put(`${controlUrl}/state`, { name, factory: DEFAULT_FACTORY, state });
}

/** Whatever is written in the subscription of the sample is told in this queue from now on. */
export function subscribe(controlUrl: string, queueUrl: string): ControlRequest {
  const { subscriptionId } = DEFAULT_FACTORY;
  return put(`${controlUrl}/event-subscriptions`, { subscriptionId, queueUrl });
}

function put(url: string, body: Readonly<Record<string, unknown>>): ControlRequest {
  // One line for each field: JSON and the shell's single quotes both allow it, and it stays readable.
  const lines = Object.entries(body).map(([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  return request(url, `{\n${lines.join(',\n')}\n  }`);
}

function request(url: string, body?: string): ControlRequest {
  return {
    typed: body === undefined ? `curl -fsS '${url}'` : `curl -fsS -o /dev/null -X PUT ${url} -d '${body}'`,
    async send(signal) {
      const answer = await fetch(url, { signal, ...(body === undefined ? {} : { method: 'PUT', body }) });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`the emulator's control answered ${answer.status}: ${text}`);
      return body === undefined ? text : '';
    },
  };
}
