/** Hostile text from Azure and the cluster does nothing where it is shown, and reads the same for machines. */
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { renderJson, renderYaml } from '../../../src/cli/output/documents.ts';
import { table } from '../../../src/cli/output/table.ts';
import { codeSpan, safe } from '../../../src/cli/output/text.ts';
import { isSecretName, shownValue } from '../../../src/core/model/declaration.ts';

const HOSTILE = [
  '\u001b]0;title\u0007',
  '\u009b31m',
  'a\rb\nc',
  '\u202edlrow',
  'zero\u200bwidth\ufeff',
  '##vso[task.setvariable variable=x]y',
  '##VSO[x]',
  '##[error]x',
  '::set-output name=x::y',
  '  ::error::x',
  '\u{e0041}tag',
  '\ud800half',
];
const UNSEEN =
  /[\p{Cc}\p{Cs}\u00AD\u061C\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/u;
const COMMAND = /##\[|##vso\[|^\s*::/im;

describe.each(HOSTILE)('%j', (hostile) => {
  test('is on one line, visible, and no command of a pipeline', () => {
    for (const shown of [safe(hostile), ...table([[hostile, hostile]])]) {
      expect(shown).not.toMatch(UNSEEN);
      expect(shown).not.toMatch(COMMAND);
    }
  });

  test('reads the same from JSON and YAML, and does nothing in either', async () => {
    const value = { [hostile]: hostile, list: [hostile] };
    // A half of a pair is no text for YAML.
    const texts = hostile.includes('\ud800') ? [renderJson(value)] : [renderJson(value), await renderYaml(value)];
    for (const text of texts) {
      expect(text.replaceAll('\n', '')).not.toMatch(UNSEEN);
      expect(text).not.toMatch(COMMAND);
      expect(parse(text)).toEqual(value);
    }
  });
});

test('what is safe stays as it is', () => {
  for (const text of ['West Europe', 'a::b', '# 12', 'Größe']) expect(safe(text)).toBe(text);
});

test.each<[string, string]>([
  ['plain', '`plain`'],
  ['a|b', '`a\\|b`'],
  ['a`b', '``a`b``'],
  ['`', '`` ` ``'],
  ['```', '```` ``` ````'],
  ['', '`  `'],
  ['<img> @me #12 [x](y)', '`<img> @me #12 [x](y)`'],
])('%j is a code span of markdown', (text, expected) => expect(codeSpan(text)).toBe(expected));

test.each(['apiKey', 'API_KEY', 'dbPassword', 'sasToken', 'client-secret', 'ConnectionString', 'connection string'])(
  'a custom property called %s is hidden',
  (name) => {
    expect(isSecretName(name)).toBe(true);
    expect(shownValue(`dataFlow.customProperties[${name}]`, 'v')).toBe('(hidden)');
    expect(shownValue(`dataFlow.customProperties[${name}]`, null)).toBe(null);
  },
);

test.each(['Shuffle Partitions', 'location', 'spark.conf'])('a custom property called %s is shown', (name) =>
  expect(shownValue(`dataFlow.customProperties[${name}]`, 'v')).toBe('v'),
);

test('a text of several lines is on one in YAML: no line of it begins one of the output', async () => {
  const value = { text: `${'long '.repeat(20)}\n::error::x\n\n##[error]y` };
  const text = await renderYaml(value);
  expect(text.trimEnd().split('\n')).toHaveLength(1);
  expect(parse(text)).toEqual(value);
});
