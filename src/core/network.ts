import type { ManagedVirtualNetwork } from './desired.ts';
import type { RuntimeDocument } from './runtime.ts';

/**
 * The managed virtual network of a runtime. It is no field like the others: a runtime is made in one, or public, and stays
 * so for ever, hence it is never merged into a document that exists.
 */

/** As the document names it; undefined: the runtime is public. */
export function networkOf({ managedVirtualNetwork: reference = null }: RuntimeDocument): string | undefined {
  const isObject = typeof reference === 'object' && reference !== null && 'referenceName' in reference;
  return isObject && typeof reference.referenceName === 'string' ? reference.referenceName : undefined;
}

/** The document of a new runtime, in the network that is declared. */
export function placedIn(network: ManagedVirtualNetwork | undefined, document: RuntimeDocument): RuntimeDocument {
  if (network === undefined) return document;
  const { type = 'Managed', ...rest } = document;
  const reference = { type: 'ManagedVirtualNetworkReference', referenceName: network.name };
  return { type, managedVirtualNetwork: reference, ...rest };
}

/** Whether a runtime is where it is declared to be. */
export function isIn(network: ManagedVirtualNetwork | undefined, document: RuntimeDocument): boolean {
  return isSame(networkOf(document), network?.name);
}

/** Names are equal whatever their case, as all in ARM are; undefined stands for public. */
export function isSame(a: string | undefined, b: string | undefined): boolean {
  return a?.toLowerCase() === b?.toLowerCase();
}

export function networkInWords(name: string | undefined): string {
  return name === undefined ? 'public' : `in the managed virtual network ${name}`;
}
