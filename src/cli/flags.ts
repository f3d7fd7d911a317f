/** The flags that all verbs share, as people know them from kubectl. */

import { OWN_CREDENTIALS, type OwnCredential } from '../core/model/credential.ts';
import { parseDuration } from '../core/model/duration.ts';
import { CommandError } from './exit.ts';

/** How the cluster is reached: kubectl's own flags. */
export interface KubeFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly cluster?: string;
  readonly user?: string;
  readonly as?: string;
  readonly namespace?: string;
  readonly requestTimeout?: string;
}

export interface AzureFlags {
  readonly azureCredential: OwnCredential;
}

export function ownCredential(text: string): OwnCredential {
  const known = OWN_CREDENTIALS.find((each) => each === text);
  if (known === undefined)
    throw new CommandError(`invalid --azure-credential "${text}": must be one of ${OWN_CREDENTIALS.join(', ')}`);
  return known;
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
