/** docs/reference/metrics.md: every metric, as the operator registers it. */
import { type Metric, Registry } from 'prom-client';
import { createMetrics } from '../../src/telemetry/metrics/metrics.ts';
import { code, page, table } from './markdown.ts';

interface Registered {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

export async function metricsPage(): Promise<string> {
  const metrics = await registered();
  const rows = (own: boolean) =>
    metrics
      .filter(({ name }) => name.startsWith('azure_ir_') === own)
      .map(({ name, type, labels, help }) => [code(name), type, labels.map(code).join(', '), `${help}.`]);
  const head = ['metric', 'type', 'labels', 'meaning'];
  return page(
    'Metrics',
    'How to read them, the alerts and the dashboard: [monitoring](../monitoring.md).',
    "## The operator's own",
    table(head, rows(true)),
    '## Under the names of controller-runtime and client-go',
    'For dashboards that you already have. The controller and its queue are named `azureintegrationruntime`.',
    table(head, rows(false)),
    'The metrics of the process (`process_*`, `nodejs_*`) are those of prom-client. `leader_election_master_status` exists only with `--leader-elect`.',
  );
}

/**
 * The metrics hold their labels, and their registry is shut in with them: so each is noted on its way into it. The text
 * format tells names, types and help, but labels only of what has been counted.
 */
async function registered(): Promise<Registered[]> {
  const labels = new Map<Metric, readonly string[]>();
  const { registerMetric } = Registry.prototype;
  Registry.prototype.registerMetric = function register(metric) {
    if ('labelNames' in metric && Array.isArray(metric.labelNames)) labels.set(metric, metric.labelNames);
    registerMetric.call(this, metric);
  };
  try {
    const metrics = createMetrics({ version: '', node: '', process: false, now: () => 0 });
    metrics.queue('docs');
    metrics.push.start();
  } finally {
    Registry.prototype.registerMetric = registerMetric;
  }
  const all = [...labels].map(async ([metric, labelNames]) => {
    const { name, type, help } = await metric.get();
    return { name, type: String(type), help, labels: labelNames };
  });
  return (await Promise.all(all)).sort((a, b) => (a.name < b.name ? -1 : 1));
}
