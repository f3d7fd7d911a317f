/** `plan --offline` and the API server judge manifests alike: one table for both (the server's part is in integration/crd.test.ts). */
import { describe, expect, test } from '@jest/globals';
import { check } from '../../../src/cli/manifests/validate.ts';
import { makePlan } from '../../../src/cli/plan/plan.ts';
import {
  acceptedManifests,
  refusedChanges,
  refusedManifests,
  unknownFields,
} from '../../integration/support/judged-manifests.ts';

const judged = (manifest: object) => check([{ raw: manifest as never, source: { file: 'a.yaml', line: 1 } }], 'team-a');
const offline = (wanted: object, base?: object) =>
  makePlan({
    wanted: judged(wanted),
    base: base === undefined ? undefined : judged(base),
    live: undefined,
    azure: undefined,
    readsState: false,
    policies: [],
    ignored: 0,
    errors: [],
    now: 0,
  });
/** As kubectl sends it: what is undefined is not there. */
const sent = (manifest: object) => JSON.parse(JSON.stringify(manifest));

describe('what the API server refuses is blocked without it', () => {
  test.each([...refusedManifests])('%s', async (_, wrong, path) => {
    const { changes } = await offline(sent(wrong));
    expect(changes).toMatchObject([{ action: 'blocked', reason: 'InvalidDefinition' }]);
    // The field that is wrong, or the one that it is about.
    const field = path
      .replace(/\[\d+\]$/, '')
      .split('.')
      .slice(0, 2)
      .join('.');
    expect(changes[0]?.message).toMatch(new RegExp(`${field}|metadata.name|default runtime`));
  });

  test.each([...unknownFields])('an unknown field %s', async (_, wrong, says) => {
    const { changes } = await offline(sent(wrong));
    expect(changes).toMatchObject([{ action: 'blocked', reason: 'InvalidDefinition' }]);
    expect(changes[0]?.message).toContain(says.replaceAll('"', ''));
  });

  test.each([...refusedChanges])('a change %s', async (_, before, after) => {
    expect((await offline(sent(after), sent(before))).changes).toMatchObject([{ action: 'blocked' }]);
  });
});

test.each([...acceptedManifests])('what the API server takes is valid: %s', async (_, right) => {
  expect((await offline(sent(right))).changes).toMatchObject([{ action: 'unknown', reason: 'Offline' }]);
});
