/**
 * `npm run test:kubernetes -- 1.31`: the tests of integration and operator, against a kube-apiserver of that minor. With `--main` only what a version may decide: the CRD,
 * the chart, its rights, who owns status and finalizers, one life of an object, and an upgrade of the CRD. Further arguments are jest's.
 */
import { constants } from 'node:os';
import { Child } from '../dev/controlplane/child.ts';
import { stderrLog } from '../dev/controlplane/log.ts';
import { findMinor } from '../dev/controlplane/minor.ts';

/** What the chart allows. */
const OLDEST = 31;
/** Suites that are run together. */
const WHOLE = [['integration'], ['operator']];
const MAIN = [['integration', 'operator', 'outage']];
const MAIN_TESTS = 'test/(integration/(crd|chart|deploy|kube/objects)|operator/lifecycle|outage/upgrade)\\.';
const STDOUT = 1;

const [minor = '', ...rest] = process.argv.slice(2);
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => interrupted.abort(128 + constants.signals[name]));
}

async function test(): Promise<number> {
  const [, number] = /^1\.(\d+)$/.exec(minor) ?? [];
  if (number === undefined || Number(number) < OLDEST) {
    process.stderr.write(
      `Usage: npm run test:kubernetes -- MINOR [arguments of jest], with 1.${OLDEST} or a later one\n`,
    );
    return 2;
  }
  const task = { log: stderrLog('kubernetes'), signal: interrupted.signal };
  const { version, folder } = await findMinor(minor, process.env, task);
  const main = rest.includes('--main');
  const args = [...rest.filter((arg) => arg !== '--main'), ...(main ? [`--testPathPatterns=${MAIN_TESTS}`] : [])];
  let worst = 0;
  for (const suites of main ? MAIN : WHOLE) {
    task.log(`${suites.join(', ')}, against kube-apiserver ${version}`);
    const code = await runSuites(suites, args, folder);
    if (code !== 0) worst = code;
  }
  return worst;
}

async function runSuites(suites: readonly string[], args: readonly string[], folder: string): Promise<number> {
  interrupted.signal.throwIfAborted();
  const env = { ...process.env, KUBEBUILDER_ASSETS: folder };
  const own = ['--selectProjects', ...suites, '--maxWorkers=4', '--passWithNoTests'];
  const child = new Child('npm', ['run', '--silent', 'jest', '--', ...own, ...args], { env, logFd: STDOUT });
  const stop = () => void child.stop(10_000);
  interrupted.signal.addEventListener('abort', stop);
  const code = await child.exited;
  interrupted.signal.removeEventListener('abort', stop);
  return code;
}

try {
  process.exitCode = await test();
} catch (error) {
  if (!interrupted.signal.aborted) throw error;
}
if (interrupted.signal.aborted) process.exitCode = interrupted.signal.reason;
