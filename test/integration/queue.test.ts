/** A real Storage queue as the tests have it: how azurite is installed, and what Microsoft's SDK finds it to do. */
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { startAzurite } from '../../dev/azurite/azurite.ts';
import { haveAzurite, installAzurite } from '../../dev/azurite/install.ts';
import { DEFAULT_FACTORY } from '../../dev/emulator/index.ts';
import { eventually } from '../support/eventually.ts';
import { queueSite } from './support/queue-site.ts';

const INSTALL_MS = 5 * 60_000;
const { get, newQueue, describe: describeWithQueue } = await queueSite({ seed: [DEFAULT_FACTORY] });

describe('azurite', () => {
  /** A cache of its own, in which npm is this script. */
  async function withNpm(script: string) {
    const dir = await mkdtemp(join(tmpdir(), 'azurite-cache-'));
    await writeFile(join(dir, 'npm'), `#!/bin/sh\n${script}\n`);
    await chmod(join(dir, 'npm'), 0o755);
    const env = { ...process.env, CI: '', XDG_CACHE_HOME: dir, PATH: `${dir}:${process.env.PATH}` };
    const inCache = () => readdir(join(dir, 'azure-ir-operator', 'azurite'));
    return { env, inCache, done: () => rm(dir, { recursive: true }) };
  }
  const task = (lines: string[] = []) => ({
    log: (line: string) => void lines.push(line),
    signal: AbortSignal.timeout(INSTALL_MS),
  });

  test('that cannot be installed leaves nothing behind, and npm says why: its tests are skipped, and fail under CI', async () => {
    const { env, inCache, done } = await withNpm('mkdir node_modules; echo "no such registry" >&2; exit 1');
    const lines: string[] = [];
    expect(await haveAzurite(task(lines), env)).toBeUndefined();
    expect(lines.at(-1)).toMatch(/the tests that use it are skipped: npm could not install .*no such registry/s);
    await expect(haveAzurite(task(), { ...env, CI: 'true' })).rejects.toThrow('no such registry');
    expect(await inCache()).toEqual([]);
    await done();
  });

  test('that two want at once is installed once, without running code of any package', async () => {
    const { env, inCache, done } = await withNpm('echo "$@" >> ../../npm.log; mkdir node_modules; sleep 0.2');
    const [one, other] = await Promise.all([installAzurite(task(), env), installAzurite(task(), env)]);
    expect(other).toBe(one);
    expect(await installAzurite(task(), env)).toBe(one);
    expect(await readdir(one)).toEqual(['node_modules', 'package-lock.json', 'package.json']);
    expect(await inCache()).toHaveLength(1);
    await done();
  });

  test('whose installation is aborted leaves nothing behind', async () => {
    const { env, inCache, done } = await withNpm('sleep 60');
    const abort = new AbortController();
    const began = installAzurite({ log: () => abort.abort(new Error('enough')), signal: abort.signal }, env);
    await expect(began).rejects.toThrow('enough');
    expect(await inCache()).toEqual([]);
    await done();
  });
});

describeWithQueue('a queue', () => {
  test('gives what it was sent, hides what it gave, and loses what is deleted', async () => {
    const queue = await newQueue();
    await queue.send('one');
    const [message] = await queue.receive();
    expect(message).toMatchObject({ text: 'one', dequeueCount: 1 });
    expect(await queue.receive()).toEqual([]);
    expect(await queue.try('delete', message)).toEqual({ result: null });
    expect(await queue.count()).toBe(0);
    expect((await queue.try('delete', message)).error).toMatchObject({ status: 404, code: 'MessageNotFound' });
  });

  test('gives a message again once it is not hidden any more, and takes the old receipt no longer', async () => {
    const queue = await newQueue();
    await queue.send('one');
    const [first] = await queue.receive({ visibleAfter: 1 });
    const again = await eventually(async () => {
      const [message] = await queue.receive();
      if (message === undefined) throw new Error('it is still hidden');
      return message;
    });
    expect(again).toMatchObject({ text: 'one', dequeueCount: 2 });
    expect((await queue.try('delete', first)).error).toMatchObject({ status: 400, code: 'PopReceiptMismatch' });
  });

  test('gives 32 messages at a time at the most', async () => {
    const queue = await newQueue();
    await queue.send(...Array.from({ length: 33 }, (_, n) => `message ${n}`));
    expect((await queue.try('receive', { count: 33 })).error).toMatchObject({ status: 400 });
    expect(await queue.receive()).toHaveLength(32);
    expect(await queue.receive()).toHaveLength(1);
  });

  test('that does not exist is not found', async () => {
    const { client, azurite } = get();
    const missing = client.queue(azurite.url, 'missing');
    expect((await missing.try('receive')).error).toMatchObject({ status: 404, code: 'QueueNotFound' });
  });

  test('refuses a token for another audience', async () => {
    const { client, azurite } = get();
    const { url } = await newQueue();
    const other = client.queue(azurite.url, url.split('/').at(-1) ?? '', 'https://management.azure.com/.default');
    expect((await other.try('receive')).error).toMatchObject({ status: 403, code: 'AuthenticationFailed' });
  });

  test('gets the events of the emulated Azure', async () => {
    const { emulator } = get();
    const queue = await newQueue();
    const { subscriptionId } = DEFAULT_FACTORY;
    await emulator.control.putEventSubscription({ subscriptionId, queueUrl: queue.url, encoding: 'plain' });
    await emulator.control.putRuntime({
      factory: DEFAULT_FACTORY,
      name: 'a-b',
      properties: { type: 'Managed', description: '<&>' },
    });
    await eventually(async () => {
      expect(await emulator.control.events({ subscriptionId })).toMatchObject([{ delivery: 'delivered' }]);
    });
    const [message] = await queue.receive();
    expect(JSON.parse(message?.text ?? '')).toMatchObject({
      eventType: 'Microsoft.Resources.ResourceWriteSuccess',
      data: { operationName: 'Microsoft.DataFactory/factories/integrationruntimes/write' },
    });
    await emulator.control.removeEventSubscriptions({ subscriptionId });
  });

  test('is gone with azurite, which stops in bounded time, and is there again on the same port with nothing in it', async () => {
    const { packages, emulator, client } = get();
    const first = await startAzurite(packages, emulator);
    const queue = client.queue(first.url, 'queue');
    await queue.create();
    const events = { subscriptionId: DEFAULT_FACTORY.subscriptionId, queueUrl: queue.url };
    await first.stop();
    expect((await queue.try('receive')).error).toMatchObject({ status: null });
    const second = await startAzurite(packages, emulator, first.port);
    expect(second.url).toBe(first.url);
    expect((await queue.try('receive')).error).toMatchObject({ status: 404, code: 'QueueNotFound' });
    const { id } = await emulator.control.putEventSubscription(events);
    await emulator.control.touch(DEFAULT_FACTORY);
    await eventually(async () => {
      const all = await emulator.control.events();
      expect(all.at(-1)?.delivery).toBe('failed: 404 QueueNotFound');
    });
    await emulator.control.removeEventSubscriptions({ id });
    await second.stop();
  });
});
