/** Stubs for what libraries load at the start, and what is not used here. */
import type { Plugin } from 'esbuild';

interface Stub {
  readonly module: RegExp;
  readonly contents: string;
}

/** All of it: 0.12 MB of the file and 1 MiB resident (measured). */
const STUBS: readonly Stub[] = [
  // Whether Node is newer than 6.12, 15.7 and 16.9, for which jsonwebtoken brings semver.
  { module: /\/jsonwebtoken\/lib\/\w+Supported\.js$/, contents: 'module.exports = true;' },
  // Metrics of several processes, for which prom-client loads Node's cluster.
  { module: /\/prom-client\/lib\/cluster\.js$/, contents: '' },
  // The traces that examples of a metric can name: prom-client looks for them only where `enableExemplars` is set.
  { module: /\/@opentelemetry\/api\/.*\.c?js$/, contents: '' },
  // Logs that another thread writes.
  {
    module: /\/pino\/lib\/transport\.js$/,
    contents: `module.exports = () => { throw new Error('this bundle has no transports of pino'); };`,
  },
];

export const stubs: Plugin = {
  name: 'stubs',
  setup({ onLoad }) {
    for (const { module, contents } of STUBS) onLoad({ filter: module }, () => ({ contents, loader: 'js' }));
  },
};
