/** A recording: every exchange of a run, with what tells of somebody replaced, and refused if anything of that is left. */

import { isObject } from '../../core/model/json.ts';
import type { Json } from '../../core/model/runtime.ts';
import { ASSUMPTIONS } from './assumptions/index.ts';
import { type Inputs, needlesOf, PREFIX_PSEUDONYM } from './inputs.ts';
import { Pseudonyms } from './pseudonyms.ts';
import type { RawExchange } from './recorder.ts';
import type { Judgements } from './report.ts';
import { leftovers } from './scanner.ts';
import { parseVerbatim } from './verbatim.ts';

export interface Exchange {
  readonly at: number;
  readonly request: {
    readonly method: string;
    /** With its query; without the host. */
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    /** JSON, or the text where it is none; absent where there is none. */
    readonly body?: Json;
  };
  /** Absent: there was none. */
  readonly answer?: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: Json;
    /** So many entries of a list that are not the probe's were left out. */
    readonly leftOut?: number;
  };
}

export interface Recording {
  readonly format: 1;
  readonly date: string;
  readonly verdicts: Judgements;
  readonly exchanges: readonly Exchange[];
}

/** Something of the inputs would be in what is written. */
export class LeakError extends Error {
  override readonly name = 'LeakError';
}

export const REMOVED = '(removed)';

/** Whose values are kept; of the others the name alone is. */
const REQUEST_HEADERS = ['if-match', 'if-none-match', 'content-type'];
const ANSWER_HEADERS = [
  'content-type',
  'retry-after',
  'x-ms-failure-cause',
  'location',
  'azure-asyncoperation',
  'allow',
];
/** Of documents, errors and operations. What else a service sends keeps its name and loses its value. */
const KEYS = [
  ...['id', 'name', 'type', 'properties', 'etag', 'value', 'nextLink', 'location', 'description', 'typeProperties'],
  ...['computeProperties', 'managedVirtualNetwork', 'referenceName', 'azirProbe', 'depth', 'Type', 'state', 'error'],
  ...['code', 'message', 'target', 'details', 'recordId', 'operationId', 'artifactId', 'status', 'provisioningState'],
  ...['autoTerminationMinutes', 'interactiveQuery', 'preventDataExfiltration', 'dataFlowProperties', 'computeType'],
];
/** What the requests and the answers are made of besides the inputs. */
const WORDS = [
  ...KEYS,
  ...REQUEST_HEADERS,
  ...ANSWER_HEADERS,
  ...['format', 'date', 'verdicts', 'exchanges', 'request', 'answer', 'headers', 'body', 'method', 'path', 'leftOut'],
  ...[
    'authorization',
    'Basic',
    'GET',
    'PUT',
    'POST',
    'DELETE',
    'holds',
    'does not hold',
    'could not tell',
    'api-version',
    'skiptoken',
  ],
  ...['application/json; charset=utf-8', 'gateway', 'https://', '2018-06-01', '2021-06-01-preview', '2001-01-01'],
  ...['/subscriptions/', '/resourceGroups/', '/providers/', '/operationResults/', '/integrationRuntimes/'],
  ...['Microsoft.DataFactory/factories', 'Microsoft.Synapse/workspaces', 'managedVirtualNetworks', 'getStatus'],
  ...['enableInteractiveQuery', 'disableInteractiveQuery', 'IntegrationRuntime', 'ManagedVirtualNetworkReference'],
  ...['Managed', 'SelfHosted', 'AutoResolve', 'West Europe', 'East US', 'default', 'azirprobe', 'Succeeded'],
  ...['Initial', 'Starting', 'Online', 'Creating', 'Updating', 'Deleting', 'Microsoft.AzirProbe/things/probe'],
  ...[
    'A probe of azure-ir-operator',
    'changed by another writer',
    'nowhere (azir probe)',
    'too late',
    'again',
    'the first the second the last',
  ],
  ...['00000000-0000-4000-8000-000000000000', '192.0.2.', '.invalid', '@example.com', REMOVED, PREFIX_PSEUDONYM],
  ...[
    'guid-',
    'group-',
    'factory-',
    'workspace-',
    'name-',
    'host-',
    'token-',
    'person-',
    'azirProbeThings',
    'null true',
  ],
  ...['creates', 'updates', 'deletions', 'announced', 'events', 'queue', 'in each event', 'an event', 'no event'],
  ...['version', 'requests', 'tookMs', 'madeNetwork', 'assumed', 'seen', 'not asked', 'not shown', 'refused'],
  ...ASSUMPTIONS.map(({ id }) => id),
];

export interface Run {
  readonly date: Date;
  readonly exchanges: readonly RawExchange[];
  readonly verdicts: Recording['verdicts'];
}

/** @throws LeakError */
export function recordingOf({ date, exchanges, verdicts }: Run, inputs: Inputs): Recording {
  const pen = penOf(exchanges, inputs, date);
  const written = exchanges.map((exchange) => pen.exchange(exchange));
  const recording: Recording = { format: 1, date: day(date), verdicts, exchanges: written };
  pen.check(recording);
  return recording;
}

/** Any other document of the same run: every text in it. @throws LeakError */
export function pseudonymous(document: Json, { exchanges, date }: Run, inputs: Inputs): Json {
  const pen = penOf(exchanges, inputs, date);
  const replaced = everyText(document, (text) => pen.text(text));
  pen.check(replaced);
  return replaced;
}

function everyText(value: Json, replace: (text: string) => string): Json {
  if (typeof value === 'string') return replace(value);
  if (Array.isArray(value)) return value.map((each) => everyText(each, replace));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, everyText(each, replace)]));
}

interface Pen {
  exchange(raw: RawExchange): Exchange;
  text(text: string): string;
  check(document: unknown): void;
}

function penOf(exchanges: readonly RawExchange[], inputs: Inputs, date: Date): Pen {
  const needles = needlesOf(inputs);
  // Names of headers come from the service, and never from what it is asked about.
  const headers = exchanges.flatMap(({ answer }) => Object.keys(answer?.headers ?? {}));
  const vocabulary = [...WORDS, ...headers, day(date)].join('\n').toLowerCase();
  const pseudonyms = new Pseudonyms(needles, inputs.prefix, vocabulary);
  const text = (value: string): string => pseudonyms.text(value);
  const scrubbed = new Scrubber(pseudonyms, inputs.prefix);
  return {
    text,
    exchange: (raw) => scrubbed.exchange(raw),
    check: (document) => {
      const left = leftovers(document, { needles, vocabulary });
      if (left.length > 0) throw new LeakError(`what identifies you is left in it (${left.join(', ')})`);
    },
  };
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

class Scrubber {
  readonly #pseudonyms: Pseudonyms;
  readonly #prefix: string;

  constructor(pseudonyms: Pseudonyms, prefix: string) {
    this.#pseudonyms = pseudonyms;
    this.#prefix = prefix.toLowerCase();
  }

  exchange({ at, request, answer }: RawExchange): Exchange {
    const body = request.body === undefined ? {} : { body: this.#sent(jsonOf(request.body)) };
    const { method, url, headers } = request;
    const [scheme] = request.authorization?.split(' ') ?? [];
    const authorization = scheme === undefined ? {} : { authorization: `${scheme} ${REMOVED}` };
    const asked = {
      method,
      path: this.#address(url).replace(/^https:\/\/[^/]*/, ''),
      headers: { ...this.#headers(headers, REQUEST_HEADERS), ...authorization },
      ...body,
    };
    if (answer === undefined) return { at, request: asked };
    const told = answer.text === '' ? undefined : jsonOf(answer.text);
    const { list, leftOut } = this.#ownOf(told);
    return {
      at,
      request: asked,
      answer: {
        status: answer.status,
        headers: this.#headers(answer.headers, ANSWER_HEADERS),
        ...(list === undefined ? {} : { body: this.#body(list) }),
        ...(leftOut === 0 ? {} : { leftOut }),
      },
    };
  }

  #headers(headers: Readonly<Record<string, string>>, kept: readonly string[]): Record<string, string> {
    const names = Object.keys(headers).filter((name) => name !== 'authorization');
    return Object.fromEntries(
      names.map((name) => [
        name.toLowerCase(),
        kept.includes(name.toLowerCase()) ? this.#headerValue(headers[name] ?? '') : REMOVED,
      ]),
    );
  }

  #headerValue(value: string): string {
    return isAddress(value) ? this.#address(value) : this.#pseudonyms.text(value);
  }

  /** Of a query the version alone means something; the rest is opaque, and the same for the same. */
  #address(url: string): string {
    const { pathname, searchParams, hostname } = new URL(url);
    const query = [...searchParams].map(([name, value]) => {
      const isVersion = name.toLowerCase() === 'api-version' && /^[\d-]+(?:-preview)?$/.test(value);
      return `${this.#pseudonyms.text(name)}=${isVersion ? value : this.#pseudonyms.of('token', value)}`;
    });
    const host = this.#pseudonyms.of('host', hostname);
    return `https://${host}${this.#pseudonyms.text(pathname)}${query.length === 0 ? '' : `?${query.join('&')}`}`;
  }

  /** Other people's runtimes are nobody's business. */
  #ownOf(body: Json | undefined): { list: Json | undefined; leftOut: number } {
    if (!isObject(body) || !Array.isArray(body.value)) return { list: body, leftOut: 0 };
    const own = body.value.filter(
      (each) => isObject(each) && typeof each.name === 'string' && each.name.toLowerCase().startsWith(this.#prefix),
    );
    return { list: { ...body, value: own }, leftOut: body.value.length - own.length };
  }

  /** What the probe wrote has nothing of anybody in it but names. */
  #sent(body: Json): Json {
    return everyText(body, (text) => this.#pseudonyms.text(text));
  }

  #body(value: Json, key?: string): Json {
    if (typeof value === 'string') return this.#said(value, key);
    if (Array.isArray(value)) return value.map((each) => this.#body(each, key));
    if (!isObject(value)) return value;
    // A policy's name is its owner's business.
    const isPolicy = typeof value.code === 'string' && /Policy/i.test(value.code);
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => {
        const isKept = KEYS.includes(name) && !(isPolicy && name !== 'code');
        return [this.#pseudonyms.text(name), isKept || each === null ? this.#body(each, name) : REMOVED];
      }),
    );
  }

  #said(text: string, key: string | undefined): string {
    if (key === undefined) return REMOVED;
    return isAddress(text) ? this.#address(text) : this.#pseudonyms.text(text);
  }
}

/** A message may begin with an address, or with what looks like one. */
function isAddress(text: string): boolean {
  return /^https:\/\/\S+$/.test(text) && URL.canParse(text);
}

function jsonOf(text: string): Json {
  try {
    return parseVerbatim(text);
  } catch {
    return text;
  }
}

export function textOf(document: Recording | Json): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

export function recordingFrom(text: string): Recording {
  const { format, date, verdicts, exchanges } = parseVerbatim(text) as unknown as Partial<Recording>;
  const isRecording = typeof date === 'string' && typeof verdicts === 'object' && Array.isArray(exchanges);
  if (format !== 1 || !isRecording) throw new Error('it is no recording of the probe');
  return { format, date, verdicts, exchanges };
}
