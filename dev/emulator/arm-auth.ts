/** ARM's check of an access token, and what it says to a bad one. */
import { gatewayError } from './arm-errors.ts';
import type { Assumed } from './assumptions.ts';
import { isArmAudience } from './audiences.ts';
import { header, type Incoming, type Reply } from './exchange.ts';
import type { TokenInfo, Tokens } from './tokens.ts';

/** The caller of a good token, or the 401. Texts are those that users paste. */
export function authenticate(
  request: Incoming,
  tokens: Tokens,
  now: number,
  { notABearerCode }: Assumed,
): TokenInfo | Reply {
  const authorization = header(request, 'authorization');
  const bearer = authorization === undefined ? undefined : /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  if (bearer === undefined) {
    return unauthorized(notABearerCode, "Authentication failed. The 'Authorization' header is missing.", request);
  }
  const issued = tokens.find(bearer);
  if (issued === undefined) return unauthorized('InvalidAuthenticationToken', 'The access token is invalid.', request);
  if (issued.expiresAt <= now) {
    const message = `The access token expiry UTC time '${americanTime(issued.expiresAt)}' is earlier than current UTC time '${americanTime(now)}'.`;
    return unauthorized('ExpiredAuthenticationToken', message, request);
  }
  if (!isArmAudience(issued.audience, request.origin)) {
    const message = `The access token has been obtained for wrong audience or resource '${issued.audience}'. It should exactly match with one of the allowed audiences '${request.origin}/','${request.origin}'.`;
    return unauthorized('InvalidAuthenticationTokenAudience', message, request);
  }
  return issued;
}

/** What ARM says to a token of another tenant than the subscription's, as users paste it; undefined when the tenant is right. */
export function wrongTenant(caller: TokenInfo, tenantId: string | undefined, request: Incoming): Reply | undefined {
  if (tenantId === undefined || caller.tenantId.toLowerCase() === tenantId.toLowerCase()) return undefined;
  const message = `The access token is from the wrong issuer 'https://sts.windows.net/${caller.tenantId}/'. It must match the tenant 'https://sts.windows.net/${tenantId}/' associated with this subscription. Please use the authority (URL) 'https://login.windows.net/${tenantId}' to get the token. Note, if the subscription is transferred to another tenant there is no impact to the services, but information about new tenant could take time to propagate (up to an hour). If you just transferred your subscription and see this error message, please try back later.`;
  return unauthorized('InvalidAuthenticationTokenTenant', message, request);
}

function unauthorized(code: string, message: string, request: Incoming): Reply {
  return gatewayError(401, code, message, {
    'www-authenticate': `Bearer authorization_uri="${request.origin}/", error="invalid_token", error_description="${message}"`,
  });
}

/** As ARM writes times in messages: 8/21/2018 3:22:00 PM. */
function americanTime(at: number): string {
  const date = new Date(at);
  const two = (n: number): string => String(n).padStart(2, '0');
  const hour = date.getUTCHours();
  const day = `${date.getUTCMonth() + 1}/${date.getUTCDate()}/${date.getUTCFullYear()}`;
  return `${day} ${hour % 12 || 12}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} ${hour < 12 ? 'AM' : 'PM'}`;
}
