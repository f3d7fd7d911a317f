/** Puts the Lua scripts of deploy/argocd into the form in which Argo CD reads them. With --check it only compares, and exits 1 when the two differ. */
import { readFile, writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';

const FOLDER = new URL('../deploy/argocd/', import.meta.url);
const OUTPUT = new URL('argocd-cm.yaml', FOLDER);
const ACTIONS = ['reconcile', 'repair', 'suspend', 'resume'];
const KIND = 'azure-ir.io_AzureIntegrationRuntime';
const HEADER = `\
# Health check and actions for AzureIntegrationRuntime, to merge into Argo CD's ConfigMap:
#
#   kubectl patch configmap argocd-cm -n argocd --patch-file deploy/argocd/argocd-cm.yaml
#
# Generated from the Lua files in this folder (npm run generate); change them there.
`;

const lua = (path: string): Promise<string> => readFile(new URL(path, FOLDER), 'utf8');
const yaml = (value: unknown): string => stringify(value, { lineWidth: 0, blockQuote: 'literal' });

async function configMap(): Promise<object> {
  const definitions = ACTIONS.map(async (name) => ({ name, 'action.lua': await lua(`actions/${name}/action.lua`) }));
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'argocd-cm', namespace: 'argocd' },
    data: {
      [`resource.customizations.health.${KIND}`]: await lua('health.lua'),
      [`resource.customizations.actions.${KIND}`]: yaml({
        'discovery.lua': await lua('actions/discovery.lua'),
        definitions: await Promise.all(definitions),
      }),
    },
  };
}

const wanted = HEADER + yaml(await configMap());
if (process.argv.includes('--check')) {
  const present = await readFile(OUTPUT, 'utf8').catch(() => '');
  if (present !== wanted) {
    process.stderr.write('deploy/argocd/argocd-cm.yaml is not what its Lua files make: run `npm run generate`.\n');
    process.exitCode = 1;
  }
} else {
  await writeFile(OUTPUT, wanted);
}
