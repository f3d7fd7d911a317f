/**
 * Milliseconds until the next turn of a key that has one in every period. The turn depends on nothing but the key, so turns
 * of many keys are spread evenly over the period, and stay so whatever made them look all at once: a start, a failover, an
 * outage. It is a fifth of a period away at least, and hence six fifths at most; from one turn to the next it is a period.
 */
export function msUntilSlot(key: string, periodMs: number, now: number): number {
  const turn = hash(key) * periodMs;
  const earliest = now + periodMs / 5;
  const sinceTurn = (((earliest - turn) % periodMs) + periodMs) % periodMs;
  return earliest - now + (periodMs - sinceTurn);
}

/** FNV-1a, as a fraction: in [0, 1). */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  // Keys that differ in their last character only would be neighbours.
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return ((value ^ (value >>> 16)) >>> 0) / 2 ** 32;
}
