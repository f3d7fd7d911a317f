/** Lua, as Argo CD runs it. */
import { pathOf } from './index.ts';
import { LineServer } from './line-server.ts';

export interface LuaOptions {
  /** As in Argo CD's resource.customizations: the whole of Lua's library, `string` included. */
  readonly useOpenLibs?: boolean;
  /** The parameters of an action, in scripts `actionParams`. */
  readonly actionParams?: object;
}

/** Scripts run as Argo CD runs `health.lua` and its actions: on gopher-lua, with the object as the global `obj`. */
export class Lua {
  readonly #server = new LineServer(pathOf('lua'));

  /** Resolves with the table that the script returns. An empty one comes as a list, since Lua knows no difference. */
  async run(script: string, obj: object, options: LuaOptions = {}): Promise<unknown> {
    const answer = (await this.#server.ask({ script, obj, ...options })) as { result?: unknown; error?: string };
    if (answer.error !== undefined) throw new Error(`lua: ${answer.error}`);
    return answer.result;
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}
