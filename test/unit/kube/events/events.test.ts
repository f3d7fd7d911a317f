/** Events as the API server gets them. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createEvents, cutBytes, type EventsOptions, toApiEvent } from '../../../../src/kube/events/events.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { parsed } from '../objects/objects-of-tests.ts';

const event = { type: 'Normal', reason: 'Created', message: 'x' } as const;

describe('the note of an event', () => {
  test('keeps within its bytes and never ends in half a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.integer({ min: 3, max: 80 }), (text, bytes) => {
        const note = cutBytes(text, bytes);
        expect(Buffer.byteLength(note)).toBeLessThanOrEqual(bytes);
        expect(note.isWellFormed()).toBe(true);
        const whole = Buffer.byteLength(text) <= bytes;
        expect(whole ? note === text : text.startsWith(note.slice(0, -1)) && note.endsWith('…')).toBe(true);
      }),
    );
  });
});

describe('the name of an event', () => {
  test('is another one each time', () => {
    const names = [1, 2].map(() => toApiEvent(parsed(), event, 0, 'i').metadata?.name);
    expect(names[0]).not.toBe(names[1]);
  });

  test('is a name that the API server takes, whatever the name of the object', () => {
    const object = parsed({ name: `${'n'.repeat(198)}-.${'x'.repeat(53)}` });
    const name = toApiEvent(object, event, 0, 'i').metadata?.name ?? '';
    expect(name.length).toBeLessThanOrEqual(253);
    expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
  });
});

test('an event always says which process speaks', () => {
  expect(toApiEvent(parsed(), event, 0, '').reportingInstance).toBe('unknown');
  expect(toApiEvent(parsed(), event, 0, 'i'.repeat(300)).reportingInstance).toHaveLength(128);
});

test('an event shows what cannot be seen in what others call things', () => {
  const { note } = toApiEvent(parsed(), { ...event, message: 'a\u202Eb\u0007\n' }, 0, 'i');
  expect(note).toBe('a\\u{202e}b\\u{7}\\u{a}');
  const long = toApiEvent(parsed(), { ...event, message: '\u202E'.repeat(1_000) }, 0, 'i').note;
  expect(Buffer.byteLength(long)).toBeLessThanOrEqual(1_024);
});

test('there is room for a burst of events that many objects share, and then for five a second', async () => {
  const clock = new FakeClock();
  const { takeRoom } = createEvents({ clock } as unknown as EventsOptions);
  const taken = () => Array.from({ length: 200 }, takeRoom).filter(Boolean).length;
  expect(taken()).toBe(100);
  await clock.advance(2_000);
  expect(taken()).toBe(10);
});
