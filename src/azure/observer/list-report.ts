import type { AzureFailure } from '../../core/model/failure.ts';
import { requestIdKeys } from '../../core/model/request-ids.ts';
import type { Parent } from '../../core/model/runtime.ts';
import type { Log } from '../../runtime/log.ts';
import type { UnparsedEntry } from '../arm/remote.ts';

/** How many names a line of the log may hold. */
const MOST_NAMES = 10;

/** Says once that the list of a parent has come to tell less than it should, and once that it tells all again. */
export class ListReport {
  readonly #log: Pick<Log, 'info' | 'warn'>;
  readonly #where: Record<string, string>;
  #troubled = false;

  constructor(log: Pick<Log, 'info' | 'warn'>, { kind, name, resourceGroup, subscriptionId }: Parent) {
    this.#log = log;
    this.#where = { [kind]: name, resourceGroup, subscription: subscriptionId };
  }

  failed({ failure, message, ids }: AzureFailure): void {
    this.#trouble('the list of runtimes fails: until it works, each is asked for by itself', {
      failure: failure.kind,
      detail: message,
      ...requestIdKeys(ids),
    });
  }

  /** The list was answered; these of its entries were not understood. */
  answered(unparsed: readonly UnparsedEntry[]): void {
    if (unparsed.length > 0) {
      this.#trouble('a part of the list of runtimes cannot be understood: those are asked for by themselves', {
        entries: unparsed.length,
        runtimes: unparsed.flatMap(({ name }) => name ?? []).slice(0, MOST_NAMES),
        detail: unparsed[0]?.why,
      });
    } else if (this.#troubled) {
      this.#troubled = false;
      this.#log.info('the list of runtimes works again', this.#where);
    }
  }

  #trouble(message: string, keys: Record<string, unknown>): void {
    if (!this.#troubled) this.#log.warn(message, { ...this.#where, ...keys });
    this.#troubled = true;
  }
}
