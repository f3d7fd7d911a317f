/** Replays a recording against the emulator and tells what differs: by field, by status, by header. */
import tls from 'node:tls';
import { PREFIX_PSEUDONYM } from '../../src/cli/probe/inputs.ts';
import { type Exchange, REMOVED, type Recording } from '../../src/cli/probe/recording.ts';
import { parseVerbatim } from '../../src/cli/probe/verbatim.ts';
import { isObject } from '../../src/core/model/json.ts';
import type { Json, JsonObject } from '../../src/core/model/runtime.ts';
import { ASSUMED, type Assumed } from './assumptions.ts';
import { DEFAULT_CLIENT, type Emulator, type FactoryRef, startEmulator } from './index.ts';

export interface Difference {
  /** The number of the exchange, from 1. */
  readonly exchange: number;
  readonly request: string;
  /** `status`, `header retry-after`, `body.properties.type`. */
  readonly field: string;
  readonly recorded: string;
  readonly emulated: string;
}

/** What a recording implies of the emulator it is replayed against. */
export interface Settings {
  readonly pageSize: number;
  /** How long a workspace's writes take. */
  readonly operationMs: number;
  readonly stages: Assumed['networkStages'];
  readonly hasNetwork: boolean;
  readonly location: string;
}

/**
 * Two designs. Comparing by eye what two runs of the probe print needs no replay, but only what the checks look at is seen.
 * So every request goes out again, at its time, with the etags and addresses that this service gave in place of those that
 * the other one gave; and every answer is compared, except what must differ: etags, ids that the service makes up, times.
 */
export async function compare(recording: Recording): Promise<Difference[]> {
  const settings = settingsOf(recording);
  const start = Date.now();
  let now = start;
  const assumed = { pageSize: settings.pageSize, networkStages: settings.stages };
  const emulator = await startEmulator({ now: () => now, assumed, throttling: false });
  // As `fetch` needs it: the emulator is its own certificate authority.
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), emulator.caPem]);
  try {
    await furnish(emulator, recording, settings);
    const replay = new Replay(emulator, await tokenOf(emulator), recording);
    const differences: Difference[] = [];
    for (const [at, exchange] of recording.exchanges.entries()) {
      now = start + exchange.at;
      differences.push(...(await replay.send(exchange)).map((each) => ({ exchange: at + 1, ...each })));
    }
    return differences;
  } finally {
    await emulator.stop();
  }
}

const PARENT =
  /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/Microsoft\.(DataFactory\/factories|Synapse\/workspaces)\/([^/?]+)\?/i;

/** Those that were there: what was answered 200 when it was read itself. */
function parentsOf({ exchanges }: Recording): FactoryRef[] {
  return exchanges.flatMap(({ request: { method, path }, answer }) => {
    const [, subscriptionId = '', resourceGroup = '', type = '', name = ''] = PARENT.exec(path) ?? [];
    if (method !== 'GET' || answer?.status !== 200 || name === '') return [];
    const kind = /^Synapse/i.test(type) ? 'workspace' : 'factory';
    return [{ kind, subscriptionId, resourceGroup, name }];
  });
}

async function furnish({ control }: Emulator, recording: Recording, settings: Settings): Promise<void> {
  for (const parent of parentsOf(recording)) {
    const ref = { ...parent, location: settings.location };
    if (parent.kind === 'workspace') {
      await control.ensureWorkspace(ref);
      await control.setOperations({ factory: parent, durationMs: settings.operationMs });
    } else {
      await control.ensureFactory(ref);
      if (settings.hasNetwork) await control.ensureNetwork({ factory: parent });
    }
  }
}

export function settingsOf(recording: Recording): Settings {
  const { exchanges } = recording;
  const first = exchanges.find(({ request }) => request.method === 'GET' && PARENT.test(request.path));
  const location = objectOf(first?.answer?.body).location;
  const network = exchanges.find(({ request }) => /\/managedVirtualNetworks\//i.test(request.path));
  return {
    pageSize: pageSizeOf(exchanges),
    operationMs: operationTime(exchanges),
    stages: stagesOf(exchanges),
    hasNetwork: network?.request.method === 'GET' && network.answer?.status === 200,
    location: typeof location === 'string' ? location : 'westeurope',
  };
}

/** The length of a page that another one follows. */
function pageSizeOf(exchanges: readonly Exchange[]): number {
  for (const { answer } of exchanges) {
    const { value, nextLink } = objectOf(answer?.body);
    if (Array.isArray(value) && typeof nextLink === 'string') return value.length + (answer?.leftOut ?? 0);
  }
  return ASSUMED.pageSize;
}

/** So long that every poll that was told to wait is, and every one that was told the result has it. */
function operationTime(exchanges: readonly Exchange[]): number {
  const accepted = new Map<string, number>();
  let longestRunning = 0;
  let shortestDone = Number.POSITIVE_INFINITY;
  for (const { at, request, answer } of exchanges) {
    const location = pathOf(answer?.headers.location);
    if (answer?.status === 202 && location !== undefined && request.method !== 'GET') accepted.set(location, at);
    const since = accepted.get(request.path);
    if (since === undefined || answer === undefined) continue;
    if (answer.status === 200) shortestDone = Math.min(shortestDone, at - since);
    else longestRunning = Math.max(longestRunning, at - since);
  }
  if (shortestDone === Number.POSITIVE_INFINITY) return longestRunning + 1;
  return longestRunning < shortestDone ? Math.ceil((longestRunning + shortestDone) / 2) : shortestDone;
}

/** The states of the runtime in a network that was asked most often, from its creation on. */
function stagesOf(exchanges: readonly Exchange[]): Assumed['networkStages'] {
  const made = new Map<string, number>();
  const seen = new Map<string, { state: string; afterMs: number }[]>();
  for (const { at, request, answer } of exchanges) {
    const path = request.path.split('?')[0]?.toLowerCase() ?? '';
    const { managedVirtualNetwork } = objectOf(objectOf(request.body).properties);
    if (request.method === 'PUT' && managedVirtualNetwork !== undefined && !made.has(path)) made.set(path, at);
    const runtime = path.replace(/\/getstatus$/, '');
    const since = runtime === path ? undefined : made.get(runtime);
    const { state } = objectOf(objectOf(answer?.body).properties);
    if (since !== undefined && typeof state === 'string') {
      seen.set(runtime, [...(seen.get(runtime) ?? []), { state, afterMs: at - since }]);
    }
  }
  const [most] = [...seen.values()].sort((a, b) => b.length - a.length);
  if (most === undefined) return ASSUMED.networkStages;
  const changes = most.filter(({ state }, at) => state !== most[at - 1]?.state);
  return changes.map(({ state, afterMs }, at) => ({ state, afterMs: at === 0 ? 0 : afterMs }));
}

async function tokenOf({ authorityUrl, armUrl }: Emulator): Promise<string> {
  const { tenantId, clientId, clientSecret } = DEFAULT_CLIENT;
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
  const response = await fetch(`${authorityUrl}/${tenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({ ...form, scope: `${armUrl}/.default` }),
  });
  const { access_token: token } = (await response.json()) as { access_token: string };
  return token;
}

type Found = Omit<Difference, 'exchange'>;

/** What the service makes up: whatever it is, it is another one. */
const MADE_UP = ['etag', 'vNetId', 'operationId', 'artifactId', 'recordId', 'created', 'changed', 'nextLink'];
const HEADERS = ['retry-after', 'x-ms-failure-cause', 'location', 'azure-asyncoperation'];

class Replay {
  readonly #emulator: Emulator;
  readonly #token: string;
  /** Whoever sent the recording has other runtimes, which are left out of it: where a page ends is theirs to say. */
  readonly #hasOthers: boolean;
  /** By what the recording has of them: etags and addresses of operations. */
  readonly #live = new Map<string, string>();

  constructor(emulator: Emulator, token: string, { exchanges }: Recording) {
    this.#hasOthers = exchanges.some(({ answer }) => answer?.leftOut !== undefined);
    this.#emulator = emulator;
    this.#token = token;
  }

  async send({ request, answer }: Exchange): Promise<Found[]> {
    if (this.#hasOthers && /[?&](?:%24)?\$?skiptoken=/i.test(request.path) && !this.#live.has(request.path)) return [];
    const response = await fetch(this.#address(request.path), {
      method: request.method,
      headers: this.#headers(request),
      ...(request.body === undefined ? {} : { body: bodyText(request.body) }),
    });
    const text = await response.text();
    // What had no answer may have taken effect: the emulator's is as good as any.
    if (answer === undefined) return [];
    const body = text === '' ? undefined : parsed(text);
    this.#learn(answer, response, body);
    const isPage = isObject(answer.body) && Array.isArray(answer.body.value);
    const about = `${request.method} ${request.path.replace(/\?.*$/, '').replace(/^.*\/providers\//, '…/')}`;
    const told: Omit<Found, 'request'>[] = [
      ...differing('status', String(answer.status), String(response.status)),
      ...HEADERS.flatMap((name) =>
        headerDifference(name, answer.headers[name], response.headers.get(name) ?? undefined),
      ),
      ...bodyDifferences('body', answer.body, isPage ? withoutOthers(body) : body).filter(
        ({ field }) => !(this.#hasOthers && field === 'body.nextLink'),
      ),
    ];
    return told.map((each) => ({ request: about, ...each }));
  }

  #address(path: string): string {
    return this.#live.get(path) ?? `${this.#emulator.armUrl}${path}`;
  }

  #headers({ headers }: Exchange['request']): Record<string, string> {
    const given = Object.entries(headers).filter(([, value]) => value !== REMOVED);
    const sent = given.map(([name, value]) => [
      name,
      this.#live.get(value) ?? value.replace(` ${REMOVED}`, ' cHJvYmU='),
    ]);
    return { authorization: `Bearer ${this.#token}`, ...Object.fromEntries(sent) };
  }

  #learn(answer: NonNullable<Exchange['answer']>, response: Response, body: Json | undefined): void {
    for (const name of ['location', 'azure-asyncoperation']) {
      const [told, live] = [pathOf(answer.headers[name]), response.headers.get(name)];
      if (told !== undefined && live !== null) this.#live.set(told, live);
    }
    const [told, live] = [objectOf(answer.body), objectOf(body)];
    if (typeof told.etag === 'string' && typeof live.etag === 'string') this.#live.set(told.etag, live.etag);
    const next = typeof told.nextLink === 'string' ? pathOf(told.nextLink) : undefined;
    if (next !== undefined && typeof live.nextLink === 'string') this.#live.set(next, live.nextLink);
  }
}

/** As a recording has them. */
function withoutOthers(body: Json | undefined): Json | undefined {
  if (!isObject(body) || !Array.isArray(body.value)) return body;
  const own = body.value.filter(
    (each) => isObject(each) && typeof each.name === 'string' && each.name.startsWith(PREFIX_PSEUDONYM),
  );
  return { ...body, value: own };
}

function headerDifference(name: string, told: string | undefined, live: string | undefined): Omit<Found, 'request'>[] {
  // An address, and how long to wait, are what they are; that they are there counts.
  const isOpaque = name !== 'x-ms-failure-cause';
  const shown = (value: string | undefined): string => (value === undefined ? 'absent' : isOpaque ? 'present' : value);
  return differing(`header ${name}`, shown(told), shown(live));
}

function bodyDifferences(field: string, told: Json | undefined, live: Json | undefined): Omit<Found, 'request'>[] {
  if (told === REMOVED || (told === null && live === undefined)) return [];
  if (isObject(told) && isObject(live)) {
    const names = [...new Set([...Object.keys(told), ...Object.keys(live)])];
    return names.flatMap((name) =>
      MADE_UP.includes(name)
        ? differing(`${field}.${name}`, presence(told[name]), presence(live[name]))
        : bodyDifferences(`${field}.${name}`, told[name], live[name]),
    );
  }
  if (Array.isArray(told) && Array.isArray(live)) {
    const longer = Array.from({ length: Math.max(told.length, live.length) }, (_, at) => at);
    return longer.flatMap((at) => bodyDifferences(`${field}[${at}]`, told[at], live[at]));
  }
  return differing(field, shownValue(told), shownValue(live));
}

function presence(value: Json | undefined): string {
  return value === undefined ? 'absent' : 'present';
}

function differing(field: string, recorded: string, emulated: string): Omit<Found, 'request'>[] {
  return recorded === emulated ? [] : [{ field, recorded, emulated }];
}

/** Without what is made up in the middle of a text, and whatever the case of ids. */
function shownValue(value: Json | undefined): string {
  if (value === undefined) return 'absent';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function objectOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

/** Of a recorded address: what a request to it has as its path. */
function pathOf(address: string | undefined): string | undefined {
  return address?.replace(/^https:\/\/[^/]*/, '');
}

function bodyText(body: Json): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}

function parsed(text: string): Json {
  try {
    return parseVerbatim(text);
  } catch {
    return text;
  }
}

/** One line for each. */
export function shownDifferences(differences: readonly Difference[]): string {
  return differences
    .map(
      ({ exchange, request, field, recorded, emulated }) =>
        `${exchange}. ${request}: ${field}: recorded ${recorded}, emulated ${emulated}\n`,
    )
    .join('');
}
