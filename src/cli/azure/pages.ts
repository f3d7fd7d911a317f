/** Lists of Azure Resource Manager: page by page, to the end, from one host. Complete, or an error. */
import { DataFactoryManagementClient } from '@azure/arm-datafactory';
import { ArmCalls, type ArmOptions } from '../../azure/arm/arm-calls.ts';
import { createClient, PlainRequests } from '../../azure/arm/arm-client.ts';
import { malformed, parseJson } from '../../azure/arm/parse.ts';
import { isObject } from '../../core/model/json.ts';
import type { JsonObject, Parent } from '../../core/model/runtime.ts';
import type { CallContext } from '../../ports.ts';

/** A list with more has no end. */
const MOST_PAGES = 250;

export class ArmPages {
  readonly #calls: ArmCalls;
  readonly #requests: PlainRequests;
  readonly #endpoint: string;

  constructor(options: ArmOptions) {
    this.#calls = new ArmCalls(options);
    // The client of either service sends a GET of any URL of Azure Resource Manager; the version is in the URL.
    const client = createClient(DataFactoryManagementClient, options.subscriptionId, options);
    this.#requests = new PlainRequests(client, 'factory', '');
    this.#endpoint = options.endpoint;
  }

  /** @throws AzureFailure */
  async all<T>(
    kind: Parent['kind'],
    pathAndQuery: string,
    caller: CallContext,
    parse: (entry: JsonObject) => T,
  ): Promise<T[]> {
    let next: string | undefined = `${this.#endpoint}${pathAndQuery}`;
    const entries: T[] = [];
    for (let pages = 0; next !== undefined; pages++) {
      if (pages === MOST_PAGES) throw malformed(`the list has more than ${MOST_PAGES} pages`);
      const page: Page = await this.#page(kind, next, caller);
      entries.push(...page.entries.map(parse));
      next = page.nextLink;
      if (next !== undefined && (!URL.canParse(next) || new URL(next).origin !== new URL(this.#endpoint).origin)) {
        throw malformed('the link to the next page leads elsewhere');
      }
    }
    return entries;
  }

  #page(kind: Parent['kind'], link: string, caller: CallContext): Promise<Page> {
    return this.#calls.make(caller, {
      operation: 'list',
      budget: 'reads',
      writes: false,
      parent: kind,
      send: (options) => this.#requests.next(link, options),
      parse: (body) => parsePage(parseJson(body)),
    });
  }
}

interface Page {
  readonly entries: readonly JsonObject[];
  readonly nextLink: string | undefined;
}

function parsePage(value: unknown): Page {
  if (!isObject(value) || !Array.isArray(value.value)) throw malformed('the list has no array');
  const { nextLink } = value;
  const entries = value.value.map((entry): JsonObject => {
    if (!isObject(entry)) throw malformed('an entry of the list is no object');
    return entry as JsonObject;
  });
  return { entries, nextLink: typeof nextLink === 'string' && nextLink !== '' ? nextLink : undefined };
}
