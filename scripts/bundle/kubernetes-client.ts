/** Leaves out of the bundles what they do not use of the Kubernetes client. */
import type { Plugin } from 'esbuild';

/**
 * What its two index files are in a bundle: the names that our code and its own `config.js` import. A name more, and esbuild
 * says that it is missing.
 *
 * That its modules have no side effects is enough where they are loaded at the start; where they are loaded later, as in
 * `kubectl azir`, esbuild keeps what an index exports: 800 modules, 0.4 MB to be parsed at each start.
 */
const INDEXES: Readonly<Record<string, string>> = {
  'dist/index.js': `
    export { KubeConfig } from './config.js';
    export { HttpMethod, RequestContext } from './gen/http/http.js';
    export { PatchStrategy } from './patch.js';`,
  'dist/gen/index.js': `
    export { createConfiguration } from './configuration.js';
    export { ServerConfiguration } from './servers.js';`,
};

/** Also says what the client library does not say of itself: its modules have no side effects, so unused ones can go. */
export const withoutUnusedModules: Plugin = {
  name: 'without unused modules',
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: /^@kubernetes\/client-node$|^\./ }, async ({ path, pluginData, ...where }) => {
      const isOfLibrary = path === '@kubernetes/client-node' || where.importer.includes('/@kubernetes/client-node/');
      if (pluginData === RESOLVED || !isOfLibrary) return undefined;
      return { ...(await resolve(path, { ...where, pluginData: RESOLVED })), sideEffects: false };
    });
    onLoad({ filter: /\/@kubernetes\/client-node\/dist\/(gen\/)?index\.js$/ }, ({ path }) => ({
      contents: INDEXES[path.slice(path.lastIndexOf('/dist/') + 1)] ?? '',
      loader: 'js',
    }));
  },
};
const RESOLVED = Symbol('resolved by esbuild');
