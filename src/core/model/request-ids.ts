/** By which Azure's support finds a request: what Azure Resource Manager calls it in its answer. */
import { compact } from './compact.ts';

export interface RequestIds {
  readonly request?: string;
  readonly correlation?: string;
}

const ID = '[\\w.:-]{1,100}';
const NAMED = new RegExp(
  `(?: Azure:)? ?\\[(?=request|correlation)(?:request id ${ID})?(?:, )?(?:correlation id ${ID})?\\]`,
  'g',
);
const WHOLE = new RegExp(`^${ID}$`);

/** What the headers of an answer say, as far as it looks like ids: these go into logs and statuses. */
export function requestIds(request: string | undefined, correlation: string | undefined): RequestIds | undefined {
  const ids = compact({
    request: isId(request) ? request : undefined,
    correlation: isId(correlation) ? correlation : undefined,
  });
  return Object.keys(ids).length > 0 ? ids : undefined;
}

function isId(text: string | undefined): text is string {
  return text !== undefined && WHOLE.test(text);
}

/** The ids as keys of a line of the log. */
export function requestIdKeys(ids: RequestIds | undefined): Record<string, string> {
  return compact({ requestId: ids?.request, correlationId: ids?.correlation });
}

/** What Azure said, with the ids at its end. */
export function withRequestIds(said: string | undefined, ids: RequestIds | undefined): string | undefined {
  if (ids === undefined) return said;
  const { request, correlation } = ids;
  const named = [
    ...(request === undefined ? [] : [`request id ${request}`]),
    ...(correlation === undefined ? [] : [`correlation id ${correlation}`]),
  ];
  return `${said === undefined ? '' : `${said} `}[${named.join(', ')}]`;
}

/** The message as it is the same for the same failure, whichever request met it. */
export function withoutRequestIds(message: string): string {
  return message.replaceAll(NAMED, '');
}
