/** A real Storage queue for the tests of a file: azurite with tokens of an emulated Azure, and Microsoft's SDK, which was not written for us. */
import { afterAll, beforeAll, describe } from '@jest/globals';
import { type Azurite, startAzurite } from '../../../dev/azurite/azurite.ts';
import { haveAzurite, type Packages } from '../../../dev/azurite/install.ts';
import { type Queue, QueueClient } from '../../../dev/azurite/queue.ts';
import { DEFAULT_CLIENT, type Emulator, type EmulatorOptions, startEmulator } from '../../../dev/emulator/index.ts';

/** Nothing else bounds what a file does before its first test. */
const INSTALL_MS = 5 * 60_000;

interface Started {
  readonly packages: Packages;
  readonly emulator: Emulator;
  readonly azurite: Azurite;
  readonly client: QueueClient;
}

export interface QueueSite {
  /** Starts all of it before these tests, and stops it after them; they are skipped where azurite cannot be installed. */
  describe(name: string, tests: () => void): void;
  /** For the tests and hooks of `describe`. */
  get(): Started;
  newQueue(): Promise<Queue>;
}

/** For the top of a file. */
export async function queueSite(options: EmulatorOptions = {}): Promise<QueueSite> {
  const signal = AbortSignal.timeout(INSTALL_MS);
  const packages = await haveAzurite({ log: (line) => console.error(line), signal });
  let started: Started | undefined;
  let queues = 0;
  const get = () => {
    if (started === undefined) throw new Error('no queue is started');
    return started;
  };
  return {
    get,
    describe(name, tests) {
      if (packages === undefined) return describe.skip(name, tests);
      describe(name, () => {
        beforeAll(async () => {
          started = await start(packages, options);
        });
        tests();
        // After the hooks of the tests.
        afterAll(() => stop(get()));
      });
    },
    async newQueue() {
      const { client, azurite } = get();
      const queue = client.queue(azurite.url, `queue-${++queues}`);
      await queue.create();
      return queue;
    },
  };
}

async function start(packages: Packages, options: EmulatorOptions): Promise<Started> {
  const emulator = await startEmulator(options);
  const azurite = await startAzurite(packages, emulator);
  return { packages, emulator, azurite, client: new QueueClient(packages, { ...emulator, ...DEFAULT_CLIENT }) };
}

async function stop({ emulator, azurite, client }: Started): Promise<void> {
  await client.stop();
  await azurite.stop();
  await emulator.stop();
}
