/** The factories and workspaces of a subscription or a resource group: page by page, to the end, from one host. */
import { DataFactoryManagementClient } from '@azure/arm-datafactory';
import { ArmCalls, type ArmOptions } from '../../azure/arm/arm-calls.ts';
import { createClient, PlainRequests } from '../../azure/arm/arm-client.ts';
import { malformed, parseJson } from '../../azure/arm/parse.ts';
import { isObject } from '../../core/model/json.ts';
import { ARM_TYPES, type Parent } from '../../core/model/runtime.ts';
import type { CallContext } from '../../ports.ts';
import { parentOf } from './scope.ts';

const VERSIONS: Readonly<Record<Parent['kind'], string>> = { factory: '2018-06-01', workspace: '2021-06-01-preview' };
/** A list with more has no end. */
const MOST_PAGES = 250;

export class ParentLister {
  readonly #calls: ArmCalls;
  readonly #requests: PlainRequests;
  readonly #endpoint: string;

  constructor(options: ArmOptions) {
    this.#calls = new ArmCalls(options);
    // The client of either service sends a GET of any URL of Azure Resource Manager.
    const client = createClient(DataFactoryManagementClient, options.subscriptionId, options);
    this.#requests = new PlainRequests(client, 'factory', VERSIONS.factory);
    this.#endpoint = options.endpoint;
  }

  /** @throws AzureFailure */
  async list(
    kind: Parent['kind'],
    subscriptionId: string,
    resourceGroup: string | undefined,
    caller: CallContext,
  ): Promise<Parent[]> {
    const group = resourceGroup === undefined ? '' : `/resourceGroups/${encodeURIComponent(resourceGroup)}`;
    const scope = `/subscriptions/${encodeURIComponent(subscriptionId)}${group}`;
    let next: string | undefined =
      `${this.#endpoint}${scope}/providers/${ARM_TYPES[kind]}?api-version=${VERSIONS[kind]}`;
    const parents: Parent[] = [];
    for (let pages = 0; next !== undefined; pages++) {
      if (pages === MOST_PAGES) throw malformed(`the list has more than ${MOST_PAGES} pages`);
      const page: Page = await this.#page(kind, next, caller);
      parents.push(...page.parents);
      next = page.nextLink;
      if (next !== undefined && (!URL.canParse(next) || new URL(next).origin !== new URL(this.#endpoint).origin)) {
        throw malformed('the link to the next page leads elsewhere');
      }
    }
    return parents;
  }

  #page(kind: Parent['kind'], link: string, caller: CallContext): Promise<Page> {
    return this.#calls.make(caller, {
      operation: 'list',
      budget: 'reads',
      writes: false,
      parent: kind,
      send: (options) => this.#requests.next(link, options),
      parse: (body) => parsePage(kind, parseJson(body)),
    });
  }
}

interface Page {
  readonly parents: readonly Parent[];
  readonly nextLink: string | undefined;
}

function parsePage(kind: Parent['kind'], value: unknown): Page {
  if (!isObject(value) || !Array.isArray(value.value)) throw malformed('the list has no array');
  const { nextLink } = value;
  const parents = value.value.map((entry) => {
    if (!isObject(entry) || typeof entry.id !== 'string') throw malformed(`a ${kind} of the list has no id`);
    try {
      return parentOf(kind, entry.id, { subscription: undefined, resourceGroup: undefined });
    } catch {
      throw malformed(`the id of a ${kind} of the list is none`);
    }
  });
  return { parents, nextLink: typeof nextLink === 'string' && nextLink !== '' ? nextLink : undefined };
}
