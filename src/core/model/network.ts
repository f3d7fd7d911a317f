/**
 * The managed virtual network of a runtime. It is no field like the others: a runtime is made in one, or public, and stays
 * so for ever, hence it is never merged into a document that exists.
 */

import type { ManagedVirtualNetwork } from './desired.ts';
import { valuesAt } from './json.ts';
import { isSameName } from './letter-case.ts';
import type { RuntimeDocument } from './runtime.ts';

/** As the document names it; undefined: the runtime is public. An empty name is none. */
export function networkOf(document: RuntimeDocument): string | undefined {
  const names = valuesAt(document, ['managedVirtualNetwork', 'referenceName']);
  return names.find((name) => typeof name === 'string' && name !== '') as string | undefined;
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
  return isSameName(networkOf(document), network?.name);
}

export function networkInWords(name: string | undefined): string {
  return name === undefined ? 'public' : `in the managed virtual network ${name}`;
}
