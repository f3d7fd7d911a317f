/**
 * The runtimes of an ARM template: resources of their types, children of factories and workspaces, and those of deployments
 * whose template stands in the template. Bicep is this after `bicep build`; so is what Data Factory exports and publishes.
 *
 * https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax and …/child-resource-name-type (documented: a
 * nested child has the last segments of type and name only; a deployment whose `expressionEvaluationOptions.scope` is inner
 * has parameters and variables of its own; `resources` is an object where `languageVersion` is 2.0).
 */

import { isObject } from '../../../core/model/json.ts';
import { ARM_TYPES, type Parent } from '../../../core/model/runtime.ts';
import { type Raw, readRecord, readText } from '../../../kube/client/raw.ts';
import { isPossible, type Place } from '../../azure/scope.ts';
import { CommandError } from '../../exit.ts';
import type { Skipped } from '../runtimes.ts';
import { evaluate, evaluateAll, type Scope, Unresolved } from './arm-expressions.ts';
import { parseJson, type Source, type Wanted } from './source.ts';

const WHAT_TO_DO = 'Give an ARM template; of Bicep what bicep build makes of it.';

interface Context {
  readonly scope: Scope;
  /** Undefined parts: a deployment names them in a way that cannot be told. */
  readonly place: { readonly subscriptionId: string | undefined; readonly resourceGroup: string | undefined };
  readonly path: string;
  readonly parent?: { readonly type: string; readonly name: string };
}

/** `parameters`: what `az deployment group create --parameters` would be given. @throws CommandError */
export function fromArm(file: string, text: string, parameters: Raw, { subscription, resourceGroup }: Place): Source {
  if (subscription === undefined || resourceGroup === undefined) {
    throw new CommandError(`${file} does not tell where it is deployed: give --subscription ID and -g GROUP too`);
  }
  if (file.endsWith('.bicep')) throw new CommandError(`${file} is Bicep: give what bicep build ${file} makes of it`);
  const template = parseJson(file, text, WHAT_TO_DO);
  if (!isObject(template) || !('resources' in template)) {
    throw new CommandError(`${file} has no resources: it is no ARM template. ${WHAT_TO_DO}`);
  }
  const place = { subscriptionId: subscription, resourceGroup };
  const found = [...runtimesIn(template, { scope: scopeOf(template, parameters), place, path: `${file}: resources` })];
  return {
    wanted: found.flatMap((each) => ('id' in each ? [each] : [])),
    skipped: found.flatMap((each) => ('reason' in each ? [each] : [])),
    errors: [],
  };
}

/** Names are case-insensitive in ARM. */
function entryOf(record: Raw, name: string): unknown {
  const key = Object.keys(record).find((each) => each.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : record[key];
}

function scopeOf(template: Raw, given: Raw): Scope {
  const declared = readRecord(template.parameters);
  const variables = readRecord(template.variables);
  const open = new Set<string>();
  const once = <T>(what: string, work: () => T): T => {
    const key = what.toLowerCase();
    if (open.has(key)) throw new Unresolved(`${what} is made of itself`);
    open.add(key);
    try {
      return work();
    } finally {
      open.delete(key);
    }
  };
  const scope: Scope = {
    parameter: (name) =>
      once(`parameter ${name}`, () => {
        const value = entryOf(given, name);
        if (value !== undefined) return value;
        const { type, defaultValue } = readRecord(entryOf(declared, name));
        if (/^secure/i.test(readText(type) ?? '')) throw new Unresolved(`parameter ${name} is a secret`);
        if (defaultValue !== undefined) return evaluateAll(defaultValue, scope);
        throw new Unresolved(`parameter ${name} has no value: give --parameters ${name}=VALUE, or their file`);
      }),
    variable: (name) =>
      once(`variable ${name}`, () => {
        const value = entryOf(variables, name);
        if (value === undefined) throw new Unresolved(`there is no variable ${name}`);
        return evaluateAll(value, scope);
      }),
  };
  return scope;
}

const DEPLOYMENT = 'microsoft.resources/deployments';

function* runtimesIn({ resources }: Raw, context: Context): Generator<Wanted | Skipped> {
  const entries = Array.isArray(resources)
    ? resources.map((each, i) => [`${context.path}[${i}]`, each] as const)
    : Object.entries(readRecord(resources)).map(([name, each]) => [`${context.path}.${name}`, each] as const);
  for (const [path, resource] of entries) {
    if (isObject(resource)) yield* runtimeIn(resource, { ...context, path });
  }
}

function* runtimeIn(resource: Raw, context: Context): Generator<Wanted | Skipped> {
  const own = readText(resource.type) ?? '';
  const type = own.includes('/') || context.parent === undefined ? own : `${context.parent.type}/${own}`;
  const kind = parentKindOf(type);
  // What exists is only referred to.
  if (kind !== undefined && resource.existing !== true) yield runtimeOf(resource, kind, context);
  if (type.toLowerCase() === DEPLOYMENT) yield* deploymentIn(resource, context);
  if (!('resources' in resource)) return;
  const name = nameIn(resource, context);
  yield* runtimesIn(resource, {
    ...context,
    path: `${context.path}.resources`,
    parent: { type, name: 'name' in name ? name.name : String(resource.name) },
  });
}

function parentKindOf(type: string): Parent['kind'] | undefined {
  const kinds = ['factory', 'workspace'] as const;
  return kinds.find((kind) => type.toLowerCase() === `${ARM_TYPES[kind]}/integrationRuntimes`.toLowerCase());
}

function nameIn(resource: Raw, { scope, parent }: Context): { readonly name: string } | { readonly why: string } {
  const text = readText(resource.name);
  if (text === undefined) return { why: 'it has no name' };
  // Each copy has a name of its own.
  if (isObject(resource.copy)) return { why: 'a copy loop makes it: only Azure knows copyIndex()' };
  try {
    const name = evaluate(text, scope);
    if (typeof name !== 'string') return { why: 'its name is no text' };
    const own = readText(resource.type) ?? '';
    if (own.includes('/') || parent === undefined) return { name };
    // The name of the parent may itself be unresolved.
    return { name: `${evaluate(parent.name, scope)}/${name}` };
  } catch (error) {
    if (!(error instanceof Unresolved)) throw error;
    return { why: error.message };
  }
}

function runtimeOf(resource: Raw, kind: Parent['kind'], context: Context): Wanted | Skipped {
  const declaredIn = context.path;
  const skip = (reason: Skipped['reason'], why: string): Skipped => ({
    runtime: `${declaredIn} ${typeof resource.name === 'string' ? resource.name : ''}`.trim(),
    reason,
    message: why,
  });
  if (resource.condition === false) return skip('Excluded', 'its condition is false: the template does not deploy it');
  const name = nameIn(resource, context);
  if ('why' in name) {
    return skip('Unresolved', `its id cannot be told: ${name.why}. Or name the runtime by --${kind} and --include`);
  }
  const { subscriptionId, resourceGroup } = context.place;
  if (subscriptionId === undefined || resourceGroup === undefined) {
    return skip('Unresolved', 'its group or subscription cannot be told, because a deployment computes it');
  }
  const [parentName = '', runtimeName = '', ...more] = name.name.split('/');
  const id = { parent: { kind, subscriptionId, resourceGroup, name: parentName }, name: runtimeName };
  if (more.length === 0 && isPossible(id)) return { id, declaredIn };
  return skip('Unresolved', `"${name.name}" is not the name of a ${kind}, a slash, and the name of a runtime`);
}

function* deploymentIn(resource: Raw, context: Context): Generator<Wanted | Skipped> {
  const { template, templateLink, parameters, expressionEvaluationOptions } = readRecord(resource.properties);
  if (resource.condition === false) return;
  if (!isObject(template)) {
    if (templateLink === undefined) return;
    yield {
      runtime: context.path,
      reason: 'Unresolved',
      message: 'its template is another file: give that one with --from-arm too, if it has runtimes',
    };
    return;
  }
  const isInner = /^inner$/i.test(readText(readRecord(expressionEvaluationOptions).scope) ?? '');
  yield* runtimesIn(template, {
    scope: isInner ? scopeOf(template, valuesIn(parameters, context.scope)) : context.scope,
    place: placeOf(resource, context),
    path: `${context.path}.properties.template.resources`,
  });
}

/** Another group or subscription, where the deployment names one. */
function placeOf(resource: Raw, { scope, place }: Context): Context['place'] {
  const told = (value: unknown, standard: string | undefined): string | undefined => {
    if (typeof value !== 'string') return standard;
    try {
      return String(evaluate(value, scope));
    } catch (error) {
      if (error instanceof Unresolved) return undefined;
      throw error;
    }
  };
  return {
    subscriptionId: told(resource.subscriptionId, place.subscriptionId),
    resourceGroup: told(resource.resourceGroup, place.resourceGroup),
  };
}

/** The values of a deployment's parameters; those that cannot be told are as if they had not been given. */
function valuesIn(parameters: unknown, scope: Scope): Raw {
  const values = Object.entries(readRecord(parameters)).flatMap(([name, each]) => {
    try {
      const { value } = readRecord(each);
      return value === undefined ? [] : [[name, evaluateAll(value, scope)] as const];
    } catch (error) {
      if (error instanceof Unresolved) return [];
      throw error;
    }
  });
  return Object.fromEntries(values);
}

/** `NAME=VALUE`, or a parameters file; later ones win. */
export async function parametersOf(given: readonly string[], read: (file: string) => Promise<string>): Promise<Raw> {
  const all: Record<string, unknown> = {};
  for (const text of given) {
    const { name, value } = /^(?<name>\w+)=(?<value>.*)$/s.exec(text)?.groups ?? {};
    if (name !== undefined) all[name] = value;
    else Object.assign(all, parametersIn(text, await read(text)));
  }
  return all;
}

/** A parameters file has them below `parameters`, each with its `value`; one from a key vault has a `reference` instead. */
function parametersIn(file: string, text: string): Raw {
  const document = parseJson(file, text, 'Give a parameters file, or NAME=VALUE.');
  const parameters = isObject(document) ? document.parameters : undefined;
  if (!isObject(parameters)) throw new CommandError(`${file} has no parameters: give a parameters file, or NAME=VALUE`);
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, each]) => {
      const { value } = readRecord(each);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
