/** What `npm run package` says of the size of the image. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from '@jest/globals';
import type { Layer } from '../../../scripts/package/archive.ts';
import { inWords, sizesOf } from '../../../scripts/package/sizes.ts';

const scratch = mkdtempSync(join(tmpdir(), 'sizes-test-'));
afterAll(() => rmSync(scratch, { recursive: true }));

function layer(name: string, content: Buffer, isCompressed: boolean): Layer {
  const file = join(scratch, name);
  writeFileSync(file, content);
  return { file, bytes: content.length, isCompressed };
}

test('the last layer is ours, the one before is Node, and all below are the base, each as it is and compressed', async () => {
  const [plain, node, ours] = [Buffer.alloc(3_000_000), Buffer.alloc(2_000_000, 'n'), Buffer.alloc(1_000_000, 'o')];
  const layers = [
    layer('base', plain, false),
    layer('more', gzipSync(plain), true),
    layer('node', gzipSync(node), true),
    layer('ours', gzipSync(ours), true),
  ];
  const sizes = await sizesOf({ architecture: 'amd64', layers });
  expect(sizes).toEqual({
    base: { bytes: 6_000_000, compressed: 2 * gzipSync(plain).length },
    Node: { bytes: 2_000_000, compressed: gzipSync(node).length },
    ours: { bytes: 1_000_000, compressed: gzipSync(ours).length },
  });
  expect(inWords(sizes)).toBe(
    'base 6.0 MB (0.0 compressed), Node 2.0 MB (0.0 compressed), ours 1.0 MB (0.0 compressed)',
  );
});

test('an image of one layer has no sizes, and the error says what the Dockerfile must copy last', async () => {
  const image = { architecture: 'amd64', layers: [layer('one', Buffer.alloc(1), false)] } as const;
  await expect(sizesOf(image)).rejects.toThrow(
    'the image has too few layers (1) to tell the sizes of Node and of main.mjs. The last two COPY lines of the Dockerfile must copy Node and then main.mjs, with no RUN or ADD after them',
  );
});
