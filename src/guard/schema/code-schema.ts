import { type TableContract, tableId } from '#core/contracts/define.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import { CURRENT_PREDICTIONS } from '#core/contracts/nba_predictions.ts';
import { schemaOfContracts } from './from-contracts.ts';
import type { Schema, SchemaView } from './model.ts';
import { registryOf } from './usage.ts';

/** A view of the code. */
export interface CodeView {
  readonly ref: Pick<TableContract, 'dataset' | 'name'>;
  readonly sql: string;
}

/** Every view the code reads through. */
export const VIEWS: readonly CodeView[] = [CURRENT_PREDICTIONS];

/** What the code wants the warehouse to be: contracts, views with the columns that follow from them, and functions. */
export function codeSchema(
  contracts: readonly TableContract[] = CONTRACTS,
  views: readonly CodeView[] = VIEWS,
): Schema {
  const declared: SchemaView[] = views.map(({ ref, sql }) => ({ id: tableId(ref), columns: [], sql }));
  const schema = schemaOfContracts(contracts, declared);
  const { relations } = registryOf(schema);
  return {
    ...schema,
    views: declared.map((view) => ({
      ...view,
      columns: [...(relations.get(view.id)?.columns.keys() ?? [])],
    })),
  };
}
