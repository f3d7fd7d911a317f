/** Ends what the integration tests started. */
import { rm } from 'node:fs/promises';

export default async function tearDown(): Promise<void> {
  const { integration } = globalThis;
  if (integration === undefined) return;
  await integration.controlPlane.stop();
  await rm(integration.cache, { recursive: true, force: true });
}
