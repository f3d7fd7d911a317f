/** Sends one request and reads its answer, as text or line by line. */
import type { Dispatcher } from 'undici';

export interface Exchange {
  readonly url: URL;
  readonly method: Dispatcher.HttpMethod;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string | null;
  readonly dispatcher: Dispatcher;
  readonly signal: AbortSignal;
  /** How long the body may stay silent, in milliseconds; default: the dispatcher's limit. */
  readonly silenceMs?: number;
}

export interface HttpAnswer {
  readonly status: number;
  /** The whole body. */
  text(): Promise<string>;
  /** The lines of the body, in batches as they arrive; to be read instead of `text`. */
  lines(): AsyncIterable<readonly string[]>;
}

/**
 * Uses undici's `request`. The client library uses undici's `fetch`, which takes more CPU for streams and headers that no
 * code here reads: measured 0.26 ms against 0.16 ms for the GET of an object.
 */
export async function exchange({ url, dispatcher, silenceMs, ...what }: Exchange): Promise<HttpAnswer> {
  const { origin, pathname, search } = url;
  const { statusCode, body } = await dispatcher.request({
    ...what,
    origin,
    path: `${pathname}${search}`,
    ...(silenceMs === undefined ? {} : { bodyTimeout: silenceMs }),
  });
  return { status: statusCode, text: () => body.text(), lines: () => linesOf(body.setEncoding('utf8')) };
}

async function* linesOf(body: AsyncIterable<string>): AsyncGenerator<readonly string[]> {
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield lines;
  }
  yield [rest];
}
