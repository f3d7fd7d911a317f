/** docs/assumptions.md: what is assumed of Azure, from the data that the probe runs by. */
import { isAnnounced, isCheckable, type Where } from '../../src/cli/probe/assumptions/assumption.ts';
import { ASSUMPTIONS } from '../../src/cli/probe/assumptions/index.ts';
import type { Judgements } from '../../src/cli/probe/report.ts';
import { code, list, page, table } from './markdown.ts';

/** What a recording tells of itself. */
export interface Report {
  readonly date: string;
  readonly verdicts: Judgements;
}

const WHERE: Readonly<Record<Where, string>> = {
  either: 'a factory or a workspace',
  factory: 'a factory',
  network: 'a factory with a managed virtual network',
  workspace: 'a workspace',
};

export function assumptionsPage(reports: readonly Report[]): string {
  return page(
    'Assumptions about Azure',
    'Nobody has run the operator against Azure itself yet. This page lists what its behaviour relies on and no recording proves. The mark says where an assumption comes from: _documented_ (in the specification or on Microsoft Learn), _inferred_ (derived from those, or reported by a user), _recorded_ (seen on the wire). The data is in `src/cli/probe/assumptions`.',
    'With a factory of your own you can prove most of them in a few minutes:',
    '```bash\naz login\nkubectl azir probe --azure-credential azure-cli --factory "$(az datafactory show -g GROUP -n FACTORY --query id -o tsv)"\n```',
    'It says what it will do, and asks for confirmation. `npm run probe --` does the same in a clone. [How it works](probe.md).',
    '## What the probe finds out',
    table(
      ['id', 'assumption', 'mark', 'needs', 'if it is false', 'relied on by', 'reports'],
      ASSUMPTIONS.filter(isCheckable).map((each) => [
        code(each.id),
        each.sentence,
        each.mark,
        isAnnounced(each) ? `${WHERE[each.where]}; a queue` : WHERE[each.where],
        each.ifFalse,
        files(each.reliedOnBy),
        reported(each.id, reports),
      ]),
    ),
    '## What cannot be provoked',
    'No report of the probe says anything about these.',
    table(
      [
        'id',
        'assumption',
        'mark',
        'if it is false',
        'relied on by',
        'why the probe leaves it out',
        'how one would notice',
      ],
      ASSUMPTIONS.filter((each) => !isCheckable(each)).map((each) => [
        code(each.id),
        each.sentence,
        each.mark,
        each.ifFalse,
        files(each.reliedOnBy),
        'whyNot' in each ? each.whyNot : '',
        'notice' in each ? each.notice : '',
      ]),
    ),
    '## What a report is',
    list([
      'A recording under `dev/emulator/recordings/` is one. The column _reports_ counts them, and has the date of the newest.',
      'A recording is a test from then on: the emulator has to answer it as Azure did.',
    ]),
  );
}

function files(paths: readonly string[]): string {
  return paths.length === 0 ? 'the emulator alone' : paths.map((path) => code(path)).join(', ');
}

/** Factories and workspaces apart: the two services need not agree. */
function reported(id: string, reports: readonly Report[]): string {
  const places = (['factory', 'workspace'] as const).flatMap((place) => {
    const told = reports.filter(({ verdicts }) => ['holds', 'does not hold'].includes(verdicts[place][id] ?? ''));
    if (told.length === 0) return [];
    const newest = told
      .map(({ date }) => date)
      .toSorted()
      .at(-1);
    const holding = told.filter(({ verdicts }) => verdicts[place][id] === 'holds').length;
    return [`${place}: ${holding} of ${told.length} hold, ${newest}`];
  });
  return places.length === 0 ? 'none' : places.join('; ');
}
