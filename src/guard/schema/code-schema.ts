import { type TableContract, tableId } from '#core/contracts/define.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import { CURRENT_PREDICTIONS } from '#core/contracts/nba_predictions.ts';
import { schemaOfContracts } from './from-contracts.ts';
import type { Schema } from './model.ts';

/** A view of the code. */
export interface CodeView {
  readonly ref: Pick<TableContract, 'dataset' | 'name'>;
  readonly sql: string;
  /** Names of its columns, in their order; the schema check holds the statement to them. */
  readonly columns: readonly string[];
}

/** Every view the code reads through. */
export const VIEWS: readonly CodeView[] = [CURRENT_PREDICTIONS];

/** What the code wants the warehouse to be: contracts, views with their columns, and functions. */
export function codeSchema(
  contracts: readonly TableContract[] = CONTRACTS,
  views: readonly CodeView[] = VIEWS,
): Schema {
  return schemaOfContracts(
    contracts,
    views.map(({ ref, sql, columns }) => ({ id: tableId(ref), columns, sql })),
  );
}
