/** How the operator finds and reaches its API server. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { HttpMethod, RequestContext } from '@kubernetes/client-node';
import { PooledKubeConfig } from '../../../../src/kube/client/config.ts';

let config: PooledKubeConfig;

beforeEach(() => {
  config = new PooledKubeConfig({ headersTimeoutMs: 1000, userAgent: 'x' });
  config.loadFromClusterAndUser(
    { name: 'k', server: 'https://127.0.0.1:1', caData: encode('ca one'), skipTLSVerify: false },
    { name: 'u', certData: encode('certificate'), keyData: encode('key') },
  );
});

afterEach(() => config.close());

const encode = (text: string) => Buffer.from(text).toString('base64');

async function dispatcher() {
  const context = new RequestContext('https://127.0.0.1:1/', HttpMethod.GET);
  await config.applySecurityAuthentication(context);
  return context.getDispatcher();
}

describe('the pool of connections', () => {
  test('is the same for every request', async () => {
    expect(await dispatcher()).toBe(await dispatcher());
  });

  test.each<[string, () => void]>([
    ['the CA', () => Object.assign(config.clusters[0] ?? {}, { caData: encode('ca two') })],
    ['the client certificate', () => Object.assign(config.users[0] ?? {}, { certData: encode('another') })],
    ['the key', () => Object.assign(config.users[0] ?? {}, { keyData: encode('another') })],
  ])('is a new one once %s has changed', async (_what, rotate) => {
    const before = await dispatcher();
    rotate();
    const after = await dispatcher();
    expect(after).not.toBe(before);
    expect(await dispatcher()).toBe(after);
  });

  test('is a new one after it was closed', async () => {
    const before = await dispatcher();
    await config.close();
    expect(await dispatcher()).not.toBe(before);
  });
});
