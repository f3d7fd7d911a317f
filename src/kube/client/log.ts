/** Where the adapters of this folder log: a constant message and keys. Any structured logger fits. */
export interface KubeLog {
  debug(message: string, keys?: Record<string, unknown>): void;
  info(message: string, keys?: Record<string, unknown>): void;
  warn(message: string, keys?: Record<string, unknown>): void;
}
