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

/**
 * Undici's own entry loads all of it: caches, mocks, fetch, web sockets. This one has what the operator uses, and what the
 * client library makes of a kubeconfig.
 */
const smallUndici: Plugin = {
  name: 'small undici',
  setup({ onLoad }) {
    onLoad({ filter: /\/undici\/index\.js$/ }, () => ({
      contents: `
        const Dispatcher = require('./lib/dispatcher/dispatcher');
        Object.assign(Dispatcher.prototype, require('./lib/api'));
        exports.Agent = require('./lib/dispatcher/agent');
        exports.ProxyAgent = require('./lib/dispatcher/proxy-agent');
      `,
    }));
  },
};

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
  plugins: [withoutUnusedModules, smallUndici],
  logLevel: 'warning',
});

const { size } = await stat(new URL('dist/main.js', root));
process.stdout.write(`dist/main.js: ${(size / 1e6).toFixed(2)} MB\n`);
