/** Assumptions about preconditions: what keeps one writer from writing over another. */

import { compared, make, outcome, publicRuntime, runtimePath, shownAnswer, shownRefusal, write } from './answers.ts';
import { ASSUMED, type Refused } from './assumed.ts';
import type { Checkable } from './assumption.ts';

const ANOTHER: Refused = { status: 409, code: 'Conflict' };

export const PRECONDITIONS: readonly Checkable[] = [
  {
    id: 'stale-etag',
    sentence: `A PUT whose \`If-Match\` is not the current etag is refused with ${shown(ASSUMED.staleEtag)}.`,
    mark: 'inferred',
    where: 'either',
    reliedOnBy: ['src/azure/arm/refusals.ts', 'src/azure/arm/service.ts'],
    ifFalse:
      "If the service writes anyway, a change that another client makes between the operator's read and write is overwritten. If it refuses with another status, the object reports that, and the next pass reads again.",
    stands: ['staleEtag', 'STALE_ETAG_MESSAGE'],
    turnedOver: [{ staleEtag: undefined }, { staleEtag: ANOTHER }],
    check: async (site) => {
      const { path, etag } = await make(site);
      await write(site, { path, body: publicRuntime({ description: 'changed by another writer' }) });
      const headers = { 'If-Match': etag };
      const late = await outcome(site, {
        method: 'PUT',
        path,
        headers,
        body: publicRuntime({ description: 'too late' }),
      });
      return compared(shown(ASSUMED.staleEtag), shownAnswer(late));
    },
  },
  {
    id: 'create-only',
    sentence: `A PUT with \`If-None-Match: *\` for a runtime that exists is refused with ${shown(ASSUMED.createOnly)}.`,
    mark: 'inferred',
    where: 'either',
    reliedOnBy: ['src/azure/arm/service.ts', 'src/core/policies/definition.ts'],
    ifFalse:
      "A runtime that another client creates between the operator's read and create is overwritten, as every other client would overwrite it. The operator cannot notice.",
    stands: ['createOnly', 'EXISTS_MESSAGE'],
    turnedOver: [{ createOnly: undefined }, { createOnly: ANOTHER }],
    check: async (site) => {
      const { path } = await make(site);
      const headers = { 'If-None-Match': '*' };
      const again = await outcome(site, {
        method: 'PUT',
        path,
        headers,
        body: publicRuntime({ description: 'again' }),
      });
      return compared(shown(ASSUMED.createOnly), shownAnswer(again));
    },
  },
  {
    id: 'etag-of-nothing',
    sentence: `A PUT with \`If-Match\` for a runtime that does not exist is refused with ${shown(ASSUMED.etagOfNothing)}, and creates nothing.`,
    mark: 'inferred',
    where: 'either',
    reliedOnBy: ['src/azure/arm/service.ts', 'src/core/policies/definition.ts'],
    ifFalse:
      'An update that arrives after another client has deleted the runtime creates it again, as its object declares. If the status is another one, the object reports that, and the next pass reads again.',
    stands: ['etagOfNothing'],
    turnedOver: [{ etagOfNothing: undefined }, { etagOfNothing: { status: 404, code: 'NotFound' } }],
    check: async (site) => {
      const path = runtimePath(site, await site.freshName());
      const headers = { 'If-Match': '16002afd-0000-0000-0000-5b2c71530000' };
      const put = await outcome(site, { method: 'PUT', path, headers, body: publicRuntime() });
      return compared(shown(ASSUMED.etagOfNothing), shownAnswer(put));
    },
  },
  {
    id: 'delete-ignores-etag',
    sentence: 'DELETE documents no `If-Match` and ignores one: it deletes whatever the etag is.',
    mark: 'inferred',
    where: 'either',
    reliedOnBy: ['src/azure/arm/service.ts', 'src/core/fresh-read.ts'],
    ifFalse:
      'No harm: the operator reads the runtime right before it deletes it; with an etag that would be safer still.',
    stands: ['deleteHonoursEtag'],
    turnedOver: [{ deleteHonoursEtag: true }],
    check: async (site) => {
      const { path } = await make(site);
      const headers = { 'If-Match': '16002afd-0000-0000-0000-5b2c71530000' };
      const answer = await outcome(site, { method: 'DELETE', path, headers });
      return compared('200', shownAnswer(answer));
    },
  },
];

function shown(refused: Refused | undefined): string {
  return refused === undefined ? '200' : shownRefusal(refused);
}
