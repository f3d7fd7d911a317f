import { AuthenticationV1Api, AuthorizationV1Api, type V1UserInfo } from '@kubernetes/client-node';
import type { KubeClient } from './client.ts';

/** `unknown`: the API server knows nobody by that token. */
export type AccessVerdict = 'allowed' | 'forbidden' | 'unknown';

/**
 * Asks the API server who bears a token (TokenReview), and whether that user may get this path, which is no resource
 * (SubjectAccessReview). The function throws `KubeError` when it refuses or does not answer.
 */
export function createAccessReview(client: KubeClient, path: string, signal: AbortSignal) {
  const [authentication, authorization] = [client.api(AuthenticationV1Api), client.api(AuthorizationV1Api)];
  return async (token: string): Promise<AccessVerdict> => {
    const body = { spec: { token } };
    const review = await client.call(signal, (options) => authentication.createTokenReview({ body }, options));
    const { authenticated, user } = review.status ?? {};
    if (authenticated !== true || user === undefined) return 'unknown';
    const access = { spec: { ...subjectOf(user), nonResourceAttributes: { path, verb: 'get' } } };
    const { status } = await client.call(signal, (options) =>
      authorization.createSubjectAccessReview({ body: access }, options),
    );
    return status?.allowed === true ? 'allowed' : 'forbidden';
  };
}

function subjectOf({ username, uid, groups, extra }: V1UserInfo) {
  return {
    ...(username === undefined ? {} : { user: username }),
    ...(uid === undefined ? {} : { uid }),
    ...(groups === undefined ? {} : { groups }),
    ...(extra === undefined ? {} : { extra }),
  };
}
