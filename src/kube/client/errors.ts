import { isRecord, parseJson, type Raw, readText } from './raw.ts';

/** What the API server said when it refused, or why it could not be asked. */
export interface ApiProblem {
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** Kubernetes' own word for it, such as `Conflict`; `Timeout` or `Unreachable` when there was no answer. */
  readonly reason: string;
  readonly message: string;
}

/** Thrown by everything here that asks the API server, and nothing else is, save the reason of an aborted signal. */
export class KubeError extends Error implements ApiProblem {
  override readonly name = 'KubeError';
  readonly status: number;
  readonly reason: string;

  constructor(problem: ApiProblem, options?: { cause?: unknown }) {
    super(problem.message, options);
    this.status = problem.status;
    this.reason = problem.reason;
  }
}

/** How much of an answer that is no `Status` is shown: it may be a proxy's whole web page. */
const FOREIGN_BODY_LENGTH = 200;

const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** Whatever undici and the client library throw, in our own words. */
export function toKubeError(error: unknown): KubeError {
  if (error instanceof KubeError) return error;
  const chain = causesOf(error);
  if (chain.some(({ name }) => typeof name === 'string' && name.endsWith('TimeoutError'))) {
    return new KubeError({ status: 0, reason: 'Timeout', message: 'the API server did not answer in time' });
  }
  const said = chain.flatMap(({ message }) => readText(message) ?? []).join(': ') || String(error);
  const message = `the API server cannot be reached: ${said}`;
  return new KubeError({ status: 0, reason: 'Unreachable', message }, { cause: error });
}

/** What a `Status` object says; tolerant of one that is none. */
export function problemFromStatus(raw: unknown): ApiProblem {
  const body = isRecord(raw) ? raw : {};
  const status = typeof body.code === 'number' ? body.code : 0;
  return {
    status,
    reason: readText(body.reason) ?? reasonOf(status),
    message: readText(body.message) ?? `the API server answered ${status || 'with an error'}`,
  };
}

/** History that was asked for is gone: what was known of it has to be read anew. */
export function isExpired({ status, reason }: ApiProblem): boolean {
  return status === 410 || reason === 'Expired' || reason === 'Gone';
}

/** What the answer of this HTTP status refuses: a `Status` object, or whatever somebody on the way has written. */
export function problemOfAnswer(code: number, body: string): ApiProblem {
  const parsed = parseJson(body);
  if (isRecord(parsed) && parsed.kind === 'Status') return { ...problemFromStatus(parsed), status: code };
  const said = body !== '' ? `: ${body.slice(0, FOREIGN_BODY_LENGTH)}` : '';
  return { status: code, reason: reasonOf(code), message: `the API server answered ${code} ${reasonOf(code)}${said}` };
}

function reasonOf(status: number): string {
  return REASONS[status] ?? (status >= 500 ? 'InternalError' : 'Unknown');
}

/** The error and what lies behind it: fetch itself says no more than "fetch failed". */
function causesOf(error: unknown): Raw[] {
  const chain: Raw[] = [];
  for (let e = error; isRecord(e) && chain.length < 4; e = e.cause) chain.push(e);
  return chain;
}
