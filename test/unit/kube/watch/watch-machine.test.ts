/** The states of a watch, purely. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ParsedObject } from '../../../../src/kube/objects/codec.ts';
import { parseObject } from '../../../../src/kube/objects/codec.ts';
import { ObjectStore } from '../../../../src/kube/objects/store.ts';
import { EMPTY, readLine, step, type WatchInput, type WatchState } from '../../../../src/kube/watch/watch-machine.ts';
import { rawObject } from '../objects/objects-of-tests.ts';

const GONE = { status: 410, reason: 'Expired', message: 'too old' };
const BROKEN = { status: 500, reason: 'InternalError', message: 'etcd' };
/** With a version that no server has named. */
const UNNAMED = { metadata: { resourceVersion: '999999' } };
const watching = { kind: 'watching', version: '7' } as const;
const listing = { kind: 'listing', continueToken: 't', version: '7', objects: ['a'] } as const;

const go = (state: WatchState<string>, input: WatchInput<string>) => step(state, input);

describe('a list', () => {
  test('of one page leads to the stream after its version, and replaces everything', () => {
    expect(go(EMPTY, { kind: 'page', objects: ['a'], version: '7', continueToken: undefined })).toEqual({
      state: watching,
      outputs: [{ kind: 'replaced', objects: ['a'] }],
    });
  });

  test('replaces nothing before its last page', () => {
    expect(go(EMPTY, { kind: 'page', objects: ['a'], version: '7', continueToken: 't' })).toEqual({
      state: listing,
      outputs: [],
    });
  });

  test('has the objects of all pages and the version of the first', () => {
    expect(go(listing, { kind: 'page', objects: ['b'], version: '8', continueToken: undefined })).toEqual({
      state: watching,
      outputs: [{ kind: 'replaced', objects: ['a', 'b'] }],
    });
  });

  test('starts over when its history is gone', () => {
    expect(go(listing, { kind: 'failed', problem: GONE }).state).toEqual(EMPTY);
  });

  test('tries the same page again after any other failure', () => {
    expect(go(listing, { kind: 'failed', problem: BROKEN })).toEqual({
      state: listing,
      outputs: [{ kind: 'problem', problem: BROKEN }],
    });
  });

  test('without a version is no list', () => {
    const { state, outputs } = go(EMPTY, {
      kind: 'page',
      objects: ['a'],
      version: undefined,
      continueToken: undefined,
    });
    expect(state).toEqual(EMPTY);
    expect(outputs).toMatchObject([{ kind: 'problem', problem: { reason: 'NoVersion' } }]);
  });
});

describe('a stream', () => {
  test.each(['applied', 'deleted'] as const)('passes on what was %s and moves to its version', (kind) => {
    expect(go(watching, { kind, object: 'a', version: '9' })).toEqual({
      state: { kind: 'watching', version: '9' },
      outputs: [{ kind, object: 'a' }],
    });
  });

  test('moves to the version of a bookmark and passes nothing on', () => {
    expect(go(watching, { kind: 'bookmark', version: '9' })).toEqual({
      state: { kind: 'watching', version: '9' },
      outputs: [],
    });
  });

  test('moves over an object that cannot be understood', () => {
    expect(go(watching, { kind: 'applied', object: undefined, version: '9' })).toEqual({
      state: { kind: 'watching', version: '9' },
      outputs: [],
    });
  });

  test('leads to a new list when its history is gone, and else goes on where it was', () => {
    expect(go(watching, { kind: 'failed', problem: GONE }).state).toEqual(EMPTY);
    expect(go(watching, { kind: 'failed', problem: { ...BROKEN, reason: 'Expired' } }).state).toEqual(EMPTY);
    expect(go(watching, { kind: 'failed', problem: BROKEN }).state).toEqual(watching);
  });

  test('that is not asked for any more changes nothing', () => {
    expect(go(EMPTY, { kind: 'applied', object: 'a', version: '9' })).toEqual({ state: EMPTY, outputs: [] });
  });
});

describe('a line', () => {
  const read = (type: unknown, raw: unknown) => readLine(type, raw, () => 'object');
  const raw = { metadata: { resourceVersion: '9' } };

  test('of an unknown kind is ignored', () => {
    expect(read('RENAMED', raw)).toBeUndefined();
    expect(read(undefined, undefined)).toBeUndefined();
  });

  test('of a kind that is known is read with its version', () => {
    expect(read('ADDED', raw)).toEqual({ kind: 'applied', object: 'object', version: '9' });
    expect(read('MODIFIED', raw)).toEqual({ kind: 'applied', object: 'object', version: '9' });
    expect(read('DELETED', raw)).toEqual({ kind: 'deleted', object: 'object', version: '9' });
    expect(read('BOOKMARK', raw)).toEqual({ kind: 'bookmark', version: '9' });
  });

  test('that is an error is a failure with what its status says', () => {
    expect(read('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' })).toEqual({
      kind: 'failed',
      problem: GONE,
    });
  });

  test('that is hostile never throws', () => {
    const type = fc.constantFrom('ADDED', 'DELETED', 'BOOKMARK', 'ERROR', 'X', null);
    fc.assert(fc.property(type, fc.jsonValue(), (kind, value) => void readLine(kind, value, parseObject)));
  });
});

/** What an API server does, as far as a watch can tell: a set of objects, their history, and a horizon before which it is gone. */
class ModelServer {
  readonly #objects = new Map<string, ReturnType<typeof rawObject>>();
  readonly #history: { version: number; type: string; object: ReturnType<typeof rawObject> }[] = [];
  readonly #snapshots = new Map<string, { version: number; rest: unknown[] }>();
  readonly named = new Set<string>();
  #version = 1;
  #horizon = 0;

  change(name: string, act: 'apply' | 'delete' | 'recreate'): void {
    const current = this.#objects.get(name);
    if (act !== 'apply' && current !== undefined) {
      this.#objects.delete(name);
      this.#record('DELETED', {
        ...current,
        metadata: { ...current.metadata, resourceVersion: String(++this.#version) },
      });
    }
    if (act === 'delete') return;
    const known = this.#objects.get(name);
    const version = ++this.#version;
    const object = rawObject({ name, version, uid: known?.metadata.uid ?? `${name}-${version}` });
    this.#objects.set(name, object);
    this.#record(known ? 'MODIFIED' : 'ADDED', object);
  }

  forgetHistory(): void {
    this.#horizon = this.#version;
    this.#snapshots.clear();
  }

  list(token: string | undefined, limit: number): WatchInput<ParsedObject> {
    const snapshot =
      token === undefined ? { version: this.#version, rest: [...this.#objects.values()] } : this.#snapshots.get(token);
    if (snapshot === undefined) return { kind: 'failed', problem: GONE };
    const rest = snapshot.rest.slice(limit);
    const continueToken =
      rest.length === 0 ? undefined : `token-${this.#snapshots.size}-${snapshot.version}-${rest.length}`;
    if (continueToken !== undefined) this.#snapshots.set(continueToken, { version: snapshot.version, rest });
    const objects = snapshot.rest.slice(0, limit).flatMap((item) => parseObject(item) ?? []);
    return { kind: 'page', objects, version: this.#name(snapshot.version), continueToken };
  }

  /** At most so many lines, and whether the stream had to be refused. */
  stream(after: string, limit: number): [type: string, raw: unknown][] {
    if (Number(after) < this.#horizon) return [['ERROR', { kind: 'Status', code: 410 }]];
    return this.#history
      .filter(({ version }) => version > Number(after))
      .slice(0, limit)
      .map(({ version, type, object }) => {
        this.#name(version);
        return [type, object];
      });
  }

  bookmark(): [string, unknown] {
    return ['BOOKMARK', { metadata: { resourceVersion: this.#name(this.#version) } }];
  }

  state(): string[] {
    return [...this.#objects.values()].map(({ metadata }) => `${metadata.uid}@${metadata.resourceVersion}`).sort();
  }

  #record(type: string, object: ReturnType<typeof rawObject>): void {
    this.#history.push({ version: this.#version, type, object });
  }

  #name(version: number): string {
    this.named.add(String(version));
    return String(version);
  }
}

type Act =
  | { act: 'apply' | 'delete' | 'recreate'; name: string }
  | { act: 'answer'; limit: number; twice: boolean }
  | { act: 'fail' }
  | { act: 'errorLine' }
  | { act: 'unknownLine' }
  | { act: 'bookmark' }
  | { act: 'forgetHistory' };

class Client {
  readonly store = new ObjectStore();
  readonly server: ModelServer;
  state: WatchState<ParsedObject> = EMPTY;

  constructor(server: ModelServer) {
    this.server = server;
  }

  feed(input: WatchInput<ParsedObject> | undefined): void {
    if (input === undefined) return;
    const { state, outputs } = step(this.state, input);
    this.state = state;
    for (const output of outputs) {
      if (output.kind === 'replaced') this.store.replace(output.objects);
      if (output.kind === 'applied') this.store.apply(output.object);
      if (output.kind === 'deleted') this.store.remove(output.object);
    }
  }

  /** One request as the state asks for it, answered with at most `limit` objects or lines. */
  request(limit: number, twice = false): void {
    if (this.state.kind !== 'watching') {
      this.feed(this.server.list(this.state.kind === 'listing' ? this.state.continueToken : undefined, limit));
      return;
    }
    for (const [type, raw] of this.server.stream(this.state.version, limit)) {
      for (let times = twice ? 2 : 1; times > 0; times--) this.feed(readLine(type, raw, parseObject));
    }
  }

  act(act: Act): void {
    if (act.act === 'answer') this.request(act.limit, act.twice);
    else if (act.act === 'fail') this.feed({ kind: 'failed', problem: BROKEN });
    else if (act.act === 'errorLine') this.feed(readLine('ERROR', { code: 500 }, parseObject));
    else if (act.act === 'unknownLine') this.feed(readLine('RENAMED', UNNAMED, parseObject));
    else if (act.act === 'forgetHistory') this.server.forgetHistory();
    else if (act.act === 'bookmark') {
      if (this.state.kind !== 'watching') return;
      // A bookmark comes after everything up to its version.
      this.request(Number.POSITIVE_INFINITY);
      if (this.state.kind === 'watching') this.feed(readLine(...this.server.bookmark(), parseObject));
    } else this.server.change(act.name, act.act);
  }
}

describe('against a server that does whatever servers do', () => {
  const name = fc.constantFrom('a-a', 'b-b', 'c-c', 'd-d');
  const act: fc.Arbitrary<Act> = fc.oneof(
    { weight: 5, arbitrary: fc.record({ act: fc.constantFrom('apply', 'delete', 'recreate' as const), name }) },
    {
      weight: 5,
      arbitrary: fc.record({
        act: fc.constant('answer' as const),
        limit: fc.integer({ min: 1, max: 3 }),
        twice: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom<Act>(
        { act: 'fail' },
        { act: 'errorLine' },
        { act: 'unknownLine' },
        { act: 'bookmark' },
        { act: 'forgetHistory' },
      ),
    },
  );

  test('the store ends with exactly the objects of the server, and no version is asked for that it has not named', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const server = new ModelServer();
        const client = new Client(server);
        for (const each of acts) {
          client.act(each);
          if (client.state.kind === 'watching') expect(server.named).toContain(client.state.version);
        }
        // In the end the server answers whatever it is asked: at most a refusal, a list, and what came after.
        for (let i = 0; i < 4; i++) client.request(Number.POSITIVE_INFINITY);
        const known = client.store.objects().map(({ uid, resourceVersion }) => `${uid}@${resourceVersion}`);
        expect(known.sort()).toEqual(server.state());
      }),
      { numRuns: 2000 },
    );
  });

  test('every object that comes and goes is told of, and in turn', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const client = new Client(new ModelServer());
        const alive = new Map<string, string>();
        client.store.subscribe((change) => {
          const before = change.kind === 'added' ? undefined : change.before.uid;
          const object = change.kind === 'removed' ? change.before : change.after;
          expect(alive.get(object.key)).toBe(before);
          if (change.kind === 'updated') expect(change.after.uid).toBe(before);
          if (change.kind === 'removed') alive.delete(object.key);
          else alive.set(object.key, object.uid);
        });
        for (const each of acts) client.act(each);
        expect(new Set(alive.values())).toEqual(new Set(client.store.objects().map(({ uid }) => uid)));
      }),
    );
  });
});
