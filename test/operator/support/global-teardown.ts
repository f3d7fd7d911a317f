import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { currentRun, KNOWN_DEFECT } from './run.ts';

export default async function tearDown(): Promise<void> {
  const { operatorRun } = globalThis;
  if (operatorRun === undefined) return;
  const { operator, installation } = operatorRun;
  const exitCode = await operator.stop();
  await installation.stop();
  await rm(dirname(currentRun().logFile), { recursive: true, force: true });
  if (exitCode !== 0) throw new Error(`the operator ended with ${exitCode} on SIGTERM: ${operator.stderr()}`);
  const defects = operator.log
    .filter(({ msg }) => msg.includes('defect'))
    .filter(({ key }) => !String(key).startsWith(KNOWN_DEFECT));
  if (defects.length > 0) throw new Error(`the operator logged defects: ${JSON.stringify(defects)}`);
  const secrets = operator.log.filter((line) => JSON.stringify(line).includes('emulator-secret'));
  if (secrets.length > 0) throw new Error('the operator logged a secret');
}
