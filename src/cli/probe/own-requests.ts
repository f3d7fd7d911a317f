/** The requests of a run that raise events: each gets a correlation id by which its event can be told. */
import { randomUUID } from 'node:crypto';
import { type OwnRequest, subjectOf } from './assumptions/heard.ts';

type Noted = { -readonly [K in keyof OwnRequest]: OwnRequest[K] };

export class OwnRequests {
  readonly #all: Noted[] = [];
  readonly #resources = new Set<string>();

  get all(): readonly OwnRequest[] {
    return this.#all;
  }

  /** Whether a request was about this runtime; its ARM id in lower case. */
  has(resource: string): boolean {
    return this.#resources.has(resource);
  }

  /** Its headers, and what to call with the status of its answer. */
  sending(method: string, path: string): { headers: Record<string, string>; answered: (status: number) => void } {
    const subject = subjectOf(method, path);
    if (subject === undefined) return { headers: {}, answered: () => {} };
    const correlationId = randomUUID();
    const noted: Noted = { ...subject, correlationId, succeeded: false };
    this.#all.push(noted);
    this.#resources.add(subject.resource);
    return {
      // ARM takes it over (documented).
      headers: { 'x-ms-correlation-request-id': correlationId },
      answered: (status) => {
        // 204: there was nothing to delete.
        noted.succeeded = status < 300 && status !== 204;
      },
    };
  }
}
