/** `kubectl azir probe`: its flags, help and examples. */
import { Command } from 'commander';
import type { Io } from '../io.ts';
import { type Done, type Verb, verboseFlag, withAzureFlags } from '../verb.ts';

export function probeVerb(io: Io, done: Done): Verb {
  const command = withAzureFlags(new Command('probe'))
    .summary('what is only assumed of Azure, asked of a factory or workspace of yours')
    .description(
      'Finds out in a factory or workspace of yours what is only assumed of Azure. Says what it will do and asks before it writes; makes runtimes with a random name, never touches others, removes them at the end, after Ctrl-C and failures too, and lists what it could not remove. Writes probe-report.json and recording.json, without ids, names or tokens, to be attached to a report.',
    )
    .option('--factory <id>', 'the ARM id of a Data Factory to ask')
    .option('--workspace <id>', 'the ARM id of a Synapse workspace to ask; with --factory, at the same time')
    .option(
      '--network',
      'make the managed virtual network of the factory if it has none: it can never be deleted, so without this it is not made',
      false,
    )
    .option(
      '--queue <url>',
      'the Storage queue of an event subscription, as for --change-queue: shows whether Event Grid announces the writes. Best a queue that nobody else reads: at the end it is read for at most 150 s, messages about these runtimes are deleted, and all others are hidden from other readers for as long',
    )
    .option('-y, --yes', 'do not ask', false)
    .option('--clean', 'only remove what an earlier run could not', false)
    .option('--dir <folder>', 'where probe-report.json, recording.json and the journal go', '.')
    .option(...verboseFlag)
    .action(async (flags) => done(await (await import('./command.ts')).probeAzure(flags, io)));
  return {
    command,
    examples: [
      'kubectl azir probe --factory /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/ADFV2SampleRG/providers/Microsoft.DataFactory/factories/SampleV2DataFactory1',
      'kubectl azir probe --clean',
    ],
    codes: {
      0: 'all that could be asked holds; or with --clean: nothing is left',
      1: 'it could not be done, something was left behind, or all that was answered holds but something was refused',
      3: 'one does not hold: the table has the real answer',
      130: 'interrupted; what was made is removed, or listed',
    },
  };
}
