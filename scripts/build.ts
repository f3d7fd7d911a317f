/** Bundles the operator into one file, `dist/main.js`, which needs nothing but Node. */
import { readFile, rm, stat } from 'node:fs/promises';
import { build, type Plugin } from 'esbuild';

const root = new URL('..', import.meta.url);
const { version } = JSON.parse(await readFile(new URL('package.json', root), 'utf8')) as { version: string };

/** What the client library does not say of itself: that a module of it which nothing is used of can be left out. */
const withoutUnusedModules: Plugin = {
  name: 'without unused modules',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^@kubernetes\/client-node$|^\./ }, async ({ path, pluginData, ...where }) => {
      const isOfLibrary = path === '@kubernetes/client-node' || where.importer.includes('/@kubernetes/client-node/');
      if (pluginData === RESOLVED || !isOfLibrary) return undefined;
      return { ...(await resolve(path, { ...where, pluginData: RESOLVED })), sideEffects: false };
    });
  },
};
const RESOLVED = Symbol('resolved by esbuild');

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
  plugins: [withoutUnusedModules],
  logLevel: 'warning',
});

const { size } = await stat(new URL('dist/main.js', root));
process.stdout.write(`dist/main.js: ${(size / 1e6).toFixed(2)} MB\n`);
