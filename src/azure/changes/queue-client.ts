/** A queue of Azure Storage, as far as it is read: the two requests that get messages and delete them. */
import {
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  type HttpClient,
  type HttpMethods,
  isRestError,
  type Pipeline,
  type PipelineResponse,
  proxyPolicy,
} from '@azure/core-rest-pipeline';
import { AzureFailure } from '../../core/model/failure.ts';
import { isGuid } from '../../core/model/guid.ts';
import type { QueueProblem } from '../../core/model/queue-state.ts';
import { requestIds, withRequestIds } from '../../core/model/request-ids.ts';
import type { Clock } from '../../runtime/clock.ts';
import { unlessAborted, withDeadline } from '../../runtime/deadline.ts';
import { connectionProblem } from '../arm/connection-failures.ts';
import { parseRetryAfter } from '../arm/refusals.ts';
import { boundedAnswers } from '../arm/transport.ts';
import type { TokenSource } from '../identity/tokens.ts';

/** The same in every cloud (documented). */
export const STORAGE_SCOPE = 'https://storage.azure.com/.default';

/** As many as one request may get (documented). */
export const BATCH = 32;
/** How long a message that was got is hidden from others, and comes again unless it is deleted. */
const HIDDEN_S = 30;
const TIMEOUT_MS = 10_000;
/** Less may be the way of an answer, whose `Date` is in whole seconds. */
const CLOCKS_DIFFER_MS = 30_000;
/** A batch of the longest messages, each character of which is escaped. */
const MAX_BYTES = 16 * 2 ** 20;
/** Knows bearer tokens (2017-11-09 and later, documented). */
const API_VERSION = '2021-12-02';

export interface QueueMessage {
  readonly id: string;
  readonly popReceipt: string;
  readonly text: string;
}

export class QueueFailure extends Error {
  override readonly name = 'QueueFailure';
  readonly problem: QueueProblem;
  readonly retryAfterMs: number | undefined;

  constructor(problem: QueueProblem, message: string, retryAfterMs?: number) {
    super(message);
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }
}

export interface QueueClientOptions {
  /** `https://ACCOUNT.queue.core.windows.net/QUEUE` */
  readonly url: string;
  readonly tokens: Pick<TokenSource, 'get' | 'invalidate'>;
  readonly clock: Clock;
  readonly httpClient: HttpClient;
}

/**
 * Every method throws `QueueFailure`, or the signal's reason when that aborts.
 *
 * Two designs. `@azure/storage-queue` is the vendor's, but brings 277 KB, 17 packages and retries of its own for what are two
 * requests with flat XML; and it sends a token wherever a redirect leads. So the two are made here (this one); the tests send
 * their messages by the vendor's.
 */
export class QueueClient {
  readonly #options: QueueClientOptions;
  readonly #pipeline: Pipeline = createEmptyPipeline();
  #aheadMs = 0;

  constructor(options: QueueClientOptions) {
    this.#options = options;
    this.#pipeline.addPolicy(proxyPolicy());
    this.#pipeline.addPolicy(boundedAnswers(MAX_BYTES));
  }

  /** By how much our clock was ahead of Azure's at the last answer, milliseconds; 0 for what may be the way of the answer. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  /** At most `BATCH` messages, which nobody else gets meanwhile; in whole seconds. */
  async receive(signal: AbortSignal, hiddenSeconds = HIDDEN_S): Promise<QueueMessage[]> {
    const query = `numofmessages=${BATCH}&visibilitytimeout=${hiddenSeconds}`;
    const answer = await this.#send('GET', `/messages?${query}`, signal);
    if (answer.status !== 200) throw this.#refusal(answer);
    return parseMessages(answer.bodyAsText ?? '');
  }

  /** Done also when it is gone, or another reader has got it meanwhile. */
  async delete({ id, popReceipt }: QueueMessage, signal: AbortSignal): Promise<void> {
    const path = `/messages/${id}?popreceipt=${encodeURIComponent(popReceipt)}`;
    const answer = await this.#send('DELETE', path, signal);
    const isGone = answer.status === 404 || codeOf(answer) === 'PopReceiptMismatch';
    if (answer.status !== 204 && !isGone) throw this.#refusal(answer);
  }

  /** With a token that the queue refused, once more with a new one. */
  async #send(method: HttpMethods, path: string, signal: AbortSignal): Promise<PipelineResponse> {
    const token = await this.#token(signal);
    const answer = await this.#exchange(method, path, token, signal);
    if (answer.status !== 401) return answer;
    this.#options.tokens.invalidate(token);
    return this.#exchange(method, path, await this.#token(signal), signal);
  }

  async #token(signal: AbortSignal): Promise<string> {
    try {
      return await this.#options.tokens.get(signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof AzureFailure) throw new QueueFailure('no token', error.message);
      throw error;
    }
  }

  async #exchange(method: HttpMethods, path: string, token: string, signal: AbortSignal): Promise<PipelineResponse> {
    const { clock, url, httpClient } = this.#options;
    const late = () => new QueueFailure('unreachable', `no answer within ${TIMEOUT_MS / 1000} s`);
    const headers = createHttpHeaders({
      Accept: 'application/xml',
      Authorization: `Bearer ${token}`,
      'x-ms-date': new Date(clock.now()).toUTCString(),
      'x-ms-version': API_VERSION,
    });
    try {
      return await withDeadline({ clock, ms: TIMEOUT_MS, signal, late }, async (abortSignal) => {
        const request = createPipelineRequest({ url: `${url}${path}`, method, headers, abortSignal });
        // A transport may be slow to notice that it was cancelled.
        const answer = await unlessAborted(this.#pipeline.sendRequest(httpClient, request), abortSignal);
        this.#compareClocks(answer);
        return answer;
      });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof AzureFailure) throw new QueueFailure('strange', error.message);
      throw isRestError(error) ? new QueueFailure('unreachable', connectionProblem(error)) : error;
    }
  }

  #compareClocks({ headers }: PipelineResponse): void {
    const aheadMs = this.#options.clock.now() - Date.parse(headers.get('date') ?? '');
    this.#aheadMs = Math.abs(aheadMs) >= CLOCKS_DIFFER_MS ? aheadMs : 0;
  }

  #refusal(answer: PipelineResponse): QueueFailure {
    const { status, headers } = answer;
    const code = codeOf(answer);
    const ids = requestIds(headers.get('x-ms-request-id'), undefined);
    const said = withRequestIds(code === undefined ? `${status}` : `${status} ${code}`, ids) ?? '';
    const retryAfterMs = parseRetryAfter(headers.get('retry-after'), this.#options.clock.now());
    return new QueueFailure(problemOf(status), said, retryAfterMs);
  }
}

function problemOf(status: number): QueueProblem {
  if (status === 401 || status === 403) return 'denied';
  if (status === 404) return 'missing';
  return status === 408 || status === 429 || status >= 500 ? 'busy' : 'strange';
}

/** What Storage calls the refusal. Its text is left out: it may repeat what was sent. */
function codeOf({ headers, bodyAsText }: PipelineResponse): string | undefined {
  const code = headers.get('x-ms-error-code') ?? /<Code>(\w{1,64})<\/Code>/.exec(bodyAsText ?? '')?.[1];
  return code !== undefined && /^\w{1,64}$/.test(code) ? code : undefined;
}

/** Flat XML: no field of a message has elements of its own (documented). @throws QueueFailure for anything else */
export function parseMessages(xml: string): QueueMessage[] {
  if (!/<QueueMessagesList\b/.test(xml)) throw new QueueFailure('strange', 'the answer is no list of messages');
  return [...xml.matchAll(/<QueueMessage>(.*?)<\/QueueMessage>/gs)].map(([, message = '']) => {
    const id = elementOf(message, 'MessageId');
    const popReceipt = elementOf(message, 'PopReceipt');
    // Whatever else stood in the path might delete more than a message.
    if (id === undefined || !isGuid(id) || popReceipt === undefined) {
      throw new QueueFailure('strange', 'the answer has a message without an id');
    }
    return { id, popReceipt, text: elementOf(message, 'MessageText') ?? '' };
  });
}

function elementOf(xml: string, name: string): string | undefined {
  const escaped = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return escaped?.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));/gi, unescaped);
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function unescaped(entity: string, hex: string | undefined, decimal: string | undefined, name = ''): string {
  if (name !== '') return ENTITIES[name] ?? entity;
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  return code <= 0x10ffff ? String.fromCodePoint(code) : entity;
}
