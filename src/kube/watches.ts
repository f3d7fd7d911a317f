/** The watches of the operator, as components of its lifecycle. */
import { aborted } from '../runtime/aborted.ts';
import type { Component } from '../runtime/lifecycle.ts';
import type { Log } from '../runtime/log.ts';
import { type CredentialSink, runCredentialWatch } from './credentials.ts';
import { parseForeignObject } from './objects/foreign-object.ts';
import { runWatch } from './objects/object-watch.ts';
import type { Shard } from './objects/shard.ts';
import type { RunningWatch, ScopeOptions } from './watch/watch.ts';

export interface WatchComponent extends Component {
  /** Whether everything was listed once. */
  isListed(): boolean;
}

export interface WatchesOptions extends Pick<ScopeOptions, 'client' | 'clock' | 'log' | 'namespaces' | 'recovered'> {
  /** The stores that the watches fill. */
  readonly shard: Shard;
  readonly credentials: CredentialSink;
}

/** In the order of starting. */
export function createWatches({ shard, credentials, ...options }: WatchesOptions): WatchComponent[] {
  const { own, all, labelSelector } = shard;
  const { log, namespaces = [] } = options;
  if (namespaces.length > 0) {
    log.info('other namespaces are not watched: runtimes that their objects also declare are not detected', {
      namespaces,
    });
  }
  return [
    // Before the objects: the first passes must know which namespaces have a credential.
    watchComponent('credentials', log, (signal) => runCredentialWatch({ ...options, signal, sink: credentials })),
    // Before our own, or a runtime that an object of another shard claims would seem free.
    ...(all === undefined
      ? []
      : [
          watchComponent('objects of all shards', log, (signal) =>
            runWatch({ ...options, signal, store: all, decode: parseForeignObject }),
          ),
        ]),
    watchComponent(
      'objects',
      log,
      (signal) => runWatch({ ...options, signal, store: own, labelSelector }),
      () => ({ objects: own.size }),
    ),
  ];
}

/**
 * Has started when everything was listed: to a pass that misses another object of the runtime, the runtime would seem free.
 * Runs until it is stopped, because running passes read from its store.
 */
function watchComponent(
  name: string,
  log: Log,
  run: (signal: AbortSignal) => RunningWatch,
  size: () => Record<string, number> = () => ({}),
): WatchComponent {
  const stop = new AbortController();
  let watch: RunningWatch | undefined;
  return {
    name,
    async start({ signal }) {
      watch = run(stop.signal);
      await Promise.race([watch.listed, aborted(signal)]);
      if (!signal.aborted) log.info(`${name} listed`, size());
    },
    async stop() {
      stop.abort(new Error('the operator stops'));
      await watch?.done;
    },
    isListed: () => watch?.isListed() ?? false,
  };
}
