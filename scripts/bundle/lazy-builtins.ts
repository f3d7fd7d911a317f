/**
 * Node's own modules, loaded when the module that imports them is: an import at the top of a bundle loads them at its start. Node
 * then also reads every export of such a module, and reading those of `node:http` that come from undici loads undici.
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
