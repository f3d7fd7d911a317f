/** helm, krew, promtool, prometheus, the libraries kstatus, gopher-lua and BuildKit's front end as programs, and what a node consists of: built once, then taken from the per-user cache. */
import { join } from 'node:path';
import { messageOf, stderrLog, type Task } from '../controlplane/log.ts';
import { NoGo } from '../controlplane/toolchain.ts';
import { type BuildOptions, buildTools } from './build.ts';
import { builtFolder, moduleOf, type Tool } from './modules.ts';

export { LONG_TOOLS, NODE_TOOLS, TOOLS, type Tool } from './modules.ts';

/** Where a tool is once `haveTools` has found or built it. */
export function pathOf(tool: Tool): string {
  return join(builtFolder(moduleOf(tool), process.env), tool);
}

const standard: Task = { log: stderrLog('tools'), signal: new AbortController().signal };

/**
 * Resolves with whether the tools can be used: false, after having said so, where there is no Go to build them with. Under CI
 * (the variable CI is set) that is an error: there nothing may go untested unnoticed.
 */
export async function haveTools(
  tools: readonly Tool[],
  task: Task = standard,
  options: BuildOptions = {},
): Promise<boolean> {
  try {
    for (const module of new Set(tools.map(moduleOf))) await buildTools(module, task, options);
    return true;
  } catch (error) {
    if (!(error instanceof NoGo) || underCi(options.env ?? process.env)) throw error;
    task.log(`without ${tools.join(', ')}, the tests that use them are skipped: ${messageOf(error).split('\n')[0]}`);
    return false;
  }
}

/** Where nothing may go untested unnoticed. */
export function underCi({ CI = '' }: NodeJS.ProcessEnv): boolean {
  return CI !== '' && CI !== 'false' && CI !== '0';
}
