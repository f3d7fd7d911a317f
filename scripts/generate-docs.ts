/** Writes the pages that follow from the code and the CRD. With --check it only compares, and exits 1 when one differs. */
import { readFile, writeFile } from 'node:fs/promises';
import { assumptionsPage } from './docs/assumptions.ts';
import { cliPages } from './docs/cli.ts';
import { readCrd } from './docs/crd.ts';
import { decisionsPage } from './docs/decisions.ts';
import { flagsPage } from './docs/flags.ts';
import { manifestPage } from './docs/manifest.ts';
import { metricsPage } from './docs/metrics.ts';
import { reasonsPage } from './docs/reasons.ts';
import { reportsIn } from './docs/reports.ts';
import { readRepository } from './docs/repository.ts';
import { statusPage } from './docs/status.ts';

const crd = await readCrd();
const { texts } = await readRepository();
const sources = new Map([...texts].filter(([path]) => /^src\/.*\.ts$/.test(path)).sort());

const PAGES: Readonly<Record<string, string>> = {
  'reference/manifest.md': manifestPage(crd),
  'reference/status.md': statusPage(crd),
  'reference/reasons.md': reasonsPage(),
  'reference/flags.md': flagsPage(),
  'reference/metrics.md': await metricsPage(),
  'adr/README.md': decisionsPage(sources),
  'assumptions.md': assumptionsPage(reportsIn(texts)),
  ...cliPages(),
};

for (const [name, wanted] of Object.entries(PAGES)) {
  const file = new URL(`../docs/${name}`, import.meta.url);
  if (!process.argv.includes('--check')) await writeFile(file, wanted);
  else if (wanted !== (await readFile(file, 'utf8').catch(() => ''))) {
    process.stderr.write(`docs/${name} is not what it is generated from: run \`npm run generate\`.\n`);
    process.exitCode = 1;
  }
}
