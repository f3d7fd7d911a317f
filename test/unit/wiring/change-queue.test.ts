/** How the change queue is wired: what its polls may spend, and that it is read with the operator's own identity. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { limitsFor } from '../../../src/azure/budget/limits.ts';
import { rateOfPushedPolls } from '../../../src/wiring/change-queue.ts';

describe('the polls that messages lead to', () => {
  test.each([1, 0.98, 0.5, 0.1])('may read as much as routine polls may: 60 %% of the budget of share %d', (share) => {
    const { burst, perSecond } = limitsFor(share).reads;
    expect(rateOfPushedPolls(share)).toEqual({ burst: burst * 0.6, perSecond: perSecond * 0.6 });
  });

  test('can be made at all with the smallest share: a list and a state', () => {
    expect(rateOfPushedPolls(0.001).burst).toBe(2);
  });
});

test('an operator with a change queue and no identity of its own is refused at the start', () => {
  const dir = mkdtempSync(join(tmpdir(), 'change-queue-'));
  const kubeconfig = join(dir, 'kubeconfig');
  const [cluster, user, context] = [{ server: 'https://127.0.0.1:1' }, {}, { cluster: 'c', user: 'u' }];
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'x', context }],
      'current-context': 'x',
    }),
  );
  try {
    const main = join(import.meta.dirname, '../../../src/main.ts');
    const { status, stderr } = spawnSync(
      process.execPath,
      [main, '--change-queue=https://account.queue.core.windows.net/changes'],
      { env: { PATH: process.env.PATH, KUBECONFIG: kubeconfig }, encoding: 'utf8' },
    );
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(
        /^--change-queue is read with the operator's own Azure identity, and it has none: its environment lacks AZURE_TENANT_ID.*\n$/,
      ),
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}, 60_000);
