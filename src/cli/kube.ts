/** The cluster, as kubectl's flags choose it. Loaded only by the verbs that need it. */

import { isObject } from '../core/model/json.ts';
import { createKubeClient, type KubeClient } from '../kube/client/client.ts';
import { KubeError } from '../kube/client/errors.ts';
import type { Raw } from '../kube/client/raw.ts';
import { runtimePath } from '../kube/objects/runtime-api.ts';
import { CommandError } from './exit.ts';
import { duration, type KubeFlags } from './flags.ts';
import { VERSION } from './version.ts';

export type { KubeClient } from '../kube/client/client.ts';

export function connect(flags: KubeFlags): KubeClient {
  const { kubeconfig, context, cluster, user, as, requestTimeout } = flags;
  const timeoutMs = requestTimeout === undefined ? 0 : duration('request-timeout', requestTimeout);
  try {
    return createKubeClient({
      userAgent: `kubectl-azir/${VERSION}`,
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
        if (as === undefined) return;
        config.users = config.users.map((each) =>
          each.name === changed.user ? { ...each, impersonateUser: as } : each,
        );
      },
    });
  } catch (error) {
    throw new CommandError(`the cluster cannot be reached: ${error instanceof Error ? error.message : error}`);
  }
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
    if (!isObject(page) || !Array.isArray(page.items)) throw new CommandError('the API server answered with no list');
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
    throw new CommandError(`the API server refused ${request.method} ${request.path}: ${error.message}`);
  }
}
