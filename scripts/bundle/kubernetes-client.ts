/** Leaves out of the bundle what the operator does not use of the Kubernetes client. */
import type { Plugin } from 'esbuild';

/** Says what the client library does not say of itself: its modules have no side effects, so unused ones can go. */
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
