/** Writes the README of the chart: its values, as values.yaml has them with their comments. With --check it only compares, and exits 1 when the two differ. */
import { readFile, writeFile } from 'node:fs/promises';
import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml';

const chart = new URL('../deploy/chart/', import.meta.url);

interface Row {
  readonly name: string;
  readonly standard: string;
  readonly about: string;
}

const keyOf = ({ key }: Pair): string => String(isScalar(key) ? key.value : key);

function commentOf({ key, value }: Pair, map: YAMLMap, first: boolean): string {
  // The parser gives the comment above the first key of a map to the map.
  const above = (isScalar(key) ? key.commentBefore : undefined) ?? (first ? map.commentBefore : undefined) ?? '';
  const beside = isScalar(value) ? (value.comment ?? '') : '';
  // What stands apart above it is about the file.
  return [above.split('\n\n').at(-1), beside].join(' ').replace(/\s+/g, ' ').trim();
}

/** A map with keys of its own is told key by key; one whose keys are as Kubernetes has them is told as a whole. */
function rowsOf(map: YAMLMap, prefix: string, inherited = ''): Row[] {
  return map.items.flatMap((pair, index) => {
    const item = pair as Pair;
    const name = `${prefix}${keyOf(item)}`;
    const about = commentOf(item, map, index === 0 && prefix !== '') || (index === 0 ? inherited : '');
    if (isMap(item.value) && item.value.items.length > 0 && !WHOLE.has(name)) {
      return [...(about === '' ? [] : [{ name, standard: '', about }]), ...rowsOf(item.value, `${name}.`)];
    }
    const standard = JSON.stringify(item.value) ?? '';
    return [{ name, standard, about }];
  });
}

/** Their content is Kubernetes' own. */
const WHOLE = new Set([
  'podSecurityContext',
  'securityContext',
  'resources',
  'nodeSelector',
  'health.livenessProbe',
  'health.readinessProbe',
]);

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('{{', '{ {');

async function readme(): Promise<string> {
  const document = parseDocument(await readFile(new URL('values.yaml', chart), 'utf8'));
  if (!isMap(document.contents)) throw new Error('values.yaml is no map');
  const rows = rowsOf(document.contents, '').map(
    ({ name, standard, about }) =>
      `| \`${name}\` | ${standard === '' ? '' : `\`${cell(standard)}\``} | ${cell(about)} |`,
  );
  return [
    '# azure-ir-operator',
    '',
    'The chart of [azure-ir-operator](../../README.md), which keeps Azure integration runtimes (Data Factory, Synapse) as their manifests declare them.',
    '',
    '```console',
    '$ helm install azure-ir-operator deploy/chart -n azure-ir-system --create-namespace -f values.yaml --wait',
    '$ helm test azure-ir-operator -n azure-ir-system',
    '```',
    '',
    'One value is required: `image.repository`. A value that the chart does not know is refused.',
    '',
    '<!-- Written by npm run generate out of values.yaml. -->',
    '',
    '| value | default | meaning |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

const file = new URL('README.md', chart);
const wanted = await readme();
if (!process.argv.includes('--check')) await writeFile(file, wanted);
else if (wanted !== (await readFile(file, 'utf8').catch(() => ''))) {
  process.stderr.write('deploy/chart/README.md is not what values.yaml says: run `npm run generate`.\n');
  process.exitCode = 1;
}
