/** The client against a local HTTP server that behaves as badly as the test wants. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  createKubeClient,
  type KubeClient,
  type KubeClientOptions,
  type StreamListener,
} from '../../../../src/kube/client/client.ts';
import { KubeError } from '../../../../src/kube/client/errors.ts';
import { createRuntimeApi } from '../../../../src/kube/objects/runtime-api.ts';
import { answer, BadServer, type Handler } from './bad-server.ts';

let server: BadServer;
let dir: string;
let stop: AbortController;
let clients: KubeClient[];

beforeAll(async () => {
  server = await BadServer.start();
  dir = await mkdtemp(join(tmpdir(), 'kube-client-'));
});

afterAll(async () => {
  await server.stop();
  await rm(dir, { recursive: true });
});

beforeEach(() => {
  stop = new AbortController();
  clients = [];
});

afterEach(async () => {
  stop.abort();
  await Promise.all(clients.map((client) => client.close()));
});

function api(options: Partial<KubeClientOptions> = {}) {
  const client = createKubeClient({ kubeconfig: server.kubeconfig, ...options });
  clients.push(client);
  return createRuntimeApi(client);
}

const onLine = (line: StreamListener['line']): StreamListener => ({ opened: () => {}, line });

const ONE = { namespace: 'team', name: 'one', uid: 'u', resourceVersion: '7' };

describe('a request', () => {
  test('shares its connection with those before it', async () => {
    server.handler = answer(200, { items: [] });
    const { get } = api();
    const before = server.connections;
    for (let i = 0; i < 20; i++) await get(ONE, stop.signal);
    // The pool may open a second one while the first is just being set free.
    expect(server.connections - before).toBeLessThanOrEqual(2);
  });

  test('says who asks', async () => {
    let headers: IncomingMessage['headers'] = {};
    server.handler = (request, response, body) => {
      headers = request.headers;
      answer(200, {})(request, response, body);
    };
    await api({ userAgent: 'azure-ir-operator/1.2.3' }).get(ONE, stop.signal);
    expect(headers).toMatchObject({ 'user-agent': 'azure-ir-operator/1.2.3', authorization: 'Bearer token-of-u' });
  });

  test('that is refused ends with what the server said', async () => {
    server.handler = answer(403, { kind: 'Status', code: 403, reason: 'Forbidden', message: 'not yours' });
    await expect(api().get(ONE, stop.signal)).rejects.toMatchObject({
      name: 'KubeError',
      status: 403,
      reason: 'Forbidden',
      message: 'not yours',
    });
  });

  test.each([
    ['refused', answer(403, {})],
    ['not answered', (request) => void request.socket.destroy()],
    ['answered with something else', (_request, response) => void response.end('<html>')],
  ] satisfies [string, Handler][])(
    'that is %s says nothing of its headers, which can hold a token',
    async (_how, handler) => {
      server.handler = handler;
      const error = await api()
        .get(ONE, stop.signal)
        .catch((error) => error);
      expect(error).toBeInstanceOf(KubeError);
      expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('token-of-u');
    },
  );

  test('whose answer is no JSON fails', async () => {
    server.handler = (_request, response) => void response.end('<html>');
    await expect(api().get(ONE, stop.signal)).rejects.toMatchObject({ status: 0, reason: 'BadAnswer' });
  });

  test('is not tried twice', async () => {
    let asked = 0;
    server.handler = (request, response, body) => {
      asked++;
      answer(503, {})(request, response, body);
    };
    await expect(api().get(ONE, stop.signal)).rejects.toMatchObject({ status: 503 });
    expect(asked).toBe(1);
  });

  test('that is not answered in time fails', async () => {
    server.handler = () => {};
    await expect(api({ requestTimeoutMs: 50 }).get(ONE, stop.signal)).rejects.toMatchObject({
      status: 0,
      reason: 'Timeout',
    });
  });

  test('whose answer stops in the middle fails in time, too', async () => {
    server.handler = (_request, response) => void response.writeHead(200).write('{"items":');
    await expect(api({ requestTimeoutMs: 50 }).get(ONE, stop.signal)).rejects.toMatchObject({
      status: 0,
      reason: 'Timeout',
    });
  });

  test('ends at once, with the reason, when it is not wanted any more', async () => {
    const reason = new Error('stopping');
    server.handler = () => stop.abort(reason);
    await expect(api().get(ONE, stop.signal)).rejects.toBe(reason);
    await expect(api().get(ONE, stop.signal)).rejects.toBe(reason);
  });

  test('is counted by its method and its answer', async () => {
    const { host } = server;
    const seen: unknown[] = [];
    const { get, setFinalizers } = api({ requestTimeoutMs: 50, onResponse: (response) => seen.push(response) });
    server.handler = answer(200, {});
    await get(ONE, stop.signal);
    server.handler = answer(409, {});
    await setFinalizers(ONE, [], {}, stop.signal).catch(() => {});
    server.handler = () => {};
    await get(ONE, stop.signal).catch(() => {});
    expect(seen).toEqual([
      { method: 'GET', code: '200', host },
      { method: 'PATCH', code: '409', host },
      { method: 'GET', code: '<error>', host },
    ]);
  });

  test('writes with the strictness, the manager and the kind of write that it means', async () => {
    const seen: string[] = [];
    server.handler = (request, response, body) => {
      const url = new URL(request.url ?? '', 'http://x');
      url.searchParams.sort();
      seen.push(`${request.headers['content-type']} ${url.pathname.replace(/.*team/, '')}${url.search} ${body}`);
      answer(200, {})(request, response, body);
    };
    const { setFinalizers, replaceStatus } = api();
    await setFinalizers(ONE, ['f'], { a: null }, stop.signal);
    await replaceStatus(ONE, { observedGeneration: 1 }, stop.signal);
    const path = '/azureintegrationruntimes/one';
    expect(seen).toEqual([
      `application/merge-patch+json ${path}?fieldManager=azure-ir-operator-finalizer&fieldValidation=Strict {"metadata":{"uid":"u","resourceVersion":"7","finalizers":["f"],"annotations":{"a":null}}}`,
      expect.stringMatching(
        /^application\/json-patch\+json .*\/status\?fieldManager=azure-ir-operator&fieldValidation=Strict \[.*"\/metadata\/uid","value":"u"},.*"\/metadata\/resourceVersion","value":"7"},{"op":"add","path":"\/status","value":{"observedGeneration":1,"uid":"u"}}]$/,
      ),
    ]);
  });
});

describe('a stream', () => {
  const stream =
    (lines: unknown[], end = true): Handler =>
    (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
      for (const line of lines) response.write(typeof line === 'string' ? `${line}\n` : `${JSON.stringify(line)}\n`);
      if (end) response.end();
    };

  test('hands over its lines and ends with the server', async () => {
    server.handler = stream([{ type: 'ADDED', object: { n: 1 } }, 'no json', { type: 'BOOKMARK', object: { n: 2 } }]);
    const lines: unknown[] = [];
    await api().watch(
      {},
      '7',
      60,
      onLine((type, object) => lines.push([type, object])),
      stop.signal,
    );
    expect(lines).toEqual([
      ['ADDED', { n: 1 }],
      ['BOOKMARK', { n: 2 }],
    ]);
  });

  test('says that it is open as soon as the server agrees, and never when that refuses', async () => {
    let opened = 0;
    const listener = { opened: () => void opened++, line: () => {} };
    server.handler = answer(403, {});
    await api()
      .watch({}, '7', 60, listener, stop.signal)
      .catch(() => {});
    expect(opened).toBe(0);
    server.handler = stream([], false);
    const agreed = new Promise<void>((resolve) => {
      api()
        .watch({}, '7', 60, { opened: resolve, line: () => {} }, stop.signal)
        .catch(() => {});
    });
    await agreed;
  });

  test('asks for bookmarks, and for what comes after the version', async () => {
    let url = '';
    server.handler = (request, response, body) => {
      url = request.url ?? '';
      stream([])(request, response, body);
    };
    await api().watch(
      { namespace: 'team', labelSelector: 'a=b' },
      '7',
      60,
      onLine(() => {}),
      stop.signal,
    );
    expect(url).toBe(
      '/apis/azure-ir.io/v1beta1/namespaces/team/azureintegrationruntimes?watch=true&resourceVersion=7&timeoutSeconds=60&allowWatchBookmarks=true&labelSelector=a%3Db',
    );
  });

  test('that is refused ends with what the server said', async () => {
    server.handler = answer(410, { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' });
    await expect(
      api().watch(
        {},
        '7',
        60,
        onLine(() => {}),
        stop.signal,
      ),
    ).rejects.toMatchObject({
      status: 410,
      reason: 'Expired',
      message: 'too old',
    });
  });

  test('hands over each line whole, wherever its bytes were cut', async () => {
    const bytes = Buffer.from(`${JSON.stringify({ type: 'ADDED', object: { text: 'größer' } })}\n`);
    const cut = bytes.indexOf(0xc3) + 1;
    server.handler = async (_request, response) => {
      response.writeHead(200).flushHeaders();
      for (const part of [bytes.subarray(0, cut), bytes.subarray(cut), bytes.subarray(0, -1)]) {
        await new Promise((resolve) => response.write(part, resolve));
      }
      response.end();
    };
    const lines: unknown[] = [];
    const listener = onLine((_type, object) => lines.push(object));
    await api().watch({}, '7', 60, listener, stop.signal);
    expect(lines).toEqual([{ text: 'größer' }, { text: 'größer' }]);
  });

  test('that is silent for longer than it may fails', async () => {
    server.handler = stream([{ type: 'ADDED', object: {} }], false);
    const client = createKubeClient({ kubeconfig: server.kubeconfig });
    clients.push(client);
    const watch = client.watch(
      { path: '/x', query: {}, silenceMs: 100 },
      onLine(() => {}),
      stop.signal,
    );
    await expect(watch).rejects.toMatchObject({ status: 0, reason: 'Timeout' });
  });

  test('that breaks off is unreachable', async () => {
    server.handler = (_request, response) => {
      response.writeHead(200).write('{"type":"ADDED","object":{}}\n');
      setImmediate(() => response.destroy());
    };
    await expect(
      api().watch(
        {},
        '7',
        60,
        onLine(() => {}),
        stop.signal,
      ),
    ).rejects.toMatchObject({
      status: 0,
      reason: 'Unreachable',
    });
  });

  test('that is not opened in time fails, although an open one may be silent for much longer', async () => {
    server.handler = () => {};
    await expect(
      api({ requestTimeoutMs: 50 }).watch(
        {},
        '7',
        60,
        onLine(() => {}),
        stop.signal,
      ),
    ).rejects.toMatchObject({
      status: 0,
    });
    server.handler = stream([{ type: 'ADDED', object: {} }], false);
    const opened = Promise.withResolvers<void>();
    const open = api({ requestTimeoutMs: 50 }).watch(
      {},
      '7',
      60,
      onLine(() => opened.resolve()),
      stop.signal,
    );
    await opened.promise;
    const silent = new Promise((resolve) => setTimeout(resolve, 1500, 'still open'));
    expect(await Promise.race([open, silent])).toBe('still open');
    stop.abort(new Error('enough'));
    await expect(open).rejects.toThrow('enough');
  });

  test('brings nothing more once it is not wanted', async () => {
    server.handler = stream(
      [
        { type: 'ADDED', object: {} },
        { type: 'ADDED', object: {} },
      ],
      false,
    );
    let lines = 0;
    const first = () => {
      lines++;
      stop.abort(new Error('enough'));
    };
    const open = api().watch({}, '7', 60, onLine(first), stop.signal);
    await expect(open).rejects.toThrow('enough');
    expect(lines).toBe(1);
  });

  test('that is not wanted any more leaves no connection', async () => {
    const closed = Promise.withResolvers<void>();
    server.handler = (request, response, body) => {
      request.socket.on('close', () => closed.resolve());
      stream([{ type: 'ADDED', object: {} }], false)(request, response, body);
    };
    const open = api().watch(
      {},
      '7',
      60,
      onLine(() => stop.abort(new Error('enough'))),
      stop.signal,
    );
    await expect(open).rejects.toThrow('enough');
    await closed.promise;
  });

  test('ends at once also while it is being opened, and leaves no connection', async () => {
    const closed = Promise.withResolvers<void>();
    server.handler = (request) => {
      request.socket.on('close', () => closed.resolve());
      stop.abort(new Error('stopping'));
    };
    await expect(
      api().watch(
        {},
        '7',
        60,
        onLine(() => {}),
        stop.signal,
      ),
    ).rejects.toThrow('stopping');
    await clients[0]?.close();
    await closed.promise;
  });
});

describe('the kubeconfig', () => {
  test('that is missing is named', () => {
    expect(() => createKubeClient({ kubeconfig: join(dir, 'none') })).toThrow(/none/);
  });

  test('without a cluster for its context is no kubeconfig', async () => {
    const path = join(dir, 'broken');
    await writeFile(path, JSON.stringify({ 'current-context': 'x', contexts: [], clusters: [], users: [] }));
    expect(() => createKubeClient({ kubeconfig: path })).toThrow(/no cluster for its current-context "x"/);
  });
});
