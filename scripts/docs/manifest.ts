/** docs/reference/manifest.md: what a manifest can declare, from the CRD, and what annotations ask for. */
import { ANNOTATION, MARK_ANNOTATION } from '../../src/api/names.ts';
import { type Crd, fieldsOf, schemaOf } from './crd.ts';
import { code, list, page, table } from './markdown.ts';

const REQUESTS: Readonly<Record<keyof typeof ANNOTATION, string>> = {
  reconcile: 'Read the runtime from Azure now.',
  fluxReconcile: 'The same; Flux sets it.',
  repair: 'One repair now, whatever the state of the runtime and the number of earlier attempts.',
  enableInteractiveAuthoring:
    'Enable interactive authoring now, with the settings of `spec.interactiveAuthoring`. Ignored without that field, and with `managementPolicy: Observe`.',
  acceptIdentity:
    'Accept that the runtime is now managed under another Azure identity than the one that claimed it. The value is the new identity, as the message of `CredentialsInvalid` gives it.',
};

export function manifestPage(crd: Crd): string {
  const fields = fieldsOf(schemaOf(crd, 'spec'));
  return page(
    'The manifest',
    'Every field of `spec`, from the CRD. `kubectl explain azir.spec --recursive` shows the same in a terminal.',
    list([
      "A field that was never set keeps its value in Azure, unless the table says otherwise. A field that is set and later removed returns to Azure's default.",
      'The API server rejects an invalid manifest with a message that says what to do.',
      '[examples/](../../examples/azureintegrationruntime.yaml) has manifests to start from; [properties](properties.md) maps each field to its property in Azure.',
    ]),
    '## Fields',
    table(
      ['field of `spec`', 'values', 'if unset', 'meaning'],
      fields.map(({ path, type, absent = 'rejected', meaning }) => [code(path), type, absent, meaning]),
    ),
    '## Annotations',
    'Each new value of an annotation is one request.',
    table(
      ['annotation', 'asks for'],
      Object.entries(REQUESTS).map(([name, meaning]) => [code(ANNOTATION[name as keyof typeof ANNOTATION]), meaning]),
    ),
    '```console\n$ kubectl annotate azir/my-sample-azure-ir --overwrite azure-ir.io/reconcile="$(date +%s)"\n```',
    `\`${MARK_ANNOTATION}\` is not a request: the operator writes it together with its finalizer, to tell adopted runtimes from created ones.`,
  );
}
