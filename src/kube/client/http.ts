import type { Dispatcher } from 'undici';

export interface Exchange {
  readonly url: URL;
  readonly method: Dispatcher.HttpMethod;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly dispatcher: Dispatcher;
  readonly signal: AbortSignal;
  /** How long the body may bring nothing, in milliseconds; default: what the dispatcher allows. */
  readonly silenceMs?: number;
}

export interface Answer {
  readonly status: number;
  /** All of the body. */
  text(): Promise<string>;
  /** The lines of the body, as many at a time as have come; to be read instead of `text`. */
  lines(): AsyncIterable<readonly string[]>;
}

/**
 * How requests travel. The client library's own way is undici's `fetch`, which spends two and a half times the CPU of
 * undici's `request` on streams and headers that nobody here looks at: measured 0.26 ms against 0.16 ms for the GET of an
 * object.
 */
export async function exchange({ url, dispatcher, silenceMs, ...what }: Exchange): Promise<Answer> {
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
