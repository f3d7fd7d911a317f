/** Tokens and kubeconfigs of the control plane. */
import { expect, test } from '@jest/globals';
import { admin, kubeconfig, operator, tokenFile, withToken } from '../../../../dev/controlplane/identity.ts';

test('tokens are new every time', () => {
  expect(withToken(admin).token).not.toBe(withToken(admin).token);
});

test('the token file quotes what CSV would take apart', () => {
  expect(tokenFile([{ name: 'a"b', groups: ['x', 'y'], token: 't' }])).toBe('"t","a""b","a""b","x,y"');
});

test('the kubeconfig of the operator logs in as its service account and checks the certificate', () => {
  const identity = withToken(operator);
  const config = JSON.parse(kubeconfig('https://127.0.0.1:1', 'PEM', identity));
  expect(config.users).toEqual([{ name: operator.name, user: { token: identity.token } }]);
  expect(config.contexts[0].context.user).toBe(operator.name);
  expect(config.clusters[0].cluster).toEqual({
    server: 'https://127.0.0.1:1',
    'certificate-authority-data': Buffer.from('PEM').toString('base64'),
  });
});
