/** docs/reference/manifest.md: what a manifest can declare, from the CRD, and what annotations ask for. */
import { ANNOTATION, MARK_ANNOTATION } from '../../src/api/names.ts';
import { type Crd, fieldsOf, schemaOf } from './crd.ts';
import { code, list, page, table } from './markdown.ts';

const REQUESTS: Readonly<Record<keyof typeof ANNOTATION, string>> = {
  reconcile: 'Read Azure afresh, now.',
  fluxReconcile: 'The same; Flux sets it.',
  repair: 'One repair now, whatever the state and the repairs before it.',
  enableInteractiveAuthoring:
    'Enable interactive authoring now, as `spec.interactiveAuthoring` declares it. Without that field, and with `Observe`, it is ignored.',
  acceptIdentity:
    'Go on under another Azure identity than the one that claimed the runtime. The value is the new identity, as the message of `CredentialsInvalid` gives it.',
};

export function manifestPage(crd: Crd): string {
  const fields = fieldsOf(schemaOf(crd, 'spec'));
  return page(
    'The manifest',
    'Every field of `spec`, from the CRD. `kubectl explain azir.spec --recursive` shows the same in a terminal.',
    list([
      "A field that is absent is left as Azure has it, unless the table says otherwise. One that was declared and is removed later returns to Azure's default.",
      'A manifest that cannot work is refused when it is applied, with a message that says what would.',
      'Manifests to start from are in [examples/](../../examples/azureintegrationruntime.yaml). Which property of Azure each field is: [properties](properties.md).',
    ]),
    '## Fields',
    table(
      ['field of `spec`', 'values', 'absent', 'meaning'],
      fields.map(({ path, type, absent = 'refused', meaning }) => [code(path), type, absent, meaning]),
    ),
    '## Annotations',
    'An annotation asks for something once. Each new value is one request.',
    table(
      ['annotation', 'asks for'],
      Object.entries(REQUESTS).map(([name, meaning]) => [code(ANNOTATION[name as keyof typeof ANNOTATION]), meaning]),
    ),
    '```console\n$ kubectl annotate azir/my-sample-azure-ir --overwrite azure-ir.io/reconcile="$(date +%s)"\n```',
    `\`${MARK_ANNOTATION}\` is no request: the operator writes it with its finalizer, to tell adopted runtimes from created ones.`,
  );
}
