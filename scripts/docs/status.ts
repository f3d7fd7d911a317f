/** docs/reference/status.md: what the operator reports about an object, from the CRD. */
import { CONDITION_TYPES } from '../../src/api/names.ts';
import { type Crd, columnsOf, fieldsOf, schemaOf } from './crd.ts';
import { code, page, table } from './markdown.ts';

const CONDITIONS: Readonly<Record<(typeof CONDITION_TYPES)[number], string>> = {
  Ready: 'The runtime matches the spec and is healthy. All reasons: [reasons](reasons.md).',
  Synced: 'The runtime matches the spec. Its reason is `InSync`, `Drifted`, `NotFound` or `Unknown`.',
  Healthy: 'Azure reports `Online` or `Started`. The reason is the reported state.',
  Reconciling:
    'The operator is working on the object or waiting for something. No action is needed yet. Removed when it no longer applies.',
  Stalled:
    'User action is required. The operator keeps polling the runtime; what Azure refused is retried after ten minutes, then less and less often, down to once an hour. After you have fixed something in Azure, set the annotation `azure-ir.io/reconcile`. Removed when it no longer applies.',
};

export function statusPage(crd: Crd): string {
  return page(
    'The status',
    'Only the operator writes the status, and only when something has changed. `kubectl get azir` shows the most important fields, `kubectl get azir -o wide` the message as well, and `kubectl explain azir.status --recursive` explains each field.',
    '## Conditions',
    'The conditions follow the kstatus conventions, so `kubectl wait`, Flux and Argo CD understand them ([how](../gitops.md#what-they-are-told)).',
    table(
      ['condition', 'true means'],
      CONDITION_TYPES.map((type) => [code(type), CONDITIONS[type]]),
    ),
    '## Fields',
    table(
      ['field of `status`', 'values', 'unset', 'meaning'],
      fieldsOf(schemaOf(crd, 'status')).map(({ path, type, absent = '', meaning }) => [
        code(path),
        type,
        absent,
        meaning,
      ]),
    ),
    '`operation` matters for Synapse: a workspace answers a write before it has taken effect.',
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
