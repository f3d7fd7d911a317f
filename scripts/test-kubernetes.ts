/** `npm run test:kubernetes -- 1.31`: the tests of integration and operator, against a kube-apiserver of that minor. Further arguments are jest's. */
import { constants } from 'node:os';
import { Child } from '../dev/controlplane/child.ts';
import { stderrLog } from '../dev/controlplane/log.ts';
import { findMinor } from '../dev/controlplane/minor.ts';

/** What the chart allows. */
const OLDEST = 31;
const SUITES = ['integration', 'operator'];
const STDOUT = 1;

const [minor = '', ...rest] = process.argv.slice(2);
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => interrupted.abort(128 + constants.signals[name]));
}

async function main(): Promise<number> {
  const [, number] = /^1\.(\d+)$/.exec(minor) ?? [];
  if (number === undefined || Number(number) < OLDEST) {
    process.stderr.write(
      `Usage: npm run test:kubernetes -- MINOR [arguments of jest], with 1.${OLDEST} or a later one\n`,
    );
    return 2;
  }
  const task = { log: stderrLog('kubernetes'), signal: interrupted.signal };
  const { version, folder } = await findMinor(minor, process.env, task);
  let worst = 0;
  for (const suite of SUITES) {
    task.log(`${suite}, against kube-apiserver ${version}`);
    const code = await runSuite(suite, folder);
    if (code !== 0) worst = code;
  }
  return worst;
}

async function runSuite(suite: string, folder: string): Promise<number> {
  interrupted.signal.throwIfAborted();
  const env = { ...process.env, KUBEBUILDER_ASSETS: folder };
  const child = new Child('npm', ['run', '--silent', suite, '--', '--passWithNoTests', ...rest], {
    env,
    logFd: STDOUT,
  });
  const stop = () => void child.stop(10_000);
  interrupted.signal.addEventListener('abort', stop);
  const code = await child.exited;
  interrupted.signal.removeEventListener('abort', stop);
  return code;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!interrupted.signal.aborted) throw error;
}
if (interrupted.signal.aborted) process.exitCode = interrupted.signal.reason;
