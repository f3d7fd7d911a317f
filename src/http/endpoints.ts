/** The HTTP endpoints: `/healthz` and `/readyz` for the kubelet, `/metrics` for Prometheus. */
import type { Log } from '../runtime/log.ts';
import type { Exposition } from '../telemetry/metrics/metrics.ts';
import type { BindAddress } from './bind-address.ts';
import { Certificate, type CertificateOptions } from './certificate.ts';
import { type Endpoint, type HttpReply, plain, type Request, serve } from './http-server.ts';
import type { MetricsAuthorizer } from './metrics-authorizer.ts';

export { type BindAddress, parseBindAddress } from './bind-address.ts';
export type { Endpoint } from './http-server.ts';

/** Something that has to be true for a probe to succeed. */
export interface Check {
  readonly name: string;
  /**
   * What is wrong, in words; undefined when nothing is. Reads memory only: a probe must neither wait nor fail because
   * another service does. Throwing counts as failing.
   */
  problem(): string | undefined;
}

export interface HealthOptions {
  readonly bind: BindAddress;
  /** Whether the process should be restarted. */
  readonly live: readonly Check[];
  /** Whether the process has started and works. */
  readonly ready: readonly Check[];
  readonly log: Log;
}

export interface MetricsEndpointOptions {
  readonly bind: BindAddress;
  readonly exposition: Exposition;
  readonly log: Log;
  /** Absent: plain HTTP, open to every client. */
  readonly secure?: Security | undefined;
}

/** Both or neither: TLS alone would let every client in, and a token without TLS would travel in the clear. */
export interface Security {
  readonly certificate: CertificateOptions;
  readonly authorizer: MetricsAuthorizer;
}

/**
 * Serves `/healthz` and `/readyz`: 200 and `ok`, or 503 and a line `name: problem` for each check that fails.
 * @throws Error when it cannot listen on the address.
 */
export function serveHealth({ bind, live, ready, log }: HealthOptions): Promise<Endpoint> {
  const routes = new Map([
    ['/healthz', () => run(live)],
    ['/readyz', () => run(ready)],
  ]);
  return serve('health', bind, routes, log);
}

/** Serves `/metrics`. @throws Error when it cannot listen on the address, or cannot read the certificate. */
export async function serveMetrics({ bind, exposition, log, secure }: MetricsEndpointOptions): Promise<Endpoint> {
  const scrape = async ({ authorization }: Request): Promise<HttpReply> => {
    const decision = secure === undefined ? 'allowed' : await secure.authorizer.check(authorization);
    if (typeof decision === 'object') {
      const seconds = Math.ceil(decision.retryAfterMs / 1000);
      return plain(429, 'too many tokens to ask about, try again later', { 'retry-after': String(seconds) });
    }
    if (decision === 'unknown') return plain(401, 'a bearer token is needed', { 'www-authenticate': 'Bearer' });
    if (decision === 'forbidden') return plain(403, 'this user may not get /metrics');
    return { status: 200, contentType: exposition.contentType, body: await exposition.text() };
  };
  const certificate = secure && bind.kind !== 'none' ? await Certificate.load(secure.certificate) : undefined;
  return serve('metrics', bind, new Map([['/metrics', scrape]]), log, certificate);
}

function run(checks: readonly Check[]): HttpReply {
  const failing = checks.flatMap((check) => {
    const problem = problemOf(check);
    return problem === undefined ? [] : [`${check.name}: ${problem}`];
  });
  return failing.length === 0 ? plain(200, 'ok') : plain(503, failing.join('\n'));
}

function problemOf(check: Check): string | undefined {
  try {
    return check.problem();
  } catch (error) {
    return error instanceof Error ? error.message : 'the check itself failed';
  }
}
