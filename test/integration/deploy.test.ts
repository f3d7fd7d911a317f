/** What `kubectl apply -k deploy/kustomize` installs, and what it lets the operator do. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { API_VERSION, FIELD_MANAGER, FINALIZER, KIND } from '../../src/api/names.ts';
import { kubectl, newNamespace, type Result, refusal, run } from './support/kubectl.ts';
import { manifest } from './support/manifest.ts';

const OPERATOR = 'system:serviceaccount:azure-ir-system:azure-ir-operator';

interface Container {
  name: string;
  args: string[];
  ports: { name: string; containerPort: number }[];
  livenessProbe: { httpGet: { port: string } };
  readinessProbe: { httpGet: { port: string } };
  securityContext: Record<string, unknown>;
}

interface Deployment {
  kind: string;
  metadata: { namespace: string };
  spec: { replicas: number; strategy: { type: string }; template: { spec: { containers: [Container] } } };
}

let applied: Result;
let deployment: Deployment;

beforeAll(async () => {
  applied = await run(['apply', '--validate=strict', '-k', 'deploy/kustomize']);
  const rendered = parseAllDocuments(await kubectl(['kustomize', 'deploy/kustomize'])).map((document) =>
    document.toJS(),
  );
  deployment = rendered.find(({ kind }) => kind === 'Deployment');
});

/** A pod as the deployment would make it; no controller makes any here. */
function pod(change: (container: Container) => void = () => undefined): object {
  const { namespace } = deployment.metadata;
  const { spec } = structuredClone(deployment.spec.template);
  change(spec.containers[0]);
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'operator', namespace }, spec };
}
const dryRun = ['apply', '--dry-run=server', '-f', '-'];

describe('deploy/kustomize', () => {
  test('is accepted under strict validation, without a warning', () => {
    expect(applied).toMatchObject({ code: 0, stderr: '' });
  });

  test('makes a pod that its namespace, which enforces restricted pod security, admits', async () => {
    expect(await run(dryRun, { stdin: pod() })).toMatchObject({ code: 0, stderr: '' });
    const lax = pod((container) => {
      container.securityContext.allowPrivilegeEscalation = true;
    });
    expect(await refusal(dryRun, { stdin: lax })).toMatch(/violates PodSecurity "restricted/);
  });

  test('runs two replicas, of which one at a time works', () => {
    expect(deployment.spec).toMatchObject({ replicas: 2, strategy: { type: 'RollingUpdate' } });
    expect(deployment.spec.template.spec.containers[0].args).toContain('--leader-elect');
  });

  test("lets no namespace use the operator's identity until somebody says so", () => {
    expect(deployment.spec.template.spec.containers[0].args).toContain('--operator-identity-namespaces=');
  });

  test('writes nothing to its own file system, and listens where its ports say', () => {
    const [container] = deployment.spec.template.spec.containers;
    expect(container).toMatchObject({
      securityContext: { readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      livenessProbe: { httpGet: { port: 'health' } },
      readinessProbe: { httpGet: { port: 'health' } },
    });
    expect(container.args).toEqual(
      expect.arrayContaining(['--metrics-bind-address=:8080', '--health-probe-bind-address=:8081']),
    );
    expect(container.ports).toEqual([
      { name: 'metrics', containerPort: 8080 },
      { name: 'health', containerPort: 8081 },
    ]);
  });
});

/** What somebody may do: lines of resource and verbs, as `kubectl auth can-i --list` says it. */
async function rights(user: string, namespace = 'default'): Promise<string[]> {
  const list = await kubectl(['auth', 'can-i', '--list', '--no-headers', '-n', namespace, '--as', user]);
  return list
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' ').trim());
}

describe("the operator's rights", () => {
  test('are exactly these', async () => {
    const everybodys = new Set(await rights('system:serviceaccount:azure-ir-system:somebody'));
    const own = (await rights(OPERATOR)).filter((line) => !everybodys.has(line));
    expect(own.sort()).toEqual([
      'azureintegrationruntimes.azure-ir.io [] [] [get list watch patch]',
      'azureintegrationruntimes.azure-ir.io/status [] [] [patch]',
      'events.events.k8s.io [] [] [create patch]',
      'secrets [] [azure-ir-credential] [list watch]',
    ]);
  });

  test('are these more in its own namespace', async () => {
    const everywhere = new Set(await rights(OPERATOR));
    const here = await rights(OPERATOR, deployment.metadata.namespace);
    expect(here.filter((line) => !everywhere.has(line)).sort()).toEqual([
      'leases.coordination.k8s.io [] [] [create]',
      'leases.coordination.k8s.io [] [azure-ir-operator] [get list watch patch]',
    ]);
  });

  test.each([
    ['create', 'azureintegrationruntimes.azure-ir.io'],
    ['update', 'azureintegrationruntimes.azure-ir.io'],
    ['delete', 'azureintegrationruntimes.azure-ir.io'],
    ['update', 'azureintegrationruntimes.azure-ir.io/status'],
    ['get', 'secrets'],
    ['list', 'secrets'],
    ['create', 'events'],
    ['patch', 'events'],
    ['get', 'events.events.k8s.io'],
    ['update', 'events.events.k8s.io'],
    ['create', 'pods'],
    ['update', 'customresourcedefinitions.apiextensions.k8s.io'],
  ])('do not let it %s %s', async (verb, resource) => {
    const { stdout } = await run([
      'auth',
      'can-i',
      verb,
      ...resource.split('/', 1),
      ...subresource(resource),
      '-A',
      '--as',
      OPERATOR,
    ]);
    expect(stdout.trim()).toBe('no');
  });

  test('let it read the Secret azure-ir-credential of every namespace, and no other', async () => {
    const namespace = await newNamespace();
    for (const name of ['azure-ir-credential', 'other']) {
      await kubectl(['create', 'secret', 'generic', name, '-n', namespace, '--from-literal=AZURE_TENANT_ID=t']);
    }
    const asOperator = ['--as', OPERATOR, '-o', 'name'];
    const named = '--field-selector=metadata.name=azure-ir-credential';
    const secret = 'secret/azure-ir-credential';
    expect(await kubectl(['get', 'secrets', named, '-n', namespace, ...asOperator])).toBe(`${secret}\n`);
    expect(await kubectl(['get', 'secrets', named, '-A', ...asOperator])).toContain(secret);
    for (const refused of [
      ['get', secret, '-n', namespace],
      ['get', 'secret/other', '-n', namespace],
      ['get', 'secrets', '-n', namespace],
      ['get', 'secrets', '-A'],
      ['get', 'secrets', '-A', '--field-selector=metadata.name=other'],
      ['get', 'secrets', '-A', '--field-selector=metadata.name!=azure-ir-credential'],
      ['get', 'secrets', '-A', '-l', 'a=b'],
      ['delete', secret, '-n', namespace],
    ]) {
      expect(await refusal([...refused, '--as', OPERATOR])).toMatch(/forbidden/i);
    }
  });

  test('suffice to read, to hold a finalizer, to write status and to send an event', async () => {
    const namespace = await newNamespace();
    const asOperator = ['--as', OPERATOR, '-n', namespace];
    await kubectl(['apply', '-n', namespace, '-f', '-'], { stdin: manifest() });
    const { metadata } = JSON.parse(await kubectl(['get', 'azir', 'my-sample-azure-ir', '-o', 'json', ...asOperator]));
    const serverSide = ['apply', '--server-side', '-f', '-', ...asOperator];
    const head = { apiVersion: API_VERSION, kind: KIND, metadata: { name: metadata.name } };
    await kubectl([...serverSide, `--field-manager=${FIELD_MANAGER.finalizer}`], {
      stdin: { ...head, metadata: { ...head.metadata, uid: metadata.uid, finalizers: [FINALIZER] } },
    });
    await kubectl([...serverSide, '--subresource=status', `--field-manager=${FIELD_MANAGER.status}`], {
      stdin: { ...head, status: { observedGeneration: 1 } },
    });
    await kubectl(['create', '-f', '-', ...asOperator], { stdin: event(namespace, metadata.uid) });
    const stored = JSON.parse(await kubectl(['get', 'azir', 'my-sample-azure-ir', '-o', 'json', ...asOperator]));
    expect(stored).toMatchObject({ metadata: { finalizers: [FINALIZER] }, status: { observedGeneration: 1 } });
  });
});

const subresource = (resource: string) => (resource.includes('/') ? [`--subresource=${resource.split('/')[1]}`] : []);

const event = (namespace: string, uid: string) => ({
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata: { generateName: 'my-sample-azure-ir-', namespace },
  eventTime: '2026-01-02T03:04:05.000000Z',
  reportingController: 'azure-ir.io/azure-ir-operator',
  reportingInstance: 'azure-ir-operator',
  action: 'Create',
  reason: 'Created',
  type: 'Normal',
  note: 'Created the runtime.',
  regarding: { apiVersion: API_VERSION, kind: KIND, name: 'my-sample-azure-ir', namespace, uid },
});
