/** Copies the CRD into the Helm chart, which can hold no file from outside. With --check it only compares, and exits 1 when the two differ. */
import { readFile, writeFile } from 'node:fs/promises';

const CRD = new URL('../crds/azure-ir.io_azureintegrationruntimes.yaml', import.meta.url);
const COPY = new URL('../deploy/chart/files/crd.yaml', import.meta.url);
const HEADER = '# A copy of what is under crds/ (npm run generate); change it there.\n';

const wanted = HEADER + (await readFile(CRD, 'utf8'));
if (process.argv.includes('--check')) {
  const present = await readFile(COPY, 'utf8').catch(() => '');
  if (present !== wanted) {
    process.stderr.write('The CRD of the chart is not the one under crds/: run `npm run generate`.\n');
    process.exitCode = 1;
  }
} else {
  await writeFile(COPY, wanted);
}
