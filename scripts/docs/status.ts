/** docs/reference/status.md: what the operator says of an object, from the CRD. */
import { CONDITION_TYPES } from '../../src/api/names.ts';
import { type Crd, columnsOf, fieldsOf, schemaOf } from './crd.ts';
import { code, page, table } from './markdown.ts';

const CONDITIONS: Readonly<Record<(typeof CONDITION_TYPES)[number], string>> = {
  Ready: 'As declared, and healthy. Its reason is the one that decided: [reasons](reasons.md).',
  Synced: 'The definition is as declared: `InSync`, `Drifted`, `NotFound` or `Unknown`.',
  Healthy: 'Azure says `Online` or `Started`. Otherwise the state is the reason.',
  Reconciling:
    'Work is under way, or the operator waits for something. Nobody needs to act yet. Absent when it is not so.',
  Stalled:
    'A person must act. The operator still reads Azure: after ten minutes (or the interval, if that is longer), then ever less often, down to once an hour. After you have mended something in Azure, set the annotation `azure-ir.io/reconcile`. Absent when it is not so.',
};

export function statusPage(crd: Crd): string {
  return page(
    'The status',
    'Only the operator writes it, and only when something changed. `kubectl get azir` shows the most important of it, `kubectl get azir -o wide` the message as well, `kubectl explain azir.status --recursive` what each field means.',
    '## Conditions',
    'They follow the conventions of kstatus, so `kubectl wait`, Flux and Argo CD understand them ([how](../gitops.md#what-they-are-told)).',
    table(
      ['condition', 'true means'],
      CONDITION_TYPES.map((type) => [code(type), CONDITIONS[type]]),
    ),
    '## Fields',
    table(
      ['field of `status`', 'values', 'absent means', 'meaning'],
      fieldsOf(schemaOf(crd, 'status')).map(({ path, type, absent = '', meaning }) => [
        code(path),
        type,
        absent,
        meaning,
      ]),
    ),
    '`operation` is there for Synapse: a workspace answers a write before it has taken effect.',
    '## Columns',
    table(
      ['column of `kubectl get`', 'shown', 'meaning'],
      columnsOf(crd).map(({ name, description = 'Age of the object.', priority = 0 }) => [
        name,
        priority === 0 ? 'always' : '`-o wide`',
        description,
      ]),
    ),
  );
}
