/** Kubernetes' MicroTime: a time with six digits of the second; the API server accepts no fewer. */
export function renderMicroTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
