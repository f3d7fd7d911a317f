/** Exits 1 when a link in a page, or the mention of a page in another file, leads nowhere. */
import { brokenLinks } from './docs/links.ts';
import { readRepository } from './docs/repository.ts';

for (const broken of brokenLinks(await readRepository())) {
  process.stderr.write(`${broken}\n`);
  process.exitCode = 1;
}
