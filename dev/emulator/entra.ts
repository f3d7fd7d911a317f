/** Entra ID: discovery, and tokens for applications. */
import { randomUUID } from 'node:crypto';
import { isKnownAudience } from './audiences.ts';
import type { EntraClient, TokenEndpointMode, TokenRefusal } from './control.ts';
import { header, type Incoming, type Reply, reply } from './exchange.ts';
import { isObject, parseJson } from './json.ts';
import type { Operation } from './operations.ts';
import { type TokenInfo, Tokens } from './tokens.ts';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

interface Known extends EntraClient {
  /** From when on its secret is good, and which one is until then. */
  readonly learntAt: number;
  readonly formerSecret: string | undefined;
}

export type EntraAnswer = Reply | 'drop' | 'hang';

/** The authority of every tenant: discovery, and tokens for applications, each of which is known in one tenant. */
export class Entra {
  readonly tokens: Tokens;
  readonly #now: () => number;
  readonly #clients = new Map<string, Known>();
  #refusals: { readonly refusal: TokenRefusal; left: number }[] = [];
  readonly #modes = new Map<string, TokenEndpointMode>();
  readonly #presented = new Set<string>();
  #mode: TokenEndpointMode = 'up';

  constructor(now: () => number, tokenLifetimeSeconds: number) {
    this.#now = now;
    this.tokens = new Tokens(now, tokenLifetimeSeconds);
  }

  putClient(client: EntraClient): void {
    const key = client.clientId.toLowerCase();
    const formerSecret = this.#clients.get(key)?.clientSecret;
    this.#clients.set(key, { ...client, formerSecret, learntAt: this.#now() + (client.learntAfterMs ?? 0) });
  }

  refuseTokens(refusal: TokenRefusal): void {
    const left = refusal.times === 'always' ? Number.POSITIVE_INFINITY : (refusal.times ?? 1);
    this.#refusals.push({ refusal, left });
  }

  clearTokenRefusals(clientId?: string): void {
    this.#refusals = this.#refusals.filter(({ refusal }) => clientId !== undefined && !isOf(refusal, clientId));
  }

  removeClient(clientId: string): void {
    this.#clients.delete(clientId.toLowerCase());
  }

  setMode(mode: TokenEndpointMode, clientId?: string): void {
    if (clientId === undefined) this.#mode = mode;
    else this.#modes.set(clientId.toLowerCase(), mode);
  }

  reset(clients: readonly EntraClient[]): void {
    this.#clients.clear();
    this.#modes.clear();
    this.#refusals = [];
    this.#mode = 'up';
    for (const client of clients) this.putClient(client);
  }

  objectId(clientId: string): string {
    return this.#clients.get(clientId.toLowerCase())?.objectId ?? clientId;
  }

  presentedSecrets(): string[] {
    return [...this.#presented];
  }

  handle(operation: Operation, request: Incoming, tenant: string): EntraAnswer | undefined {
    switch (operation) {
      case 'Entra_OpenIdConfiguration':
        return reply(200, openIdConfiguration(request.origin, tenant));
      case 'Entra_InstanceDiscovery':
        return reply(200, instanceDiscovery(request));
      case 'Entra_Keys':
        return reply(200, { keys: [this.tokens.publicKey()] });
      case 'Entra_Token':
        return this.#token(request, tenant);
      default:
        return undefined;
    }
  }

  #token(request: Incoming, tenant: string): EntraAnswer {
    const form = new URLSearchParams(request.body);
    const clientId = form.get('client_id') ?? '';
    for (const secret of [form.get('client_secret'), form.get('client_assertion')]) {
      if (secret !== null && secret !== '') this.#presented.add(secret);
    }
    const mode = this.#modes.get(clientId.toLowerCase()) ?? this.#mode;
    if (mode === 'drop' || mode === 'hang') return mode;
    if (mode === 'unavailable') {
      return this.#error(
        request,
        503,
        'temporarily_unavailable',
        90033,
        'A transient error has occurred. Please try again.',
      );
    }
    const refused = this.#injected(request, clientId) ?? this.#refuse(request, form, tenant, clientId, mode);
    if (refused !== undefined) return refused;
    const { token, lifetime } = this.tokens.issue(this.#info(tenant, clientId), audienceOf(form));
    return reply(
      200,
      { token_type: 'Bearer', expires_in: lifetime, ext_expires_in: lifetime, access_token: token },
      { 'cache-control': 'no-store, no-cache', pragma: 'no-cache' },
    );
  }

  #info(tenantId: string, clientId: string): TokenInfo {
    return { tenantId, clientId, objectId: this.objectId(clientId) };
  }

  #injected(request: Incoming, clientId: string): Reply | undefined {
    const armed = this.#refusals.find(({ refusal }) => isOf(refusal, clientId));
    if (armed === undefined) return undefined;
    armed.left--;
    if (armed.left <= 0) this.#refusals = this.#refusals.filter((other) => other !== armed);
    return this.#error(request, 401, 'invalid_client', armed.refusal.code, 'This answer was asked for by a test.');
  }

  /** Codes and texts are those that users paste. */
  #refuse(
    request: Incoming,
    form: URLSearchParams,
    tenant: string,
    clientId: string,
    mode: TokenEndpointMode,
  ): Reply | undefined {
    const client = this.#clients.get(clientId.toLowerCase());
    if (form.get('grant_type') !== 'client_credentials') {
      return this.#error(
        request,
        400,
        'unsupported_grant_type',
        70003,
        `The app requested an unsupported grant type '${form.get('grant_type') ?? ''}'.`,
      );
    }
    if (client === undefined || client.tenantId.toLowerCase() !== tenant.toLowerCase()) {
      return this.#error(
        request,
        400,
        'unauthorized_client',
        700016,
        `Application with identifier '${clientId}' was not found in the directory '${tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`,
      );
    }
    if (mode === 'refuse') return this.#wrongSecret(request, clientId);
    if (form.has('client_assertion')) {
      const wrong = this.#refuseAssertion(request, form, client);
      if (wrong !== undefined) return wrong;
    } else {
      const secret = secretOf(client, this.#now());
      if (secret === undefined || form.get('client_secret') !== secret) return this.#wrongSecret(request, clientId);
    }
    return this.#refuseAudience(request, form, tenant);
  }

  #wrongSecret(request: Incoming, clientId: string): Reply {
    return this.#error(
      request,
      401,
      'invalid_client',
      7000215,
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${clientId}'.`,
    );
  }

  /** The signature is not checked: the emulator knows neither the client's certificate nor the cluster's issuer. */
  #refuseAssertion(request: Incoming, form: URLSearchParams, client: EntraClient): Reply | undefined {
    const parts = (form.get('client_assertion') ?? '').split('.');
    const claims = parseJson(Buffer.from(parts[1] ?? '', 'base64url').toString());
    if (client.assertions === false || form.get('client_assertion_type') !== ASSERTION_TYPE) {
      return this.#error(
        request,
        401,
        'invalid_client',
        7000216,
        "'client_assertion' is not accepted from this client.",
      );
    }
    if (parts.length !== 3 || !isObject(claims)) {
      return this.#error(request, 401, 'invalid_client', 50027, 'JWT token is invalid or malformed.');
    }
    const expires = claims.exp;
    if (typeof expires === 'number' && expires * 1000 < this.#now()) {
      return this.#error(
        request,
        401,
        'invalid_client',
        700024,
        'Client assertion is not within its valid time range.',
      );
    }
    return undefined;
  }

  #refuseAudience(request: Incoming, form: URLSearchParams, tenant: string): Reply | undefined {
    const audience = audienceOf(form);
    if (isKnownAudience(audience, request.origin)) return undefined;
    return this.#error(
      request,
      400,
      'invalid_resource',
      500011,
      `The resource principal named ${audience} was not found in the tenant named ${tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.`,
    );
  }

  #error(request: Incoming, status: number, error: string, code: number, message: string): Reply {
    const traceId = randomUUID();
    const correlationId = header(request, 'client-request-id') ?? randomUUID();
    const timestamp = `${new Date(this.#now()).toISOString().slice(0, 19).replace('T', ' ')}Z`;
    return reply(status, {
      error,
      error_description: `AADSTS${code}: ${message} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
      error_codes: [code],
      timestamp,
      trace_id: traceId,
      correlation_id: correlationId,
      error_uri: `${request.origin}/error?code=${code}`,
    });
  }
}

function secretOf({ clientSecret, formerSecret, learntAt }: Known, now: number): string | undefined {
  return now < learntAt ? formerSecret : clientSecret;
}

function isOf({ clientId }: TokenRefusal, who: string): boolean {
  return clientId === undefined || clientId.toLowerCase() === who.toLowerCase();
}

/** Some clients (Go) ask for `openid offline_access profile` besides. */
function audienceOf(form: URLSearchParams): string {
  const scopes = (form.get('scope') ?? form.get('resource') ?? '').split(' ');
  const scope = scopes.find((one) => one.includes('://')) ?? scopes[0] ?? '';
  return scope.replace(/\/\.default$/, '').replace(/\/+$/, '');
}

/** Every URL names the caller's own origin: clients refuse an issuer of another host or port. */
function openIdConfiguration(origin: string, tenant: string): object {
  const base = `${origin}/${tenant}`;
  return {
    token_endpoint: `${base}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    jwks_uri: `${base}/discovery/v2.0/keys`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer: `${base}/v2.0`,
    request_uri_parameter_supported: false,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
    end_session_endpoint: `${base}/oauth2/v2.0/logout`,
    tenant_region_scope: 'EU',
    cloud_instance_name: new URL(origin).host,
    claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'tid', 'ver'],
  };
}

function instanceDiscovery(request: Incoming): object {
  const { host } = new URL(request.origin);
  const endpoint = request.query.get('authorization_endpoint') ?? '';
  const tenant = /^https:\/\/[^/]+\/([^/]+)/.exec(endpoint)?.[1] ?? 'common';
  return {
    tenant_discovery_endpoint: `${request.origin}/${tenant}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
  };
}
