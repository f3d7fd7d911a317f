/** The port that checks go through: one factory or workspace, and runtimes of the probe's own in it. */
import type { JsonObject } from '../../../core/model/runtime.ts';

/** A request to Azure Resource Manager. */
export interface Ask {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** From `/subscriptions` on, or a whole URL that an answer named. */
  readonly path: string;
  /** The site's own when absent. */
  readonly version?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text goes out as it is. */
  readonly body?: JsonObject | string;
  /** In place of the token. */
  readonly authorization?: string;
}

export interface Answer {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/**
 * What a check may do.
 *
 * Two designs. Checks over the operator's own adapters would prove the adapters too, but those send no stale etag, no verb that
 * is wrong and no unknown version, and hide which header came. So checks send plain requests, and know neither what answers
 * them nor whose clock they wait by: real Azure and the emulator fill one port.
 */
export interface Site {
  readonly kind: 'factory' | 'workspace';
  /** The ARM id of the factory or workspace, as Azure spells it. */
  readonly parentId: string;
  readonly location: string;
  readonly hasNetwork: boolean;
  /** @throws Undecided for an answer that is about the caller or the moment: 401, 403, 429, 5xx, none at all. */
  send(ask: Ask): Promise<Answer>;
  /** The name of a runtime that does not exist. Whatever is there afterwards is removed at the end. */
  freshName(suffix?: string): Promise<string>;
  /** The id of a factory or workspace beside this one, of a random name that nothing has. */
  missingParent(): Promise<string>;
  /** Follows a write that was accepted until it is done; any other answer is returned as it is. */
  settled(answer: Answer): Promise<Answer>;
  wait(ms: number): Promise<void>;
  /** Milliseconds, for measuring. */
  now(): number;
}

export interface Circumstances {
  /** Of the answer; absent: there was none. */
  readonly status?: number;
  /** For the person at the terminal alone: names of hosts and directories may be in it. */
  readonly detail?: string;
}

/** Why a check came to no end. Its message is written into reports. */
export class Undecided extends Error {
  override readonly name = 'Undecided';
  readonly status: number | undefined;
  readonly detail: string | undefined;

  constructor(message: string, { status, detail }: Circumstances = {}) {
    super(message);
    this.status = status;
    this.detail = detail;
  }

  get inFull(): string {
    return this.detail === undefined ? this.message : `${this.message} (${this.detail})`;
  }
}
