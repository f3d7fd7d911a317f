/** Ends what the operator tests started. */

import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PERMISSIONS_READ } from '../../../src/cli/azure/permissions.ts';
import { actionsOf, azureRole } from '../../support/azure-role.ts';
import { prepareLeakCheck } from './leak-check.ts';
import { currentRun, KNOWN_DEFECT } from './run.ts';

export default async function tearDown(): Promise<void> {
  const { operatorRun } = globalThis;
  if (operatorRun === undefined) return;
  const { operator, installation, azurite } = operatorRun;
  const run = currentRun();
  const leakCheck = prepareLeakCheck(run, operator, installation.emulator.control);
  const prepared = await leakCheck.catch((error: unknown) => async () => [String(error)]);
  const exitCode = await operator.stop();
  const leaks = await prepared();
  const actions = actionsOf(await installation.emulator.control.trace());
  await installation.stop();
  await azurite?.stop();
  await rm(dirname(run.logFile), { recursive: true, force: true });
  if (exitCode !== 0) throw new Error(`the operator ended with ${exitCode} on SIGTERM: ${operator.stderr()}`);
  const defects = operator.log
    .filter(({ msg }) => msg.includes('reconcile failed'))
    .filter(({ key }) => !String(key).startsWith(KNOWN_DEFECT));
  if (defects.length > 0) throw new Error(`the operator logged defects: ${JSON.stringify(defects)}`);
  const role = await azureRole();
  // People ask for their own rights, with `kubectl azir check --azure`; the operator never does.
  const needed = actions.filter((action) => action !== PERMISSIONS_READ);
  const missing = needed.filter((action) => !role.Actions.includes(action));
  if (missing.length > 0)
    throw new Error(`deploy/azure/role.json lacks actions that were needed: ${missing.join(', ')}`);
  if (leaks.length > 0) throw new Error(`secrets or tokens are shown:\n${leaks.join('\n')}`);
}
