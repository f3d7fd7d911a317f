/** The URL of a queue of Azure Storage, as people give it. */

/** Lower-case letters, digits and single hyphens, 3 to 63 characters (documented). */
const PATH = /^(?:\/[a-z0-9]{3,24})?\/(?=[^/]{3,63}\/?$)[a-z0-9]+(?:-[a-z0-9]+)*\/?$/;

/**
 * Without a slash at its end. The path may begin with the account, as an emulator's does.
 *
 * @throws RangeError for what is none. What may be a SAS token is not repeated.
 */
export function parseQueueUrl(text: string): string {
  const trimmed = text.trim();
  const url = URL.canParse(trimmed) ? new URL(trimmed) : undefined;
  const isPlain = url?.protocol === 'https:' && `${url.username}${url.password}${url.search}${url.hash}` === '';
  if (url === undefined || !isPlain || !PATH.test(url.pathname)) {
    const shown = trimmed.replace(/[?#].*$/s, '?…').replace(/\/\/[^/]*@/, '//…@');
    throw new RangeError(
      `invalid queue URL "${shown}": must be https, without a SAS token, and end in the name of a queue, for example https://account.queue.core.windows.net/ir-changes`,
    );
  }
  return `${url.origin}${url.pathname.replace(/\/$/, '')}`;
}
