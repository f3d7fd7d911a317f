/** Log lines: levels, keys, errors. */
import { describe, expect, test } from '@jest/globals';
import { createLog, type LogLevel, parseLogLevel } from '../../../../src/telemetry/log/log.ts';

function setUp(level: LogLevel = 'info') {
  const written: string[] = [];
  const destination = { write: (line: string) => void written.push(line) };
  const log = createLog({ level, now: () => Date.UTC(2025, 0, 2, 3, 4, 5), destination });
  return { log, written, lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('a line of the log', () => {
  test('is one line of JSON with level, ISO time, msg and the keys, and nothing else', () => {
    const { log, written, lines } = setUp();
    log.info('Created', { key: 'ns/name', attempt: 2 });
    expect(written[0]?.indexOf('\n')).toBe((written[0]?.length ?? 0) - 1);
    expect(lines()).toEqual([
      { level: 'info', time: '2025-01-02T03:04:05.000Z', msg: 'Created', key: 'ns/name', attempt: 2 },
    ]);
  });

  test('is there when the call returns', () => {
    const { log, written } = setUp();
    log.error('Failed');
    expect(written).toHaveLength(1);
  });

  test('carries the keys of the log that it was made with, its own winning, each once', () => {
    const { log, written, lines } = setUp();
    log.with({ a: 1, b: 1 }).with({ b: 2 }).info('x', { a: 3 });
    expect(lines()[0]).toMatchObject({ a: 3, b: 2 });
    expect(written[0]?.match(/"a":/g)).toHaveLength(1);
  });

  test('keeps its own level, time and msg when keys have these names', () => {
    const { log, written, lines } = setUp();
    log.info('real', { msg: 'x', level: 'y', time: 'z' });
    expect(lines()[0]).toMatchObject({ msg: 'real', level: 'info', msg_: 'x', level_: 'y', time_: 'z' });
    expect(written[0]?.match(/"msg":/g)).toHaveLength(1);
  });

  test('shows no secret of its message or its keys', () => {
    const { log, written } = setUp();
    log.with({ from: 'Bearer topsecret' }).warn('got Bearer topsecret', { text: 'client_secret=topsecret' });
    expect(written[0]).not.toContain('topsecret');
  });

  test.each(['error', 'err'])('writes an error under %s by the allow-list, with its stack only at debug', (name) => {
    const { log, lines } = setUp();
    const error = Object.assign(new Error('no'), { statusCode: 500, request: { secret: 1 } });
    log.error('Failed', { [name]: error });
    expect(lines()[0]?.[name]).toEqual({ name: 'Error', message: 'no', statusCode: 500 });
    log.setLevel('debug');
    log.error('Failed', { [name]: error });
    expect(lines()[1]?.[name]).toEqual({
      name: 'Error',
      message: 'no',
      statusCode: 500,
      stack: expect.stringContaining('log.test'),
    });
  });
});

describe('the level', () => {
  test.each([
    ['debug', ['debug', 'info', 'warn', 'error']],
    ['info', ['info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['error', ['error']],
  ] as const)('%s lets through what is at least that', (level, expected) => {
    const { log, lines } = setUp(level);
    for (const each of ['debug', 'info', 'warn', 'error'] as const) log[each]('x');
    expect(lines().map((line) => line.level)).toEqual(expected);
  });

  test('changes at run time, also for logs that were made before', () => {
    const { log, lines } = setUp();
    const child = log.with({ a: 1 });
    child.debug('hidden');
    log.setLevel('debug');
    child.debug('shown');
    log.setLevel('error');
    child.info('hidden again');
    expect(lines().map((line) => line.msg)).toEqual(['shown']);
  });

  test('is parsed in any case, and an unknown one is refused with the known ones', () => {
    expect(parseLogLevel('WARN')).toBe('warn');
    expect(() => parseLogLevel('verbose')).toThrow(
      'unknown log level "verbose": must be one of debug, info, warn, error',
    );
  });
});
