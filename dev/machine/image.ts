/** The operator's image, built from the Dockerfile by BuildKit, the builder of Docker, with stand-ins for the bases. */
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../controlplane/cache.ts';
import { withLock } from '../controlplane/lock.ts';
import { step, type Task } from '../controlplane/log.ts';
import { pathOf } from '../tools/index.ts';
import { type Base, bases } from './bases.ts';
import { type Architecture, nodePackages, ownArchitecture } from './packages.ts';
import { startSandbox } from './sandbox.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface BuildSpec {
  /** Under which containers ask for it, with its tag. */
  readonly name: string;
  /** The OCI archive to write. */
  readonly file: string;
  /** The folder with the sources; this repository by default. */
  readonly context?: string;
  /** The folder of the Dockerfile; this repository by default. */
  readonly dockerfile?: string;
  readonly architectures?: readonly Architecture[];
  /** Layers as a registry would have them; otherwise they are left as they are, which is faster. */
  readonly compress?: boolean;
  /** Seconds since 1970 that count as the time of everything in it. */
  readonly epoch?: string;
  /** Runs every step again, whatever the cache has. */
  readonly anew?: boolean;
}

/** What it takes from the network and from other commits stays in the per-user cache: a second build of the same takes seconds. */
export async function buildImage(spec: BuildSpec, env: NodeJS.ProcessEnv, task: Task): Promise<void> {
  const architectures = spec.architectures ?? [ownArchitecture()];
  const packages = await nodePackages(env, task);
  const from = await bases(architectures, env, task);
  const state = join(cacheFolder(env), 'buildkit');
  await mkdir(state, { recursive: true });
  await withLock(`${state}.lock`, task, () =>
    step(task.log, `building ${spec.name} for ${architectures.join(' and ')}`, '10 s, the first time 2 minutes', () =>
      build(spec, architectures, from, { packages, state }, task),
    ),
  );
}

interface Places {
  readonly packages: string;
  readonly state: string;
}

async function build(
  spec: BuildSpec,
  architectures: readonly Architecture[],
  from: readonly Base[],
  { packages, state }: Places,
  { signal }: Task,
): Promise<void> {
  const log = `${spec.file}.log`;
  const logFd = openSync(log, 'w');
  const bin = join(pathOf('buildkitd'), '..');
  const sandbox = await startSandbox({
    command: ['bash', join(import.meta.dirname, 'buildkit.sh'), state, `${spec.file}.daemon.log`, ...argumentsOf()],
    packages,
    network: 'host',
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
    logFd,
  });
  const stop = () => void sandbox.stop();
  signal.addEventListener('abort', stop);
  const code = await sandbox.exited;
  await sandbox.stop();
  signal.removeEventListener('abort', stop);
  closeSync(logFd);
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`BuildKit ended with ${code}:\n${(await readFile(log, 'utf8')).slice(-4_000)}`);

  function argumentsOf(): string[] {
    const stores = from.flatMap(({ image, layout, digest }, index) => [
      ...['--opt', `context:${image}=oci-layout://base${index}@${digest}`],
      ...['--oci-layout', `base${index}=${layout}`],
    ]);
    const output = ['type=oci', `name=${spec.name}`, `dest=${spec.file}`];
    const compression = spec.compress
      ? ['compression=gzip', 'rewrite-timestamp=true']
      : ['compression=uncompressed', 'force-compression=true'];
    return [
      ...['--local', `context=${spec.context ?? root}`, '--local', `dockerfile=${spec.dockerfile ?? root}`],
      ...['--opt', `platform=${architectures.map((architecture) => `linux/${architecture}`).join(',')}`],
      ...(spec.epoch === undefined ? [] : ['--opt', `build-arg:SOURCE_DATE_EPOCH=${spec.epoch}`]),
      ...(spec.anew ? ['--no-cache'] : []),
      ...stores,
      ...['--output', [...output, ...compression].join(',')],
    ];
  }
}
