/** The drift of a situation. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { differences } from '../../../src/core/model/fields.ts';
import { driftOf } from '../../../src/core/situation.ts';
import { declaration, document, PATHS } from './arbitraries.ts';
import { situation } from './builders.ts';

const few = { minLength: 2, maxLength: 2, size: 'max' } as const;

test('is what a comparison finds, whatever was asked of the same document before', () => {
  const world = fc.record({
    documents: fc.array(document, few),
    declarations: fc.array(declaration, few),
    owned: fc.array(fc.subarray(PATHS), few),
    policies: fc.constant(['Manage', 'Observe'] as const),
  });
  const bit = fc.nat({ max: 1 });
  const asked = fc.array(fc.tuple(bit, bit, bit, bit), { minLength: 8, maxLength: 24, size: 'max' });
  fc.assert(
    fc.property(world, asked, ({ documents, declarations, owned, policies }, questions) => {
      const runtimes = documents.map((each) => ({ name: 'a', type: 'Managed', document: each, etag: 'e' }) as const);
      for (const [d, f, o, p] of questions) {
        const base = situation();
        const runtime = runtimes[d] as (typeof runtimes)[number];
        const desired = {
          ...base.desired,
          fields: declarations[f] ?? new Map(),
          managementPolicy: policies[p] ?? 'Manage',
        };
        // A status that is rendered and parsed has equal paths in another list.
        const status = { ...base.status, ownedFields: [...(owned[o] ?? [])] };
        const drift = driftOf({ ...base, desired, status, definition: { presence: 'present', fresh: false, runtime } });
        const before = desired.managementPolicy === 'Manage' ? status.ownedFields : [];
        expect(drift).toEqual(differences(desired.fields, before, runtime.document));
      }
    }),
  );
});
