/** A number for each kind of request, and the arithmetic with them. */
import type { RequestKind } from '../../ports.ts';

export type Counts = Readonly<Record<RequestKind, number>>;

/** Tokens are collected in this order, the scarcer first. It is the same for all keys, so that no two wait for each other. */
export const KINDS: readonly RequestKind[] = ['deletes', 'writes', 'reads'];

export const NONE: Counts = { reads: 0, writes: 0, deletes: 0 };

export function eachKind(count: (kind: RequestKind) => number): Counts {
  return { reads: count('reads'), writes: count('writes'), deletes: count('deletes') };
}

export function only(kind: RequestKind, count: number): Counts {
  return { ...NONE, [kind]: count };
}

export function covers(a: Counts, b: Counts): boolean {
  return KINDS.every((kind) => a[kind] >= b[kind]);
}

export function sum(a: Counts, b: Counts): Counts {
  return eachKind((kind) => a[kind] + b[kind]);
}

export function atLeast(a: Counts, b: Counts): Counts {
  return eachKind((kind) => Math.max(a[kind], b[kind]));
}

export function atMost(a: Counts, b: Counts): Counts {
  return eachKind((kind) => Math.min(a[kind], b[kind]));
}
