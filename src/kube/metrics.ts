/** What this folder counts, as an interface: telemetry implements it. */
export interface KubeMetrics {
  /** The API server has accepted a write. */
  kubernetesWrite(kind: 'finalizer' | 'status' | 'event'): void;
}
