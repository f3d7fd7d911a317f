/** Starts one control plane for the whole run, with the CRD in it. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ControlPlane, startControlPlane } from '../../../dev/controlplane/index.ts';
import { crdIsServed } from '../../../dev/installation/crd.ts';
import { CONTROL_PLANE, kubectl } from './kubectl.ts';

declare global {
  var integration: { controlPlane: ControlPlane; cache: string } | undefined;
}

export default async function setUp(): Promise<void> {
  const controlPlane = await startControlPlane();
  const cache = await mkdtemp(join(tmpdir(), 'kubectl-cache-'));
  globalThis.integration = { controlPlane, cache };
  process.env[CONTROL_PLANE.kubectl] = controlPlane.kubectl;
  process.env[CONTROL_PLANE.kubeconfig] = controlPlane.kubeconfig;
  // Its own, because another run may have had another API on the same port.
  process.env[CONTROL_PLANE.cache] = cache;
  await kubectl(['apply', '-f', 'crds/']);
  await crdIsServed(kubectl);
}
