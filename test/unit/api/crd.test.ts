/** What must hold of the CRD as it is written; what the API server makes of it is in test/integration/crd.test.ts. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { LIMITS } from '../../../src/api/limits.ts';
import { CONDITION_TYPES, GROUP, KIND, PLURAL, REASONS, VERSION } from '../../../src/api/names.ts';

interface Schema {
  type: string;
  description?: string;
  default?: unknown;
  enum?: string[];
  required?: string[];
  pattern?: string;
  maxLength?: number;
  maxItems?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-validations'?: { rule: string; message?: string; messageExpression?: string }[];
}

const text = await readFile(
  new URL('../../../crds/azure-ir.io_azureintegrationruntimes.yaml', import.meta.url),
  'utf8',
);
const crd = parse(text);
const root: Schema = crd.spec.versions[0].schema.openAPIV3Schema;

function* walk(schema: Schema, path = ''): Generator<[string, Schema]> {
  yield [path || '.', schema];
  if (schema.items) yield* walk(schema.items, `${path}[]`);
  for (const [name, child] of Object.entries(schema.properties ?? {})) yield* walk(child, `${path}.${name}`);
}

const nodes = [...walk(root)];
const where = (wrong: (schema: Schema) => boolean) => nodes.filter(([, schema]) => wrong(schema)).map(([path]) => path);

function at(path: string): Schema {
  const found = nodes.find(([candidate]) => candidate === path);
  if (!found) throw new Error(`no ${path} in the CRD`);
  return found[1];
}

describe('the CRD', () => {
  test('is smaller than 64 KB, so that kubectl apply can keep it in an annotation', () => {
    expect(Buffer.byteLength(text)).toBeLessThan(64 * 1024);
  });

  test('describes every field', () => {
    expect(nodes.length).toBeGreaterThan(40);
    expect(where((schema) => !schema.description)).toEqual([]);
  });

  test('says of every optional field what happens when it is absent', () => {
    const optional = nodes.flatMap(([path, schema]) =>
      Object.entries(schema.properties ?? {})
        .filter(([name]) => !schema.required?.includes(name))
        .map(([name, child]) => [`${path === '.' ? '' : path}.${name}`, child] as const),
    );
    const silent = optional.filter(([, child]) => !/\b(Required|Defaults to|[Uu]nset)\b/.test(child.description ?? ''));
    expect(silent.map(([path]) => path)).toEqual(['.status', '.status.observedGeneration']);
  });

  test('bounds every string and every list', () => {
    expect(where((schema) => schema.type === 'string' && !schema.enum && !schema.maxLength)).toEqual([]);
    expect(where((schema) => schema.type === 'array' && !schema.maxItems)).toEqual([]);
  });

  test('says how every list is merged', () => {
    expect(where((schema) => schema.type === 'array' && !schema['x-kubernetes-list-type'])).toEqual([]);
  });

  test('says in every refusal what is allowed or what to do, and of what a rule wants, not of what it does not', () => {
    const said = nodes.flatMap(([, schema]) => schema['x-kubernetes-validations'] ?? []);
    const texts = said.flatMap(({ message = '', messageExpression }) => [message, messageExpression ?? message]);
    const advice = /must be |[:;,] (or )?(just )?(restore|remove|set|create|choose|delete|rename|omit) /;
    expect(texts.filter((each) => !advice.test(each))).toEqual([]);
    expect(texts.filter((each) => /, not its|without status\.claim/.test(each))).toEqual([]);
  });

  test('gives every rule a message of its own', () => {
    const rules = nodes.flatMap(([, schema]) => schema['x-kubernetes-validations'] ?? []);
    expect(rules.length).toBeGreaterThan(10);
    expect(rules.filter(({ message }) => !message).map(({ rule }) => rule)).toEqual([]);
  });

  test('has no defaults inside list items, where they would fight with who wrote the list', () => {
    expect(
      nodes.filter(([path, schema]) => path.includes('[]') && schema.default !== undefined).map(([path]) => path),
    ).toEqual([]);
  });
});

describe('the names in src/api', () => {
  test('are those of the CRD', () => {
    expect(crd.metadata.name).toBe(`${PLURAL}.${GROUP}`);
    expect(crd.spec.group).toBe(GROUP);
    expect(crd.spec.names).toMatchObject({ kind: KIND, plural: PLURAL });
    expect(crd.spec.versions.map(({ name }: { name: string }) => name)).toEqual([VERSION]);
  });

  test('list the condition types that the CRD allows', () => {
    expect(at('.status.conditions[].type').enum).toEqual([...CONDITION_TYPES]);
  });

  test('hold no reason that the CRD refuses', () => {
    const { pattern, maxLength } = at('.status.conditions[].reason');
    expect(
      REASONS.filter((reason) => !new RegExp(pattern ?? '').test(reason) || reason.length > (maxLength ?? 0)),
    ).toEqual([]);
  });
});

describe('the limits in src/api', () => {
  const characters = (path: string) => at(path).maxLength;
  const entries = (path: string) => at(path).maxItems;

  test('are the bounds of the CRD', () => {
    expect({
      message: characters('.status.conditions[].message'),
      reason: characters('.status.conditions[].reason'),
      state: characters('.status.state'),
      location: characters('.status.location'),
      identity: characters('.status.claim.identity'),
      token: characters('.status.lastHandledReconcileToken'),
      etag: characters('.status.repair.etag'),
      driftEntries: entries('.status.drift'),
      driftValue: characters('.status.drift[].observed'),
      ownedFields: entries('.status.ownedFields'),
      fieldPath: characters('.status.ownedFields[]'),
      corrections: entries('.status.corrections'),
      correctionTimes: entries('.status.corrections[].times'),
      warnings: entries('.status.warnings'),
    }).toEqual(LIMITS);
  });

  test('are the same wherever the CRD bounds the same thing', () => {
    const lengths = (paths: string[]) => new Set(paths.map(characters));
    const handled = ['ReconcileAt', 'RepairAt', 'InteractiveAuthoringAt'].map((what) => `.status.lastHandled${what}`);
    expect(lengths(handled)).toEqual(new Set([LIMITS.token]));
    expect(lengths(['.status.interactiveAuthoring.status'])).toEqual(new Set([LIMITS.state]));
    expect(lengths(['.status.drift[].desired'])).toEqual(new Set([LIMITS.driftValue]));
    expect(lengths(['.status.drift[].field', '.status.corrections[].field', '.status.operation.fields[]'])).toEqual(
      new Set([LIMITS.fieldPath]),
    );
    expect(entries('.status.operation.fields')).toBe(LIMITS.ownedFields);
    expect(lengths(['.status.waitingSince.reason'])).toEqual(new Set([LIMITS.reason]));
  });
});
