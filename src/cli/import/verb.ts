/** `kubectl azir import`: its flags, help and examples. */
import { Command } from 'commander';
import type { Io } from '../io.ts';
import { collect, type Done, INTERRUPTED, UNKNOWN, type Verb, withAzureFlags, withKubeFlags } from '../verb.ts';

export function importVerb(io: Io, done: Done): Verb {
  const command = withAzureFlags(withKubeFlags(new Command('import')))
    .summary('write manifests for existing runtimes')
    .description(
      'Writes manifests for the runtimes that exist in factories and workspaces. Applying them adopts the runtimes and writes nothing to Azure: import verifies this with a plan. Runtimes that the operator does not manage are skipped and reported.',
    )
    .option(
      '--factory <id>',
      'ARM id of a Data Factory, or its name together with --subscription and -g; may be repeated',
      collect,
      [],
    )
    .option(
      '--workspace <id>',
      'ARM id of a Synapse workspace, or its name together with --subscription and -g; may be repeated',
      collect,
      [],
    )
    .option(
      '-g, --resource-group <name>',
      'resource group in --subscription: all its factories and workspaces, unless some are named',
    )
    .option('--subscription <id>', 'subscription id: all its factories and workspaces, unless some are named')
    .option(
      '--from-terraform <file>',
      'only the runtimes in this Terraform state, as printed by terraform show -json; - for standard input; may be repeated',
      collect,
      [],
    )
    .option(
      '--from-arm <file>',
      'only the runtimes in this ARM template, which is deployed to -g in --subscription; may be repeated',
      collect,
      [],
    )
    .option(
      '--parameters <values>',
      'parameters of the ARM templates: a parameters file, or NAME=VALUE; may be repeated',
      collect,
      [],
    )
    .option(
      '--from-adf-git <folder>',
      'only the runtimes in this Git folder of Data Factory; --factory says which factory it belongs to; may be repeated',
      collect,
      [],
    )
    .option(
      '-d, --directory <folder>',
      'folder to write to: one file per object, kustomization.yaml and import-report.json; without it, manifests go to standard output',
    )
    .option(
      '-n, --namespace <name>',
      'namespace to set in the manifests; defaults to default, with --live to that of the kubeconfig context',
    )
    .option(
      '--name <pattern>',
      'pattern for the names of the objects, such as {factory}-{name}; defaults to {name}, the name of the runtime',
    )
    .option('--include <regexp>', 'only runtimes whose names match this regular expression, ignoring case')
    .option('--exclude <regexp>', 'no runtimes whose names match this regular expression, ignoring case')
    .option(
      '--fields <which>',
      'fields to declare: all, or minimal for none, so that the operator changes none of them',
      'all',
    )
    .option('--observe', 'set managementPolicy: Observe in the manifests', false)
    .option('--include-default', 'also import AutoResolveIntegrationRuntime, if it can be managed', false)
    .option(
      '--live',
      'also read the cluster: skip runtimes that an object already declares, and use no name that is taken',
      false,
    )
    .option('--overwrite', 'replace existing files that differ', false)
    .option('--fail-on-skip', 'exit with 3 if a runtime was skipped', false)
    .action(async (flags) => done(await (await import('./command.ts')).importRuntimes(flags, io)));
  return {
    command,
    examples: [
      'kubectl azir import --subscription 00000000-0000-0000-0000-000000000001 -g ADFV2SampleRG -n team-a -d runtimes',
      'kubectl azir import --subscription 00000000-0000-0000-0000-000000000001 -g ADFV2SampleRG --factory SampleV2DataFactory1',
    ],
    codes: {
      0: 'imported; applying the manifests changes nothing in Azure',
      1: `${UNKNOWN}; the rest is imported`,
      3: 'applying the manifests would change something in Azure, or with --fail-on-skip: a runtime was skipped',
      ...INTERRUPTED,
    },
  };
}
