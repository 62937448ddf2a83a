import type { TableContract } from '#core/contracts/define.ts';
import { tableId } from '#core/contracts/define.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import type { Damage } from './damage.ts';

/** One kind of damage at one place. */
export interface Mutation {
  readonly operator: string;
  /** Table, column, document, state or job that is damaged. */
  readonly place: string;
  readonly damage: Damage;
  /** What is at fault although nothing that is visible, exported or graded differs: to say nothing of it is to let it survive. */
  readonly fault?: string;
  /** A line of the daily digest is enough to have told of it: it costs space and is no harm to anybody. */
  readonly isForDigest?: boolean;
  /** Slates in a row on which it is tried. */
  readonly slates: readonly number[];
}

/** One slate for each column; longer rows for damage of whole places, which is what lasts. */
export const ONCE = [1];
export const LASTING = [1, 3];
export const LONG = [1, 3, 8];

/** The contract of a table by its id. */
export function contract(id: string): TableContract {
  const found = CONTRACTS.find((table) => tableId(table) === id);
  if (found === undefined) throw new Error(`no table ${id}`);
  return found;
}
