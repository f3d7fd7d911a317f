import type { Plugin } from 'esbuild';

/** What the client library does not say of itself: that a module of it which nothing is used of can be left out. */
export const withoutUnusedModules: Plugin = {
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
