/** The pinned version of Kubernetes, and the platform of this machine. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The Go module that pins what is built; its go.mod is the one place that names the versions. */
export const moduleDir = join(import.meta.dirname, 'gomod');

/** The pinned Kubernetes version, such as `v1.36.3`. */
export function kubernetesVersion(): string {
  const goMod = readFileSync(join(moduleDir, 'go.mod'), 'utf8');
  const version = /\bk8s\.io\/kubernetes (v\d+\.\d+\.\d+)\b/.exec(goMod)?.[1];
  if (version === undefined) throw new Error(`${moduleDir}/go.mod requires no released k8s.io/kubernetes.`);
  return version;
}

/** `v1.36.3` → `{major: '1', minor: '36'}`. */
export function majorMinor(version: string): { major: string; minor: string } {
  const [major = '', minor = ''] = version.replace(/^v/, '').split('.');
  return { major, minor };
}

/** This machine in the words that Go and the envtest archives use, such as `linux-amd64`. */
export function platform(): string {
  const arch = { x64: 'amd64', arm64: 'arm64', ppc64: 'ppc64le', s390x: 's390x' }[process.arch as string];
  return `${process.platform}-${arch ?? process.arch}`;
}
