/** Faults that the emulator is told to make. */
import { once } from 'node:events';
import tls, { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { DEFAULT_FACTORY, type FactoryRef, type Fault, startEmulator } from '../../../../dev/emulator/index.ts';
import { failure, group, managed, useEmulator } from './helpers.ts';

const suite = useEmulator();
let factory: FactoryRef;
const runtimes = () => suite.client(factory.subscriptionId).integrationRuntimes;
const put = (name = 'abc') => runtimes().createOrUpdate(group, 'Factory1', name, managed());
const control = () => suite.emulator.control;
const arm = (fault: Omit<Fault, 'match'>, match: Fault['match'] = {}) =>
  control().addFault({ ...fault, match: { subscriptionId: factory.subscriptionId, ...match } });
const exists = async () => (await control().getRuntime({ factory, name: 'abc' })) !== null;

beforeEach(async () => {
  factory = await suite.freshFactory();
});

describe('faults', () => {
  test('a connection cut before the write took effect, and after', async () => {
    await arm({ effect: { kind: 'drop' } });
    expect((await failure(put())).message).toMatch(/socket hang up|ECONNRESET/);
    expect(await exists()).toBe(false);
    await arm({ effect: { kind: 'drop' }, when: 'after' });
    expect((await failure(put())).message).toMatch(/socket hang up|ECONNRESET/);
    expect(await exists()).toBe(true);
  });

  test('an answer instead, so many times, after so many that pass', async () => {
    await arm({ effect: { kind: 'reply', status: 503, headers: { 'retry-after': '7' } }, times: 2, skip: 1 });
    await put();
    expect(await failure(put())).toMatchObject({ status: 503, headers: { 'retry-after': '7' } });
    expect((await failure(put())).status).toBe(503);
    await put();
  });

  test('only what matches is hit', async () => {
    await arm(
      { effect: { kind: 'reply', status: 500 }, times: 'always' },
      { runtime: 'BAD', operation: 'IntegrationRuntimes_Get' },
    );
    await put('bad');
    await put('good');
    await runtimes().get(group, 'Factory1', 'good');
    expect((await failure(runtimes().get(group, 'Factory1', 'bad'))).status).toBe(500);
    await control().clearFaults({ subscriptionId: factory.subscriptionId });
    await runtimes().get(group, 'Factory1', 'bad');
  });

  test('an error with its own body, after the write took effect', async () => {
    const body = { error: { code: 'InternalServerError', message: 'x' } };
    await arm({ effect: { kind: 'reply', status: 500, body }, when: 'after' });
    expect(await failure(put())).toMatchObject({ status: 500, code: 'InternalServerError' });
    expect(await exists()).toBe(true);
  });

  test('a body that is no JSON', async () => {
    await arm({ effect: { kind: 'reply', status: 200, body: '<html>proxy</html>' } });
    expect((await failure(put())).message).toContain('JSON');
  });

  test('a list without an end: each page leads to another one', async () => {
    await arm({ effect: { kind: 'endless' }, times: 'always' }, { operation: 'IntegrationRuntimes_ListByFactory' });
    const pages = runtimes().listByFactory(group, 'Factory1').byPage();
    for (let i = 0; i < 5; i++) expect(await pages.next()).toMatchObject({ done: false, value: [] });
    expect(await control().counts({ subscriptionId: factory.subscriptionId })).toEqual({
      IntegrationRuntimes_ListByFactory: 5,
    });
  });

  test('a delay', async () => {
    await arm({ effect: { kind: 'delay' }, delayMs: 80 });
    const began = performance.now();
    await put();
    expect(performance.now() - began).toBeGreaterThan(75);
  });

  test('no answer at all', async () => {
    await arm({ effect: { kind: 'hang' } });
    const hung = runtimes().createOrUpdate(group, 'Factory1', 'abc', managed(), {
      abortSignal: AbortSignal.timeout(100),
    });
    await expect(hung).rejects.toThrow('abort');
    expect(await control().counts({ subscriptionId: factory.subscriptionId, status: 0 })).toEqual({
      IntegrationRuntimes_CreateOrUpdate: 1,
    });
  });
});

describe('connections', () => {
  const connect = async (): Promise<TLSSocket> => {
    const { port } = new URL(suite.emulator.armUrl);
    const socket = tlsConnect({ port: Number(port), host: '127.0.0.1', ca: suite.emulator.caPem });
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    return socket;
  };

  test('garbage, and uploads that break off, harm nobody else', async () => {
    const garbage = await connect();
    garbage.end('\0\0 not http\r\n\r\n');
    const aborted = await connect();
    aborted.write('PUT /subscriptions/x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\nhalf');
    aborted.destroy();
    await put();
    expect(await exists()).toBe(true);
  });

  test('stopping cuts those that wait', async () => {
    const other = await startEmulator({ seed: [DEFAULT_FACTORY] });
    await other.control.addFault({ effect: { kind: 'hang' }, times: 'always' });
    tls.setDefaultCACertificates([...tls.getCACertificates('default'), other.caPem]);
    const waiting = fetch(`${other.armUrl}/subscriptions`).catch(() => 'cut');
    while (Object.keys(await other.control.counts()).length === 0)
      await new Promise((resolve) => setTimeout(resolve, 5));
    await other.stop();
    expect(await waiting).toBe('cut');
  });
});
