/** The address that a server listens on, from the text of a flag. */
import { isIPv6 } from 'node:net';

/** `none`: the server is not started. Without a host: every interface. Port 0: any free port. */
export type BindAddress =
  | { readonly kind: 'none' }
  | { readonly kind: 'tcp'; readonly host: string | undefined; readonly port: number };

/**
 * Parses `host:port`, `[ipv6]:port`, `:port`, and `0` for none.
 * @throws RangeError that quotes the text and says what is expected.
 */
export function parseBindAddress(text: string): BindAddress {
  const wanted = text.trim();
  if (wanted === '0') return { kind: 'none' };
  const colon = wanted.lastIndexOf(':');
  if (colon === -1) {
    const hint = /^\d+$/.test(wanted) ? `; did you mean ":${wanted}"?` : '';
    throw invalid(text, `must be host:port, :port, or 0 to disable${hint}`);
  }
  return { kind: 'tcp', host: parseHost(text, wanted.slice(0, colon)), port: parsePort(text, wanted.slice(colon + 1)) };
}

function parseHost(text: string, host: string): string | undefined {
  if (host === '') return undefined;
  const bracketed = /^\[(.*)\]$/.exec(host)?.[1];
  if (bracketed !== undefined) {
    if (!isIPv6(bracketed)) throw invalid(text, `"${bracketed}" is not an IPv6 address`);
    return bracketed;
  }
  if (host.includes(':')) throw invalid(text, 'an IPv6 address must be in brackets, as in [::1]:8080');
  if (!/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(host)) throw invalid(text, `"${host}" is not a host name`);
  return host;
}

function parsePort(text: string, port: string): number {
  const number = /^\d{1,5}$/.test(port) ? Number(port) : Number.NaN;
  if (!(number <= 65_535)) throw invalid(text, 'the port must be a number from 0 to 65535');
  return number;
}

function invalid(text: string, why: string): RangeError {
  return new RangeError(`invalid bind address "${text}": ${why}`);
}
