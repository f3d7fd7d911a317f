/** The README, CONTRIBUTING and the pages of docs/reference say what the code has: nothing is left out. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import {
  ANNOTATION,
  CONDITION_TYPES,
  EVENT_REASONS,
  FINALIZER,
  REASONS,
  RUNTIME_STATES,
  SYNCED_REASONS,
} from '../../src/api/names.ts';
import { usage } from '../../src/config.ts';

const file = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const page = (name: string): string => file(`docs/reference/${name}.md`);
const firstCells = (text: string): string[] => [...text.matchAll(/^\| `([^`]+)` \|/gm)].map(([, cell = '']) => cell);

interface Schema {
  readonly properties?: Record<string, Schema>;
  readonly items?: Schema;
}

/** Every field below an object of the CRD; an entry of a list is `name[]`. */
function fields(schema: Schema, prefix = ''): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => [
    `${prefix}${name}`,
    ...fields(child, `${prefix}${name}.`),
    ...fields(child.items ?? {}, `${prefix}${name}[].`),
  ]);
}

function schemaOf(part: 'spec' | 'status'): Schema {
  const crd = parse(file('crds/azure-ir.io_azureintegrationruntimes.yaml'));
  return crd.spec.versions[0].schema.openAPIV3Schema.properties[part];
}

describe('the README', () => {
  const readme = file('README.md');

  test('is short enough to be read', () => {
    expect(Buffer.byteLength(readme)).toBeLessThanOrEqual(12 * 1024);
  });

  test('has the example that the demo applies, byte for byte', () => {
    const sample = 'examples/azureintegrationruntime.yaml';
    expect(file('scripts/demo/tour.ts')).toContain(`'${sample}'`);
    expect(readme).toContain(`\n\`\`\`yaml\n${file(sample)}\`\`\`\n`);
  });
});

describe('CONTRIBUTING', () => {
  test.each(Object.keys(JSON.parse(file('package.json')).scripts))('tells what the npm script %s does', (script) => {
    expect(file('CONTRIBUTING.md')).toContain(`\`${script === 'test' ? 'npm test' : `npm run ${script}`}\``);
  });

  test('is for the Node that the packages bring', () => {
    expect(file('.node-version').trim()).toBe(JSON.parse(file('package.json')).devDependencies.node);
  });
});

describe('the reference', () => {
  test.each([
    ['manifest', 'spec'],
    ['status', 'status'],
  ] as const)('of the %s has every field of the CRD', (name, part) => {
    const all = fields(schemaOf(part));
    expect(all.length).toBeGreaterThan(20);
    expect(firstCells(page(name))).toEqual(expect.arrayContaining(all));
  });

  test.each(Object.values(ANNOTATION))('of the manifest tells what the annotation %s asks for', (name) => {
    expect(firstCells(page('manifest'))).toContain(name);
  });

  test.each(CONDITION_TYPES)('of the status tells what the condition %s means', (type) => {
    expect(firstCells(page('status'))).toContain(type);
  });

  test('of the reasons has every reason that an object and an event can have', () => {
    const listed = firstCells(page('reasons'));
    expect(listed).toEqual(expect.arrayContaining([...REASONS, ...SYNCED_REASONS, ...EVENT_REASONS, 'Unknown']));
    // What is well, or being started, is told by another reason.
    const spoken = ['Online', 'Started', 'Initial', 'Starting'];
    expect([...listed, ...spoken]).toEqual(expect.arrayContaining([...RUNTIME_STATES]));
  });

  test('of the flags has every flag, with its default and its variable', () => {
    const flags = [...usage().matchAll(/^ {2}--(\S+)\n.*default "(.*)"; variable (\w+)\)$/gm)];
    expect(flags.map(([, name]) => `--${name}`)).toEqual(
      [...usage().matchAll(/^ {2}(--[a-z-]+)$/gm)].map(([, flag]) => flag),
    );
    for (const [, name, standard, variable] of flags) {
      const shown = standard === '' ? 'empty' : `\`${standard}\``;
      expect(page('flags')).toContain(`\n| \`--${name}\` | ${shown} | \`${variable}\` |`);
    }
  });

  test('of the properties names only tests that there are', () => {
    const paths = [...page('properties').matchAll(/`(test\/[\w/-]+\.test\.ts)`/g)].map(([, path = '']) => path);
    expect(paths.length).toBeGreaterThan(5);
    for (const path of paths) expect(() => file(path)).not.toThrow();
  });
});

test('docs/operations.md names the finalizer', () => {
  expect(file('docs/operations.md')).toContain(`\`${FINALIZER}\``);
});
