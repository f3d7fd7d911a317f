import { Gauge, type Registry } from 'prom-client';

type ObjectLabel = 'ready' | 'reason' | 'progress';

/** How many objects there are of each kind; of bounded size. */
export interface ObjectCounts {
  readonly objects: readonly (Readonly<Record<ObjectLabel, string>> & { readonly count: number })[];
  readonly states: readonly { readonly state: string; readonly count: number }[];
}

export interface ObjectRecorder {
  /** From now on the objects are counted whenever somebody scrapes. */
  countBy(count: () => ObjectCounts): void;
}

/** How many objects there are, by what their status says: gauges that are read off when they are scraped. */
export function objectMetrics(registry: Registry): ObjectRecorder {
  let count: () => ObjectCounts = () => ({ objects: [], states: [] });
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
  return {
    countBy: (fn) => {
      count = fn;
    },
  };
}
