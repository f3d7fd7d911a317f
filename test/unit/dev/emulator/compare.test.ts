/** The way back: a recording, replayed against the emulator. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { Assumed } from '../../../../dev/emulator/assumptions.ts';
import { compare, settingsOf, shownDifferences } from '../../../../dev/emulator/compare.ts';
import { DEFAULT_CLIENT } from '../../../../dev/emulator/index.ts';
import { Recorder } from '../../../../src/cli/probe/recorder.ts';
import { type Recording, recordingFrom, recordingOf, textOf } from '../../../../src/cli/probe/recording.ts';
import { judgementsOf } from '../../../../src/cli/probe/report.ts';
import { FACTORY, PREFIX, place, WORKSPACE } from '../../cli/probe/support.ts';

const { tenantId, clientId } = DEFAULT_CLIENT;

/** Of a probe that an emulator with these assumptions answered. */
async function recorded(assumed: Partial<Assumed> = {}, operationMs?: number): Promise<Recording> {
  await using at = await place(assumed, {}, operationMs);
  const recorder = new Recorder(at.clock);
  const { results } = await at.run({ wire: recorder.over(at.wire) });
  const parents = [
    {
      kind: 'factory',
      subscriptionId: FACTORY.subscriptionId,
      resourceGroup: FACTORY.resourceGroup,
      name: FACTORY.name,
    },
    {
      kind: 'workspace',
      subscriptionId: FACTORY.subscriptionId,
      resourceGroup: FACTORY.resourceGroup,
      name: WORKSPACE.name,
    },
  ] as const;
  const inputs = { parents, tenantId, clientId, hosts: [at.emulator.armUrl], secrets: [], claims: [], prefix: PREFIX };
  const recording = recordingOf(
    { date: new Date(0), exchanges: recorder.exchanges, verdicts: judgementsOf({ results }) },
    inputs,
  );
  return recordingFrom(textOf(recording));
}

describe('a recording', () => {
  test('of the emulator is answered by it as it was recorded, other runtimes aside', async () => {
    const recording = await recorded();
    expect(shownDifferences(await compare(recording))).toBe('');
  });

  test('implies how long the emulator takes, and through which states a runtime passes', async () => {
    const settings = settingsOf(
      await recorded({
        networkStages: [
          { state: 'Starting', afterMs: 0 },
          { state: 'Online', afterMs: 25_000 },
        ],
      }),
    );
    expect(settings).toMatchObject({ pageSize: 100, hasNetwork: true, location: 'northeurope' });
    expect(settings.operationMs).toBeGreaterThan(6_000);
    expect(settings.operationMs).toBeLessThanOrEqual(10_000);
    expect(settings.stages).toMatchObject([{ state: 'Starting', afterMs: 0 }, { state: 'Online' }]);
  });

  test('of a service with other pages, stages and times is answered with those, and only the length of its pages does not hold', async () => {
    const networkStages = [
      { state: 'Creating', afterMs: 0 },
      { state: 'Starting', afterMs: 15_000 },
      { state: 'Online', afterMs: 35_000 },
    ];
    const recording = await recorded({ pageSize: 10, networkStages }, 12_000);
    const settings = settingsOf(recording);
    expect(settings).toMatchObject({
      pageSize: 10,
      stages: [{ state: 'Creating', afterMs: 0 }, { state: 'Starting' }, { state: 'Online' }],
    });
    expect(settings.operationMs).toBeGreaterThan(10_000);
    expect(settings.operationMs).toBeLessThanOrEqual(14_000);
    expect(shownDifferences(await compare(recording))).toBe('');
    for (const verdicts of Object.values(recording.verdicts)) {
      const others = Object.entries(verdicts).filter(([, verdict]) => verdict !== 'holds');
      expect(others).toEqual([['page-size', 'does not hold']]);
    }
  });

  const OTHERS: readonly (readonly [field: string, recorded: string, assumed: Partial<Assumed>])[] = [
    ['status', '409', { createOnly: { status: 409, code: 'Conflict' } }],
    ['body.error.code', 'Conflict', { staleEtag: { status: 412, code: 'Conflict' } }],
    ['body.etag', 'absent', { listHasEtags: false }],
    ['header retry-after', 'absent', { operationRetryAfter: undefined }],
    ['body.properties.azirProbe', 'absent', { keepsUnknownProperties: false }],
  ];
  test.each(OTHERS)('of another service differs in %s: %s', async (field, was, assumed) => {
    const differences = await compare(await recorded(assumed));
    expect(
      differences.filter((each) => each.field.replace(/\.value\[\d+\]/, '') === field && each.recorded === was),
    ).not.toEqual([]);
  });
});

const ROOT = new URL('../../../../', import.meta.url);
/** Of Azure, as soon as somebody has sent one; and a short one of the emulator, which shows that a file there is a test. */
const FOLDERS = ['dev/emulator/recordings/', 'test/unit/dev/emulator/recordings/'];
const files = FOLDERS.flatMap((folder) => readdirSync(new URL(folder, ROOT)).map((name) => `${folder}${name}`));

test.each(files.filter((file) => file.endsWith('.json')))(
  'the recording %s is answered by the emulator as it was recorded',
  async (file) => {
    const recording = recordingFrom(readFileSync(new URL(file, ROOT), 'utf8'));
    expect(shownDifferences(await compare(recording))).toBe('');
  },
);
