/** What the recordings under dev/emulator/recordings say of the assumptions. */
import type { Report } from './assumptions.ts';

const RECORDING = /^dev\/emulator\/recordings\/[^/]+\.json$/;

/** `texts`: the files of the repository by their paths. */
export function reportsIn(texts: ReadonlyMap<string, string>): Report[] {
  return [...texts].filter(([path]) => RECORDING.test(path)).map(([, text]) => JSON.parse(text) as Report);
}
