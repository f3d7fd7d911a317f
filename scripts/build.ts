/** Bundles the operator into one file, `dist/main.js`, which needs nothing but Node. */
import { readFile, rm, stat } from 'node:fs/promises';
import { build } from 'esbuild';
import { ASKED, azureClients } from './bundle/azure-clients.ts';
import { withoutUnusedModules } from './bundle/kubernetes-client.ts';
import { smallUndici } from './bundle/undici.ts';

const root = new URL('..', import.meta.url);
const { version } = JSON.parse(await readFile(new URL('package.json', root), 'utf8')) as { version: string };

await rm(new URL('dist', root), { recursive: true, force: true });
await build({
  absWorkingDir: new URL('.', root).pathname,
  entryPoints: ['src/main.ts'],
  outfile: 'dist/main.js',
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  mainFields: ['module', 'main'],
  minify: true,
  keepNames: true,
  legalComments: 'none',
  define: { __VERSION__: JSON.stringify(version) },
  // CommonJS dependencies inside an ES module still call require for Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  plugins: [azureClients(ASKED), withoutUnusedModules, smallUndici],
  logLevel: 'warning',
});

const { size } = await stat(new URL('dist/main.js', root));
process.stdout.write(`dist/main.js: ${(size / 1e6).toFixed(2)} MB\n`);
