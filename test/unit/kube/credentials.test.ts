/** Credentials out of Secrets, and what is wrong with those that are not complete. */
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { parse as load } from 'yaml';
import { createClientCertificate } from '../../../dev/emulator/tls.ts';
import type { NamespaceCredential } from '../../../src/core/model/credential.ts';
import type { KubeClient, KubeRequest, StreamListener } from '../../../src/kube/client/client.ts';
import {
  type CredentialSink,
  parseCredential,
  parseCredentialSecret,
  runCredentialWatch,
} from '../../../src/kube/credentials.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordedLog } from '../runtime/recorded-log.ts';

const TENANT = '11111111-1111-1111-1111-111111111111';
const CLIENT = '22222222-2222-2222-2222-222222222222';
const NIL = '00000000-0000-0000-0000-000000000000';
const TEMPLATE = new URL('../../../deploy/credential-secret.yaml', import.meta.url);
const encode = (text: string | Buffer) => Buffer.from(text).toString('base64');
const encoded = (values: Record<string, string | Buffer>) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, encode(value)]));
const WHO = { AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: CLIENT };
const parse = (values: Record<string, string | Buffer>) => parseCredential(encoded(values));
const problemOf = (credential: NamespaceCredential) => (credential.valid ? undefined : credential.problem);

describe('a Secret', () => {
  test('gives a client and its secret, sealed', () => {
    const credential = parse({ ...WHO, AZURE_CLIENT_SECRET: 's3cret~value' });
    expect(credential).toMatchObject({
      valid: true,
      tenantId: TENANT,
      clientId: CLIENT,
      proof: { kind: 'clientSecret' },
    });
    if (!credential.valid || credential.proof.kind !== 'clientSecret') throw new Error('no secret');
    expect(credential.proof.secret.open()).toBe('s3cret~value');
    expect(inspect(credential, { depth: 9, showHidden: true }) + JSON.stringify(credential)).not.toContain('s3cret');
  });

  test('made of files loses their line feeds', () => {
    const credential = parse({
      AZURE_TENANT_ID: `${TENANT}\n`,
      AZURE_CLIENT_ID: ` ${CLIENT}\r\n`,
      AZURE_CLIENT_SECRET: 'x\n',
    });
    if (!credential.valid || credential.proof.kind !== 'clientSecret') throw new Error('no secret');
    expect([credential.tenantId, credential.clientId, credential.proof.secret.open()]).toEqual([TENANT, CLIENT, 'x']);
  });

  test('without either proof is workload identity', () => {
    expect(parse(WHO)).toMatchObject({ valid: true, proof: { kind: 'workloadIdentity' } });
  });

  test('may hold what is none of our business', () => {
    expect(parse({ ...WHO, AZURE_CLIENT_SECRET: 'x', note: 'by the vault', 'ca.crt': 'y' }).valid).toBe(true);
  });

  test.each<[string, Record<string, string | Buffer>, string]>([
    ['nothing', {}, 'keys AZURE_TENANT_ID and AZURE_CLIENT_ID are missing'],
    ['no tenant', { AZURE_CLIENT_ID: CLIENT, AZURE_CLIENT_SECRET: 's3cret' }, 'key AZURE_TENANT_ID is missing'],
    ['no client', { AZURE_TENANT_ID: TENANT, AZURE_CLIENT_SECRET: 's3cret' }, 'key AZURE_CLIENT_ID is missing'],
    ['an empty secret', { ...WHO, AZURE_CLIENT_SECRET: '' }, 'AZURE_CLIENT_SECRET is empty'],
    ['a blank secret', { ...WHO, AZURE_CLIENT_SECRET: ' \n' }, 'AZURE_CLIENT_SECRET is empty'],
    ['a tenant that is a path', { ...WHO, AZURE_TENANT_ID: '../s3cret' }, 'AZURE_TENANT_ID must be a tenant ID'],
    ['a tenant that is none', { ...WHO, AZURE_TENANT_ID: '..' }, 'AZURE_TENANT_ID must be a tenant ID'],
    ['a client that is a name', { ...WHO, AZURE_CLIENT_ID: 'my-s3cret' }, 'AZURE_CLIENT_ID must be a client ID (GUID)'],
    [
      'bytes',
      { ...WHO, AZURE_CLIENT_SECRET: Buffer.from([0xff, 0xfe, 0x31]) },
      'AZURE_CLIENT_SECRET is not valid UTF-8 text',
    ],
    [
      'control characters',
      { ...WHO, AZURE_CLIENT_SECRET: 's3cret\u0000' },
      'AZURE_CLIENT_SECRET is not valid UTF-8 text',
    ],
    [
      'a novel',
      { ...WHO, AZURE_CLIENT_SECRET: 's3cret'.repeat(1_000) },
      'AZURE_CLIENT_SECRET is longer than 4096 bytes',
    ],
    [
      'a misspelt key',
      { ...WHO, AZURE_CLIENT_SECRT: 's3cret' },
      'key AZURE_CLIENT_SECRT is unknown; the allowed keys are AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE',
    ],
    ['a key in lower case', { ...WHO, azure_client_secret: 's3cret' }, 'key azure_client_secret is unknown'],
    ['a path', { ...WHO, AZURE_CLIENT_CERTIFICATE_PATH: '/x' }, 'key AZURE_CLIENT_CERTIFICATE_PATH is unknown'],
    [
      'two proofs',
      { ...WHO, AZURE_CLIENT_SECRET: 's3cret', AZURE_CLIENT_CERTIFICATE: 'x' },
      'AZURE_CLIENT_SECRET and AZURE_CLIENT_CERTIFICATE are both set',
    ],
    ['no PEM', { ...WHO, AZURE_CLIENT_CERTIFICATE: 's3cret' }, 'AZURE_CLIENT_CERTIFICATE contains no PEM certificate'],
  ])('with %s is wrong, and names the key but never a value', (_, values, words) => {
    const problem = problemOf(parse(values));
    expect(problem).toContain(words);
    expect(problem).not.toContain('s3cret');
  });

  test.each<[string, Record<string, string>, string]>([
    ['a tenant of zeros', { AZURE_TENANT_ID: NIL }, 'the value of AZURE_TENANT_ID is a placeholder'],
    ['a tenant in brackets', { AZURE_TENANT_ID: '<tenant ID>' }, 'the value of AZURE_TENANT_ID is a placeholder'],
    ['a client of zeros', { AZURE_CLIENT_ID: NIL }, 'the value of AZURE_CLIENT_ID is a placeholder'],
    [
      'a client of crosses',
      { AZURE_CLIENT_ID: 'xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx' },
      'the value of AZURE_CLIENT_ID is a placeholder',
    ],
    ['a secret in brackets', { AZURE_CLIENT_SECRET: '<client secret>' }, 'AZURE_CLIENT_SECRET is a placeholder'],
    ['a secret to be changed', { AZURE_CLIENT_SECRET: 'changeme' }, 'AZURE_CLIENT_SECRET is a placeholder'],
    [
      'a variable that was not filled in',
      { AZURE_CLIENT_SECRET: '{{ secret }}' },
      'AZURE_CLIENT_SECRET is a placeholder',
    ],
    ['an ellipsis', { AZURE_CLIENT_SECRET: '…' }, 'AZURE_CLIENT_SECRET is a placeholder'],
    [
      'a certificate of an ellipsis',
      { AZURE_CLIENT_SECRET: '', AZURE_CLIENT_CERTIFICATE: '-----BEGIN CERTIFICATE-----\n…\n' },
      'the value of AZURE_CLIENT_CERTIFICATE is a placeholder',
    ],
    [
      'two',
      { AZURE_TENANT_ID: NIL, AZURE_CLIENT_ID: NIL },
      'the values of AZURE_TENANT_ID and AZURE_CLIENT_ID are placeholders',
    ],
  ])('of a template, with %s, says that this is a placeholder', (_, values, problem) => {
    const given = { ...WHO, AZURE_CLIENT_SECRET: 's3cret', ...values };
    const present = Object.entries(given).filter(([, value]) => value !== '');
    expect(problemOf(parse(Object.fromEntries(present)))).toContain(problem);
  });

  test('as this repository offers it as a template names every value that is still missing', () => {
    const { stringData } = load(readFileSync(TEMPLATE, 'utf8'));
    expect(problemOf(parse(stringData))).toBe(
      'the values of AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET are placeholders',
    );
  });

  test.each(['[0aB]', 'xY~0', '.x..', '0-', 'Todo1', 'yourself'])('may have %s as its secret', (secret) => {
    expect(parse({ ...WHO, AZURE_CLIENT_SECRET: secret }).valid).toBe(true);
  });

  test.each([
    ['no base64', { ...encoded(WHO), AZURE_CLIENT_SECRET: '!s3cret!' }, 'AZURE_CLIENT_SECRET is not valid UTF-8 text'],
    ['a number', { ...encoded(WHO), AZURE_CLIENT_SECRET: 7 }, 'AZURE_CLIENT_SECRET is not valid UTF-8 text'],
    ['null', { ...encoded(WHO), AZURE_TENANT_ID: null }, 'AZURE_TENANT_ID is not valid UTF-8 text'],
  ])('that holds %s is wrong', (_, data, words) => {
    expect(problemOf(parseCredential(data))).toContain(words);
  });
});

describe('the certificate of a Secret', () => {
  let good: ReturnType<typeof createClientCertificate>;
  let other: ReturnType<typeof createClientCertificate>;
  let elliptic: ReturnType<typeof createClientCertificate>;
  beforeAll(() => {
    good = createClientCertificate();
    other = createClientCertificate();
    elliptic = createClientCertificate(generateKeyPairSync('ec', { namedCurve: 'P-256' }) as never);
  });
  const problem = (pem: string) => problemOf(parse({ ...WHO, AZURE_CLIENT_CERTIFICATE: pem }));

  test('comes with its key, in any order, chain included', () => {
    expect(problem(good.certPem + good.keyPem)).toBeUndefined();
    expect(problem(good.keyPem + good.certPem)).toBeUndefined();
    expect(problem(good.keyPem + good.certPem + other.certPem)).toBeUndefined();
  });

  test('is wrong without key, with another one, with one that is not RSA, with an encrypted one', () => {
    expect(problem(good.certPem)).toContain('contains no unencrypted PEM private key');
    expect(problem(good.keyPem)).toContain('contains no PEM certificate');
    expect(problem(good.certPem + other.keyPem)).toContain('does not match its first certificate');
    expect(problem(other.certPem + good.certPem + good.keyPem)).toContain('does not match its first certificate');
    expect(problem(elliptic.certPem + elliptic.keyPem)).toContain('not an RSA key');
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
    });
    expect(problem(good.certPem + privateKey)).toContain('no unencrypted');
    expect(problem(`${good.certPem}-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n`)).toContain(
      'contains no unencrypted PEM private key',
    );
  });
});

describe('whatever comes', () => {
  const keys = fc.oneof(
    fc.constantFrom('AZURE_TENANT_ID', 'AZURE_CLIENT_ID', 'AZURE_CLIENT_SECRET', 'AZURE_CLIENT_CERTIFICATE'),
    fc.constantFrom('__proto__', 'constructor', 'toString', 'AZURE_'),
    fc.string(),
  );
  const marker = 'NEVER-SHOWN';
  const values = fc.oneof(
    fc.constantFrom(encode(TENANT), encode(CLIENT)),
    fc.string({ unit: 'binary' }).map((text) => encode(`${text}${marker}`)),
    fc.string().map((text) => `${text}${marker}`),
    fc.uint8Array().map((bytes) => encode(Buffer.from(bytes))),
    fc.constantFrom(
      encode(`-----BEGIN CERTIFICATE-----\n${marker}\n-----END CERTIFICATE-----\n`),
      encode(`-----BEGIN RSA PRIVATE KEY-----\n${marker}\n-----END RSA PRIVATE KEY-----\n`),
    ),
    fc.anything(),
  );

  test('is parsed without throwing, into a credential that is complete or a short problem without a value', () => {
    fc.assert(
      fc.property(fc.dictionary(keys, values), (data) => {
        const credential = parseCredential(data);
        if (credential.valid) {
          expect(credential.tenantId).toMatch(/^[A-Za-z0-9.-]+$/);
          expect(credential.clientId).toMatch(/^[0-9a-f-]{36}$/i);
        } else {
          expect(credential.problem.length).toBeLessThan(300);
          const shows = Object.keys(data).some((key) => key.includes(marker));
          if (!shows) expect(credential.problem).not.toContain(marker);
        }
        expect(inspect(credential, { depth: 9 })).not.toContain(encode(marker));
      }),
      { numRuns: 500 },
    );
  });

  test('as an object is a Secret of that name or nothing', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (metadata, data) => {
        for (const raw of [metadata, { metadata, data }, { metadata: { namespace: 'n', name: 'other' }, data }]) {
          expect(parseCredentialSecret(raw)).toBeUndefined();
        }
        const raw = { metadata: { namespace: 'n', name: 'azure-ir-credential' }, data };
        expect(parseCredentialSecret(raw)).toMatchObject({
          namespace: 'n',
          credential: { valid: expect.any(Boolean) },
        });
      }),
    );
  });
});

describe('the watch of Secrets', () => {
  const secret = (namespace: string, clientId = CLIENT) => ({
    metadata: { namespace, name: 'azure-ir-credential', resourceVersion: '5' },
    data: encoded({ ...WHO, AZURE_CLIENT_ID: clientId, AZURE_CLIENT_SECRET: 's3cret' }),
  });

  /** A server whose lists and streams the test answers. */
  function rig() {
    const told: string[] = [];
    const lists: KubeRequest[] = [];
    const streams: { path: string; listener: StreamListener; end: () => void }[] = [];
    let items: unknown[] = [];
    const client: Pick<KubeClient, 'request' | 'watch'> = {
      request: async (request) => {
        lists.push(request);
        return { items, metadata: { resourceVersion: '1' } };
      },
      watch: ({ path }, listener, signal) =>
        new Promise((resolve, reject) => {
          streams.push({ path, listener, end: resolve });
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    };
    const sink: CredentialSink = {
      put: (namespace, credential) =>
        told.push(`${namespace} ${credential.valid ? credential.clientId : credential.problem}`),
      remove: (namespace) => told.push(`${namespace} gone`),
    };
    const clock = new FakeClock();
    const log = new RecordedLog();
    const stop = new AbortController();
    const run = (namespaces: string[] = []) =>
      runCredentialWatch({ client: client as KubeClient, sink, clock, signal: stop.signal, log, namespaces });
    const set = (...next: unknown[]) => {
      items = next;
    };
    return { told, lists, streams, clock, log, stop, run, set };
  }

  test('asks for that one name, and tells of what is there, comes and goes', async () => {
    const { told, lists, streams, clock, stop, run, set } = rig();
    set(secret('team-a'));
    const watch = run();
    expect(await watch.listed).toBe(true);
    expect(lists).toMatchObject([
      { path: '/api/v1/secrets', query: { fieldSelector: 'metadata.name=azure-ir-credential' } },
    ]);
    await clock.settle();
    expect(streams.map(({ path }) => path)).toEqual(['/api/v1/secrets']);
    streams[0]?.listener.opened();
    streams[0]?.listener.line('ADDED', secret('team-b'));
    streams[0]?.listener.line('MODIFIED', { ...secret('team-b'), data: {} });
    streams[0]?.listener.line('DELETED', secret('team-a'));
    expect(told).toEqual([
      `team-a ${CLIENT}`,
      `team-b ${CLIENT}`,
      'team-b keys AZURE_TENANT_ID and AZURE_CLIENT_ID are missing',
      'team-a gone',
    ]);
    stop.abort();
    await watch.done;
  });

  test('tells after a new list what has gone meanwhile', async () => {
    const { told, streams, clock, stop, run, set } = rig();
    set(secret('team-a'), secret('team-b'));
    const watch = run();
    await watch.listed;
    await clock.settle();
    set(secret('team-b'));
    streams[0]?.listener.opened();
    streams[0]?.listener.line('ERROR', { code: 410, reason: 'Expired', message: 'too old' });
    await clock.advance(60_000);
    expect(told.slice(2)).toEqual(['team-a gone', `team-b ${CLIENT}`]);
    stop.abort();
    await watch.done;
  });

  test('of several namespaces is one for each, and a list of one says nothing of the others', async () => {
    const { told, lists, streams, clock, log, stop, run, set } = rig();
    const watch = run(['team-a', 'team-b']);
    await watch.listed;
    await clock.settle();
    expect(lists.map(({ path }) => path)).toEqual(
      ['team-a', 'team-b'].map((name) => `/api/v1/namespaces/${name}/secrets`),
    );
    expect(streams.map(({ path }) => path)).toEqual([
      '/api/v1/namespaces/team-a/secrets',
      '/api/v1/namespaces/team-b/secrets',
    ]);
    for (const [i, namespace] of ['team-a', 'team-b'].entries()) {
      streams[i]?.listener.opened();
      streams[i]?.listener.line('ADDED', secret(namespace));
    }
    set();
    streams[0]?.listener.line('ERROR', { code: 410, reason: 'Expired', message: 'too old' });
    await clock.advance(60_000);
    expect(told).toEqual([`team-a ${CLIENT}`, `team-b ${CLIENT}`, 'team-a gone']);
    expect(JSON.stringify(log.lines)).not.toContain('s3cret');
    stop.abort();
    await watch.done;
  });
});
