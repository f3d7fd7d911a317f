/** A cluster and an emulated Azure of a file's own, which it may take down, and operators that it may kill. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { withLock } from '../../dev/controlplane/lock.ts';
import { DEFAULT_CLIENT, type EmulatorControl } from '../../dev/emulator/index.ts';
import { buildBundle } from '../../dev/installation/bundle.ts';
import { type Installation, install } from '../../dev/installation/installation.ts';
import { type AzureEnvironment, type OperatorProcess, startOperator } from '../../dev/installation/operator-process.ts';
import { History } from '../operator/support/history.ts';
import { Place } from '../operator/support/place.ts';
import type { Run } from '../operator/support/run.ts';
import { complaints } from '../support/verdicts.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const BUNDLE = join(root, 'dist/main.mjs');
const SETUP_MS = 120_000;

export interface OperatorChanges {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly azure?: Partial<AzureEnvironment>;
  readonly kubeconfig?: string;
  readonly onLine?: (line: string) => void;
  /** Code that runs in the operator's process before the operator does. */
  readonly before?: string;
}

/** What one test works with. Operators that it starts watch its namespace only, and end with it. */
export interface World {
  readonly installation: Installation;
  readonly azure: EmulatorControl;
  readonly place: Place;
  readonly history: History;
  operator(changes?: OperatorChanges): Promise<OperatorProcess>;
}

/** What all tests of a file share. */
export interface Site {
  readonly installation: Installation;
  /** The file's own copy: whoever else builds replaces `dist`. */
  readonly bundle: string;
  /** A pass that meets no API server counts as a defect in the log. */
  readonly losesApiServer: boolean;
}

/** For the top of a file. */
export function site({ losesApiServer = false } = {}): {
  inWorld: (test: (world: World) => Promise<void>) => Promise<void>;
  get: () => Site;
} {
  let made: Site | undefined;
  const get = () => {
    if (made === undefined) throw new Error('nothing is installed');
    return made;
  };
  beforeAll(async () => {
    const bundle = await ownBundle();
    made = { bundle, losesApiServer, installation: await install(() => {}) };
  }, SETUP_MS);
  afterAll(async () => {
    await made?.installation.stop();
    if (made !== undefined) await rm(dirname(made.bundle), { recursive: true });
  }, SETUP_MS);
  return { get, inWorld: (test) => inWorld(get(), test) };
}

async function inWorld(site: Site, test: (world: World) => Promise<void>): Promise<void> {
  const { installation } = site;
  const run: Run = {
    cluster: installation.cluster,
    azure: installation.azure,
    emulatorControlUrl: installation.emulator.controlUrl,
    metricsUrl: '',
    healthUrl: '',
    logFile: '',
    identity: `${DEFAULT_CLIENT.tenantId}/${DEFAULT_CLIENT.clientId}`,
  };
  const place = await Place.create(run);
  const history = await History.start(run.cluster, place.namespace);
  const operators: OperatorProcess[] = [];
  const operator = async (changes: OperatorChanges = {}) => {
    const started = await startOperator(optionsOf(site, place.namespace, changes));
    operators.push(started);
    return started;
  };
  try {
    await test({ installation, azure: installation.emulator.control, place, history, operator });
    expect(await complaints(history.all())).toEqual([]);
    const lines = operators.flatMap(({ log }) => log);
    expect(lines.filter((line) => JSON.stringify(line).includes('-secret'))).toEqual([]);
    if (!site.losesApiServer) expect(lines.filter(({ msg }) => msg.includes('reconcile failed'))).toEqual([]);
    await place.leave();
  } finally {
    await history.stop();
    await Promise.all(operators.map((one) => one.kill()));
  }
}

function optionsOf({ installation, bundle }: Site, namespace: string, changes: OperatorChanges) {
  const { operatorKubeconfig, azure } = installation;
  const { args = [], env = {}, onLine } = changes;
  const standard = [
    '--interval=1s',
    '--log-level=debug',
    '--operator-identity-namespaces=*',
    `--watch-namespaces=${namespace}`,
  ];
  return {
    kubeconfig: changes.kubeconfig ?? operatorKubeconfig,
    azure: { ...azure, ...changes.azure },
    args: [...standard, ...args],
    env,
    bundle: changes.before === undefined ? bundle : after(changes.before, bundle),
    ...(onLine === undefined ? {} : { onLine }),
  };
}

/** A bundle that runs this code first. */
function after(code: string, bundle: string): string {
  const file = join(dirname(bundle), `${randomUUID()}.mjs`);
  writeFileSync(file, `${code}\nawait import(${JSON.stringify(pathToFileURL(bundle).href)});\n`);
  return file;
}

/** An application of its own in the emulated Entra, so that what is done to it concerns nobody else. */
export async function newClient(
  azure: EmulatorControl,
): Promise<{ tenantId: string; clientId: string; clientSecret: string }> {
  const client = { tenantId: DEFAULT_CLIENT.tenantId, clientId: randomUUID(), clientSecret: `${randomUUID()}-secret` };
  await azure.putClient({ ...client, objectId: randomUUID() });
  return client;
}

/** A copy of the bundle, which is built unless it is newer than all sources: once, if files of this project run side by side. */
async function ownBundle(): Promise<string> {
  const task = { log: () => {}, signal: AbortSignal.timeout(SETUP_MS) };
  // Beside no package.json, only this ending makes it a module.
  const copy = join(await mkdtemp(join(tmpdir(), 'operator-bundle-')), 'main.mjs');
  await withLock(join(tmpdir(), 'azure-ir-outage-bundle.lock'), task, async () => {
    if (!(await isCurrent())) await buildBundle();
    await copyFile(BUNDLE, copy);
  });
  return copy;
}

async function isCurrent(): Promise<boolean> {
  const built = await stat(BUNDLE).catch(() => undefined);
  if (built === undefined) return false;
  const files = await readdir(join(root, 'src'), { recursive: true, withFileTypes: true });
  const times = files
    .filter((file) => file.isFile())
    .map(async (file) => (await stat(join(file.parentPath, file.name))).mtimeMs);
  return Math.max(...(await Promise.all(times))) < built.mtimeMs;
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the bundle to its end. */
export function runBundle(
  bundle: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [bundle, ...args], { env: { ...env }, timeout: 20_000 }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? (error ? -1 : 0)), stdout, stderr }),
    );
  });
}
