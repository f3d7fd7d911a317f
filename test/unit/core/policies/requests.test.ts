/** What a person asks for by an annotation and cannot have is answered once. */
import { describe, expect, test } from '@jest/globals';
import { decide } from '../../../../src/core/decide.ts';
import type { Situation } from '../../../../src/core/situation.ts';
import { decided, IN_SYNC, managedObject, owned, rules, type Scene, seen, situation } from '../builders.ts';

const REPAIR = { repair: 'r1' };
const AUTHORING = { enableInteractiveAuthoring: 'a1' };
const NETWORK = { managedVirtualNetwork: { name: 'default', creation: 'Never' } } as const;
const observer = (more: Scene = {}) =>
  seen({ object: { hasFinalizer: false }, desired: { managementPolicy: 'Observe' }, ...more });

/** What is completed, and what its event says. */
function answer(s: Situation): readonly [string, string] {
  const action = decide(s);
  return action.kind === 'CompleteRequest' ? [action.request, action.event.message] : [decided(s), ''];
}

const rival = managedObject('rival', { hasFinalizer: true, status: IN_SYNC });

describe('a request that cannot be met', () => {
  rules<readonly [Situation, string, RegExp]>(
    {
      'for a repair, by an observer': [
        observer({ requests: REPAIR }),
        'repair',
        /only observes.*managementPolicy: Manage/,
      ],
      'for interactive authoring, by an observer': [
        observer({ requests: AUTHORING }),
        'enableInteractiveAuthoring',
        /only observes/,
      ],
      'for interactive authoring, of a public runtime': [
        seen({ requests: AUTHORING }),
        'enableInteractiveAuthoring',
        /is public.*spec\.managedVirtualNetwork/,
      ],
      'for interactive authoring that is not declared, in a network': [
        owned({ desired: NETWORK, requests: AUTHORING }),
        'enableInteractiveAuthoring',
        /does not declare it\. Set spec\.interactiveAuthoring/,
      ],
      'for a repair of the runtime of another object': [
        situation({ peers: [rival], requests: REPAIR }),
        'repair',
        /already managed by team\/rival/,
      ],
    },
    ([s, request, said]) => {
      const [completed, message] = answer(s);
      expect(completed).toBe(request);
      expect(message).toMatch(said);
      expect(message).toMatch(
        /^azure-ir\.io\/\S+ has no effect\. .* Set the annotation to a new value to ask again\.$/,
      );
    },
  );

  rules<readonly [Situation, string]>(
    {
      'is answered once': [
        observer({ requests: REPAIR, status: { lastHandledRepairAt: 'r1' } }),
        'Ready=True Available',
      ],
      'waits for the runtime of an object that is being deleted': [
        situation({ peers: [{ ...rival, deleting: true }], requests: REPAIR }),
        'Ready=False OwnedByAnother Reconciling',
      ],
      'waits while the object is suspended': [
        observer({ requests: REPAIR, desired: { managementPolicy: 'Observe', suspend: true } }),
        'Suspended',
      ],
    },
    ([s, expected]) => expect(decided(s)).toBe(expected),
  );

  test('leaves the other one to be answered next', () => {
    const both = { ...REPAIR, ...AUTHORING };
    expect(answer(observer({ requests: both }))[0]).toBe('repair');
    const handled = { lastHandledRepairAt: 'r1' };
    expect(answer(observer({ requests: both, status: handled }))[0]).toBe('enableInteractiveAuthoring');
  });
});
