/** Who may read the metrics, as the real API server tells it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createAccessReview } from '../../../src/kube/client/access-review.ts';
import type { KubeClient } from '../../../src/kube/client/client.ts';
import { kubectl, newNamespace } from '../support/kubectl.ts';
import { clientOfRun } from './harness.ts';

let client: KubeClient;
beforeAll(() => {
  client = clientOfRun();
});
afterAll(() => client.close());

const review = (token: string, signal = new AbortController().signal) =>
  createAccessReview(client, '/metrics', signal)(token);

/** A service account of a namespace of its own, and a token of it. */
async function account(): Promise<{ name: string; token: string }> {
  const namespace = await newNamespace();
  await kubectl(['create', 'serviceaccount', 'prometheus', '-n', namespace]);
  const token = await kubectl(['create', 'token', 'prometheus', '-n', namespace]);
  return { name: `${namespace}:prometheus`, token: token.trim() };
}

describe('who bears a token', () => {
  test('may read the metrics once a role says so', async () => {
    const { name, token } = await account();
    expect(await review(token)).toBe('forbidden');
    const role = `metrics-of-${name.split(':', 1)}`;
    await kubectl(['create', 'clusterrole', role, '--verb=get', '--non-resource-url=/metrics']);
    await kubectl(['create', 'clusterrolebinding', role, `--clusterrole=${role}`, `--serviceaccount=${name}`]);
    expect(await review(token)).toBe('allowed');
  });

  test('is nobody when the API server has not issued it', async () => {
    const { token } = await account();
    expect(await review(`${token.slice(0, -8)}AAAAAAAA`)).toBe('unknown');
    expect(await review('nonsense')).toBe('unknown');
  });

  test('is not known while the operator stops', async () => {
    await expect(review('nonsense', AbortSignal.abort())).rejects.toThrow();
  });
});
