/** What can come next on the command line, from the definitions of the verbs and the names in the cluster. */
import type { Command, Option } from 'commander';
import type { KubeFlags } from '../flags.ts';
import type { Io } from '../io.ts';

/** Cobra's directive: complete no files. kubectl asks its plugins in cobra's way. */
const NO_FILES = ':4';
const FILES = ':0';
/** Longer, and the shell would seem to hang. */
const MAX_WAIT_MS = 2_000;

/** The last word is the one to be completed, and may be empty. */
export async function complete(program: Command, words: readonly string[], io: Io): Promise<void> {
  const typed = words.slice(0, -1);
  const current = words.at(-1) ?? '';
  const verb = program.commands.find((each) => each.name() === typed[0] || each.aliases().includes(typed[0] ?? ''));
  const { candidates, directive } = await candidatesFor(program, verb, typed, current, io);
  const fitting = candidates.filter(([value]) => value.startsWith(current));
  io.out([...fitting.map(([value, text]) => (text === '' ? value : `${value}\t${text}`)), directive, ''].join('\n'));
}

type Candidate = readonly [value: string, text: string];

async function candidatesFor(
  program: Command,
  verb: Command | undefined,
  typed: readonly string[],
  current: string,
  io: Io,
): Promise<{ candidates: readonly Candidate[]; directive: string }> {
  if (verb === undefined) {
    const verbs = typed.length === 0 ? program.commands.filter((each) => !each.name().startsWith('__')) : [];
    return {
      candidates: verbs.map((each) => [each.name(), each.summary() || each.description()]),
      directive: NO_FILES,
    };
  }
  if (current.startsWith('-')) return { candidates: verb.options.map(flagOf), directive: NO_FILES };
  const flag = verb.options.find((option) => isNamed(option, typed.at(-1)));
  if (flag !== undefined && !flag.isBoolean() && (flag.required || flag.optional))
    return { candidates: [], directive: FILES };
  if (verb.registeredArguments.length === 0) return { candidates: [], directive: NO_FILES };
  return { candidates: await namesIn(verb, typed.slice(1), io), directive: NO_FILES };
}

function isNamed({ long, short }: Option, word: string | undefined): boolean {
  return word !== undefined && (word === long || word === short);
}

function flagOf({ long, short, description }: Option): Candidate {
  return [long ?? short ?? '', description.split(/[;:]/)[0] ?? ''];
}

/** Silent where the cluster does not answer in time. */
async function namesIn(verb: Command, typed: readonly string[], io: Io): Promise<readonly Candidate[]> {
  const value = (...flags: string[]): string | undefined => {
    const i = typed.findIndex((word) => flags.includes(word));
    const joined = typed.find((word) => flags.some((flag) => word.startsWith(`${flag}=`)));
    return i >= 0 ? typed[i + 1] : joined?.slice(joined.indexOf('=') + 1);
  };
  const flags: KubeFlags = {};
  for (const name of ['kubeconfig', 'context', 'cluster', 'user', 'as'] as const) {
    const given = value(`--${name}`);
    if (given !== undefined) Object.assign(flags, { [name]: given });
  }
  if (!verb.options.some((option) => isNamed(option, '--namespace'))) return [];
  try {
    const { connect, listObjects } = await import('../kube.ts');
    const client = connect(flags, io);
    try {
      const namespace = value('-n', '--namespace') ?? client.namespace ?? 'default';
      const signal = AbortSignal.any([io.signal, AbortSignal.timeout(MAX_WAIT_MS)]);
      const objects = await listObjects(client, namespace, undefined, signal);
      const names = objects.map(({ metadata }) => String((metadata as { name?: unknown } | undefined)?.name ?? ''));
      return names.filter((name) => !typed.includes(name)).map((name): Candidate => [name, '']);
    } finally {
      await client.close();
    }
  } catch {
    return [];
  }
}
