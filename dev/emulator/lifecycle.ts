/** The states that a runtime passes through. */
import { ASSUMED, type Assumed, DEFAULT_REPAIRS_NEEDED, endedByPut } from './assumptions.ts';
import type { LifecycleRule, Stage } from './control.ts';
import { property } from './exchange.ts';
import { isObject, type Json, type JsonObject } from './json.ts';

/** Which states a runtime passes through, as data. */
const defaultRules = ({ networkStages }: Assumed): readonly LifecycleRule[] => [
  { on: 'create', type: 'SelfHosted', stages: [{ state: 'NeedRegistration', afterMs: 0 }] },
  { on: 'create', type: 'Managed', ssis: true, stages: [{ state: 'Initial', afterMs: 0 }] },
  { on: 'create', managedVirtualNetwork: true, stages: [...networkStages] },
  { on: 'create', stages: [{ state: 'Online', afterMs: 0 }] },
  { on: 'repair', stages: [{ state: 'Online', afterMs: 0 }] },
];

const HEALTHY: ReadonlySet<string> = new Set(['Online', 'Started']);

/** The state of one runtime: what it passes through, and what would repair it. */
export class Lifecycle {
  #stages: readonly Stage[] = [];
  #since = 0;
  #repairsNeeded = Number.POSITIVE_INFINITY;

  constructor(stages: readonly Stage[], now: number) {
    this.set(stages, now);
  }

  state(now: number): string {
    let state = 'Initial';
    for (const stage of this.#stages) {
      if (now - this.#since < stage.afterMs) break;
      state = stage.state;
    }
    return state;
  }

  set(stages: readonly Stage[], now: number, repairsNeeded?: number | 'never'): void {
    this.#stages = stages;
    this.#since = now;
    const byState = stages.some((stage) => endedByPut(stage.state)) ? DEFAULT_REPAIRS_NEEDED : 'never';
    const needed = repairsNeeded ?? byState;
    this.#repairsNeeded = needed === 'never' ? Number.POSITIVE_INFINITY : needed;
  }

  /** To be told of every PUT on the existing runtime. */
  written(properties: JsonObject, rules: readonly LifecycleRule[], now: number): void {
    if (HEALTHY.has(this.state(now))) return;
    this.#repairsNeeded--;
    if (this.#repairsNeeded <= 0) this.set(stagesOf('repair', properties, rules), now);
  }
}

export function stagesOf(
  event: LifecycleRule['on'],
  properties: JsonObject,
  own: readonly LifecycleRule[],
  assumed: Assumed = ASSUMED,
): readonly Stage[] {
  return (
    [...own, ...defaultRules(assumed)].find((rule) => rule.on === event && applies(rule, properties))?.stages ?? []
  );
}

function applies(rule: LifecycleRule, properties: JsonObject): boolean {
  return (
    (rule.type === undefined || isSameValue(rule.type, property(properties, 'type'))) &&
    (rule.ssis === undefined || rule.ssis === isSsis(properties)) &&
    (rule.managedVirtualNetwork === undefined || rule.managedVirtualNetwork === (networkOf(properties) !== undefined))
  );
}

/** The name of the managed virtual network to which a definition refers; an empty one is none. */
export function networkOf(properties: JsonObject): string | undefined {
  const reference = property(properties, 'managedVirtualNetwork');
  const name = isObject(reference) ? property(reference, 'referenceName') : undefined;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/** Values of an enumeration, or names. */
export function isSameValue(a: Json | undefined, b: Json | undefined): boolean {
  return typeof a === 'string' && typeof b === 'string' ? a.toLowerCase() === b.toLowerCase() : a === b;
}

/** Documented: an Azure-SSIS runtime is a Managed one that has `ssisProperties`, or a size and number of nodes. */
function isSsis(properties: JsonObject): boolean {
  const type = property(properties, 'typeProperties');
  if (!isObject(type)) return false;
  const compute = property(type, 'computeProperties');
  const has = (object: JsonObject, name: string) => property(object, name) !== undefined;
  return (
    has(type, 'ssisProperties') || (isObject(compute) && (has(compute, 'nodeSize') || has(compute, 'numberOfNodes')))
  );
}
