/** `npm run controlplane`: a control plane to try things on, until Ctrl-C. */
import { startControlPlane } from './index.ts';
import { messageOf } from './log.ts';

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort());

try {
  const plane = await startControlPlane({ signal: interrupted.signal });
  process.stdout.write(`export KUBECONFIG=${plane.kubeconfig}\n`);
  process.stderr.write(`kubectl is ${plane.kubectl}; the logs are in ${plane.dir}. Ctrl-C ends it all.\n`);
  await new Promise<void>((resolve) => {
    if (interrupted.signal.aborted) resolve();
    interrupted.signal.addEventListener('abort', () => resolve());
  });
  await plane.stop();
} catch (error) {
  if (!interrupted.signal.aborted) process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = interrupted.signal.aborted ? 130 : 1;
}
