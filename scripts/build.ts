/**
 * Bundles the operator into `dist/main.mjs` and `kubectl azir` into `dist/kubectl-azir.js`; each needs nothing but Node. A folder
 * that is given takes the place of `dist`.
 */
import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { ASKED, azureClients } from './bundle/azure-clients.ts';
import { withoutUnusedModules } from './bundle/kubernetes-client.ts';
import { lazyBuiltins } from './bundle/lazy-builtins.ts';
import { stubs } from './bundle/stubs.ts';
import { smallUndici } from './bundle/undici.ts';

const root = new URL('..', import.meta.url);
const dist = process.argv[2] ?? fileURLToPath(new URL('dist', root));
const { version } = JSON.parse(await readFile(new URL('package.json', root), 'utf8')) as { version: string };

/** What both bundles are made with. */
const common: BuildOptions = {
  absWorkingDir: new URL('.', root).pathname,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  mainFields: ['module', 'main'],
  // All names stay, for stack traces (there is no source map) and because some errors take theirs from their class. Measured: short
  // names would save 0.7 MB of the file and 0.7 MiB resident. Esbuild's `keepNames` would save 0.6 MB of the file, but it names each
  // function anew whenever it is made: 7 % more CPU, and 1.2 MiB more resident.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  define: {
    __VERSION__: JSON.stringify(version),
    // Nothing here sends forms. The SDK asks of every request whether it is one, and the first look at the global loads Node's own undici: 4 MiB and 20 ms of a start (measured).
    FormData: 'undefined',
  },
  plugins: [azureClients(ASKED), withoutUnusedModules, stubs, smallUndici, lazyBuiltins],
  logLevel: 'warning',
};
// CommonJS dependencies inside an ES module still call require for Node's own modules.
const REQUIRE =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

await rm(dist, { recursive: true, force: true });
await build({
  ...common,
  entryPoints: ['src/main.ts'],
  outfile: join(dist, 'main.mjs'),
  banner: { js: REQUIRE },
});
await build({
  ...common,
  entryPoints: { 'kubectl-azir': 'src/cli/main.ts' },
  outdir: dist,
  banner: { js: `#!/usr/bin/env node\n${REQUIRE}` },
});
// kubectl asks this one, found on PATH by its name, for what can come next.
const COMPLETE = `#!/usr/bin/env node
process.argv.splice(2, 0, '__complete');
await import('./kubectl-azir.js');
`;
await writeFile(join(dist, 'kubectl_complete-azir.js'), COMPLETE);
for (const name of ['main.mjs', 'kubectl-azir.js']) {
  await toAscii(join(dist, name));
  const { size } = await stat(join(dist, name));
  process.stdout.write(`dist/${name}: ${(size / 1e6).toFixed(2)} MB\n`);
}
/**
 * With one other character, V8 keeps two bytes for each of a script: 2.4 MiB resident. Esbuild escapes all but those of regular
 * expressions, of which there are six.
 */
async function toAscii(file: string): Promise<void> {
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  // Unit by unit: right for all that JavaScript can spell in a regular expression without the flag u, and below U+10000 with it.
  await writeFile(file, (await readFile(file, 'utf8')).replace(/[^\0-\x7f]/g, escaped));
}

for (const name of ['kubectl-azir.js', 'kubectl_complete-azir.js']) await chmod(join(dist, name), 0o755);
