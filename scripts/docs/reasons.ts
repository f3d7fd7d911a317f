/** docs/reference/reasons.md: every reason of a condition and of an event, from the lists of the API. */
import { EVENT_REASONS, REASONS, SYNCED_REASONS, WARNING_REASONS } from '../../src/api/names.ts';
import { RULES } from '../../src/core/rules.ts';
import { code, page, table } from './markdown.ts';
import { EVENT_TEXTS, REASON_TEXTS, SYNCED_TEXTS } from './reason-texts.ts';

export function reasonsPage(): string {
  const names = [...REASONS, 'Unknown'] as const;
  return page(
    'Reasons',
    'Why an object is Ready or not, in one word, and what to do about it. The message beside it has the names. For those on call, the [runbook](../runbook.md#reasons-that-need-a-person) has more.',
    '## Of Ready, Reconciling and Stalled',
    table(
      ['reason', 'shows as', 'what it means', 'what to do', 'given by the rule'],
      names.map((name) => {
        const { shows, meaning, action } = REASON_TEXTS[name];
        return [code(name), shows, meaning, action, rulesOf(name)];
      }),
    ),
    'A transient failure (`Throttled`, `AzureUnavailable`, `CredentialUnavailable`) does not shake an object that is Ready. For one interval nothing is written. Then `Reconciling` appears. After three more intervals `Ready` becomes `Unknown`. A manifest that is new or changed shows the failure at once.',
    'A state of Azure that this version does not know is `Unknown`, and `status.state` has it as Azure says it.',
    'The rules stand in order in `src/core/rules.ts`: the first one whose policy answers decides.',
    '## Of Synced',
    table(
      ['reason', 'what it means'],
      SYNCED_REASONS.map((name) => [code(name), SYNCED_TEXTS[name]]),
    ),
    'While Azure cannot be asked, the reason is that of the failure. The reasons of `Healthy` are the states of the runtime.',
    '## Of events',
    'One event for each transition, never for each pass.',
    table(
      ['event', 'what happened'],
      EVENT_REASONS.map((name) => [code(name), EVENT_TEXTS[name]]),
    ),
    `These reasons are also Warning events, when an object comes to have them: ${WARNING_REASONS.map(code).join(', ')}.`,
  );
}

/** The rules that can give a reason, in the order in which they are asked. */
function rulesOf(reason: (typeof RULES)[number]['reasons'][number]): string {
  return RULES.filter(({ reasons }) => reasons.includes(reason))
    .map(({ rule }) => rule)
    .join('; ');
}
