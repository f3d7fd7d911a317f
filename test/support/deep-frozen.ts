/** Values that nobody can change in place: whoever tries throws. */

/** The value itself, with all that is in it. A map is read as before. What is frozen counts as frozen throughout. */
export function deepFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (value instanceof Map) {
    for (const name of ['set', 'delete', 'clear']) Object.defineProperty(value, name, { value: refuse });
    for (const each of value.values()) deepFrozen(each);
  }
  Object.freeze(value);
  for (const key in value) deepFrozen(value[key]);
  return value;
}

function refuse(): never {
  throw new TypeError('this map is frozen');
}
