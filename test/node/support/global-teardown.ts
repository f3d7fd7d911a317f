/** Ends the servers, without which jest could not end. */
export default async function tearDown(): Promise<void> {
  await globalThis.nodeCluster?.stop();
}
