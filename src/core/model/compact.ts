/** Optional fields that are left out instead of undefined: `exactOptionalPropertyTypes` tells the two apart. */

type MayBeUndefined<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T];

export type Compact<T> = Omit<T, MayBeUndefined<T>> & {
  [K in MayBeUndefined<T>]?: Exclude<T[K], undefined>;
};

/** Without the keys whose value is undefined. */
export function compact<T extends object>(value: T): Compact<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Compact<T>;
}
