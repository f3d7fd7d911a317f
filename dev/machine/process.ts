/** A process, told apart from a later one with the same id. */
import { startOf } from '../controlplane/lock.ts';

export interface Process {
  readonly pid: number;
  readonly started: string;
}

export const myself = (): Process => ({ pid: process.pid, started: startOf(process.pid) ?? '' });

export const isRunning = ({ pid, started }: Process): boolean => startOf(pid) === started;
