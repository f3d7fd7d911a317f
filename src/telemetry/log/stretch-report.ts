import type { BudgetOwner } from '../metrics/azure-metrics.ts';
import type { RootLog } from './log.ts';

/** Says once that a request budget is too small for the looks that are asked of it, and once that it suffices again. */
export class IntervalReport {
  readonly #log: Pick<RootLog, 'info' | 'warn'>;
  readonly #intervalFactorChanged = new Set<string>();

  constructor(log: Pick<RootLog, 'info' | 'warn'>) {
    this.#log = log;
  }

  tell(factor: number, { subscription, identity }: BudgetOwner): void {
    const owner = `${identity} in ${subscription}`;
    if (factor > 1 === this.#intervalFactorChanged.has(owner)) return;
    if (factor > 1) {
      this.#intervalFactorChanged.add(owner);
      this.#log.warn('polling slowed to stay within the request budget', {
        subscription,
        identity,
        advice: 'lengthen the intervals, or spread the objects over more subscriptions or identities',
      });
    } else {
      this.#intervalFactorChanged.delete(owner);
      this.#log.info('polling back at its intervals', { subscription, identity });
    }
  }
}
