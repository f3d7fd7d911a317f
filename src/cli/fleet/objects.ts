/** The objects of the cluster that a verb is about: by name, by labels, all, or those that are not ready. */

import { GROUP, KIND } from '../../api/names.ts';
import { isObject } from '../../core/model/json.ts';
import { condition, type ManagedObject } from '../../core/model/object.ts';
import { KubeError } from '../../kube/client/errors.ts';
import { type Raw, readRecord } from '../../kube/client/raw.ts';
import { parseObject } from '../../kube/objects/codec.ts';
import { runtimePath } from '../../kube/objects/runtime-api.ts';
import { CommandError } from '../exit.ts';
import type { KubeFlags } from '../flags.ts';
import { ask, type KubeClient, listObjects } from '../kube.ts';

export interface Found {
  readonly object: ManagedObject;
  /** As the API server has it. */
  readonly raw: Raw;
}

export interface Choice extends KubeFlags {
  readonly allNamespaces?: boolean;
  readonly selector?: string;
  readonly all?: boolean;
  readonly notReady?: boolean;
}

/** For those that change something: exactly one way to choose. @throws CommandError */
export function checkChoice(names: readonly string[], { selector, all, notReady }: Choice): void {
  const ways = [names.length > 0, selector !== undefined, all === true || notReady === true].filter((way) => way);
  if (ways.length === 0) throw new CommandError('no objects selected: give names, -l LABELS, --all or --not-ready');
  if (names.length > 0 && ways.length > 1)
    throw new CommandError('give names, or choose by -l, --all or --not-ready: not both');
}

export async function find(
  client: KubeClient,
  names: readonly string[],
  choice: Choice,
  signal: AbortSignal,
): Promise<Found[]> {
  const namespace = choice.allNamespaces ? undefined : (choice.namespace ?? client.namespace ?? 'default');
  if (names.length > 0) {
    const raws = [];
    for (const place of placesOf(names, choice, client)) raws.push(await get(client, place, signal));
    return raws.flatMap(parsed);
  }
  const all = (await listObjects(client, namespace, choice.selector, signal)).flatMap(parsed);
  return choice.notReady ? all.filter(({ object }) => !isReady(object)) : all;
}

async function get(client: KubeClient, place: Place, signal: AbortSignal): Promise<unknown> {
  try {
    return await ask(client, { method: 'GET', path: runtimePath(place) }, signal);
  } catch (error) {
    const isMissing = error instanceof CommandError && error.cause instanceof KubeError && error.cause.status === 404;
    if (isMissing) throw new CommandError(`there is no ${KIND} ${place.namespace}/${place.name}`);
    throw error;
  }
}

export interface Place {
  readonly namespace: string;
  readonly name: string;
}

const TYPE = new RegExp(`^(azir|${KIND}s?(\\.${GROUP.replaceAll('.', '\\.')})?)/`, 'i');

/** `etl`, kubectl's `azir/etl`, and `team-a/etl`, as all verbs print it. @throws CommandError */
export function placesOf(names: readonly string[], { allNamespaces, namespace }: Choice, client: KubeClient): Place[] {
  if (allNamespaces) throw new CommandError('names and -A are mutually exclusive: a name belongs to one namespace');
  return names.map((given) => {
    const [name = '', own, ...more] = given.replace(TYPE, '').split('/').reverse();
    if (name === '' || own === '' || more.length > 0)
      throw new CommandError(`${given} is no name of an object: use NAME, azir/NAME or NAMESPACE/NAME`);
    if (own !== undefined && namespace !== undefined && own !== namespace)
      throw new CommandError(`${given} is not in the namespace of -n ${namespace}: leave out one of the two`);
    return { namespace: own ?? namespace ?? client.namespace ?? 'default', name };
  });
}

export function parsed(raw: unknown): Found[] {
  const object = parseObject(raw);
  return object === undefined || !isObject(raw) ? [] : [{ object, raw }];
}

export function isReady({ status, generation }: ManagedObject): boolean {
  return status.observedGeneration === generation && condition(status, 'Ready')?.status === 'True';
}

export const SUSPEND = {
  reason: 'azure-ir.io/suspend-reason',
  by: 'azure-ir.io/suspend-by',
  at: 'azure-ir.io/suspend-at',
} as const;

export function annotationsOf({ raw }: Found): Raw {
  return readRecord(readRecord(raw.metadata).annotations);
}

/** Which GitOps tool will undo what is changed in the cluster alone; undefined where none shows. */
export function gitOpsOf(found: Found): string | undefined {
  const labels = readRecord(readRecord(found.raw.metadata).labels);
  const has = (record: Raw, prefix: string) => Object.keys(record).some((key) => key.startsWith(prefix));
  if (has(labels, 'kustomize.toolkit.fluxcd.io/') || has(labels, 'helm.toolkit.fluxcd.io/')) return 'Flux';
  return found.object.isTrackedByArgoCd ? 'Argo CD' : undefined;
}
