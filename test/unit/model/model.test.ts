/**
 * The real pass among everything that can go wrong around it: several objects for the same runtimes, two workers, a foreign
 * writer, a stale list, a stale cache, failing calls, and a crash before or after any call of a port.
 */
import { describe, test } from '@jest/globals';
import fc from 'fast-check';
import type { Desired } from '../../../src/core/model/desired.ts';
import type { Failure } from '../../../src/core/model/failure.ts';
import { desired, fieldMap, runtimeId } from './builders.ts';
import { expectEnded, Model, NAMES, RUNTIMES } from './model.ts';
import { INTERVAL_MS } from './operator.ts';

/** Scripts for each mode. */
const RUNS = Number(process.env.MODEL_RUNS ?? 300);

type Phase = (model: Model) => Promise<void> | void;

const name = fc.constantFrom(...NAMES);
const runtime = fc.constantFrom(...RUNTIMES);
const place = fc.constantFrom('West Europe', 'northeurope', 'AutoResolve');

const fields = fc
  .record({ location: place, description: fc.constantFrom('', 'ours') }, { requiredKeys: [] })
  .map(fieldMap);

/** Where a runtime is declared to be; no edit can change that. */
const located: fc.Arbitrary<Partial<Desired>> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.record({
      managedVirtualNetwork: fc
        .constantFrom('Never' as const, 'IfMissing' as const, 'IfMissing' as const)
        .map((creation) => ({ name: 'default', creation })),
      interactiveAuthoring: fc.constant({ autoTerminationMinutes: 60 }),
    }),
  },
);

const declaration: fc.Arbitrary<Omit<Desired, 'id'>> = fc.record({
  fields,
  managementPolicy: fc.nat(7).map((n) => (n === 0 ? 'Observe' : 'Manage') as 'Observe' | 'Manage'),
  adoptionPolicy: fc.constantFrom('Always', 'IfIdentical', 'Never'),
  deletionPolicy: fc.constantFrom('DeleteIfCreated', 'Delete', 'Retain'),
  repair: fc.record({ mode: fc.constantFrom('Auto', 'Auto', 'Disabled'), maxAttempts: fc.constant(5) }),
  intervalMs: fc.constant(undefined),
  suspend: fc.nat(9).map((n) => n === 0),
});

const FAILURES: Failure[] = [
  { kind: 'unavailable', message: 'cut' },
  { kind: 'throttled', message: 'slow down', retryAfterMs: 5_000 },
  { kind: 'forbidden', message: 'no role' },
  { kind: 'refused', message: 'bad' },
  { kind: 'credentialUnavailable', message: 'no token' },
  { kind: 'credentialsInvalid', message: 'a token is refused', mayPass: true },
  { kind: 'subscriptionNotFound', message: 'the subscription is not found' },
];

const document = fc.record({
  type: fc.constant('Managed'),
  description: fc.constantFrom('', 'theirs'),
  typeProperties: place.map((location) => ({ computeProperties: { location } })),
  other: fc.constantFrom({ unknown: 1 }, { unknown: 2 }),
  managedVirtualNetwork: fc.constantFrom(null, null, {
    type: 'ManagedVirtualNetworkReference',
    referenceName: 'default',
  }),
});

/** A kind of step: how often it is taken, its name in a counterexample, what it is made of, what it does. */
function kind<T>(
  weight: number,
  label: string,
  from: fc.Arbitrary<T>,
  run: (model: Model, value: T) => Promise<void> | void,
) {
  return {
    weight,
    arbitrary: from.map((value): Phase => {
      const step: Phase = (model) => run(model, value);
      return Object.assign(step, { [fc.toStringMethod]: () => `${label} ${fc.stringify(value)}` });
    }),
  };
}

const steps: fc.Arbitrary<Phase> = fc.oneof(
  // Mostly one pass goes on for a while; where the other gets in between is what matters.
  kind(30, 'proceed', fc.tuple(fc.nat(1), fc.integer({ min: 1, max: 12 })), (m, [n, times]) => m.proceed(n, times)),
  kind(30, 'pass', name, (m, n) => m.start(`team/${n}`)),
  kind(20, 'watch shows', fc.nat(6), (m, n) => m.operator.cluster.sync(n)),
  kind(8, 'apply', fc.tuple(name, runtime, declaration, located, fc.nat(99)), (m, [n, r, more, where, luck]) =>
    m.apply(n, desired({ ...more, ...where, id: runtimeId(r), fields: Object.fromEntries(more.fields) }), luck),
  ),
  kind(3, 'apply a copy', fc.tuple(name, runtime, declaration, name, fc.nat(99)), (m, [n, r, more, of, luck]) =>
    m.applyCopy(n, desired({ ...more, id: runtimeId(r), fields: Object.fromEntries(more.fields) }), luck, of),
  ),
  kind(1, 'overwrite the mark', name, (m, n) => m.meddle(`team/${n}`)),
  kind(2, 'edit', fc.tuple(name, declaration), (m, [n, more]) => m.edit(n, more)),
  kind(2, 'delete', name, (m, n) => m.operator.cluster.delete(`team/${n}`)),
  kind(1, 'take the finalizer off', name, (m, n) => m.operator.cluster.removeFinalizerByHand(`team/${n}`)),
  kind(1, 'lose the status of an adopted one', name, (m, n) => m.forgetAdopted(`team/${n}`)),
  kind(1, 'crash', fc.constant(''), (m) => m.crash()),
  kind(1, 'the list is renewed', fc.constant(''), (m) => m.operator.azure.refreshList()),
  kind(1, 'time goes by', fc.constantFrom(1_000, 10_000, INTERVAL_MS), (m, ms) => m.goOn(ms)),
  kind(1, 'the clock steps', fc.constantFrom(-12 * INTERVAL_MS, -60_000, 60_000, 12 * INTERVAL_MS), (m, ms) => {
    m.operator.now += ms;
  }),
  // After: the answer of an attempt that took effect was lost, and the next attempt met this.
  kind(
    2,
    'fault',
    fc.tuple(fc.constantFrom('before' as const, 'after' as const), fc.constantFrom(...FAILURES)),
    (m, [when, failure]) => m.fail({ when, failure }),
  ),
  kind(2, 'the runtime is denied once', fc.constantFrom('read', 'state', 'delete'), (m, call) =>
    m.deny(call, 'runtime'),
  ),
  kind(
    2,
    'the parent is denied once',
    fc.constantFrom('hint', 'read', 'state', 'create', 'update', 'delete'),
    (m, call) => m.deny(call, 'parent'),
  ),
  kind(2, 'the parent denies itself once', fc.constant('presenceOf'), (m, call) => m.deny(call, 'runtime')),
  kind(1, 'foreign write', fc.tuple(runtime, document), (m, [r, d]) => m.foreignPut(runtimeId(r), d)),
  kind(1, 'foreign network', runtime, (m, r) => m.operator.azure.putNetwork(runtimeId(r).parent)),
  kind(1, 'ask for interactive authoring', fc.tuple(name, fc.constantFrom('t1', 't2')), (m, [n, token]) =>
    m.operator.cluster.annotate(`team/${n}`, { enableInteractiveAuthoring: token }),
  ),
  kind(1, 'foreign type', runtime, (m, r) => m.replace(runtimeId(r))),
  kind(1, 'foreign delete', runtime, (m, r) => m.remove(runtimeId(r))),
  kind(4, 'Azure goes on', fc.integer({ min: 1, max: 3 }), (m, n) => m.operator.azure.goOn(n)),
  kind(1, 'an operation fails', fc.constant(''), (m) => m.operator.azure.failNext()),
  kind(1, 'Limited', runtime, (m, r) => m.operator.azure.setState(runtimeId(r), 'Limited')),
);

describe.each(['answers', 'accepts'] as const)('whatever happens to writes that Azure %s', (mode) => {
  test(
    'nothing is written or deleted without a right to, and once things calm down every object ends well or says why not',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(steps, { minLength: 60, maxLength: 400, size: 'max' }), async (script) => {
          const model = new Model(mode);
          for (const step of script) await step(model);
          await expectEnded(model);
        }),
        { numRuns: RUNS },
      );
    },
    400 * RUNS,
  );
});
