/** Whatever happens to an object, the tools that wait for it say what our own rules say they would. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { API_VERSION, KIND } from '../../src/api/names.ts';
import { statusAfter } from '../../src/core/status/status.ts';
import { kstatus, type Seen } from '../support/kstatus.ts';
import { describeWith } from '../support/tools.ts';
import { complaints, healthOf } from '../support/verdicts.ts';
import { asApi, found, seen as seenInAzure, settlementOf } from '../unit/core/builders.ts';
import { live, lives, type Settled } from '../unit/core/life.ts';

const LIVES = 200;

/** The object with its status after a pass, as far as kstatus and Argo CD look at it. */
function shown({ s, verdict }: Settled): Seen {
  const { metadata, ...object } = asApi(s, statusAfter(s, verdict));
  const deletion = metadata.deletionTimestamp === undefined ? {} : { deletionTimestamp: '2026-01-02T03:04:05Z' };
  const { suspend, managementPolicy } = s.desired;
  const head = { apiVersion: API_VERSION, kind: KIND };
  return { ...head, ...object, metadata: { ...metadata, ...deletion }, spec: { suspend, managementPolicy } };
}

(await describeWith('kstatus', 'lua'))('kstatus and Argo CD', () => {
  test('judge every status as the rules have it, and no verdict is missing', async () => {
    const seen: Seen[] = [];
    for (const [worlds, deletedAt] of fc.sample(lives, { numRuns: LIVES, seed: 1 })) {
      live(worlds, deletedAt, (settled) => void seen.push(shown(settled)));
    }
    expect(await complaints(seen)).toEqual([]);
    expect([...new Set(seen.map(kstatus))].sort()).toEqual(['Current', 'Failed', 'InProgress', 'Terminating']);
    expect([...new Set(seen.map(healthOf))].sort()).toEqual(['Degraded', 'Healthy', 'Progressing', 'Suspended']);
  });

  test('take an observer of drift for failed', async () => {
    const s = seenInAzure({
      desired: { managementPolicy: 'Observe' },
      object: { hasFinalizer: false },
      definition: found('North Europe'),
    });
    const drifted = shown({ ...settlementOf(s), s, wrote: false });
    expect([kstatus(drifted), healthOf(drifted)]).toEqual(['Failed', 'Degraded']);
    expect(await complaints([drifted])).toEqual([]);
  });

  test('take an object that has no status for one in progress', async () => {
    const fresh = { apiVersion: API_VERSION, kind: KIND, metadata: { name: 'fresh', generation: 1 }, spec: {} };
    const seen: Seen = { ...fresh, status: { observedGeneration: -1 } };
    expect([kstatus(seen), healthOf(seen)]).toEqual(['InProgress', 'Progressing']);
    expect(await complaints([seen])).toEqual([]);
  });
});
