/** What a GUID looks like. */
import { expect, test } from '@jest/globals';
import { isGuid } from '../../../../src/core/model/guid.ts';

const GUID = '0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9';

test.each([GUID, GUID.toUpperCase()])('%s is one', (text) => expect(isGuid(text)).toBe(true));

test.each(['', `${GUID}0`, `x${GUID}`, `{${GUID}}`, `${GUID}\n`, GUID.replaceAll('-', ''), GUID.replace('a', 'g')])(
  '%j is none',
  (text) => expect(isGuid(text)).toBe(false),
);
