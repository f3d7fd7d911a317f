/** The exit codes that each verb's help names, each of them made to happen. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { DEFAULT_CLIENT, type FactoryRef } from '../../../dev/emulator/index.ts';
import { verbs } from '../../../src/cli/program.ts';
import { run } from '../../../src/cli/run.ts';
import { azureEnv } from '../../support/azure-env.ts';
import { useEmulator } from '../dev/emulator/helpers.ts';
import { ApiServer, stored } from './api-server.ts';
import { testIo } from './test-io.ts';

const azure = useEmulator();
let server: ApiServer;
let factory: FactoryRef;

beforeEach(async () => {
  server = await ApiServer.start();
  factory = await azure.freshFactory();
  server.put(stored('default/etl'));
  server.put(stored('default/bad', { reason: 'TypeConflict', message: 'No.' }));
  server.answers.set('GET /version', { status: 200, body: { gitVersion: 'v1.35.0' } });
  server.answers.set('GET /apis/events.k8s.io/v1/namespaces/default/events', { status: 200, body: { items: [] } });
  server.answers.set('POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
    status: 201,
    body: { status: { allowed: true } },
  });
});
afterEach(() => server.stop());

const idOf = () =>
  `/subscriptions/${factory.subscriptionId}/resourceGroups/${factory.resourceGroup}/providers/Microsoft.DataFactory/factories/${factory.name}`;
const manifest = (spec: object = {}) => {
  const { status: _, ...object } = stored('default/new');
  return JSON.stringify({ ...object, metadata: { name: 'new' }, spec: { factory, location: 'West Europe', ...spec } });
};
const env = () => azureEnv({ ...DEFAULT_CLIENT, ...azure.emulator });
const existing = (name: string, properties: object) =>
  azure.emulator.control.putRuntime({ factory, name, properties: properties as never });
const noRight = () => azure.emulator.control.addRefusal({ kind: 'permission', scope: idOf() });
const lookedAt = (verb: string) => {
  server.onPatch = (object) =>
    ({
      ...object,
      status: {
        ...object.status,
        observedGeneration: object.metadata.generation,
        lastHandledReconcileToken: annotation(object, 'azure-ir.io/reconcile'),
        lastHandledRepairAt: annotation(object, 'azure-ir.io/repair'),
        lastHandledInteractiveAuthoringAt: annotation(object, 'azure-ir.io/enable-interactive-authoring'),
        ...(verb === 'accept-identity' ? { claim: { origin: 'Created', identity: 't/c' } } : {}),
      },
    }) as never;
};
const annotation = ({ metadata }: { metadata: Record<string, unknown> }, name: string) =>
  (metadata.annotations as Record<string, string> | undefined)?.[name];
/** Enough of a cluster for `check` to find nothing wrong. */
const healthy = (age = 0) => {
  const image = 'azure-ir-operator:1';
  const deployment = {
    metadata: { namespace: 'o', name: 'o' },
    spec: {
      template: { spec: { containers: [{ image, args: ['--leader-elect', '--operator-identity-namespaces=*'] }] } },
    },
    status: { readyReplicas: 1 },
  };
  const renewTime = new Date(Date.now() - age).toISOString();
  const set = (path: string, body: object) => server.answers.set(`GET ${path}`, { status: 200, body });
  set('/apis/azure-ir.io', { versions: [{ version: 'v1beta1' }] });
  set('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/azureintegrationruntimes.azure-ir.io', {});
  set('/apis/apps/v1/deployments', { items: [deployment] });
  set('/apis/coordination.k8s.io/v1/namespaces/o/leases/azure-ir-operator', {
    spec: { holderIdentity: 'h', renewTime },
  });
};

interface Case {
  readonly words: readonly string[];
  readonly arrange?: () => unknown;
  readonly stdin?: () => string;
  readonly interrupted?: true;
}

const STEERING: Record<string, { words: string[]; spec?: object }> = {
  reconcile: { words: [] },
  repair: { words: [] },
  suspend: { words: [] },
  resume: { words: [] },
  'enable-authoring': { words: [], spec: { managedVirtualNetwork: {}, interactiveAuthoring: {} } },
  'accept-identity': { words: ['--identity', 't/c'] },
};
const GITOPS = { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } };

function steering(verb: string, words: readonly string[], spec: object = {}): Record<number, Case> {
  const put = (key: string, more: object = {}) => server.put(stored(key, { spec: spec as never, ...more }));
  const arrange = (more?: object) => () => {
    put('default/etl', more);
    lookedAt(verb);
  };
  return {
    0: { words: [verb, 'etl', ...words], arrange: arrange() },
    1: { words: [verb, 'gone', ...words] },
    3: {
      words: [verb, 'etl', ...words],
      arrange: arrange(
        verb === 'suspend' || verb === 'resume' ? { metadata: GITOPS } : { reason: 'TypeConflict', message: 'No.' },
      ),
    },
    4: { words: [verb, 'etl', ...words, '--timeout', '0'], arrange: () => put('default/etl') },
    130: { words: [verb, 'etl', ...words], interrupted: true },
  };
}

const located = { type: 'Managed', typeProperties: { computeProperties: { location: 'West Europe' } } };
const PLAN = ['plan', '-f', '-'];

const CASES: Readonly<Record<string, Record<number, Case>>> = {
  plan: {
    0: { words: PLAN, stdin: () => manifest() },
    1: { words: PLAN, stdin: () => manifest(), arrange: noRight },
    2: { words: [...PLAN, '--detailed-exitcode'], stdin: () => manifest() },
    3: { words: [...PLAN, '--detailed-exitcode'], stdin: () => manifest({ nonsense: 1 }) },
    130: { words: PLAN, stdin: () => manifest(), interrupted: true },
  },
  import: {
    0: { words: ['import'], arrange: () => existing('etl', located) },
    1: { words: ['import'], arrange: noRight },
    3: { words: ['import', '--fail-on-skip'], arrange: () => existing('self', { type: 'SelfHosted' }) },
    130: { words: ['import'], interrupted: true },
  },
  status: {
    0: { words: ['status'] },
    1: { words: ['status', 'gone'] },
    3: { words: ['status', '--exit-code'] },
    130: { words: ['status'], interrupted: true },
  },
  ...Object.fromEntries(Object.entries(STEERING).map(([verb, { words, spec }]) => [verb, steering(verb, words, spec)])),
  wait: {
    0: { words: ['wait', 'etl'] },
    1: { words: ['wait'] },
    3: { words: ['wait', 'bad'] },
    4: { words: ['wait', 'gone', '--timeout', '0'] },
    130: { words: ['wait', 'gone'], interrupted: true },
  },
  check: {
    0: { words: ['check', '--pre'] },
    1: { words: ['check', '--pre', '--azure', '--factory', 'ID'], arrange: noRight },
    3: { words: ['check'], arrange: () => healthy(60_000) },
    4: { words: ['check', '--wait', '1'], arrange: () => healthy(60_000) },
    130: { words: ['check'], interrupted: true },
  },
  trace: {
    0: { words: ['trace', 'etl'] },
    1: { words: ['trace', 'gone'] },
    130: { words: ['trace', 'etl'], interrupted: true },
  },
  probe: {
    0: { words: ['probe', '--clean', '--dir', '/tmp'] },
    1: { words: ['probe', '--factory', 'ID', '--yes'], arrange: noRight },
    130: { words: ['probe', '--factory', 'ID', '--yes'], interrupted: true },
  },
  completion: { 0: { words: ['completion', 'bash'] }, 1: { words: ['completion', 'cmd'] } },
  version: {
    0: { words: ['version'] },
    1: { words: ['version', '-o', 'xml'] },
    130: { words: ['version'], interrupted: true },
  },
};

const documented = verbs(testIo().io, () => {}).flatMap(({ command, codes }) =>
  Object.entries(codes)
    .map(([code, text]) => [command.name(), Number(code), text] as const)
    // It takes a whole run: probe/command.test.ts has it.
    .filter(([verb, code]) => `${verb} ${code}` !== 'probe 3'),
);

test.each(documented)('%s ends with %i: %s', async (verb, code) => {
  const given = CASES[verb]?.[code];
  if (given === undefined) throw new Error(`nothing makes ${verb} end with ${code}`);
  await given.arrange?.();
  const cluster = ['completion', 'import', 'probe'].includes(verb) ? [] : ['--kubeconfig', server.kubeconfig];
  const place = verb === 'import' ? ['--factory', idOf()] : [];
  const words = [...given.words.map((word) => (word === 'ID' ? idOf() : word)), ...place, ...cluster];
  const signal = given.interrupted ? AbortSignal.abort(new Error('interrupted')) : new AbortController().signal;
  const { io, told } = testIo({ signal, env: env(), stdin: async () => given.stdin?.() ?? '' });
  expect({ code: await run(words, io), ...told }).toMatchObject({ code });
});

test('no code happens that no help names', () => {
  const named = documented.map(([verb, code]) => `${verb} ${code}`);
  const made = Object.entries(CASES).flatMap(([verb, cases]) => Object.keys(cases).map((code) => `${verb} ${code}`));
  expect(made.sort()).toEqual(named.sort());
});
