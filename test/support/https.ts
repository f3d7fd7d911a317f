/** A GET over TLS, as one certificate authority has it. */
import { request } from 'node:https';

export interface HttpsAnswer {
  readonly status: number | undefined;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A GET over a connection of its own, trusting this authority alone. */
export function getOverTls(url: string, ca: string, headers: Record<string, string> = {}): Promise<HttpsAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpsAnswer>();
  request(url, { ca, headers, agent: false }, (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      body += chunk;
    });
    response.on('end', () => resolve({ status: response.statusCode, body, headers: response.headers }));
  })
    .on('error', reject)
    .end();
  return promise;
}
