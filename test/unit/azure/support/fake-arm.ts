/** An ARM that answers as the test says. */
import {
  createHttpHeaders,
  type HttpClient,
  type PipelineRequest,
  type PipelineResponse,
} from '@azure/core-rest-pipeline';

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export interface Sent {
  readonly method: string;
  readonly url: URL;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
}

/** A transport below the SDK's pipeline: remembers what went out, and answers what the test says. */
export class FakeArm implements HttpClient {
  readonly sent: Sent[] = [];
  /** An `Error` is thrown, as a transport does; a string body goes out as it is. */
  answer: (sent: Sent) => Answer | Error | Promise<Answer | Error>;

  constructor(answer: FakeArm['answer'] = () => ({ status: 500 })) {
    this.answer = answer;
  }

  /** Answers these, one after the other, then the last one for ever. */
  answers(...answers: readonly [Answer | Error, ...(Answer | Error)[]]): void {
    let next = 0;
    this.answer = () => answers[Math.min(next++, answers.length - 1)] as Answer | Error;
  }

  async sendRequest(request: PipelineRequest): Promise<PipelineResponse> {
    const sent = {
      method: request.method,
      url: new URL(request.url),
      headers: request.headers.toJSON(),
      body: typeof request.body === 'string' ? request.body : undefined,
    };
    this.sent.push(sent);
    const answer = await this.answer(sent);
    if (answer instanceof Error) throw answer;
    const { status, body, headers } = answer;
    return {
      request,
      status,
      headers: createHttpHeaders({ 'content-type': 'application/json; charset=utf-8', ...headers }),
      bodyAsText: body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body),
    };
  }
}

/** A transport that is asked to hang does so until the request is cancelled, as a real one. */
export function hang(): Promise<never> {
  return new Promise(() => {});
}
