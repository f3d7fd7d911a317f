/** The image of a release, which is built before the node is started: here there is no registry to take packages from. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from '@jest/globals';
import { nodeRun } from './support/run.ts';

async function sumOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

const { long, releases } = nodeRun();

(long ? describe : describe.skip)('the image of a release', () => {
  test('has the same bytes, for both architectures, when every step of its build is run again', async () => {
    const sums = await Promise.all(releases.map(sumOf));
    expect(sums.length).toBe(2);
    expect(new Set(sums).size).toBe(1);
  });
});
