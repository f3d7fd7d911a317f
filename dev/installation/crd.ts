/** Waits until the API server serves our kind. */
import { setTimeout as sleep } from 'node:timers/promises';
import { GROUP, PLURAL, VERSION } from '../../src/api/names.ts';

const SERVED_WITHIN_MS = 60_000;

/**
 * Resolves once the API server serves our kind, some time after its CRD was applied. `kubectl wait` would do, but gives up
 * at once when it comes before the first condition of the CRD.
 */
export async function crdIsServed(kubectl: (args: readonly string[]) => Promise<string>): Promise<void> {
  for (const deadline = Date.now() + SERVED_WITHIN_MS; ; await sleep(50)) {
    try {
      await kubectl(['get', '--raw', `/apis/${GROUP}/${VERSION}/${PLURAL}?limit=1`]);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}
