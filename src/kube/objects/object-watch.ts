/** Keeps an object store equal to the server's `AzureIntegrationRuntime`s. */
import { type RunningWatch, runScopes, type ScopeOptions } from '../watch/watch.ts';
import { type ParsedObject, parseObject } from './codec.ts';
import { createRuntimeApi } from './runtime-api.ts';
import type { ObjectStore } from './store.ts';

export interface WatchOptions extends ScopeOptions {
  readonly store: ObjectStore;
  /** What is kept of an object; default `parseObject`. */
  readonly decode?: typeof parseObject;
}

export function runWatch(options: WatchOptions): RunningWatch {
  const { client, store, decode = parseObject } = options;
  return runScopes<ParsedObject>({
    ...options,
    source: createRuntimeApi(client),
    decode,
    sink: (namespace) => ({
      replace: (objects) => store.replace(objects, namespace),
      apply: (object) => store.apply(object),
      remove: (object) => store.remove(object),
    }),
  });
}
