/** Leaves out of the bundle what the operator does not use of undici. */
import type { Plugin } from 'esbuild';

/**
 * Undici's own entry loads all of it: caches, mocks, fetch, web sockets. This one has what the operator uses, and what the
 * client library makes of a kubeconfig.
 *
 * Its parser of HTTP comes twice, too. Where `esbuildDetection` is defined, as in the copy of it inside Node, it is the usual
 * one only, without the experimental one that an environment variable would choose: 0.18 MB.
 */
export const smallUndici: Plugin = {
  name: 'small undici',
  setup({ initialOptions, onLoad }) {
    initialOptions.define = { ...initialOptions.define, esbuildDetection: 'true' };
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
