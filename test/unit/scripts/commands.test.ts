/** The commands of a page: what is typed, without what is answered. */
import { describe, expect, test } from '@jest/globals';
import { blocksOf } from '../../../scripts/docs/commands.ts';

const texts = (page: string) => blocksOf(page).map((block) => block.map(({ text }) => text));

describe('the commands of a page', () => {
  test('are those of its console blocks, each block by itself, without the answers', () => {
    const page = 'A\n\n```console\n$ one\nanswer\n$ two\n```\n\n```sh\n$ no\n```\n\n```console\n$ three\n```\n';
    expect(texts(page)).toEqual([['one', 'two'], ['three']]);
  });

  test('go on after a backslash and within quotes', () => {
    const typed = ['one \\\n    --more', `jq '.a == "x" and .b\n  | "y"'`];
    expect(texts(`\`\`\`console\n$ ${typed[0]}\n$ ${typed[1]}\nanswer\n\`\`\`\n`)).toEqual([typed]);
  });

  test('are found in a list, where a block is indented', () => {
    expect(texts('1. A\n\n   ```console\n   $ one \\\n     two\n   ```\n')).toEqual([['one \\\n  two']]);
  });

  test('in the text count when they say what they are about', () => {
    expect(texts('`kubectl wait`, `kubectl get azir -o wide` and `kubectl delete crd x`')).toEqual([
      ['kubectl get azir -o wide'],
    ]);
  });

  test('come with the line on which they stand, in the order of the page', () => {
    const page = '`kubectl get azir`\n\n```console\n$ one\n\n$ two\n```\n`kubectl get crd`\n';
    expect(blocksOf(page).flat()).toEqual([
      { line: 1, text: 'kubectl get azir' },
      { line: 4, text: 'one' },
      { line: 6, text: 'two' },
      { line: 8, text: 'kubectl get crd' },
    ]);
  });
});
