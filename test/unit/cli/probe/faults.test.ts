/** The probe disturbed: whatever goes wrong in the middle, nothing of it stays behind, or it is listed. */
import { describe, expect, test } from '@jest/globals';
import type { Fault } from '../../../../dev/emulator/index.ts';
import { ProbeError, type ProbeResult } from '../../../../src/cli/probe/probe.ts';
import { exitCodeOf } from '../../../../src/cli/probe/report.ts';
import { FACTORY_ID, isThere, type Place, PREFIX, place } from './support.ts';

const FAULTS: readonly (readonly [name: string, fault: Fault])[] = [
  [
    'writes are refused from the middle on',
    { match: { method: 'PUT' }, skip: 7, times: 'always', effect: { kind: 'reply', status: 403 } },
  ],
  [
    'the connection of a write is cut before it takes effect',
    { match: { method: 'PUT' }, skip: 5, effect: { kind: 'drop' } },
  ],
  [
    'the connection of a write is cut after it took effect',
    { match: { method: 'PUT' }, skip: 5, when: 'after', effect: { kind: 'drop' } },
  ],
  [
    'connections of writes are cut all the time',
    { match: { method: 'PUT' }, times: 'always', when: 'after', effect: { kind: 'drop' } },
  ],
  [
    'a write is throttled',
    {
      match: { method: 'PUT' },
      skip: 3,
      times: 2,
      effect: { kind: 'reply', status: 429, headers: { 'retry-after': '7' } },
    },
  ],
  ['deletions are throttled', { match: { method: 'DELETE' }, times: 3, effect: { kind: 'reply', status: 429 } }],
  ['connections of deletions are cut', { match: { method: 'DELETE' }, skip: 2, times: 2, effect: { kind: 'drop' } }],
  ['the service is down for a while', { skip: 30, times: 12, effect: { kind: 'reply', status: 503 } }],
  [
    'reads answer nonsense',
    { match: { method: 'GET' }, skip: 9, times: 4, effect: { kind: 'reply', status: 200, body: '<html>' } },
  ],
];

async function nothingOrListed(at: Place, left: readonly { readonly name: string }[]): Promise<void> {
  const there = await at.ownRuntimes();
  const listed = left.map(({ name }) => name);
  expect(listed).toEqual(expect.arrayContaining(there));
  expect(at.journal.left.map(({ name }) => name).sort()).toEqual([...listed].sort());
}

describe('nothing stays behind, no assumption is called false, and others are left alone when', () => {
  test.each(FAULTS)('%s', async (_name, fault) => {
    await using at = await place();
    const before = await at.others();
    await at.emulator.control.addFault(fault);
    const outcome = await at.run();
    expect(outcome.left).toEqual([]);
    expect(await at.ownRuntimes()).toEqual([]);
    expect(outcome.results.filter(({ verdict }) => verdict === 'does not hold')).toEqual([]);
    expect(await at.others()).toBe(before);
  });
});

const DURING_REMOVAL = {
  'deletions are forbidden': {
    match: { method: 'DELETE' },
    skip: 6,
    times: 'always',
    effect: { kind: 'reply', status: 403 },
  },
  'deletions are never answered rightly': {
    match: { method: 'DELETE' },
    times: 'always',
    effect: { kind: 'reply', status: 500 },
  },
  'the parent is denied': { match: { method: 'GET' }, times: 'always', effect: { kind: 'absent', what: 'parent' } },
  'a deletion takes no effect': {
    match: { method: 'DELETE' },
    times: 'always',
    effect: { kind: 'reply', status: 200, body: '' },
  },
} as const satisfies Record<string, Fault>;

test('a run whose writes are refused from the middle on says so by its exit code', async () => {
  await using at = await place();
  await at.emulator.control.addFault({
    match: { method: 'PUT' },
    skip: 7,
    times: 'always',
    effect: { kind: 'reply', status: 403 },
  });
  const outcome = await at.run();
  expect(outcome.results.some(({ verdict }) => verdict === 'holds')).toBe(true);
  expect(exitCodeOf(outcome)).toBe(1);
});

describe('what cannot be removed is listed, and a later run removes it:', () => {
  test.each(Object.entries(DURING_REMOVAL))('%s', async (_name, fault) => {
    await using at = await place();
    const before = await at.others();
    const progress = (line: string) => {
      if (line.startsWith('Removing')) void at.emulator.control.addFault(fault);
    };
    const outcome = await at.run({ progress });
    expect(outcome.left.length).toBeGreaterThan(0);
    expect(outcome.left.every(({ why }) => why.length > 0)).toBe(true);
    await nothingOrListed(at, outcome.left);
    expect(exitCodeOf(outcome)).toBe(1);
    expect(isThere(at.journalFile)).toBe(true);
    await at.emulator.control.clearFaults();
    expect(await at.clean()).toEqual([]);
    expect(await at.ownRuntimes()).toEqual([]);
    expect(await at.others()).toBe(before);
    expect(isThere(at.journalFile)).toBe(false);
  });
});

test('a run that fails itself says what it left', async () => {
  await using at = await place();
  await at.emulator.control.addFault({
    match: { method: 'DELETE' },
    times: 'always',
    effect: { kind: 'reply', status: 403 },
  });
  const progress = (line: string) => {
    if (line.startsWith('Removing')) throw new Error('a defect');
  };
  const name = `${FACTORY_ID}/integrationRuntimes/${PREFIX}-1`;
  await expect(at.run({ progress, workspace: undefined })).rejects.toThrow(
    `a defect. Left behind: ${name}: DELETE was answered 403`,
  );
  expect((await at.clean()).length).toBe((await at.ownRuntimes()).length);
});

describe('an interruption', () => {
  test.each([3, 20, 60, 110, 250])(
    'after %d requests ends the checks, and what was made is removed',
    async (requests) => {
      await using at = await place();
      const interrupted = new AbortController();
      let sent = 0;
      const wire: Place['wire'] = {
        send: (request, signal) => {
          if (++sent === requests) interrupted.abort(new Error('interrupted'));
          return at.wire.send(request, signal);
        },
      };
      const ended = await at.run({ wire, signal: interrupted.signal }).catch((error: unknown) => error);
      if (ended instanceof Error) expect(ended).toBeInstanceOf(ProbeError);
      else expect(exitCodeOf(ended as ProbeResult)).toBe(130);
      expect(await at.ownRuntimes()).toEqual([]);
      expect(at.journal.left).toEqual([]);
    },
  );

  test('of the removal, too, leaves what is left in the list', async () => {
    await using at = await place();
    const hurry = new AbortController();
    const wire: Place['wire'] = {
      send: (request, signal) => {
        if (request.method === 'DELETE' && at.journal.left.length < 20) hurry.abort(new Error('interrupted'));
        return at.wire.send(request, signal);
      },
    };
    const outcome = await at.run({ wire, hurry: hurry.signal });
    expect(outcome.left.length).toBeGreaterThan(5);
    await nothingOrListed(at, outcome.left);
  });
});

describe('a runtime that is not the probe’s', () => {
  test('is not written although its name is one that the probe would take', async () => {
    await using at = await place();
    const { control } = at.emulator;
    const factory = {
      subscriptionId: 'c0ffee00-1234-4abc-8def-00000000cafe',
      resourceGroup: 'Contoso-Prod',
      name: 'ContosoFactory',
    };
    await control.putRuntime({ factory, name: `${PREFIX}-1`, properties: { type: 'SelfHosted' } });
    const mine = await control.getRuntime({ factory, name: `${PREFIX}-1` });
    const outcome = await at.run();
    expect(outcome.results[0]).toMatchObject({ verdict: 'could not tell' });
    expect(await control.getRuntime({ factory, name: `${PREFIX}-1` })).toEqual(mine);
  });

  test('is not removed although it came between the read and the create of the probe', async () => {
    await using at = await place();
    const { control } = at.emulator;
    const factory = {
      subscriptionId: 'c0ffee00-1234-4abc-8def-00000000cafe',
      resourceGroup: 'Contoso-Prod',
      name: 'ContosoFactory',
    };
    const name = `${PREFIX}-1`;
    const wire: Place['wire'] = {
      send: async (request, signal) => {
        const isCreate = request.method === 'PUT' && request.url.includes(`/${name}?`);
        if (isCreate && (await control.getRuntime({ factory, name })) === null) {
          await control.putRuntime({ factory, name, properties: { type: 'SelfHosted' } });
        }
        return at.wire.send(request, signal);
      },
    };
    await at.run({ wire });
    expect(await control.getRuntime({ factory, name })).toMatchObject({ properties: { type: 'SelfHosted' } });
  });
});

test('the probe spends less than half of what ARM grants at once, in any ten seconds', async () => {
  await using at = await place();
  const { clock } = at;
  const sent: { readonly method: string; readonly at: number }[] = [];
  const wire: Place['wire'] = {
    send: (request, signal) => {
      sent.push({ method: request.method, at: clock.now() });
      return at.wire.send(request, signal);
    },
  };
  await at.run({ wire });
  const most = (...methods: string[]): number => {
    const times = sent.filter(({ method }) => methods.includes(method)).map((each) => each.at);
    return Math.max(...times.map((from) => times.filter((time) => time >= from && time < from + 10_000).length));
  };
  expect(most('GET')).toBeLessThan(125);
  expect(most('PUT', 'POST')).toBeLessThan(100);
  expect(most('DELETE')).toBeLessThan(100);
});
