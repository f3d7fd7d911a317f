/** What the API server says when it refuses, and why it could not be reached, as one error. */
import { isObject } from '../../core/model/json.ts';
import { parseJson, type Raw, readText } from './raw.ts';

export interface ApiProblem {
  /** The HTTP status; 0 without an answer. */
  readonly status: number;
  /** Kubernetes' reason, such as `Conflict`; `Timeout` or `Unreachable` without an answer. */
  readonly reason: string;
  readonly message: string;
}

/** The only error of requests to the API server, except the reason of an aborted signal. */
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

/** How much of an answer is shown that is not a `Status`: it may be the whole web page of a proxy. */
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

/** Any error of undici and the client library, in our own words. */
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

/** The error in a `Status` object; tolerates anything else. */
export function problemFromStatus(raw: unknown): ApiProblem {
  const body = isObject(raw) ? raw : {};
  const status = typeof body.code === 'number' ? body.code : 0;
  return {
    status,
    reason: readText(body.reason) ?? reasonOf(status),
    message: readText(body.message) ?? `the API server answered ${status || 'with an error'}`,
  };
}

/** The requested history is gone: the objects have to be listed again. */
export function isExpired({ status, reason }: ApiProblem): boolean {
  return status === 410 || reason === 'Expired' || reason === 'Gone';
}

/** The error in an answer of this HTTP status: a `Status` object, or the text of a proxy. */
export function problemOfAnswer(code: number, body: string): ApiProblem {
  const parsed = parseJson(body);
  if (isObject(parsed) && parsed.kind === 'Status') return { ...problemFromStatus(parsed), status: code };
  const said = body !== '' ? `: ${body.slice(0, FOREIGN_BODY_LENGTH)}` : '';
  return { status: code, reason: reasonOf(code), message: `the API server answered ${code} ${reasonOf(code)}${said}` };
}

function reasonOf(status: number): string {
  return REASONS[status] ?? (status >= 500 ? 'InternalError' : 'Unknown');
}

/** The error and its causes: fetch itself says only "fetch failed". */
function causesOf(error: unknown): Raw[] {
  const chain: Raw[] = [];
  for (let e = error; isObject(e) && chain.length < 4; e = e.cause) chain.push(e);
  return chain;
}
