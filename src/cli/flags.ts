/** The flags that all verbs share, as people know them from kubectl. */

import { OWN_CREDENTIALS, type OwnCredential } from '../core/model/credential.ts';
import { parseDuration } from '../core/model/duration.ts';
import { CommandError } from './exit.ts';
import { safe } from './output/text.ts';

/** How the cluster is reached: kubectl's own flags. */
export interface KubeFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly cluster?: string;
  readonly user?: string;
  readonly as?: string;
  readonly asGroup?: readonly string[];
  readonly namespace?: string;
  readonly requestTimeout?: string;
  readonly v?: string;
}

export interface AzureFlags {
  readonly v?: string;
  readonly azureCredential: OwnCredential;
}

/** `workload` for short. @throws CommandError for what is none. */
export function ownCredential(text: string): OwnCredential {
  if (text === 'workload') return 'workload-identity';
  const known = OWN_CREDENTIALS.find((each) => each === text);
  if (known === undefined)
    throw new CommandError(`invalid --azure-credential "${text}": must be one of ${OWN_CREDENTIALS.join(', ')}`);
  return known;
}

/** Is told a request, what came of it, and how long that took. */
export type RequestTeller = (request: string, answer: string, ms: number) => void;

/** As of kubectl: each request is told from 6 on. Never a header or a body, whatever the level: they may hold secrets. */
const TELLS_REQUESTS = 6;

/** Tells a request and its answer; undefined where `-v` does not ask for it. */
export function requestTeller({ v }: Pick<KubeFlags, 'v'>, note: (line: string) => void): RequestTeller | undefined {
  if (v !== undefined && !/^\d{1,2}$/.test(v)) throw new CommandError(`-v ${v} is no level: use a number, such as 6`);
  if (Number(v ?? 0) < TELLS_REQUESTS) return undefined;
  return (request, answer, ms) => note(`${safe(request)} ${safe(answer)} in ${Math.round(ms)} ms`);
}

/** Milliseconds of `90s`, `5m`, or kubectl's bare seconds; 0 is none. */
export function duration(flag: string, text: string): number {
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : parseDuration(text);
  if (ms === undefined)
    throw new CommandError(`invalid --${flag} "${text}": must be a duration, e.g. 90s, 5m or 1h30m`);
  return ms;
}

export interface Output<F extends string> {
  readonly format: F;
  /** Undefined: standard output. */
  readonly file: string | undefined;
}

/** `-o json`, `-o markdown=plan.md`; of all outputs at most one goes to standard output. */
export function outputs<F extends string>(given: readonly string[], formats: readonly F[], standard: F): Output<F>[] {
  const chosen = given.map((text): Output<F> => {
    const [name, ...rest] = text.split('=');
    const format = formats.find((each) => each === name);
    if (format === undefined) throw new CommandError(`invalid -o "${name}": must be one of ${formats.join(', ')}`);
    const file = rest.join('=');
    if (text.includes('=') && file === '') throw new CommandError(`invalid -o "${text}": the file is missing`);
    return { format, file: file === '' ? undefined : file };
  });
  const onStdout = chosen.filter(({ file }) => file === undefined);
  if (onStdout.length > 1)
    throw new CommandError('only one -o can write to standard output: give the other a file, e.g. -o json=plan.json');
  return chosen.length === 0 ? [{ format: standard, file: undefined }] : chosen;
}
