/** The real helm, on the chart. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { pathOf } from '../../dev/tools/index.ts';

export const CHART = fileURLToPath(new URL('../../deploy/chart', import.meta.url));
export const RELEASE = 'azure-ir-operator';
export const NAMESPACE = 'azure-ir-system';

/** Every installation has to name an image. */
export const WITH_IMAGE = ['--set', 'image.repository=azure-ir-operator'];

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Record<string, string> };
}

export interface HelmResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface HelmOptions {
  /** Without it there is no cluster: never the developer's own. */
  readonly kubeconfig?: string;
  /** Helm's own folders: for its caches and settings. */
  readonly home: string;
  readonly values?: object;
}

export function runHelm(args: readonly string[], { kubeconfig, home, values }: HelmOptions): Promise<HelmResult> {
  const { promise, resolve, reject } = Promise.withResolvers<HelmResult>();
  const env = { PATH: process.env.PATH, HOME: home, KUBECONFIG: kubeconfig ?? '/dev/null' };
  const given = values === undefined ? args : [...args, '--values', '-'];
  const child = execFile(pathOf('helm'), given, { env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
    if (error && typeof error.code !== 'number') reject(error);
    else resolve({ code: Number(error?.code ?? 0), stdout, stderr });
  });
  child.stdin?.end(values === undefined ? undefined : JSON.stringify(values));
  return promise;
}

/** Resolves with helm's standard output; rejects with what it complained of. */
export async function helm(args: readonly string[], options: HelmOptions): Promise<string> {
  const { code, stdout, stderr } = await runHelm(args, options);
  if (code !== 0) throw new Error(`helm ${args.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
}

/** What `helm template` prints. */
export function template(options: HelmOptions, namespace = NAMESPACE, release = RELEASE): Promise<string> {
  return helm(['template', release, CHART, '--namespace', namespace, ...WITH_IMAGE], options);
}

export function manifestsIn<T extends Manifest = Manifest>(text: string): T[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS())
    .filter((manifest) => manifest !== null);
}
