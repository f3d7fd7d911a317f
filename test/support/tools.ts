/** Tests that are skipped where the tools cannot be built. */
import { describe } from '@jest/globals';
import { haveTools, type Tool } from '../../dev/tools/index.ts';

/** `describe` for tests that use the tools; `describe.skip` where these cannot be built. Await it at the top of a file. */
export async function describeWith(...tools: readonly Tool[]): Promise<typeof describe.skip> {
  return (await haveTools(tools)) ? describe : describe.skip;
}
