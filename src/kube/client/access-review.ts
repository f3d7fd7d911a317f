/** Asks the API server who sent a token, and whether that user may read a path. */

import { isObject } from '../../core/model/json.ts';
import type { KubeClient } from './client.ts';
import { pathOf } from './paths.ts';
import { type Raw, readRecord } from './raw.ts';

const TOKEN_REVIEW = kindOf('authentication.k8s.io/v1', 'TokenReview', 'tokenreviews');
const ACCESS_REVIEW = kindOf('authorization.k8s.io/v1', 'SubjectAccessReview', 'subjectaccessreviews');

/**
 * TokenReview says who sent a token; SubjectAccessReview says whether that user may get this path, a non-resource URL. The
 * function throws `KubeError` when the API server refuses or does not answer.
 */
export function createAccessReview(client: KubeClient, path: string, signal: AbortSignal) {
  const review = async ({ type, where }: ReturnType<typeof kindOf>, spec: object): Promise<Raw> => {
    const answer = await client.request({ method: 'POST', path: where, body: { ...type, spec } }, signal);
    return readRecord(readRecord(answer).status);
  };
  return async (token: string) => {
    const { authenticated, user } = await review(TOKEN_REVIEW, { token });
    if (authenticated !== true || !isObject(user)) return 'unknown';
    const access = { ...subjectOf(user), nonResourceAttributes: { path, verb: 'get' } };
    const { allowed } = await review(ACCESS_REVIEW, access);
    return allowed === true ? 'allowed' : 'forbidden';
  };
}

function kindOf(apiVersion: string, kind: string, plural: string) {
  return { type: { apiVersion, kind }, where: pathOf({ groupVersion: apiVersion, plural }) };
}

/** The user in the form of the second review, from the answer of the first. */
function subjectOf({ username, uid, groups, extra }: Raw) {
  return { user: username, uid, groups, extra };
}
