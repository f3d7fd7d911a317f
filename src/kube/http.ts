import { type HttpLibrary, Observable, type RequestContext, ResponseContext } from '@kubernetes/client-node';
import { type Dispatcher, request } from 'undici';

/**
 * How the requests of the client library travel, watches aside. The library's own way is undici's `fetch`, which spends
 * two and a half times the CPU of undici's `request` on streams and headers that nobody here looks at: measured 0.26 ms
 * against 0.16 ms for the GET of an object.
 */
export const HTTP: HttpLibrary = {
  send: (context) => new Observable(exchange(context)),
};

async function exchange(context: RequestContext): Promise<ResponseContext> {
  const { statusCode, headers, body } = await request(context.getUrl(), {
    method: context.getHttpMethod().toString() as Dispatcher.HttpMethod,
    headers: context.getHeaders(),
    body: (context.getBody() as string | undefined) ?? null,
    signal: context.getSignal() ?? null,
    ...dispatcherOf(context),
  });
  const flat = Object.entries(headers).map(([name, value]) => [name, String(value ?? '')]);
  return new ResponseContext(statusCode, Object.fromEntries(flat), {
    text: () => body.text(),
    binary: async () => Buffer.from(await body.arrayBuffer()),
    stream: () => body as never,
  });
}

/** A cluster without TLS has none of its own. */
function dispatcherOf(context: RequestContext): { dispatcher?: Dispatcher } {
  const dispatcher = context.getDispatcher();
  return dispatcher === undefined ? {} : { dispatcher };
}
