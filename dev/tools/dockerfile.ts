/** What BuildKit's front end, the one of `docker build`, makes of a Dockerfile, without building it. */
import { pathOf } from './index.ts';
import { LineServer } from './line-server.ts';

export interface Verdict {
  /** What the last stage begins with. */
  readonly base: string;
  readonly config: ImageConfig;
  /** Into the last stage. */
  readonly copies: readonly Copied[];
  /** The commands that a build runs, in whatever stage. */
  readonly runs: readonly { readonly command: string; readonly platform: string }[];
  /** What its linter says. */
  readonly warnings: readonly string[];
}

export interface ImageConfig {
  readonly User?: string;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly ExposedPorts?: Readonly<Record<string, object>>;
}

export interface Copied {
  readonly from: string;
  readonly to: string;
  /** Of the stage that it comes from. */
  readonly base: string;
  readonly platform: string;
}

export interface Platforms {
  /** Of the image, such as linux/arm64. */
  readonly platform: string;
  /** Of what builds it. */
  readonly buildPlatform: string;
}

export class FrontEnd {
  readonly #server = new LineServer(pathOf('dockerfile'));

  /** Rejects with what a build would end with. */
  async judge(dockerfile: string, platforms: Platforms): Promise<Verdict> {
    const answer = (await this.#server.ask({ dockerfile, ...platforms })) as Verdict & { error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}
