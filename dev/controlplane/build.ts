/** Builds the binaries of the control plane with Go. */
import { join } from 'node:path';
import { run } from './child.ts';
import { step, type Task } from './log.ts';
import type { Source } from './source.ts';
import { findGo, type Go } from './toolchain.ts';
import { majorMinor, moduleDir } from './version.ts';

/** Cheap ones first, so that what is wrong with a machine shows early. The durations are those of two cores. */
const targets = [
  { program: 'etcd', package: 'go.etcd.io/etcd/server/v3', expected: 'about 40 s' },
  { program: 'kubectl', package: 'k8s.io/kubernetes/cmd/kubectl', expected: 'about a minute' },
  { program: 'kube-apiserver', package: 'k8s.io/kubernetes/cmd/kube-apiserver', expected: '2 to 4 minutes' },
] as const;

/** Builds the three from Go modules; go.sum vouches for what is downloaded. */
export function goBuild(version: string, toolchains: string, env: NodeJS.ProcessEnv): Source {
  return {
    name: 'a build from Go modules',
    async fill(dir, task) {
      const go = await findGo(toolchains, env, task);
      for (const target of targets) {
        await step(task.log, `building ${target.program} with ${go.version}`, target.expected, () =>
          build(go, target, version, dir, task),
        );
      }
    },
  };
}

async function build(go: Go, target: (typeof targets)[number], version: string, dir: string, { signal }: Task) {
  const output = join(dir, target.program);
  const args = ['build', '-trimpath', '-ldflags', linkerFlags(version), '-o', output, target.package];
  const { code, tail } = await run(go.command, args, {
    cwd: moduleDir,
    env: go.env,
    signal,
    removeWhenOrphaned: [dir],
  });
  if (code !== 0) throw new Error(`building ${target.program} failed (go exited with ${code}):\n${tail}`);
}

/** Without these the server would call itself v0.0.0-master, and clients compare versions. */
export function linkerFlags(version: string): string {
  const { major, minor } = majorMinor(version);
  const set = (name: string, value: string) => `-X k8s.io/component-base/version.${name}=${value}`;
  return ['-s -w', set('gitVersion', version), set('gitMajor', major), set('gitMinor', minor)].join(' ');
}
