/** The README says what the code has: nothing is left out, and its example is the one that works. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { ANNOTATION, EVENT_REASONS, FINALIZER, REASONS, SYNCED_REASONS } from '../../src/api/names.ts';
import { usage } from '../../src/config.ts';

const file = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
/** Without the blanks that align its tables. */
const readme = file('README.md').replace(/^\|.*\|$/gm, (row) => row.replace(/ +/g, ' '));

interface Schema {
  readonly type?: string;
  readonly properties?: Record<string, Schema>;
}

/** The fields of an object of the CRD: with those below them for spec, which people write. */
function fields(schema: Schema, deep: boolean, prefix = ''): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => [
    `${prefix}${name}`,
    ...(deep ? fields(child, deep, `${prefix}${name}.`) : []),
  ]);
}

function schemaOf(part: 'spec' | 'status'): Schema {
  const crd = parse(file('crds/azure-ir.io_azureintegrationruntimes.yaml'));
  return crd.spec.versions[0].schema.openAPIV3Schema.properties[part];
}

const named = (text: string): boolean => readme.includes(`\`${text}\``);

describe('the README', () => {
  test('has the example that the demo applies, byte for byte', () => {
    const sample = 'examples/azureintegrationruntime.yaml';
    expect(file('scripts/demo/tour.ts')).toContain(`'${sample}'`);
    expect(readme).toContain(`\n\`\`\`yaml\n${file(sample)}\`\`\`\n`);
  });

  test.each(fields(schemaOf('spec'), true))('tells what spec.%s means', (field) => {
    expect(readme).toMatch(new RegExp(`^\\| \`${field.replaceAll('.', '\\.')}\` \\| [^|]+ \\| [^|]+ \\|$`, 'm'));
  });

  test.each(fields(schemaOf('status'), false))('names status.%s', (field) => {
    expect(named(field)).toBe(true);
  });

  test.each([...new Set([...REASONS, ...SYNCED_REASONS, ...EVENT_REASONS])])('names the reason %s', (reason) => {
    expect(named(reason)).toBe(true);
  });

  test.each([...Object.values(ANNOTATION), FINALIZER])('names %s', (name) => {
    expect(named(name)).toBe(true);
  });

  test.each(
    [...usage().matchAll(/^ {2}--(\S+)\n.*default "(.*)"; variable (\w+)\)$/gm)].map((match) => match.slice(1)),
  )('has the flag --%s with its default and its variable', (flag, standard, variable) => {
    const row = readme.split('\n').find((line) => line.startsWith(`| \`--${flag}\` |`));
    expect(row).toContain(`| \`${variable}\` |`);
    expect(row).toContain(standard === '' ? '' : `| \`${standard}\` |`);
  });

  test('leaves no flag out', () => {
    const flags = [...usage().matchAll(/^ {2}--([a-z-]+)$/gm)].map(([, flag]) => flag);
    expect(flags.length).toBeGreaterThan(5);
    for (const flag of flags) expect(readme).toContain(`\n| \`--${flag}\` |`);
  });

  test.each(Object.keys(JSON.parse(file('package.json')).scripts))('tells what the npm script %s does', (script) => {
    expect(named(script === 'test' ? 'npm test' : `npm run ${script}`)).toBe(true);
  });

  test('refers only to files that there are', () => {
    const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path]) => path ?? '');
    for (const path of links) expect(() => file(path)).not.toThrow();
  });

  test('names only tests that there are', () => {
    const paths = [...readme.matchAll(/`(test\/[\w/-]+\.test\.ts)`/g)].map(([, path]) => path ?? '');
    expect(paths.length).toBeGreaterThan(5);
    for (const path of paths) expect(() => file(path)).not.toThrow();
  });

  test('links only to headings that there are', () => {
    const slug = (heading: string) =>
      heading
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-');
    const headings = [...readme.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => slug(heading ?? ''));
    for (const [, target] of readme.matchAll(/\]\(#([^)]+)\)/g)) expect(headings).toContain(target);
  });
});
