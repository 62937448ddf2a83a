import type { DuckDBConnection } from '@duckdb/node-api';
import { type TableContract, tableId } from '#core/contracts/define.ts';
import { messageOf } from '#core/errors.ts';
import { duckdbType } from '#platform/warehouse/ddl.ts';
import type { TableRef } from '#platform/warehouse/port.ts';
import { duckdbError } from './errors.ts';
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
    if (isUnknownTable(messageOf(error))) return undefined;
    throw error;
  }
}

/** True when a live table has exactly the columns of the contract, in its order and types. */
export async function isOfContract({ connection }: Session, table: TableContract, ref: TableRef): Promise<boolean> {
  const wanted = Object.entries(table.columns).map(([column, one]) => `${column} ${duckdbType(one)}`);
  return wanted.join() === (await namesAndTypes(connection, tableId(ref)));
}

/** Names and types from planning a SELECT, which takes less time than `storedShape` and tells no more. */
async function namesAndTypes(connection: DuckDBConnection, id: string): Promise<string | undefined> {
  try {
    const planned = await connection.prepare(`SELECT * FROM ${id}`);
    try {
      const columns = Array.from({ length: planned.columnCount }, (_, i) => `${planned.columnName(i)} ${planned.columnType(i)}`);
      return columns.map((column) => column.replace('TIMESTAMP WITH TIME ZONE', 'TIMESTAMPTZ')).join();
    } finally {
      planned.destroySync();
    }
  } catch (error) {
    if (isUnknownTable(messageOf(error))) return undefined;
    throw duckdbError(error);
  }
}

function isUnknownTable(message: string): boolean {
  return /Catalog Error: (Table|Schema) with name \S+ does not exist/.test(message);
}
