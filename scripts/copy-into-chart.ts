/** Copies into the Helm chart what it needs and has elsewhere: a chart can hold no file from outside. With --check it only compares, and exits 1 when the two differ. */
import { readFile, writeFile } from 'node:fs/promises';

/** Of each copy, what it is a copy of. */
const COPIES = {
  'files/crd.yaml': 'crds/azure-ir.io_azureintegrationruntimes.yaml',
  'files/rules.yaml': 'deploy/monitoring/rules.yaml',
  'files/dashboard.json': 'deploy/monitoring/dashboard.json',
};

for (const [copy, original] of Object.entries(COPIES)) {
  const file = new URL(`../deploy/chart/${copy}`, import.meta.url);
  // JSON has no comments.
  const header = copy.endsWith('.json') ? '' : `# A copy of ${original} (npm run generate); change it there.\n`;
  const wanted = header + (await readFile(new URL(`../${original}`, import.meta.url), 'utf8'));
  if (!process.argv.includes('--check')) await writeFile(file, wanted);
  else if (wanted !== (await readFile(file, 'utf8').catch(() => ''))) {
    process.stderr.write(`deploy/chart/${copy} is not ${original}: run \`npm run generate\`.\n`);
    process.exitCode = 1;
  }
}
