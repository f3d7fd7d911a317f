/** Delivers messages to Storage queues, as Event Grid does: all that the emulated Azure knows of storage. */
import { Agent, request } from 'node:https';
import { rootCertificates } from 'node:tls';
import type { Deliver } from './events.ts';

const SOCKETS = 4;
const TIMEOUT_MS = 10_000;
/** An API version that all of today's queues have. */
const VERSION = '2024-11-04';
/** An hour, as the set-up in the documentation has it. */
const TIME_TO_LIVE_SECONDS = 3_600;

export interface StorageQueues {
  readonly deliver: Deliver;
  stop(): void;
}

/** `ca`: to be trusted besides the public authorities. `token`: returns the sender's token for storage. */
export function storageQueues({ ca, token }: { ca: string; token: () => string }): StorageQueues {
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS, ca: [...rootCertificates, ca] });
  const deliver: Deliver = (queueUrl, text) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const body = `<QueueMessage><MessageText>${escaped(text)}</MessageText></QueueMessage>`;
    const headers = {
      authorization: `Bearer ${token()}`,
      'content-type': 'application/xml',
      'content-length': Buffer.byteLength(body),
      'x-ms-version': VERSION,
    };
    const url = `${queueUrl}/messages?messagettl=${TIME_TO_LIVE_SECONDS}`;
    const sent = request(url, { method: 'POST', agent, headers, timeout: TIMEOUT_MS }, (answer) => {
      answer.resume();
      answer.once('end', () => {
        if (answer.statusCode === 201) resolve();
        else reject(new Error(`${answer.statusCode} ${answer.headers['x-ms-error-code'] ?? ''}`.trim()));
      });
    });
    sent.once('timeout', () => sent.destroy(new Error('no answer')));
    sent.once('error', reject);
    sent.end(body);
    return promise;
  };
  return { deliver, stop: () => agent.destroy() };
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (letter) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[letter] ?? letter);
}
