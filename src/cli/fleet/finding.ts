/** One line of `kubectl azir check`: what was looked at, how it is, and what to do about it. */
import { KubeError } from '../../kube/client/errors.ts';

export interface Finding {
  /** `warning`: known, and worth a look. `unknown`: it could not be looked at; never taken for fine. */
  readonly verdict: 'ok' | 'warning' | 'unknown' | 'failed';
  readonly what: string;
  readonly detail: string;
  readonly remedy?: string;
}

export type Judgement = Omit<Finding, 'what'>;

/** An answer that is refused or does not come is unknown. */
export async function asked(
  what: string,
  ask: () => Promise<unknown>,
  judge: (answer: unknown) => Judgement,
): Promise<Finding> {
  try {
    return { what, ...judge(await ask()) };
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    const isRight = error.status === 403;
    return {
      what,
      verdict: 'unknown',
      detail: isRight ? 'you lack the permission to check this' : error.message,
      ...(isRight ? { remedy: 'have this checked by someone with the permission' } : {}),
    };
  }
}

/** For `catch`: what is not there is an answer, too. */
export function asAbsent(error: unknown): unknown {
  if (error instanceof KubeError && error.status === 404) return undefined;
  throw error;
}
