/** What a GUID looks like: subscriptions, tenants and clients have one as their id. */

/** To build patterns from: hexadecimal digits in lower case. */
export const GUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

const WHOLE = new RegExp(`^${GUID}$`, 'i');

export function isGuid(text: string): boolean {
  return WHOLE.test(text);
}
