/** Logs once that a request budget is too small for the polls it has to carry, and once that it is sufficient again. */
import type { Log } from '../../runtime/log.ts';
import { WarnOnce } from '../../runtime/warn-once.ts';
import type { BudgetOwner } from '../metrics/azure-metrics.ts';

export class IntervalReport {
  readonly #log: Pick<Log, 'info' | 'warn'>;
  readonly #warnOnce = new WarnOnce();

  constructor(log: Pick<Log, 'info' | 'warn'>) {
    this.#log = log;
  }

  changed(factor: number, { subscription, identity }: BudgetOwner): void {
    const owner = `${identity} in ${subscription}`;
    if (factor > 1 && this.#warnOnce.isNew(owner, 'interval')) {
      this.#log.warn('polling slowed to stay within the request budget', {
        subscription,
        identity,
        advice: 'lengthen the intervals, or spread the objects over more subscriptions or identities',
      });
    } else if (factor <= 1 && this.#warnOnce.clear(owner)) {
      this.#log.info('polling back at its intervals', { subscription, identity });
    }
  }
}
