/** docs/reference/reasons.md: every reason of a condition and of an event, from the lists of the API. */
import { EVENT_REASONS, REASONS, SYNCED_REASONS, WARNING_REASONS } from '../../src/api/names.ts';
import { RULES } from '../../src/core/rules.ts';
import { code, page, table } from './markdown.ts';
import { EVENT_TEXTS, REASON_TEXTS, SYNCED_TEXTS } from './reason-texts.ts';

export function reasonsPage(): string {
  const names = [...REASONS, 'Unknown'] as const;
  return page(
    'Reasons',
    'Why an object is Ready or not, and what to do about it. The message of the condition has the details. For those on call, the [runbook](../runbook.md#reasons-that-need-a-person) has more.',
    '## Of Ready, Reconciling and Stalled',
    table(
      ['reason', 'shows as', 'what it means', 'what to do', 'given by the rule'],
      names.map((name) => {
        const { shows, meaning, action } = REASON_TEXTS[name];
        return [code(name), shows, meaning, action, rulesOf(name)];
      }),
    ),
    'An object that is Ready stays Ready during a transient failure (`Throttled`, `AzureUnavailable`, `CredentialUnavailable`). For one interval the status does not change; then `Reconciling` appears; after three more intervals `Ready` becomes `Unknown`. A new or changed object shows the failure at once.',
    'A state that this version does not know is `Unknown`; `status.state` has the state as Azure reports it.',
    'The rules stand in order in `src/core/rules.ts`: the first one whose policy answers decides.',
    '## Of Synced',
    table(
      ['reason', 'what it means'],
      SYNCED_REASONS.map((name) => [code(name), SYNCED_TEXTS[name]]),
    ),
    'While Azure cannot be read, the reason is that of the failure. The reasons of `Healthy` are the states of the runtime.',
    '## Of events',
    'One event per transition, not per reconciliation.',
    table(
      ['event', 'what happened'],
      EVENT_REASONS.map((name) => [code(name), EVENT_TEXTS[name]]),
    ),
    `Trouble is a Warning event of its reason, once for each cause: at once where the object is Stalled or \`Contested\`, else when the wait has lasted for an interval, at most a minute (two for what others may be creating). These reasons are: ${WARNING_REASONS.map(code).join(', ')}. An object that is Ready again gets \`Recovered\`, unless \`Adopted\`, \`IdentityAccepted\`, \`TakenOver\` or \`Repaired\` says so itself.`,
  );
}

/** The rules that can give a reason, in the order in which they are asked. */
function rulesOf(reason: (typeof RULES)[number]['reasons'][number]): string {
  return RULES.filter(({ reasons }) => reasons.includes(reason))
    .map(({ rule }) => rule)
    .join('; ');
}
