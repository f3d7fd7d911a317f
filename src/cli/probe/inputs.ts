/** What a run was given that nobody else may learn, and what of it can be told from the words of the service. */
import { isIP } from 'node:net';
import { isGuid } from '../../core/model/guid.ts';
import { isObject } from '../../core/model/json.ts';
import type { Parent } from '../../core/model/runtime.ts';

export interface Inputs {
  /** The factory, and the workspace. */
  readonly parents: readonly Parent[];
  readonly tenantId: string;
  readonly clientId: string;
  /** Base URLs of Azure Resource Manager and of the authority. */
  readonly hosts: readonly string[];
  /** The URL of a queue. */
  readonly queue?: string | undefined;
  /** Tokens and the secret. */
  readonly secrets: readonly string[];
  /** What the tokens say of their owner. */
  readonly claims: readonly string[];
  /** What the names of the run's own runtimes begin with. */
  readonly prefix: string;
}

/** One thing to be replaced. */
export interface Needle {
  readonly text: string;
  readonly stem: 'guid' | 'group' | 'factory' | 'workspace' | 'name' | 'host' | 'token' | 'person';
}

export const PREFIX_PSEUDONYM = 'azir-probe-0';

/** The longest first: one may be a part of another. */
export function needlesOf(inputs: Inputs): Needle[] {
  const { parents, tenantId, clientId, hosts, queue, secrets, claims } = inputs;
  const named = (stem: Needle['stem'], text: string): Needle => ({ stem, text });
  const hostNames = hosts.map((url) => new URL(url).hostname);
  return [
    named('guid', tenantId),
    named('guid', clientId),
    ...parents.flatMap(({ kind, subscriptionId, resourceGroup, name }) => [
      named('guid', subscriptionId),
      named('group', resourceGroup),
      named(kind, name),
    ]),
    ...hostNames.filter((host) => !isPublic(host)).map((host) => named('host', host)),
    ...(queue === undefined ? [] : ofQueue(new URL(queue))),
    ...secrets.map((text) => named('token', text)),
    ...claims.map((text) => named(isGuid(text) ? 'guid' : 'person', text)),
  ]
    .filter(({ text }) => text !== '')
    .sort((a, b) => b.text.length - a.text.length);
}

/** The account is the first word of the host, or of the path where that is an emulator's. */
function ofQueue({ hostname, pathname }: URL): Needle[] {
  const words = pathname.split('/');
  const [account = ''] = hostname.split('.');
  // A number would be found in every document.
  if (isIP(hostname) === 0) words.push(account);
  return [{ stem: 'host', text: hostname }, ...words.map((text): Needle => ({ stem: 'name', text }))];
}

/** The clouds' own hosts tell nothing of anybody. */
function isPublic(host: string): boolean {
  return /(?:^|\.)(?:azure|microsoftonline|usgovcloudapi|chinacloudapi)\.(?:com|us|net|cn)$/.test(host);
}

const SHORTEST_STRONG = 4;

/**
 * Whether a text is a word of the service, or part of one: wherever it stands, it need not be the input. Such an input is
 * replaced where a name stands, and not in the middle of words: a group may be called `a`, or `factories`.
 */
export function isWeak(text: string, vocabulary: string): boolean {
  return text.length < SHORTEST_STRONG || /^\d{1,7}$/.test(text) || vocabulary.includes(text.toLowerCase());
}

/** Who a person or a client is, in the claims of an access token (documented: the payload of v1 and v2 tokens). */
const CLAIMS = [
  'oid',
  'sub',
  'puid',
  'upn',
  'unique_name',
  'preferred_username',
  'email',
  'name',
  'given_name',
  'family_name',
  'ipaddr',
  'appid',
  'tid',
];

/** Nothing of a token that is none. */
export function claimsOf(token: string): string[] {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    if (!isObject(payload)) return [];
    return CLAIMS.map((name) => payload[name]).filter((value) => typeof value === 'string');
  } catch {
    return [];
  }
}

interface Proxy {
  /** URLs. */
  readonly hosts: readonly string[];
  readonly users: readonly string[];
  readonly secrets: readonly string[];
}

/** Of the variables that the SDK looks at, whichever it takes. */
export function proxyOf(env: Readonly<Record<string, string | undefined>>): Proxy {
  const names = ['HTTPS_PROXY', 'ALL_PROXY', 'HTTP_PROXY'].flatMap((name) => [name, name.toLowerCase()]);
  const texts = names.map((name) => env[name] ?? '').map((text) => (text.includes('://') ? text : `http://${text}`));
  const urls = texts.filter((text) => URL.canParse(text)).map((text) => new URL(text));
  return {
    hosts: urls.map(({ href }) => href),
    users: urls.map(({ username }) => decodeURIComponent(username)),
    secrets: urls.map(({ password }) => decodeURIComponent(password)),
  };
}
