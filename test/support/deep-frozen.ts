/** Values that nobody can change in place: whoever tries throws. */

const frozen = new WeakSet<object>();

/** The value itself, with all that is in it. A map is read as before. */
export function deepFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || frozen.has(value)) return value;
  frozen.add(value);
  if (value instanceof Map) {
    for (const name of ['set', 'delete', 'clear']) Object.defineProperty(value, name, { value: refuse });
    for (const [key, each] of value) deepFrozen([key, each]);
  }
  for (const each of Object.values(Object.freeze(value))) deepFrozen(each);
  return value;
}

function refuse(): never {
  throw new TypeError('this map is frozen');
}
