/** All metrics of the operator, in one registry. */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { QueueMetrics } from '../../runtime/metrics.ts';
import { type AzureRecorder, azureMetrics } from './azure-metrics.ts';
import { type ControllerRecorder, controllerMetrics } from './controller-metrics.ts';
import { type KubernetesRecorder, kubernetesMetrics } from './kubernetes-metrics.ts';
import { type ObjectRecorder, objectMetrics } from './object-metrics.ts';
import { type PollRecorder, pollMetrics } from './poll-metrics.ts';
import { type PushRecorder, pushMetrics } from './push-metrics.ts';
import { queueMetrics } from './queue-metrics.ts';

export interface MetricsOptions {
  /** The operator's own version. */
  readonly version: string;
  /** The version of Node. */
  readonly node: string;
  /** Whether memory, CPU, event loop and garbage collection of the process are measured too. Default true. */
  readonly process?: boolean;
  /** Milliseconds of a clock that never steps. */
  readonly now: () => number;
}

/** What can be scraped. */
export interface Exposition {
  readonly contentType: string;
  /** All metrics in the text format. */
  text(): Promise<string>;
}

/** One recorder for each part of the program that counts something. */
export interface Metrics {
  readonly controller: ControllerRecorder;
  /** The recorder of the queue of the controller of this name. */
  queue(name: string): QueueMetrics;
  readonly azure: AzureRecorder;
  readonly kubernetes: KubernetesRecorder;
  readonly objects: ObjectRecorder;
  readonly polls: PollRecorder;
  readonly push: PushRecorder;
  readonly exposition: Exposition;
}

/** A set of metrics with its own registry: it shares nothing with another set, or with prom-client's default. */
export function createMetrics({ version, node, process = true, now }: MetricsOptions): Metrics {
  const registry = new Registry();
  if (process) collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'azure_ir_build_info',
    help: 'Always 1; the labels contain the versions',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version, node }, 1);
  return {
    controller: controllerMetrics(registry),
    queue: queueMetrics(registry),
    azure: azureMetrics(registry),
    kubernetes: kubernetesMetrics(registry),
    objects: objectMetrics(registry),
    polls: pollMetrics(registry, now),
    push: pushMetrics(registry),
    exposition: { contentType: registry.contentType, text: () => registry.metrics() },
  };
}
