/** `kubectl azir import`: its flags, help and examples. */
import { Command } from 'commander';
import type { Io } from '../io.ts';
import { collect, type Done, INTERRUPTED, UNKNOWN, type Verb, withAzureFlags, withKubeFlags } from '../verb.ts';

export function importVerb(io: Io, done: Done): Verb {
  const command = withAzureFlags(withKubeFlags(new Command('import')))
    .summary('manifests of the runtimes that exist')
    .description(
      'Manifests of the runtimes that exist in factories and workspaces. Applying them takes the runtimes over and writes nothing to Azure: that is checked by the plan of them, over the same reads. Runtimes that the operator leaves alone are skipped and reported.',
    )
    .option(
      '--factory <id>',
      'the ARM id of a Data Factory, or its name with --subscription and -g; may be repeated',
      collect,
      [],
    )
    .option('--workspace <id>', 'the same of a Synapse workspace; may be repeated', collect, [])
    .option('-g, --resource-group <name>', 'all factories and workspaces of this group of --subscription')
    .option('--subscription <id>', 'all factories and workspaces of this subscription, unless others are named')
    .option(
      '--from-terraform <file>',
      'only the runtimes of this state, as terraform show -json prints it; - for standard input; may be repeated',
      collect,
      [],
    )
    .option(
      '--from-arm <file>',
      'only the runtimes of this ARM template, deployed to -g of --subscription; may be repeated',
      collect,
      [],
    )
    .option(
      '--parameters <values>',
      'of the ARM templates: a parameters file, or NAME=VALUE; may be repeated',
      collect,
      [],
    )
    .option(
      '--from-adf-git <folder>',
      'only the runtimes of this Git folder, in the factory of --factory; may be repeated',
      collect,
      [],
    )
    .option(
      '-d, --directory <folder>',
      'a file for each object, kustomization.yaml and import-report.json; standard output when absent',
    )
    .option('-n, --namespace <name>', 'written into the manifests')
    .option(
      '--name <pattern>',
      'how the objects are named, such as {factory}-{name}; what Azure calls the runtime when absent',
    )
    .option('--include <regexp>', 'only runtimes whose names match')
    .option('--exclude <regexp>', 'no runtimes whose names match')
    .option(
      '--fields <which>',
      'all that can be declared, or minimal: none, so that all stays in the hands of others',
      'all',
    )
    .option('--observe', 'objects that only observe', false)
    .option('--include-default', 'AutoResolveIntegrationRuntime too, where it can be managed', false)
    .option('--live', 'ask the cluster: leave out what an object declares already, and use no name twice', false)
    .option('--overwrite', 'replace files that are there already and differ', false)
    .option('--fail-on-skip', 'exit with 3 where a runtime was skipped', false)
    .action(async (flags) => done(await (await import('./command.ts')).importRuntimes(flags, io)));
  return {
    command,
    examples: [
      'kubectl azir import --subscription 00000000-0000-0000-0000-000000000001 -g ADFV2SampleRG -n team-a -d runtimes',
      'kubectl azir import --subscription 00000000-0000-0000-0000-000000000001 -g ADFV2SampleRG --factory SampleV2DataFactory1',
    ],
    codes: {
      0: 'imported, and applying it changes nothing',
      1: `${UNKNOWN}; the rest is imported`,
      3: 'applying it would change something, or with --fail-on-skip something was skipped',
      ...INTERRUPTED,
    },
  };
}
