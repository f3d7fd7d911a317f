/** Tells the log when the list of a parent comes to show less than it should, and when it shows everything again. */
import type { AzureFailure } from '../../core/model/failure.ts';
import { requestIdKeys } from '../../core/model/request-ids.ts';
import type { Parent } from '../../core/model/runtime.ts';
import type { Log } from '../../runtime/log.ts';
import type { UnparsedEntry } from '../arm/arm-runtimes.ts';

/** How many names a line of the log may hold. */
const MAX_NAMES = 10;

export class ListReport {
  readonly #log: Pick<Log, 'info' | 'warn'>;
  readonly #parent: Record<string, string>;
  #isBroken = false;

  constructor(log: Pick<Log, 'info' | 'warn'>, { kind, name, resourceGroup, subscriptionId }: Parent) {
    this.#log = log;
    this.#parent = { [kind]: name, resourceGroup, subscription: subscriptionId };
  }

  failed({ failure, message, ids }: AzureFailure): void {
    this.#warn('listing runtimes failed, reading each on its own', {
      failure: failure.kind,
      detail: message,
      ...requestIdKeys(ids),
    });
  }

  /** The list was answered; these of its entries could not be parsed. */
  answered(unparsed: readonly UnparsedEntry[]): void {
    if (unparsed.length > 0) {
      this.#warn('list has entries that cannot be parsed, reading those on their own', {
        entries: unparsed.length,
        runtimes: unparsed.flatMap(({ name }) => name ?? []).slice(0, MAX_NAMES),
        detail: unparsed[0]?.why,
      });
    } else if (this.#isBroken) {
      this.#isBroken = false;
      this.#log.info('listing runtimes works again', this.#parent);
    }
  }

  #warn(message: string, keys: Record<string, unknown>): void {
    if (!this.#isBroken) this.#log.warn(message, { ...this.#parent, ...keys });
    this.#isBroken = true;
  }
}
