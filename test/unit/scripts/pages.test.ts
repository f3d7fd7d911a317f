/** What the generated pages and the picture are made of. */
import { describe, expect, test } from '@jest/globals';
import { assumptionsPage } from '../../../scripts/docs/assumptions.ts';
import { fieldsOf } from '../../../scripts/docs/crd.ts';
import { decisionsPage } from '../../../scripts/docs/decisions.ts';
import { demoSteps } from '../../../scripts/docs/demo-steps.ts';
import { table } from '../../../scripts/docs/markdown.ts';
import { reportsIn } from '../../../scripts/docs/reports.ts';
import { readRepository } from '../../../scripts/docs/repository.ts';
import { terminalSvg } from '../../../scripts/docs/terminal-svg.ts';
import { isCheckable } from '../../../src/cli/probe/assumptions/assumption.ts';
import { ASSUMPTIONS } from '../../../src/cli/probe/assumptions/index.ts';

describe('a field of the CRD', () => {
  const field = (description: string, more: object = {}) =>
    fieldsOf({ properties: { name: { description, ...more } } })[0];

  test.each([
    ["Its name. If unset, Azure's value is kept.", "Azure's value is kept", 'Its name.'],
    [
      'Its name. Defaults to one thing; otherwise another. Immutable.',
      'one thing; otherwise another',
      'Its name. Immutable.',
    ],
    ['Its name. Defaults to metadata.name, which must fit. More.', 'metadata.name, which must fit', 'Its name. More.'],
    ['Its name. Unset if unknown.', 'if unknown', 'Its name.'],
    ['Its name. Required.', 'rejected', 'Its name.'],
    ['Its name. Required, unless workspace is set.', undefined, 'Its name. Required, unless workspace is set.'],
    ['Its name.', undefined, 'Its name.'],
  ])('tells by its description what its absence means: %s', (description, absent, meaning) => {
    expect(field(description)).toMatchObject({ absent, meaning });
  });

  test.each([
    [{ type: 'string', enum: ['a', 'b'] }, '`a`, `b`'],
    [{ type: 'string', format: 'date-time' }, 'time'],
    [{ type: 'array', items: { type: 'string' } }, 'list of string'],
  ])('%j has the values %s', (schema, type) => {
    expect(field('', schema)?.type).toBe(type);
  });

  test('comes before those below it, and those of the entries of a list below the list', () => {
    const properties = { a: { properties: { b: {} } }, c: { items: { properties: { d: {} } } } };
    expect(fieldsOf({ properties }).map(({ path }) => path)).toEqual(['a', 'a.b', 'c', 'c[].d']);
  });
});

test('a cell of a table is one line, in which a bar ends nothing', () => {
  expect(table(['a'], [['one\n two | three']])).toBe('| a |\n| --- |\n| one two \\| three |');
});

describe('the page of the assumptions', () => {
  const recording = (date: string, factory: object, workspace: object = {}) =>
    JSON.stringify({ format: 1, date, verdicts: { factory, workspace }, exchanges: [] });
  const reports = reportsIn(
    new Map([
      ['dev/emulator/recordings/one.json', recording('2025-02-01', { 'stale-etag': 'holds', 'page-size': 'holds' })],
      [
        'dev/emulator/recordings/two.json',
        recording(
          '2025-01-01',
          { 'stale-etag': 'does not hold', 'page-size': 'could not tell' },
          { 'stale-etag': 'holds' },
        ),
      ],
      // What is none, although it is called so or stands there.
      ['dev/emulator/recordings/README.md', 'None yet.'],
      ['test/recordings/three.json', recording('2025-03-01', { 'stale-etag': 'holds' })],
    ]),
  );
  const rows = assumptionsPage(reports)
    .split('\n')
    .map((line) => line.slice(2, -2).split(' | '));
  const rowOf = (id: string) => rows.find(([cell]) => cell === `\`${id}\``) ?? [];

  test.each([
    ['stale-etag', 'factory: 1 of 2 hold, 2025-02-01; workspace: 1 of 1 hold, 2025-01-01'],
    ['page-size', 'factory: 1 of 1 hold, 2025-02-01'],
    ['create-only', 'none'],
  ])('counts the recordings that tell of one, by place, and has the date of the newest: %s', (id, told) => {
    expect(rowOf(id).at(-1)).toBe(told);
  });

  test('names for each one the files that rely on it, also where it cannot be provoked', () => {
    for (const each of ASSUMPTIONS) {
      const reliers = each.reliedOnBy.map((path) => `\`${path}\``).join(', ') || 'the emulator alone';
      expect(rowOf(each.id)[isCheckable(each) ? 5 : 4]).toBe(reliers);
    }
  });
});

describe('the index of the decisions', () => {
  const comment = (...lines: string[]) =>
    `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join('\n')}\n */\nexport class Thing {\n`;

  test('has what was weighed, with the file and what the thing is for', () => {
    const source = comment('Keeps things.', '', 'Two', 'designs: one; or this one.', '', 'And why.');
    const page = decisionsPage(new Map([['src/thing.ts', source]]));
    expect(page).toContain(
      '## `Thing`\n\n[src/thing.ts](../../src/thing.ts): Keeps things.\n\n> Two\n> designs: one; or this one.\n>\n> And why.\n',
    );
  });

  test('has nothing of a comment that weighs nothing', () => {
    expect(decisionsPage(new Map([['src/thing.ts', comment('Keeps two things.')]]))).not.toContain('Thing');
  });

  test('names the file whose own comment weighs designs, and leaves out a comment on nothing', () => {
    const { 0: aboutFile = '' } = comment('How it waits.', '', 'Two designs: one.').split('export');
    const page = decisionsPage(
      new Map([
        ['src/wait.ts', `${aboutFile}import x from './x.ts';\n`],
        ['src/loose.ts', `const a = 1;\n${aboutFile}\nexport {};\n`],
      ]),
    );
    expect(page).toContain('## `wait.ts`\n\n[src/wait.ts](../../src/wait.ts): How it waits.\n\n> Two designs: one.');
    expect(page).not.toContain('loose.ts');
  });

  test('ends the line of the file where nothing is said before the designs', () => {
    const page = decisionsPage(new Map([['src/thing.ts', comment('Two designs: one.')]]));
    expect(page).toContain('(../../src/thing.ts)\n\n> Two designs');
  });

  test('leaves out no file whose comments weigh designs', async () => {
    const { texts } = await readRepository();
    const weighing = [...texts].filter(
      ([path, text]) => path.startsWith('src/') && /\b(?:two|three)[\s*]+designs\b|designs considered/i.test(text),
    );
    expect(weighing.length).toBeGreaterThan(3);
    for (const [path] of weighing) expect(texts.get('docs/adr/README.md')).toContain(`[${path}]`);
  });
});

describe('the picture of the demo', () => {
  const bold = (text: string) => `\u001b[1m${text}\u001b[22m`;
  const typed = (text: string) => `  \u001b[36m$ ${text}\u001b[39m`;
  const shown = [
    bold('Bringing it up'),
    typed('kubectl apply -k deploy'),
    '',
    bold('1. Create it, and\n   wait.'),
    '',
    typed('kubectl apply -f sample.yaml'),
    '  created',
    typed('curl -X PUT http://x -d \'{\n  "a": 1\n  }\''),
    '  {}',
    typed('kubectl get azir'),
    '  NAME',
    '',
    bold('2. Read it.'),
    '',
    typed('kubectl describe azir x'),
    '  Name: x',
    '',
    bold('All 2 steps succeeded in 9 s.'),
    '',
  ].join('\n');

  test('has its steps without what takes much room, and no step of which nothing is left', () => {
    const [step = '', ...others] = demoSteps(shown);
    expect(others).toEqual([]);
    expect(step.split('\n')).toEqual([
      '\u001b[1m1. Create it, and',
      '   wait.\u001b[22m',
      typed('kubectl apply -f sample.yaml'),
      '  created',
      typed('kubectl get azir'),
      '  NAME',
    ]);
  });

  test('keeps a colour over the end of a line, and shows what would be a tag', () => {
    const lines = terminalSvg('t', `${bold('one\ntwo')} three <a> & b`).match(/<text .*<\/text>/g) ?? [];
    expect(lines.map((line) => line.replace(/^<text [^>]*>|<\/text>$/g, ''))).toEqual([
      '<tspan class="bold">one</tspan>',
      '<tspan class="bold">two</tspan> three &lt;a&gt; &amp; b',
    ]);
  });

  test('is as wide as its longest line, colours aside', () => {
    const width = (text: string) => Number(/width="(\d+)"/.exec(terminalSvg('t', text))?.[1]);
    expect(width(typed('x'))).toBe(width('  $ x'));
    expect(width('12345678901')).toBeGreaterThan(width('1234567890'));
  });
});
