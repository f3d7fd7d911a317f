/** The clouds of Azure, and their endpoints. */
import { expect, test } from '@jest/globals';
import { resolveCloud } from '../../../../src/azure/identity/clouds.ts';

test.each([
  [undefined, 'https://management.azure.com', 'https://login.microsoftonline.com'],
  ['', 'https://management.azure.com', 'https://login.microsoftonline.com'],
  ['azurepublic', 'https://management.azure.com', 'https://login.microsoftonline.com'],
  ['AzureUSGovernment', 'https://management.usgovcloudapi.net', 'https://login.microsoftonline.us'],
  ['AzureChina', 'https://management.chinacloudapi.cn', 'https://login.chinacloudapi.cn'],
])(
  'the cloud %j has its own endpoint and authority, and its endpoint is the audience',
  (cloud, endpoint, authority) => {
    expect(resolveCloud({ cloud })).toMatchObject({ endpoint, audience: endpoint, authority, authorityKnown: true });
  },
);

test('an unknown cloud is refused with a list of the known ones', () => {
  expect(() => resolveCloud({ cloud: 'AzureMoon' })).toThrow(/"AzureMoon".*AzurePublic, AzureUSGovernment, AzureChina/);
});

test('endpoint, audience and authority can each be another one', () => {
  const cloud = resolveCloud({
    endpoint: 'https://127.0.0.1:4443/',
    audience: 'https://management.azure.com',
    authorityHost: 'https://127.0.0.1:4444/',
  });
  expect(cloud).toMatchObject({
    endpoint: 'https://127.0.0.1:4443',
    audience: 'https://management.azure.com',
    authority: 'https://127.0.0.1:4444',
    authorityKnown: false,
  });
});

test('the audience of another endpoint is that endpoint', () => {
  expect(resolveCloud({ endpoint: 'https://arm.test/' }).audience).toBe('https://arm.test');
});

test.each(['http://arm.test', 'arm.test', 'ftp://x', 'https://arm.test?x=1'])('the endpoint %s is refused', (url) => {
  expect(() => resolveCloud({ endpoint: url })).toThrow('https');
  expect(() => resolveCloud({ authorityHost: url })).toThrow('https');
});
