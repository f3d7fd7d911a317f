/** What it means that a request got no answer, or not all of it. */
import type { Failure } from '../../core/model/failure.ts';
import { errorChain } from '../error-chain.ts';

export function failureOfSending(error: unknown): Failure {
  return { kind: 'unavailable', message: `Cannot reach Azure Resource Manager: ${connectionProblem(error)}.` };
}

export function failureOfTimeout(requestTimeoutMs: number): Failure {
  return { kind: 'unavailable', message: `Azure Resource Manager did not answer within ${requestTimeoutMs / 1000} s.` };
}

/** In words that stay the same as long as the cause does, whichever of its system calls happens to fail. */
export function connectionProblem(error: unknown): string {
  const codes = errorChain(error).flatMap(({ code }) => (typeof code === 'string' ? [code] : []));
  const code = codes.find((one) => /^[A-Z][A-Z0-9_]+$/.test(one)) ?? '';
  if (/^(ENOTFOUND|EAI_)/.test(code)) return 'DNS cannot resolve its host name';
  if (/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EHOSTDOWN|ENETDOWN)$/.test(code))
    return 'no connection could be established';
  if (/CERT|VERIFY|ISSUER|^ERR_TLS|^ERR_SSL/.test(code)) {
    return `its certificate is not trusted (${code}); add a private CA with NODE_EXTRA_CA_CERTS`;
  }
  return 'the connection was dropped';
}
