/** kstatus, as Flux uses it. */
import { pathOf } from './index.ts';
import { LineServer } from './line-server.ts';

export interface Verdict {
  readonly status: 'InProgress' | 'Failed' | 'Current' | 'Terminating' | 'NotFound' | 'Unknown';
  readonly message: string;
}

/** What sigs.k8s.io/cli-utils' kstatus says of objects: the verdict that Flux waits for. */
export class Kstatus {
  readonly #server = new LineServer(pathOf('kstatus'));

  async of(object: object): Promise<Verdict> {
    const answer = (await this.#server.ask(object)) as Verdict & { error?: string };
    if (answer.error !== undefined) throw new Error(`kstatus: ${answer.error}`);
    return answer;
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}
