/** How many objects there are, by what their status says: gauges that are computed at each scrape. */
import { Gauge, type Registry } from 'prom-client';
import type { ObjectCounts } from '../../core/model/object-counts.ts';

export interface ObjectRecorder {
  /** From now on each scrape counts the objects with this. */
  countBy(count: () => ObjectCounts): void;
}

export function objectMetrics(registry: Registry): ObjectRecorder {
  let count: () => ObjectCounts = () => ({ objects: [], states: [], notReady: [] });
  const registers = [registry];
  new Gauge({
    name: 'azure_ir_objects',
    help: 'Objects by status and reason of Ready and by progress: Reconciling, Stalled or neither',
    labelNames: ['ready', 'reason', 'progress'],
    registers,
    collect() {
      this.reset();
      for (const { count: value, ...labels } of count().objects) this.set(labels, value);
    },
  });
  new Gauge({
    name: 'azure_ir_runtimes',
    help: 'Objects by the state of their runtime, as Azure reports it',
    labelNames: ['state'],
    registers,
    collect() {
      this.reset();
      for (const { state, count: value } of count().states) this.set({ state }, value);
    },
  });
  new Gauge({
    name: 'azure_ir_not_ready_seconds',
    help: 'For how long the object that has not been Ready for longest has not been, by reason; suspended, Stalled, Contested and observing objects do not count',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset();
      for (const { reason, seconds } of count().notReady) this.set({ reason }, seconds);
    },
  });
  return {
    countBy: (fn) => {
      count = fn;
    },
  };
}
