/**
 * Node's own modules, loaded when the module that imports them is: an import at the top of a bundle loads them at its start. Node
 * also reads all that such an import offers, and `node:http` offers classes of undici's, which Node loads when they are first read.
 */
import { builtinModules } from 'node:module';
import type { Plugin } from 'esbuild';

const NAMES = builtinModules
  .filter((name) => !name.startsWith('_'))
  .join('|')
  .replaceAll('/', '\\/');

export const lazyBuiltins: Plugin = {
  name: 'lazy builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^(node:)?(${NAMES})$`) }, ({ path }) => ({ path, namespace: 'builtin' }));
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      loader: 'js',
    }));
  },
};
