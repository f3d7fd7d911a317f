/** `kubectl azir probe --queue` as somebody runs it: a real Storage queue, into which an emulated Azure announces the writes. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { PERSON } from '../../dev/emulator/event-message.ts';
import { DEFAULT_CLIENT, type FactoryRef } from '../../dev/emulator/index.ts';
import { azureEnv } from '../support/azure-env.ts';
import { strangers } from '../support/change-events.ts';
import { queueSite } from './support/queue-site.ts';

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');
/** A run sends some two hundred requests, five a second after the first hundred. */
const LONGEST_MS = 300_000;
const { get, describe: describeWithQueue } = await queueSite();

describeWithQueue('the probe of a factory', () => {
  const dirs: string[] = [];
  afterAll(async () => {
    for (const dir of dirs) await rm(dir, { recursive: true });
  });

  async function factoryIn(subscriptionId: string): Promise<FactoryRef> {
    const factory = { subscriptionId, resourceGroup: 'fabrikam', name: 'fabrikam-adf' };
    await get().emulator.control.ensureFactory({ ...factory, location: 'uksouth' });
    return factory;
  }

  async function probe({ subscriptionId, resourceGroup, name }: FactoryRef, queue: string) {
    const dir = await mkdtemp(join(tmpdir(), 'probe-queue-'));
    dirs.push(dir);
    const id = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.DataFactory/factories/${name}`;
    const args = [MAIN, 'probe', '--yes', '--dir', dir, '--factory', id, '--queue', queue];
    const { emulator } = get();
    const azure = azureEnv({ ...DEFAULT_CLIENT, ...emulator });
    const env = { PATH: process.env.PATH, NODE_EXTRA_CA_CERTS: emulator.caFile, ...azure };
    const { promise, resolve } = Promise.withResolvers<{ code: unknown; out: string; notes: string }>();
    execFile(process.execPath, args, { env }, (error, out, notes) => resolve({ code: error?.code ?? 0, out, notes }));
    const told = await promise;
    expect(told.notes).not.toContain('Not written');
    const files = await Promise.all(
      ['probe-report.json', 'recording.json'].map((file) => readFile(join(dir, file), 'utf8')),
    );
    return { ...told, files: files.join('') };
  }

  test.concurrent(
    'hears each of its writes, takes out of the queue what is its own, and tells nothing else of it',
    async () => {
      const { emulator, azurite, client } = get();
      const factory = await factoryIn('5ca1ab1e-4321-4abc-8def-0123456789ab');
      const queue = client.queue(azurite.url, 'payroll-changes');
      await queue.create();
      const others = strangers(factory, 40);
      await queue.send(...others);
      await emulator.control.putEventSubscription({ subscriptionId: factory.subscriptionId, queueUrl: queue.url });
      const { code, out, notes, files } = await probe(factory, queue.url);
      expect({ code, out, notes }).toMatchObject({ code: 0 });
      expect(out).toMatch(
        /^ +change-events +.*holds +announced: (\d+) of \1 creates, (\d+) of \2 updates, (\d+) of \3 del/m,
      );
      expect(out).toMatch(/^ +change-correlation +.*holds +in each event$/m);
      expect(notes).toContain('TAKE OUT OF IT');
      expect(await queue.count()).toBe(others.length);
      const secrets = [PERSON.name, PERSON.upn, PERSON.ipaddr, 'stranger', 'payroll', 'devstoreaccount1', 'fabrikam'];
      for (const secret of secrets) expect(`${files}`.toLowerCase()).not.toContain(secret.toLowerCase());
      expect(await emulator.control.runtimes(factory)).toEqual([]);
    },
    LONGEST_MS,
  );

  test.concurrent(
    'with a queue that does not exist says what to do, and all else of the result stands',
    async () => {
      const { emulator, azurite } = get();
      const factory = await factoryIn('5ca1ab1e-4321-4abc-8def-0123456789ac');
      const { code, out } = await probe(factory, `${azurite.url}/missing`);
      expect({ code, out }).toMatchObject({ code: 1 });
      expect(out).toMatch(
        /^ +change-events +could not tell +the queue does not exist\. Create it, or correct --queue/m,
      );
      expect(out).toMatch(/^ +create-only +holds +412 PreconditionFailed$/m);
      expect(await emulator.control.runtimes(factory)).toEqual([]);
    },
    LONGEST_MS,
  );
});
