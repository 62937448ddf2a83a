import { type TableContract, tableId } from '#core/contracts/define.ts';
import { TipoffError } from '#core/errors.ts';
import { duckdbType } from '#platform/warehouse/ddl.ts';
import type { TableRef } from '#platform/warehouse/port.ts';
import type { Session } from './session.ts';

/** A column as the engine has it, in its own spelling. */
export interface StoredColumn {
  readonly name: string;
  readonly type: string;
  readonly notnull: boolean;
  readonly dflt_value: string | null;
}

/**
 * The columns of one table or view, named `dataset.table`, in order; undefined when there is none. Asks for this table alone: the engine's lists of
 * all columns and tables are made anew for each question, which takes several times as long.
 */
export async function storedShape(session: Session, id: string): Promise<readonly StoredColumn[] | undefined> {
  try {
    return await session.rows<StoredColumn>(`PRAGMA table_info('${id}')`);
  } catch (error) {
    if (error instanceof TipoffError && /Catalog Error: (Table|Schema) with name \S+ does not exist/.test(error.message)) return undefined;
    throw error;
  }
}

/** True when a live table has exactly the columns of the contract, in its order and types. */
export async function isOfContract(session: Session, table: TableContract, ref: TableRef): Promise<boolean> {
  const live = await storedShape(session, tableId(ref));
  const wanted = Object.entries(table.columns).map(([column, one]) => `${column} ${duckdbType(one)}`);
  const seen = live?.map(({ name, type }) => `${name} ${type.replace('TIMESTAMP WITH TIME ZONE', 'TIMESTAMPTZ')}`);
  return wanted.join() === seen?.join();
}
