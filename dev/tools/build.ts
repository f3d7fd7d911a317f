/** Builds the programs of a Go module. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, renew } from '../controlplane/cache.ts';
import { run } from '../controlplane/child.ts';
import { withLock } from '../controlplane/lock.ts';
import { step, type Task } from '../controlplane/log.ts';
import { findGo, type Go } from '../controlplane/toolchain.ts';
import { builtFolder, MODULES, type Module, sourceFolder, type ToolModule } from './modules.ts';

export interface BuildOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly go?: (task: Task) => Promise<Go>;
}

/**
 * Makes sure the programs of a module are in their folder: builds them unless they are there.
 * Throws `NoGo` where they would have to be and no Go is to be had.
 */
export async function buildTools(name: ToolModule, task: Task, options: BuildOptions = {}): Promise<void> {
  const env = options.env ?? process.env;
  const folder = builtFolder(name, env);
  if (await isComplete(folder, name)) return;
  const go = await (options.go?.(task) ?? findGo(join(cacheFolder(env), 'go'), env, task));
  await withLock(`${folder}.lock`, task, async () => {
    if (!(await isComplete(folder, name))) await renew(folder, (unfinished) => build(name, go, unfinished, task));
  });
}

/** Programs that are not all executable count as not built. */
function isComplete(folder: string, name: ToolModule): Promise<boolean> {
  const programs = Object.keys(MODULES[name].programs);
  return Promise.all(programs.map((program) => access(join(folder, program), constants.X_OK))).then(
    () => true,
    () => false,
  );
}

async function build(name: ToolModule, go: Go, dir: string, task: Task): Promise<void> {
  const { programs, tags = '', linkerFlags = '-s -w', expected }: Module = MODULES[name];
  for (const [program, pack] of Object.entries(programs)) {
    const args = ['build', '-trimpath', '-tags', tags, '-ldflags', linkerFlags, '-o', join(dir, program), pack];
    const { code, tail } = await step(task.log, `building ${program} with ${go.version}`, expected, () =>
      run(go.command, args, {
        cwd: sourceFolder(name),
        env: go.env,
        signal: task.signal,
        removeWhenOrphaned: [dir],
      }),
    );
    if (code !== 0) throw new Error(`building ${program} failed (go exited with ${code}):\n${tail}`);
  }
}
