/** The chart: what helm and the API server think of it, and whether deploy/kustomize is the same. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { CHART, helm, type Manifest, manifestsIn, RELEASE, runHelm, template, WITH_IMAGE } from '../support/helm.ts';
import { describeWith } from '../support/tools.ts';
import { kubectl, newNamespace, refusal, run } from './support/kubectl.ts';

interface Deployment extends Manifest {
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels: Record<string, string> };
      readonly spec: Record<string, unknown> & { readonly containers: [{ readonly args: string[] }] };
    };
  };
}

const describe = await describeWith('helm');

let home: string;
let namespace: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'helm-'));
  namespace = await newNamespace();
  await kubectl(['label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted']);
  for (const name of EVERYTHING.watchNamespaces) {
    await kubectl(['apply', '-f', '-'], { stdin: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } });
  }
  for (const stdin of PROMETHEUS_OPERATOR) {
    await kubectl(['apply', '-f', '-'], { stdin });
    await kubectl(['wait', '--for=condition=Established', '--timeout=60s', `crd/${stdin.metadata.name}`]);
  }
});
afterAll(() => rm(home, { recursive: true, force: true }));

const render = (values: object) => template({ home, values }, namespace);
const rendered = async (values: object) => manifestsIn<Deployment>(await render(values));
const only = (manifests: readonly Deployment[], kind: string) => manifests.find((each) => each.kind === kind);

/** Something for every value that the templates look at. */
const EVERYTHING = {
  global: {
    imageRegistry: 'mirror.example.com',
    imagePullSecrets: ['mirror', { name: 'registry' }],
    commonLabels: { of: 'parent' },
  },
  commonLabels: { team: 'platform', 'app.kubernetes.io/name': 'never' },
  revisionHistoryLimit: 0,
  deploymentAnnotations: { reloader: 'on' },
  caBundle: { configMap: 'authorities' },
  dnsPolicy: 'None',
  dnsConfig: { nameservers: ['10.0.0.10'] },
  hostAliases: [{ ip: '10.0.0.1', hostnames: ['proxy'] }],
  health: { livenessProbe: { timeoutSeconds: 3, failureThreshold: 5 }, readinessProbe: { timeoutSeconds: 3 } },
  podSecurityContext: { fsGroupChangePolicy: 'OnRootMismatch' },
  securityContext: { privileged: false },
  extraObjects: [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '{{ .Release.Name }}-extra' } },
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: extra-text }',
  ],
  image: { digest: `sha256:${'0'.repeat(64)}` },
  imagePullSecrets: [{ name: 'registry' }],
  replicas: 3,
  operatorIdentityNamespaces: ['team-a', 'team-b=/subscriptions/00000000-0000-0000-0000-000000000001', '*'],
  azure: {
    credential: 'managed-identity',
    cloud: 'AzureChina',
    workloadIdentity: { enabled: true, clientId: 'client', tenantId: 'tenant' },
  },
  interval: '5m',
  maxConcurrentReconciles: 20,
  logLevel: 'debug',
  watchNamespaces: ['team-a', 'team-b'],
  labelSelector: 'shard in (a, b)',
  changeQueue: { url: 'https://account.queue.core.windows.net/ir-changes', poll: '5s' },
  extraArgs: ['--log-level=info'],
  env: [{ name: 'HTTPS_PROXY', value: 'http://proxy' }],
  envFrom: [{ secretRef: { name: 'azure-identity' } }],
  volumes: [{ name: 'ca', configMap: { name: 'ca' } }],
  volumeMounts: [{ name: 'ca', mountPath: '/etc/ca' }],
  metrics: {
    port: 9090,
    service: { annotations: { a: 'b' } },
    serviceMonitor: {
      enabled: true,
      scrapeTimeout: '5s',
      labels: { release: 'prometheus', team: 'monitoring' },
      relabelings: [{ action: 'labeldrop', regex: 'pod' }],
      metricRelabelings: [{ action: 'drop', sourceLabels: ['__name__'], regex: 'nodejs_.*' }],
    },
    dashboard: { enabled: true, annotations: { grafana_folder: 'Azure' } },
    prometheusRule: {
      enabled: true,
      labels: { release: 'prometheus' },
      runbookUrl: 'https://wiki.example.com/azure-ir',
    },
    secure: { enabled: true, certificateSecret: 'metrics-certificate' },
  },
  serviceAccount: { annotations: { a: 'b' } },
  networkPolicy: { metricsFrom: [{ namespaceSelector: {} }], extraEgress: [{ ports: [{ port: 3128 }] }] },
  tolerations: [{ operator: 'Exists' }],
  affinity: { nodeAffinity: {} },
  priorityClassName: 'high',
  podLabels: { team: 'platform' },
  podAnnotations: { note: 'x' },
};

/** All that can be left out is left out. */
const WITHOUT = {
  replicas: 1,
  crds: { install: false },
  serviceAccount: { create: false, name: 'default' },
  rbac: { create: false },
  networkPolicy: { enabled: false },
  podDisruptionBudget: { enabled: false },
  topologySpreadConstraints: [],
  nodeSelector: null,
};

const text = { type: 'string' };
const texts = { type: 'object', additionalProperties: text };
const object = (properties: object) => ({ type: 'object', properties });

const RELABELING = object({ action: text, regex: text, sourceLabels: { type: 'array', items: text } });
const ENDPOINT = object({
  ...{ scrapeTimeout: text, relabelings: { type: 'array', items: RELABELING } },
  metricRelabelings: { type: 'array', items: RELABELING },
  ...{ port: text, path: text, interval: text, scheme: text, bearerTokenFile: text },
  tlsConfig: object({ serverName: text, ca: object({ secret: object({ name: text, key: text }) }) }),
});
const RULE = object({ alert: text, expr: text, for: text, labels: texts, annotations: texts });

/** What the Prometheus operator installs, as far as the chart uses it. */
const PROMETHEUS_OPERATOR = [
  crd('ServiceMonitor', {
    selector: object({ matchLabels: texts }),
    namespaceSelector: object({ matchNames: { type: 'array', items: text } }),
    endpoints: { type: 'array', items: ENDPOINT },
  }),
  crd('PrometheusRule', {
    groups: { type: 'array', items: object({ name: text, rules: { type: 'array', items: RULE } }) },
  }),
];

function crd(kind: string, spec: object) {
  const singular = kind.toLowerCase();
  const schema = { openAPIV3Schema: object({ spec: object(spec) }) };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${singular}s.monitoring.coreos.com` },
    spec: {
      group: 'monitoring.coreos.com',
      scope: 'Namespaced',
      names: { kind, plural: `${singular}s`, singular },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
}

describe('the chart', () => {
  test.each([{}, EVERYTHING])('is well made, as helm lint sees it (%#)', async (values) => {
    const said = await helm(['lint', '--strict', CHART, ...WITH_IMAGE], { home, values });
    expect(said).toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  test('with its own values is what deploy/kustomize is, but for the namespace that only that makes', async () => {
    // Its test is for `helm test` alone.
    const chart = manifestsIn(await template({ home })).filter(({ kind }) => kind !== 'Pod');
    const kustomize = manifestsIn(await kubectl(['kustomize', 'deploy/kustomize']));
    const shared = kustomize.filter(({ kind }) => kind !== 'Namespace');
    expect(normalised(chart)).toEqual(normalised(shared));
    expect(kustomize.length).toBe(chart.length + 1);
  });

  test.each([
    [{ operatorIdentityNamespace: [] }, "additional properties 'operatorIdentityNamespace' not allowed"],
    [{ operatorIdentityNamespaces: 'team-a' }, 'got string, want array'],
    [{ operatorIdentityNamespaces: ['team-a,*'] }, 'does not match pattern'],
    [{ azure: { credential: 'default' } }, 'value must be one of'],
    [{ azure: { cloud: 'Azure' } }, 'value must be one of'],
    [{ interval: '10 minutes' }, 'does not match pattern'],
    [{ changeQueue: { url: 'http://account.queue.core.windows.net/ir-changes' } }, 'does not match pattern'],
    [{ changeQueue: { url: 'https://account.queue.core.windows.net' } }, 'does not match pattern'],
    [
      { changeQueue: { url: 'https://account.queue.core.windows.net/ir-changes?sv=1&sig=x' } },
      'does not match pattern',
    ],
    [{ changeQueue: { poll: '2' } }, 'does not match pattern'],
    [{ changeQueue: 'https://account.queue.core.windows.net/ir-changes' }, 'got string, want object'],
    [{ replicas: -1 }, 'minimum'],
    [{ image: { digest: 'latest' } }, 'does not match pattern'],
    [
      { metrics: { secure: { enabled: true } } },
      'name the Secret with the certificate in metrics.secure.certificateSecret',
    ],
    [{ serviceAccount: { create: false } }, 'name the one to use in serviceAccount.name'],
    [{ global: { storageClass: 'fast' } }, 'global.storageClass is not known'],
    [{ global: { imagePullSecrets: 'registry' } }, 'got string, want array'],
    [{ caBundle: { configMap: 'a', secret: 'b' } }, 'name a ConfigMap or a Secret, not both'],
    [
      { caBundle: { secret: 'b' }, env: [{ name: 'NODE_EXTRA_CA_CERTS', value: '/ca.pem' }] },
      'caBundle sets NODE_EXTRA_CA_CERTS, which env sets, too',
    ],
    [{ health: { livenessProbe: { httpGet: {} } } }, "additional properties 'httpGet' not allowed"],
  ])('refuses %j', async (values, complaint) => {
    const { code, stderr } = await runHelm(['template', RELEASE, CHART, ...WITH_IMAGE], { home, values });
    expect(code).not.toBe(0);
    expect(stderr).toContain(complaint);
  });

  test('needs to be told which image, and says so', async () => {
    const { code, stderr } = await runHelm(['template', RELEASE, CHART], { home });
    expect(code).not.toBe(0);
    expect(stderr).toContain('image.repository: name the image that you have built and pushed');
  });

  test('heeds what a chart that has it as a part says of images, and lets other charts have their globals', async () => {
    const parent = join(home, 'parent');
    await cp(CHART, join(parent, 'charts', 'operator'), { recursive: true });
    await writeFile(join(parent, 'Chart.yaml'), 'apiVersion: v2\nname: parent\nversion: 0.0.1\n');
    const values = {
      global: { imageRegistry: 'mirror.example.com', imagePullSecrets: ['pull'], storageClass: 'fast' },
      'azure-ir-operator': { image: { repository: 'operator', tag: 'x' } },
    };
    const all = manifestsIn<Deployment>(await helm(['template', 'parent', parent], { home, values }));
    const spec = only(all, 'Deployment')?.spec.template.spec;
    expect(spec).toMatchObject({ imagePullSecrets: [{ name: 'pull' }] });
    expect(spec?.containers[0]).toMatchObject({ image: 'mirror.example.com/operator:x' });
  });

  test('puts common labels on everything and into no selector, and never over its own', async () => {
    const all = await rendered({ ...EVERYTHING, watchNamespaces: [] });
    const made = all.filter(
      ({ kind, metadata }) => kind !== 'CustomResourceDefinition' && !metadata.name.includes('extra'),
    );
    for (const { metadata } of made) {
      expect(metadata.labels).toMatchObject({ team: expect.any(String), of: 'parent' });
      expect(metadata.labels?.['app.kubernetes.io/name']).toMatch(/^azure-ir-operator(-test)?$/);
    }
    const selectors = JSON.stringify(all).match(/"(matchLabels|selector)":{[^}]*}/g) ?? [];
    expect(selectors.length).toBeGreaterThan(3);
    for (const selector of selectors) expect(selector).not.toMatch(/team|parent/);
  });

  test('has each value in the field that it is for', async () => {
    const all = await rendered(EVERYTHING);
    const of = (kind: string, name = RELEASE) =>
      all.find((each) => each.kind === kind && each.metadata.name === name) as Manifest;
    const { deploymentAnnotations, revisionHistoryLimit, metrics, networkPolicy, health } = EVERYTHING;
    const { dnsPolicy, dnsConfig, hostAliases, tolerations, affinity, priorityClassName } = EVERYTHING;
    const authorities = { name: 'ca-bundle', configMap: { name: EVERYTHING.caBundle.configMap } };
    expect(of('Deployment')).toMatchObject({
      metadata: { annotations: deploymentAnnotations },
      spec: {
        ...{ revisionHistoryLimit, replicas: EVERYTHING.replicas },
        template: {
          metadata: { labels: EVERYTHING.podLabels, annotations: EVERYTHING.podAnnotations },
          spec: {
            ...{ dnsPolicy, dnsConfig, hostAliases, tolerations, affinity, priorityClassName },
            imagePullSecrets: [{ name: 'registry' }, { name: 'mirror' }],
            securityContext: EVERYTHING.podSecurityContext,
            volumes: [
              { name: 'metrics-certificate', secret: { secretName: metrics.secure.certificateSecret } },
              ...[authorities, ...EVERYTHING.volumes],
            ],
            containers: [
              {
                image: `mirror.example.com/azure-ir-operator@${EVERYTHING.image.digest}`,
                env: [
                  { name: 'NODE_EXTRA_CA_CERTS', value: '/etc/azure-ir-operator/ca/ca.crt' },
                  { name: 'AZURE_CLOUD', value: EVERYTHING.azure.cloud },
                  ...EVERYTHING.env,
                ],
                envFrom: EVERYTHING.envFrom,
                volumeMounts: [
                  { name: 'metrics-certificate', mountPath: '/etc/azure-ir-operator/metrics', readOnly: true },
                  { name: authorities.name, mountPath: '/etc/azure-ir-operator/ca', readOnly: true },
                  ...EVERYTHING.volumeMounts,
                ],
                // Beside what the chart itself sets.
                livenessProbe: { ...health.livenessProbe, periodSeconds: 20, httpGet: { path: '/healthz' } },
                readinessProbe: { ...health.readinessProbe, periodSeconds: 10, httpGet: { path: '/readyz' } },
                securityContext: { ...EVERYTHING.securityContext, readOnlyRootFilesystem: true },
              },
            ],
          },
        },
      },
    });
    expect(of('Service', `${RELEASE}-metrics`)).toMatchObject({ metadata: metrics.service });
    const { labels, scrapeTimeout, relabelings, metricRelabelings } = metrics.serviceMonitor;
    expect(of('ServiceMonitor')).toMatchObject({
      metadata: { labels },
      spec: { endpoints: [{ scrapeTimeout, relabelings, metricRelabelings, scheme: 'https' }] },
    });
    expect(of('PrometheusRule')).toMatchObject({ metadata: { labels: metrics.prometheusRule.labels } });
    expect(of('ConfigMap', `${RELEASE}-dashboard`)).toMatchObject({
      metadata: { annotations: metrics.dashboard.annotations },
    });
    expect(of('NetworkPolicy')).toMatchObject({
      spec: {
        ingress: [{ from: networkPolicy.metricsFrom }],
        egress: expect.arrayContaining(networkPolicy.extraEgress),
      },
    });
    // The first has the release's name by a template, the second is text.
    for (const name of [`${RELEASE}-extra`, 'extra-text']) {
      expect(of('ConfigMap', name)).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
    }
  });

  test('trusts authorities of a Secret as it does those of a ConfigMap, under the key that is named', async () => {
    const caBundle = { secret: 'authorities', key: 'proxy.pem' };
    expect(only(await rendered({ caBundle }), 'Deployment')?.spec.template.spec).toMatchObject({
      volumes: [{ name: 'ca-bundle', secret: { secretName: 'authorities' } }],
      containers: [
        {
          env: [{ name: 'NODE_EXTRA_CA_CERTS', value: '/etc/azure-ir-operator/ca/proxy.pem' }],
          volumeMounts: [{ name: 'ca-bundle', mountPath: '/etc/azure-ir-operator/ca', readOnly: true }],
        },
      ],
    });
  });

  test.each([
    ['its own values', {}, 'Create a Secret azure-ir-credential', 'helm uninstall keeps the CRD'],
    ['everything set', EVERYTHING, "may use the operator's own Azure identity: team-a, team-b=", 'keeps the CRD'],
    ['no CRD', { crds: { install: false } }, 'Create a Secret', 'Apply the CRD of this version yourself'],
  ])('says what to do next, with %s', async (_, values, ofIdentity, ofCrd) => {
    const args = ['install', 'mine', CHART, '--dry-run=client', '--namespace', 'azure', ...WITH_IMAGE];
    const [, notes] = (await helm(args, { home, values })).split('\nNOTES:\n');
    for (const step of [
      'kubectl logs -n azure deploy/mine-azure-ir-operator\n',
      'helm test mine -n azure\n',
      ...[ofIdentity, ofCrd],
      'kubectl apply -n <namespace> -f - <<EOF\n',
      'kubectl wait -n <namespace> azir/my-runtime --for=condition=Ready',
    ]) {
      expect(notes).toContain(step);
    }
  });

  test('tells Artifact Hub of the CRD and of a sample, as Artifact Hub reads them', async () => {
    const { annotations } = parse(await helm(['show', 'chart', CHART], { home }));
    const hub = (name: string) => annotations[`artifacthub.io/${name}`];
    // Its documentation, "Helm annotations": all are strings, these have YAML in them, and of levels there are five.
    expect(Object.values(annotations).filter((value) => typeof value !== 'string')).toEqual([]);
    expect(hub('operatorCapabilities')).toMatch(
      /^(basic install|seamless upgrades|full lifecycle|deep insights|auto pilot)$/i,
    );
    const crd = parse(await readFile('crds/azure-ir.io_azureintegrationruntimes.yaml', 'utf8'));
    const { kind } = crd.spec.names;
    const [{ name: version }] = crd.spec.versions;
    expect(parse(hub('crds'))).toEqual([
      { kind, version, name: crd.metadata.name, displayName: expect.any(String), description: expect.any(String) },
    ]);
    for (const stdin of parse(hub('crdsExamples'))) {
      expect(stdin).toMatchObject({ apiVersion: `${crd.spec.group}/${version}`, kind });
      const dryRun = ['apply', '-n', namespace, '--dry-run=server', '--validate=strict', '-f', '-'];
      expect(await run(dryRun, { stdin })).toMatchObject({ code: 0, stderr: '' });
    }
  });

  test('gives rights in the watched namespaces alone, where some are named', async () => {
    const all = await rendered({ watchNamespaces: ['team-a', 'team-b'] });
    const mine = all.filter(({ metadata }) => metadata.name === RELEASE);
    expect(mine.filter(({ kind }) => kind.startsWith('ClusterRole'))).toEqual([]);
    const roles = mine.filter(({ kind }) => kind === 'Role').map(({ metadata }) => metadata.namespace);
    expect(roles).toEqual(['team-a', 'team-b']);
  });

  test('leaves out of the security contexts what is null', async () => {
    const none = { runAsUser: null, runAsGroup: null, fsGroup: null };
    const spec = only(await rendered({ podSecurityContext: none }), 'Deployment')?.spec.template.spec;
    expect(spec?.securityContext).toEqual({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    const bare = only(await rendered({ podSecurityContext: null, securityContext: null }), 'Deployment');
    expect(bare?.spec.template.spec.securityContext).toBeUndefined();
    expect(bare?.spec.template.spec.containers[0]).not.toHaveProperty('securityContext');
  });

  test.each([
    ['its own values', {}],
    ['everything set', EVERYTHING],
    ['as little as possible', WITHOUT],
  ])('is accepted by the API server under strict validation, with %s', async (_, values) => {
    // Under a name of its own, and without the CRD: others have applied the same here, with kubectl.
    const manifests = manifestsIn(await template({ home, values }, namespace, 'tried'));
    const items = manifests.filter(({ kind }) => kind !== 'CustomResourceDefinition');
    const stdin = { apiVersion: 'v1', kind: 'List', items };
    const args = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'];
    expect(await run(args, { stdin })).toMatchObject({ code: 0, stderr: '' });
  });

  test.each([{}, { ...EVERYTHING, priorityClassName: '' }])(
    'makes a pod that restricted pod security admits (%#)',
    async (values) => {
      const { spec, metadata } = only(await rendered(values), 'Deployment')?.spec.template ?? {};
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name: 'operator', namespace }, spec };
      const dryRun = ['apply', '--dry-run=server', '-f', '-'];
      expect(await run(dryRun, { stdin: pod })).toMatchObject({ code: 0, stderr: '' });
      const lax = { ...pod, spec: { ...spec, hostNetwork: true } };
      expect(await refusal(dryRun, { stdin: lax })).toMatch(/violates PodSecurity "restricted/);
    },
  );

  test("lets no namespace use the operator's identity until it is told to, and elects a leader whatever it is told", async () => {
    const args = async (values: object) =>
      only(await rendered(values), 'Deployment')?.spec.template.spec.containers[0].args;
    expect(await args({})).toEqual(expect.arrayContaining(['--operator-identity-namespaces=', '--leader-elect']));
    expect(await args({ ...EVERYTHING, replicas: 1 })).toEqual([
      '--operator-identity-namespaces=team-a,team-b=/subscriptions/00000000-0000-0000-0000-000000000001,*',
      '--leader-elect',
      `--leader-elect-name=${RELEASE}`,
      '--azure-credential=managed-identity',
      '--metrics-bind-address=:9090',
      '--metrics-cert-dir=/etc/azure-ir-operator/metrics',
      '--health-probe-bind-address=:8081',
      '--interval=5m',
      '--max-concurrent-reconciles=20',
      '--log-level=debug',
      '--watch-namespaces=team-a,team-b',
      '--label-selector=shard in (a, b)',
      '--change-queue=https://account.queue.core.windows.net/ir-changes',
      '--change-queue-poll=5s',
      '--log-level=info',
    ]);
  });

  test('marks pod and service account for workload identity when it is told to, and only then', async () => {
    const marks = async (values: object) => {
      const manifests = await rendered(values);
      const account = only(manifests, 'ServiceAccount')?.metadata as { annotations?: Record<string, string> };
      const { labels } = only(manifests, 'Deployment')?.spec.template.metadata ?? {};
      return { annotations: account.annotations, use: labels?.['azure.workload.identity/use'] };
    };
    expect(await marks({})).toEqual({ annotations: undefined, use: undefined });
    expect(await marks(EVERYTHING)).toEqual({
      annotations: {
        'azure.workload.identity/client-id': 'client',
        'azure.workload.identity/tenant-id': 'tenant',
        a: 'b',
      },
      use: 'true',
    });
  });

  test('has the alerts of deploy/monitoring when it is told to, with links to where the runbook is, and with none where it is not told', async () => {
    const rules = await readFile('deploy/monitoring/rules.yaml', 'utf8');
    const told = async (runbookUrl?: string) =>
      only(await rendered({ metrics: { prometheusRule: { enabled: true, runbookUrl } } }), 'PrometheusRule');
    expect(only(await rendered({}), 'PrometheusRule')).toBeUndefined();
    const elsewhere = 'https://wiki.example.com/azure-ir';
    expect(await told(elsewhere)).toMatchObject({ spec: parse(rules.replaceAll('docs/runbook.md', elsewhere)) });
    const untold = parse(rules.replaceAll(/^ *runbook_url:.*\n?/gm, ''));
    expect((await told())?.spec).toEqual(untold);
    await expect(told('docs/runbook.md')).rejects.toThrow('runbookUrl');
  });

  test('puts what Prometheus and Grafana look for where they look for it, and says there where the metrics are', async () => {
    const serviceMonitor = {
      enabled: true,
      namespace: 'monitoring',
      relabelings: [{ action: 'labeldrop', regex: 'pod' }],
    };
    const dashboard = { enabled: true, namespace: 'grafana' };
    const all = await rendered({ metrics: { serviceMonitor, dashboard } });
    expect(only(all, 'ServiceMonitor')).toMatchObject({
      metadata: { namespace: 'monitoring' },
      spec: {
        namespaceSelector: { matchNames: [namespace] },
        endpoints: [{ relabelings: serviceMonitor.relabelings }],
      },
    });
    expect(only(all, 'ConfigMap')?.metadata).toMatchObject({
      namespace: 'grafana',
      labels: { grafana_dashboard: '1' },
    });
    const beside = await rendered({ metrics: { serviceMonitor: { enabled: true }, dashboard: { enabled: true } } });
    for (const kind of ['ServiceMonitor', 'ConfigMap']) expect(only(beside, kind)?.metadata.namespace).toBe(namespace);
  });

  test('may ask who reads its metrics only where these are secure', async () => {
    const roles = async (values: object) =>
      (await rendered(values)).filter(({ kind }) => kind === 'ClusterRole') as unknown as { rules: object[] }[];
    const all = async (values: object) => (await roles(values)).flatMap(({ rules }) => rules);
    const secure = { metrics: { secure: { enabled: true, certificateSecret: 'tls' } } };
    const reviews = [
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
      { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
      { nonResourceURLs: ['/metrics'], verbs: ['get'] },
    ];
    const before = await all({});
    expect((await all(secure)).filter((rule) => !before.some((each) => isDeepStrictEqual(each, rule)))).toEqual(
      reviews,
    );
  });

  test("adds the objects to the cluster's own roles, unless it is told not to", async () => {
    const added = async (values: object) =>
      (await rendered(values)).filter(({ metadata: { labels = {} } }) =>
        Object.keys(labels).some((label) => label.startsWith('rbac.authorization.k8s.io/aggregate-to-')),
      );
    expect((await added({})).map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      `ClusterRole ${RELEASE}-view`,
      `ClusterRole ${RELEASE}-edit`,
    ]);
    expect(await added({ rbac: { aggregateRoles: false } })).toEqual([]);
    expect(await added({ rbac: { create: false } })).toEqual([]);
  });

  test('of two releases shares nothing but the CRD, which one of them has', async () => {
    const names = async (release: string, values: object) =>
      manifestsIn(await helm(['template', release, CHART, ...WITH_IMAGE], { home, values })).map(
        ({ kind, metadata }) => `${kind} ${metadata.name}`,
      );
    const first = await names('first', {});
    const second = await names('second', { crds: { install: false } });
    expect(first).toContain('Deployment first-azure-ir-operator');
    expect(second).toContain('Deployment second-azure-ir-operator');
    expect(second.filter((each) => first.includes(each))).toEqual([]);
    expect(second.filter((each) => /CustomResourceDefinition|Admission/.test(each))).toEqual([]);
  });
});

/** In an order of their own, without what says that helm made them. */
function normalised(manifests: readonly Manifest[]): Record<string, unknown> {
  const entries = manifests.map((manifest) => {
    const labels = Object.entries(manifest.metadata.labels ?? {}).filter(
      ([name]) => !['helm.sh/chart', 'app.kubernetes.io/managed-by', 'app.kubernetes.io/version'].includes(name),
    );
    const metadata = { ...manifest.metadata, labels: Object.fromEntries(labels) };
    return [`${manifest.kind} ${metadata.name}`, { ...manifest, metadata }] as const;
  });
  return Object.fromEntries(entries);
}
