/** Compares resource versions. */

/** The order of two versions, which Kubernetes writes as decimal numbers; undefined when one of them is no such number. */
export function compareVersions(a: string, b: string): number | undefined {
  const decimal = /^[1-9][0-9]*$/;
  if (!decimal.test(a) || !decimal.test(b)) return undefined;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : Number(a > b);
}
