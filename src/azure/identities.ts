import type { TokenCredential } from '@azure/core-auth';
import type { HttpClient, PipelinePolicy } from '@azure/core-rest-pipeline';
import { ClientCertificateCredential, ClientSecretCredential, WorkloadIdentityCredential } from '@azure/identity';
import type { ManagedObject } from '../core/object.ts';
import type { Parent } from '../core/runtime.ts';
import type { Access, Identities, Urgency } from '../ports.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ArmOptions } from './arm-calls.ts';
import type { Cloud } from './clouds.ts';
import { createDataFactory } from './data-factory.ts';
import { type AzureMetrics, NO_METRICS } from './metrics.ts';
import { Observer } from './observer.ts';
import type { Remote } from './remote.ts';
import { type BudgetKind, RequestBudget } from './request-budget.ts';
import type { RetrySettings } from './retry.ts';
import { createSynapse } from './synapse.ts';
import { TokenSource } from './tokens.ts';

export interface IdentitiesOptions {
  /** Where the SDKs' variables `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`… are looked up; an empty value counts as absent. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cloud: Cloud;
  /** The namespaces whose objects may use the operator's own identity. */
  readonly operatorNamespaces: '*' | readonly string[];
  readonly clock: Clock;
  /** Puts the key of an object back into the queue, when the request budget has a token for it. */
  readonly wake: (key: string, urgency: Urgency) => void;
  /** Somebody else changed the runtime with this `armKey`: its objects are to be looked at now. */
  readonly changed: (runtimeKey: string) => void;
  readonly metrics?: AzureMetrics;
  /** For one attempt of a request to ARM; 60 s when absent. */
  readonly requestTimeoutMs?: number;
  readonly retry?: RetrySettings;
  /** The life of the process. */
  readonly signal?: AbortSignal;
  /** The transport of ARM requests; the SDK's own when absent. */
  readonly httpClient?: HttpClient;
}

/** The operator's own Azure identity, for the namespaces that may use it. Needs nothing from Azure to be constructed. */
export class OperatorIdentities implements Identities {
  readonly #options: IdentitiesOptions;
  readonly #own: Own | { readonly problem: string };

  constructor(options: IdentitiesOptions) {
    this.#options = options;
    const login = readLogin(options.env);
    this.#own = 'problem' in login ? login : open(login, options);
  }

  accessFor(object: ManagedObject): Access {
    const { operatorNamespaces } = this.#options;
    if (operatorNamespaces !== '*' && !operatorNamespaces.includes(object.namespace)) {
      return {
        granted: false,
        message: `The namespace ${object.namespace} may not use the operator's own Azure identity: the operator's flag --operator-identity-namespaces must name it.`,
      };
    }
    if ('problem' in this.#own)
      return { granted: false, message: `The operator has no Azure identity: ${this.#own.problem}.` };
    return { granted: true, identity: this.#own.identity, runtimes: this.#own.runtimes };
  }

  /** Which credential is in use, or why there is none: for the log of a start. No secret. */
  describe(): string {
    return 'problem' in this.#own ? `none: ${this.#own.problem}` : this.#own.description;
  }

  /** The object is gone: it waits for no request any more. */
  forget(key: string): void {
    if ('budgets' in this.#own) for (const budget of this.#own.budgets()) budget.forget(key);
  }

  /** Cancels every timer. */
  stop(): void {
    if ('budgets' in this.#own) for (const budget of this.#own.budgets()) budget.stop();
  }
}

interface Own {
  readonly identity: string;
  readonly description: string;
  readonly runtimes: Observer;
  readonly budgets: () => Iterable<RequestBudget>;
}

/** How the operator proves who it is. */
interface Login {
  readonly tenantId: string;
  readonly clientId: string;
  readonly variable: (typeof PROOFS)[number];
  readonly value: string;
}

const PROOFS = ['AZURE_CLIENT_SECRET', 'AZURE_CLIENT_CERTIFICATE_PATH', 'AZURE_FEDERATED_TOKEN_FILE'] as const;
/** What a tenant may be called: a GUID or a domain name. */
const TENANT = /^[A-Za-z0-9.-]+$/;

function readLogin(env: IdentitiesOptions['env']): Login | { readonly problem: string } {
  const { AZURE_TENANT_ID: tenantId = '', AZURE_CLIENT_ID: clientId = '' } = env;
  const given = PROOFS.filter((variable) => (env[variable] ?? '') !== '');
  const missing = [
    ...(tenantId === '' ? ['AZURE_TENANT_ID'] : []),
    ...(clientId === '' ? ['AZURE_CLIENT_ID'] : []),
    ...(given.length === 0 ? [`one of ${PROOFS.join(', ')}`] : []),
  ];
  if (missing.length > 0) return { problem: `its environment lacks ${missing.join(' and ')}` };
  if (given.length > 1) return { problem: `its environment has ${given.join(' and ')}, of which only one may be set` };
  if (!TENANT.test(tenantId)) return { problem: 'AZURE_TENANT_ID is neither a tenant id nor a domain name' };
  const [variable] = given;
  return variable === undefined
    ? { problem: 'its environment lacks a credential' }
    : { tenantId, clientId, variable, value: env[variable] ?? '' };
}

const KINDS: Readonly<Record<Login['variable'], string>> = {
  AZURE_CLIENT_SECRET: 'client secret',
  AZURE_CLIENT_CERTIFICATE_PATH: 'client certificate',
  AZURE_FEDERATED_TOKEN_FILE: 'workload identity',
};

/** A few quick retries of its own, so that one dropped connection to the authority is nobody's failed pass. */
const TOKEN_RETRIES = { maxRetries: 2, retryDelayInMs: 200, maxRetryDelayInMs: 1000 };

/** Made explicitly: `DefaultAzureCredential` would silently fall through to whatever identity the node has. */
function credential(
  { tenantId, clientId, variable, value }: Login,
  cloud: Cloud,
  met: (what: unknown) => void,
): TokenCredential {
  const options = {
    authorityHost: cloud.authority,
    disableInstanceDiscovery: !cloud.authorityKnown,
    retryOptions: TOKEN_RETRIES,
    additionalPolicies: [{ policy: telling(met), position: 'perRetry' as const }],
  };
  switch (variable) {
    case 'AZURE_CLIENT_SECRET':
      return new ClientSecretCredential(tenantId, clientId, value, options);
    case 'AZURE_CLIENT_CERTIFICATE_PATH':
      return new ClientCertificateCredential(tenantId, clientId, value, options);
    case 'AZURE_FEDERATED_TOKEN_FILE':
      return new WorkloadIdentityCredential({ tenantId, clientId, tokenFilePath: value, ...options });
  }
}

function telling(met: (what: unknown) => void): PipelinePolicy {
  return {
    name: 'telling',
    async sendRequest(request, next) {
      try {
        const response = await next(request);
        met({ status: response.status });
        return response;
      } catch (error) {
        met(error);
        throw error;
      }
    },
  };
}

const SERVICES: Readonly<Record<Parent['kind'], (options: ArmOptions) => Remote>> = {
  factory: createDataFactory,
  workspace: createSynapse,
};

/** One token cache and one observer; per subscription, as it is first needed, one budget and one client of each service. */
function open(login: Login, options: IdentitiesOptions): Own {
  const { cloud, clock, wake, changed, signal, metrics = NO_METRICS } = options;
  const identity = `${login.tenantId}/${login.clientId}`;
  const tokens = new TokenSource({
    create: (met) => credential(login, cloud, met),
    scope: `${cloud.audience}/.default`,
    clock,
  });
  const subscriptions = new Map<string, { readonly budget: RequestBudget; remote(kind: Parent['kind']): Remote }>();
  const subscription = (subscriptionId: string) => {
    const key = subscriptionId.toLowerCase();
    const present = subscriptions.get(key);
    if (present !== undefined) return present;
    const owner = { subscription: key, identity };
    const remaining = (kind: BudgetKind, value: number) => metrics.budgetRemaining(kind, value, owner);
    const budget = new RequestBudget({ clock, wake, remaining });
    const remotes = new Map<Parent['kind'], Remote>();
    const made = {
      budget,
      remote: (kind: Parent['kind']) => {
        const remote =
          remotes.get(kind) ?? SERVICES[kind]({ ...options, subscriptionId, endpoint: cloud.endpoint, tokens, budget });
        remotes.set(kind, remote);
        return remote;
      },
    };
    subscriptions.set(key, made);
    return made;
  };
  return {
    identity,
    description: `${KINDS[login.variable]} of client ${login.clientId} in tenant ${login.tenantId}, ${cloud.name} (${cloud.endpoint})`,
    runtimes: new Observer({
      remote: ({ kind, subscriptionId }) => subscription(subscriptionId).remote(kind),
      clock,
      changed,
      ...(signal === undefined ? {} : { signal }),
    }),
    budgets: () => [...subscriptions.values()].map(({ budget }) => budget),
  };
}
