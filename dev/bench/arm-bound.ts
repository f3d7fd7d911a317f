/** What ARM's documented token buckets allow at best, in seconds. */
export const READS = { burst: 250, perSecond: 25 };
export const WRITES = { burst: 200, perSecond: 10 };

export function bound({ reads, writes }: { readonly reads: number; readonly writes: number }): number {
  const time = (count: number, { burst, perSecond }: typeof READS) => Math.max(0, count - burst) / perSecond;
  return Math.max(time(reads, READS), time(writes, WRITES));
}
