import { aborted } from '../runtime/aborted.ts';
import type { Component } from '../runtime/lifecycle.ts';
import type { KubeLog } from './client/log.ts';
import { type CredentialSink, runCredentialWatch } from './credentials.ts';
import { parseForeignObject } from './objects/neighbours.ts';
import type { Shard } from './objects/shard.ts';
import { type RunningWatch, runWatch, type WatchOptions } from './watch/watch.ts';

/** A watch as a part of the process. */
export interface WatchComponent extends Component {
  /** Whether all there is has been seen once. */
  isListed(): boolean;
}

export interface WatchesOptions extends Pick<WatchOptions, 'client' | 'clock' | 'log' | 'namespaces' | 'recovered'> {
  /** What is filled. */
  readonly shard: Shard;
  readonly credentials: CredentialSink;
}

/** Whatever is watched of the API server, in the order of starting. */
export function createWatches({ shard, credentials, ...options }: WatchesOptions): WatchComponent[] {
  const { own, all, labelSelector } = shard;
  const { log, namespaces = [] } = options;
  if (namespaces.length > 0) {
    log.info('other namespaces are not watched: runtimes that their objects also declare are not detected', {
      namespaces,
    });
  }
  return [
    // Before the objects: the first passes must not take a namespace that has a credential for one that has none.
    watchComponent('credentials', log, (signal) => runCredentialWatch({ ...options, signal, sink: credentials })),
    // As early as our own, or a runtime that an object of another shard claims would be taken for free.
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
 * Has started when all there is has been listed: a pass that does not see a runtime's other object would take the runtime
 * for free. It goes on until it is stopped, since passes that run read from what it shows.
 */
function watchComponent(
  name: string,
  log: KubeLog,
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
