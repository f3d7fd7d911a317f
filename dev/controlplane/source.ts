/** What a source of the control plane's binaries is: a download, or a build. */
import type { Task } from './log.ts';

/** Where the three binaries can come from when this machine does not have them yet. */
export interface Source {
  readonly name: string;
  /** Puts the three into `dir`, which exists and is empty, or throws an error that tells a person why it cannot. */
  fill(dir: string, task: Task): Promise<void>;
}
