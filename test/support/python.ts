/** Tests that are skipped where there is no Python that can have the packages of dev/clients/python. */
import { describe } from '@jest/globals';
import { findPython, PYTHON_IS_MISSING, withPackages } from '../../dev/clients/python/environment.ts';
import { stderrLog, type Task } from '../../dev/controlplane/log.ts';

const PROBE_MS = 30_000;
export const INSTALL_MS = 10 * 60_000;

export const log = stderrLog('python');
const python = await findPython(process.env, AbortSignal.timeout(PROBE_MS));
if (python === undefined && process.env.CI) throw new Error(PYTHON_IS_MISSING);
if (python === undefined) log(`Skipped. ${PYTHON_IS_MISSING}`);

/** The command of a Python that has the packages. */
export const install = async (env: NodeJS.ProcessEnv, task: Task): Promise<string> => {
  if (python === undefined) throw new Error(PYTHON_IS_MISSING);
  return withPackages(python, env, task);
};

export const describeWithPython = python === undefined ? describe.skip : describe;
