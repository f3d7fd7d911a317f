/** The cluster, as kubectl's flags choose it. Loaded only by the verbs that need it. */

import { isObject } from '../core/model/json.ts';
import { createKubeClient, type KubeClient } from '../kube/client/client.ts';
import { KubeError } from '../kube/client/errors.ts';
import type { Raw } from '../kube/client/raw.ts';
import { runtimePath } from '../kube/objects/runtime-api.ts';
import { CommandError, EXIT } from './exit.ts';
import { duration, type KubeFlags, type RequestTeller, requestTeller } from './flags.ts';
import type { Io } from './io.ts';
import { VERSION } from './version.ts';

export type { KubeClient } from '../kube/client/client.ts';

/** @throws CommandError where no cluster is configured, or the flags contradict each other. Connects to nothing yet. */
export function connect(flags: KubeFlags, io: Pick<Io, 'note'>): KubeClient {
  const { kubeconfig, context, cluster, user, requestTimeout } = flags;
  const timeoutMs = requestTimeout === undefined ? 0 : duration('request-timeout', requestTimeout);
  const tell = requestTeller(flags, io.note);
  const headers = impersonation(flags);
  try {
    const client = createKubeClient({
      userAgent: `kubectl-azir/${VERSION}`,
      headers,
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      ...(timeoutMs === 0 ? {} : { requestTimeoutMs: timeoutMs }),
      select(config) {
        if (context !== undefined) {
          if (config.getContextObject(context) === null) throw new Error(`the kubeconfig has no context "${context}"`);
          config.setCurrentContext(context);
        }
        const chosen = config.getContextObject(config.getCurrentContext());
        if (chosen === null) return;
        const changed = {
          ...chosen,
          ...(cluster === undefined ? {} : { cluster }),
          ...(user === undefined ? {} : { user }),
        };
        config.contexts = config.contexts.map((each) => (each === chosen ? changed : each));
      },
    });
    return tell === undefined ? client : told(client, tell);
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error));
  }
}

/** `--as`, which takes the place of whom the kubeconfig impersonates, and its groups. */
function impersonation({ as, asGroup = [] }: KubeFlags): Record<string, string | string[]> {
  if (as === undefined && asGroup.length > 0) throw new CommandError('--as-group goes with --as: say which user, too');
  return {
    ...(as === undefined ? {} : { 'Impersonate-User': as }),
    ...(asGroup.length === 0 ? {} : { 'Impersonate-Group': [...asGroup] }),
  };
}

function told(client: KubeClient, tell: RequestTeller): KubeClient {
  const timed = async <T>(request: string, work: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    try {
      const answer = await work();
      tell(request, 'OK', performance.now() - start);
      return answer;
    } catch (error) {
      const said = error instanceof KubeError ? `${error.status} ${error.reason}` : 'ended';
      tell(request, said, performance.now() - start);
      throw error;
    }
  };
  return {
    namespace: client.namespace,
    request: (request, signal) => timed(`${request.method} ${request.path}`, () => client.request(request, signal)),
    watch: (request, listener, signal) => timed(`WATCH ${request.path}`, () => client.watch(request, listener, signal)),
    close: () => client.close(),
  };
}

const PAGE = 500;

/** All objects of a namespace, or of all; page by page. */
export async function listObjects(
  client: KubeClient,
  namespace: string | undefined,
  selector: string | undefined,
  signal: AbortSignal,
): Promise<Raw[]> {
  const objects: Raw[] = [];
  let next: string | undefined;
  do {
    const path = runtimePath(namespace === undefined ? {} : { namespace });
    const page = await ask(
      client,
      { method: 'GET', path, query: { limit: PAGE, continue: next, labelSelector: selector } },
      signal,
    );
    if (!isObject(page) || !Array.isArray(page.items))
      throw new CommandError('the API server returned an invalid list');
    objects.push(...page.items.filter(isObject));
    const { continue: more } = isObject(page.metadata) ? page.metadata : {};
    next = typeof more === 'string' && more !== '' ? more : undefined;
  } while (next !== undefined);
  return objects;
}

/** As `KubeClient.request`; what the server refuses ends the verb with a line that names what was asked. */
export async function ask(
  client: KubeClient,
  request: Parameters<KubeClient['request']>[0],
  signal: AbortSignal,
): Promise<unknown> {
  try {
    return await client.request(request, signal);
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    const said =
      error.status === 0 ? error.message : `the API server refused ${request.method} ${request.path}: ${error.message}`;
    throw new CommandError(said, EXIT.failed, { cause: error });
  }
}
