/** When the poll of a key is due in its period: each key has a slot of its own, by a hash. */

/**
 * Milliseconds until the next slot of a key. The slot depends on the key alone. So the polls of many keys are spread
 * evenly over the period, and stay so after whatever made them all run at once: a start, a failover, an outage. The next
 * slot is between one fifth and six fifths of a period away; from one slot to the next it is a period.
 */
export function msUntilSlot(key: string, periodMs: number, now: number): number {
  const slot = hash(key) * periodMs;
  const earliest = now + periodMs / 5;
  const sinceSlot = (((earliest - slot) % periodMs) + periodMs) % periodMs;
  return earliest - now + (periodMs - sinceSlot);
}

/** FNV-1a, as a fraction: in [0, 1). */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  // Mixed once more: keys that differ in their last character only would get neighbouring slots.
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return ((value ^ (value >>> 16)) >>> 0) / 2 ** 32;
}
