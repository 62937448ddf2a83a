import { hash } from 'node:crypto';
import type { TableContract } from '#core/contracts/define.ts';

/** Hex digits kept of a SHA-256: 64 bits, far more than a ledger has entries. */
const DIGITS = 16;

/** A short, stable hash of some texts. The separator keeps ["ab", "c"] and ["a", "bc"] apart. */
export function hashOf(...parts: readonly string[]): string {
  return hash('sha256', parts.join('\u0000')).slice(0, DIGITS);
}

/** Hash of what a table is: columns, types, precisions, key. A change means that stored rows have another shape. */
export function contractHash(table: TableContract): string {
  const columns = Object.entries(table.columns).map(([name, { type, required, decimals }]) => [name, type, required, decimals ?? null]);
  return hashOf(JSON.stringify([table.dataset, table.name, columns, table.key]));
}

/** Hash of what computes a table: the text of its statement and of the function library it calls. */
export function codeHash(select: string, functionLibrary: string): string {
  return hashOf(select, functionLibrary);
}
