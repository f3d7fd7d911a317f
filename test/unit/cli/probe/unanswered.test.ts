/** Requests whose answer does not come or tells nothing: what is said of them, and to whom. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { enableAuthoring } from '../../../../src/cli/probe/assumptions/answers.ts';
import { type Answer, type Ask, type Site, Undecided } from '../../../../src/cli/probe/assumptions/site.ts';
import { Calls } from '../../../../src/cli/probe/calls.ts';
import { Journal } from '../../../../src/cli/probe/journal.ts';
import { ProbeError, type ProbeResult, probe } from '../../../../src/cli/probe/probe.ts';
import { exitCodeOf, reportOf, summaryOf, tableOf } from '../../../../src/cli/probe/report.ts';
import type { WireRequest } from '../../../../src/cli/probe/wire.ts';
import { AzureFailure } from '../../../../src/core/model/failure.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { answered, FACTORY_ID, PREFIX, passingTime } from './support.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'unanswered-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const NOT_FOUND = answered(404, { error: { code: 'NotFound' } });
const PARENT = answered(200, { id: FACTORY_ID, location: 'northeurope' });
const NETWORK = `${FACTORY_ID}/managedVirtualNetworks/default`;

/** A run with `--network` against a service that has a factory and answers by `send`. */
function run(send: (request: WireRequest, interrupt: () => void) => Answer, factory = PARENT): Promise<ProbeResult> {
  const clock = new FakeClock();
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort(new Error('interrupted'));
  const journal = new Journal(join(dir, 'journal'));
  const options = {
    wire: {
      send: async (request: WireRequest) =>
        new URL(request.url).pathname === FACTORY_ID ? factory : send(request, interrupt),
    },
    clock,
    journal,
    endpoint: 'https://arm.invalid',
    factory: FACTORY_ID,
    workspace: undefined,
    network: true,
    prefix: PREFIX,
    signal: interrupted.signal,
    hurry: new AbortController().signal,
    progress: () => {},
    underWay: () => {},
  };
  return passingTime(clock, () => true, probe(options));
}

const isNetwork = ({ url }: WireRequest) => new URL(url).pathname === NETWORK;

function fail(error: unknown): never {
  throw error;
}

describe('a managed virtual network, which can never be deleted, is told of', () => {
  const CREATES: readonly (readonly [what: string, create: (interrupt: () => void) => Answer, isCertain: boolean])[] = [
    ['as made where it was made', () => answered(200), true],
    ['as made where it was made, by another status', () => answered(201), true],
    ['as perhaps made where it was accepted', () => answered(202), false],
    ['as perhaps made where the service failed', () => answered(500), false],
    ['as perhaps made where the service gave up', () => answered(408), false],
    ['as perhaps made where the answer was cut off', () => fail(new Error('socket hang up')), false],
    [
      'as perhaps made where Ctrl-C came before the answer',
      (interrupt) => {
        interrupt();
        return fail(new Error('interrupted'));
      },
      false,
    ],
  ];
  test.each(CREATES)('%s', async (_what, create, isCertain) => {
    const outcome = await run((request, interrupt) =>
      isNetwork(request) && request.method === 'PUT' ? create(interrupt) : NOT_FOUND,
    );
    expect(outcome.madeNetwork).toEqual({ path: NETWORK, isCertain });
    expect(summaryOf(outcome, 'probe')).toContain(
      isCertain ? `Made, and stays: ${NETWORK}` : `May have been made, and stays: ${NETWORK}`,
    );
    expect(exitCodeOf(outcome) === 130).toBe(outcome.interrupted);
  });

  test.each([400, 403, 409, 412, 429])('not at all where it was refused: %i', async (status) => {
    const ended = run((request) =>
      isNetwork(request) && request.method === 'PUT' ? answered(status, { error: { code: 'No' } }) : NOT_FOUND,
    );
    await expect(ended).rejects.toBeInstanceOf(ProbeError);
  });
});

describe('why there was no answer', () => {
  const failureOf = (error: unknown): Promise<unknown> => {
    const clock = new FakeClock();
    const calls = new Calls({ wire: { send: async () => fail(error) }, clock, endpoint: 'https://arm.invalid' });
    const ask = { method: 'PUT', path: FACTORY_ID, version: '1' } as const;
    return calls.send(ask, new AbortController().signal).catch((thrown: unknown) => thrown);
  };
  const CASES: readonly (readonly [error: Error, cause: string])[] = [
    [Object.assign(new Error('getaddrinfo ENOTFOUND proxy.corp.fabrikam.com'), { code: 'ENOTFOUND' }), 'ENOTFOUND'],
    [Object.assign(new Error('connect ETIMEDOUT 10.1.2.3:8080'), { code: 'ETIMEDOUT' }), 'ETIMEDOUT'],
    [Object.assign(new Error('of fabrikam'), { name: 'AbortError' }), 'timeout'],
    [Object.assign(new Error('of fabrikam'), { code: 'proxy.fabrikam' }), 'the connection failed'],
    [new Error('the answer leads to another host: https://arm.fabrikam.com'), 'the connection failed'],
    [
      new AzureFailure({ kind: 'credentialsInvalid', message: "not found in the directory 'Fabrikam Ltd'" }),
      'the login was refused',
    ],
    [new AzureFailure({ kind: 'credentialUnavailable', message: 'login.fabrikam.com' }), 'there was no login'],
  ];
  test.each(CASES)('is told without a name that is in the text: %s', async (error, cause) => {
    const undecided = (await failureOf(error)) as Undecided;
    expect(undecided).toBeInstanceOf(Undecided);
    expect(undecided.message).toBe(`PUT had no answer: ${cause}`);
    expect(undecided.inFull).toBe(`PUT had no answer: ${cause} (${error.message})`);
  });

  test('stands in full on the terminal, and without names in the report', async () => {
    const text = 'getaddrinfo ENOTFOUND proxy.corp.fabrikam.com';
    const outcome = await run(() => fail(Object.assign(new Error(text), { code: 'ENOTFOUND' })), {
      ...PARENT,
      headers: {},
    }).catch((error: unknown) => error);
    expect(outcome).toEqual(new ProbeError(`GET had no answer: ENOTFOUND (${text})`));
    const asked = await run((request) =>
      isNetwork(request) ? answered(200) : fail(Object.assign(new Error(text), { code: 'ENOTFOUND' })),
    );
    expect(tableOf(asked, (_, each) => each)).toContain(text);
    const report = JSON.stringify(reportOf(asked, new Date(0)));
    expect(report).toContain('GET had no answer: ENOTFOUND');
    expect(report).not.toContain('fabrikam');
  });
});

describe('interactive authoring, which is billed, is disabled at once', () => {
  const disabled = async (enabling: () => Answer): Promise<boolean> => {
    const asks: Ask[] = [];
    const site: Pick<Site, 'send' | 'settled'> = {
      send: async (ask) => {
        asks.push(ask);
        return ask.path.endsWith('/enableInteractiveQuery') ? enabling() : answered(200);
      },
      settled: async (answer) => answer,
    };
    await enableAuthoring(site as Site, '/runtime').catch(() => undefined);
    return asks.some(({ path }) => path === '/runtime/disableInteractiveQuery');
  };
  test.each<readonly [what: string, enabling: () => Answer, isDisabled: boolean]>([
    ['if it was enabled', () => answered(200), true],
    ['if its enabling was accepted', () => answered(202), true],
    ['if the answer was lost', () => fail(new Undecided('POST had no answer: ECONNRESET')), true],
    ['and not if it was refused', () => answered(400), false],
  ])('%s', async (_what, enabling, isDisabled) => expect(await disabled(enabling)).toBe(isDisabled));
});
