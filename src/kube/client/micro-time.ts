/** Kubernetes' MicroTime: a time of day with six digits behind the second, and no fewer are taken. */
export function renderMicroTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
