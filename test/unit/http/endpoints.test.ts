import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type Check, type Endpoint, parseBindAddress, serveHealth, serveMetrics } from '../../../src/http/endpoints.ts';
import { createMetrics } from '../../../src/telemetry/metrics/metrics.ts';
import { RecordedLog } from '../runtime/recorded-log.ts';

const ANY_PORT = parseBindAddress('127.0.0.1:0');
const open: Endpoint[] = [];

afterEach(async () => {
  for (const endpoint of open.splice(0)) await endpoint.stop();
});

async function health(live: Check[], ready: Check[] = [], log = new RecordedLog()): Promise<Endpoint> {
  const endpoint = await serveHealth({ bind: ANY_PORT, live, ready, log });
  open.push(endpoint);
  return endpoint;
}

async function request({ address }: Endpoint, path: string, method = 'GET') {
  const response = await fetch(`http://${address}${path}`, { method });
  return { status: response.status, body: await response.text(), headers: response.headers };
}

const check = (name: string, problem?: string): Check => ({ name, problem: () => problem });

describe('the health endpoint', () => {
  test('answers 200 and ok while every check passes', async () => {
    const endpoint = await health([check('loop')], []);
    expect(await request(endpoint, '/healthz')).toMatchObject({ status: 200, body: 'ok\n' });
    expect(await request(endpoint, '/readyz?verbose')).toMatchObject({ status: 200, body: 'ok\n' });
  });

  test('answers 503 with a line for each check that fails, and asks anew each time', async () => {
    let problem: string | undefined = 'stuck for 600 s';
    const live = [{ name: 'loop', problem: () => problem }, check('fine'), check('lease', 'lost')];
    const endpoint = await health(live);
    expect(await request(endpoint, '/healthz')).toMatchObject({
      status: 503,
      body: 'loop: stuck for 600 s\nlease: lost\n',
    });
    problem = undefined;
    expect(await request(endpoint, '/healthz')).toMatchObject({ status: 503, body: 'lease: lost\n' });
  });

  test('keeps liveness and readiness apart', async () => {
    const endpoint = await health([], [check('watch', 'not listed yet')]);
    expect(await request(endpoint, '/healthz')).toMatchObject({ status: 200 });
    expect(await request(endpoint, '/readyz')).toMatchObject({ status: 503, body: 'watch: not listed yet\n' });
  });

  test('takes a check that throws for one that fails', async () => {
    const problem = (): never => {
      throw new Error('defect');
    };
    expect(await request(await health([{ name: 'bad', problem }]), '/healthz')).toMatchObject({
      status: 503,
      body: 'bad: defect\n',
    });
  });

  test('answers 404 to other paths, 405 to other methods, and HEAD without a body', async () => {
    const endpoint = await health([]);
    for (const path of ['/', '/metrics', '/healthz/', '/HEALTHZ']) {
      expect((await request(endpoint, path)).status).toBe(404);
    }
    const refused = await request(endpoint, '/healthz', 'POST');
    expect(refused.status).toBe(405);
    expect(refused.headers.get('allow')).toBe('GET, HEAD');
    expect(await request(endpoint, '/healthz', 'HEAD')).toMatchObject({ status: 200, body: '' });
  });
});

describe('the metrics endpoint', () => {
  test('answers with the metrics in the format that they name', async () => {
    const { exposition } = createMetrics({ version: '1', node: '24', process: false, now: () => 0 });
    const endpoint = await serveMetrics({ bind: ANY_PORT, exposition, log: new RecordedLog() });
    open.push(endpoint);
    const { status, body, headers } = await request(endpoint, '/metrics');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe(exposition.contentType);
    expect(body).toContain('azure_ir_build_info{version="1",node="24"} 1');
    expect((await request(endpoint, '/healthz')).status).toBe(404);
  });

  test('answers 500 without details when the metrics cannot be read, and logs why', async () => {
    const error = new Error('private detail');
    const exposition = { contentType: 'text/plain', text: () => Promise.reject(error) };
    const log = new RecordedLog();
    const endpoint = await serveMetrics({ bind: ANY_PORT, exposition, log });
    open.push(endpoint);
    expect(await request(endpoint, '/metrics')).toMatchObject({ status: 500, body: 'internal error\n' });
    expect(log.lines.at(-1)).toMatchObject({ level: 'error', keys: { error } });
  });
});

describe('an endpoint', () => {
  test('returns and logs the port that was chosen', async () => {
    const log = new RecordedLog();
    const { address } = await health([], [], log);
    expect(address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
    expect(log.lines).toEqual([{ level: 'info', message: 'listening', keys: { endpoint: 'health', address } }]);
  });

  test('that is not wanted has no address, and stops', async () => {
    const log = new RecordedLog();
    const endpoint = await serveHealth({ bind: parseBindAddress('0'), live: [], ready: [], log });
    expect(endpoint.address).toBeUndefined();
    expect(log.lines).toEqual([]);
    await endpoint.stop();
  });

  test('whose port is taken refuses to start, with its name and the address', async () => {
    const { address } = await health([]);
    const again = serveHealth({ bind: parseBindAddress(address ?? ''), live: [], ready: [], log: new RecordedLog() });
    await expect(again).rejects.toThrow(`the health endpoint cannot listen on ${address}`);
  });

  test('stops although clients keep connections open, and accepts nothing afterwards; stopping twice is harmless', async () => {
    const endpoint = await health([]);
    const [host, port] = (endpoint.address ?? '').split(':');
    const halfRequest = connect(Number(port), host);
    await once(halfRequest, 'connect');
    halfRequest.write('GET /healthz HTTP/1.1\r\n');
    halfRequest.on('error', () => {});
    await request(endpoint, '/healthz');
    await endpoint.stop();
    await endpoint.stop();
    await expect(request(endpoint, '/healthz')).rejects.toThrow();
  });

  test('lets an answer that is under way finish when it stops', async () => {
    const text = Promise.withResolvers<string>();
    const asked = Promise.withResolvers<void>();
    const exposition = {
      contentType: 'text/plain',
      text: () => {
        asked.resolve();
        return text.promise;
      },
    };
    const endpoint = await serveMetrics({ bind: ANY_PORT, exposition, log: new RecordedLog() });
    const answer = request(endpoint, '/metrics');
    await asked.promise;
    const stopped = endpoint.stop();
    text.resolve('complete');
    expect(await answer).toMatchObject({ status: 200, body: 'complete' });
    await stopped;
  });
});
