/** What Flux and Argo CD do with the manifests of a commit, in their order, by the calls that they make. */
import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { GROUP, KIND } from '../../../src/api/names.ts';
import { type Azir, eventually, type Place } from './place.ts';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: Record<string, unknown>;
}

const FORCE = 'kustomize.toolkit.fluxcd.io/force';
const FLUX = ['apply', '--server-side', '--force-conflicts', '--field-manager=kustomize-controller', '-f', '-'];

/** The objects of ours in a worked example, in the namespace and the factory of a place. */
export async function example(place: Place, path: string): Promise<Manifest[]> {
  const text = await readFile(new URL(`../../../deploy/${path}`, import.meta.url), 'utf8');
  const manifests: Manifest[] = parseAllDocuments(text).map((document) => document.toJS());
  return manifests
    .filter(({ kind }) => kind === KIND)
    .map(({ metadata, spec, ...head }) => ({
      ...head,
      metadata: { ...metadata, namespace: place.namespace },
      spec: { ...spec, factory: place.factory },
    }));
}

/** Applies a commit, where the last one that was applied is given, and prunes what is gone from it: as kustomize-controller with `prune: true`. */
export async function flux(place: Place, commit: readonly Manifest[], last: readonly Manifest[] = []): Promise<void> {
  for (const manifest of commit) await makeRoom(place, manifest);
  for (const manifest of commit) await accepted(place, FLUX, manifest);
  for (const name of stale(commit, last)) await place.delete(name);
}

/** With `force`, an object whose manifest is refused is deleted. Rejects with what the API server says when the manifest is refused for itself. */
async function makeRoom(place: Place, manifest: Manifest): Promise<void> {
  const { name, annotations = {} } = manifest.metadata;
  const dryRun = [...FLUX, '--dry-run=server'];
  const { code } = await place.try(dryRun, { stdin: manifest });
  if (code === 0) return;
  if (annotations[FORCE] === 'enabled') {
    await place.delete(name);
    await place.untilGone(name);
  }
  await accepted(place, dryRun, manifest);
}

/** Prunes what is gone from a commit, without waiting, and applies it: as a sync of Argo CD in one wave. */
export async function argocd(place: Place, commit: readonly Manifest[], last: readonly Manifest[] = []): Promise<void> {
  for (const name of stale(commit, last)) await place.delete(name);
  for (const manifest of commit) await accepted(place, ['apply', '-f', '-'], tracked(place, manifest));
}

/** With the mark by which it knows again what it manages. */
export function tracked(place: Place, manifest: Manifest): Manifest {
  const { name, annotations } = manifest.metadata;
  const id = `app:${GROUP}/${KIND}:${place.namespace}/${name}`;
  return {
    ...manifest,
    metadata: { ...manifest.metadata, annotations: { ...annotations, 'argocd.argoproj.io/tracking-id': id } },
  };
}

async function accepted(place: Place, args: readonly string[], manifest: Manifest): Promise<void> {
  const { code, stderr } = await place.try(args, { stdin: manifest });
  if (code !== 0) throw new Error(stderr);
}

function stale(commit: readonly Manifest[], last: readonly Manifest[]): string[] {
  const present = new Set(commit.map(({ metadata }) => metadata.name));
  return last.map(({ metadata }) => metadata.name).filter((name) => !present.has(name));
}

/** Resolves once the object is Ready, and held. */
export async function untilSettled(place: Place, name: string): Promise<Azir> {
  await place.until(name, 'Ready=True Available');
  return eventually(async () => {
    const object = await place.get(name);
    if (object?.metadata.finalizers === undefined) throw new Error(`${name} is not held`);
    return object;
  });
}
