import { MIN_BILLED } from '#core/billing.ts';
import { type ColumnType, type TableContract, tableId } from '#core/contracts/define.ts';
import { type Bounds, boundedReads } from '#guard/schema/partition-filter.ts';
import type { SqlParams, Warehouse } from '#platform/warehouse/port.ts';

/** What one statement would read on BigQuery. */
interface StatementBytes {
  readonly tables: number;
  /** Logical bytes of the columns it names, in the partitions it cannot leave out. */
  readonly processed: number;
  /** What is paid for: at least `MIN_BILLED` for each table. */
  readonly billed: number;
}

/** Logical bytes of a value; a text has two and its own. Null has none. */
const WIDTHS: Readonly<Record<Exclude<ColumnType, 'STRING'>, number>> = {
  INT64: 8,
  FLOAT64: 8,
  NUMERIC: 16,
  BOOL: 1,
  DATE: 8,
  TIMESTAMP: 8,
};

/** SQL: the logical bytes of some columns of the rows read. */
function bytesOf(contract: TableContract, columns: readonly string[]): string {
  const sums = columns.map((name) => {
    const type = contract.columns[name]?.type ?? 'STRING';
    return type === 'STRING' ? `COALESCE(SUM(2 + LENGTH(${name})), 0)` : `${WIDTHS[type]} * COUNT(${name})`;
  });
  return sums.length === 0 ? '0' : sums.join(' + ');
}

export interface ByteReader {
  /** What a statement reads, by the rows that are there now. */
  statement(sql: string, params?: SqlParams): Promise<StatementBytes>;
  /** Bytes of rows, all or those under a condition, whole or only some columns of them. */
  rows(
    contract: TableContract,
    where?: string,
    params?: SqlParams,
    columns?: readonly string[],
  ): Promise<number>;
}

/** Reads bytes off an embedded warehouse that holds the same rows, with the partitions BigQuery would have. */
export function byteReader(
  warehouse: Warehouse,
  contracts: readonly TableContract[],
  /** Every column that a statement reads. */
  columnsOf: (sql: string) => Promise<readonly { readonly table: string; readonly column: string }[]>,
  views: Bounds,
): ByteReader {
  const byId = new Map(contracts.map((contract) => [tableId(contract), contract]));
  const partitions: Bounds = new Map([
    ...contracts.flatMap((contract) =>
      contract.partition === undefined ? [] : [[tableId(contract), contract.partition] as const],
    ),
    ...views,
  ]);
  const measure = async (
    contract: TableContract,
    columns: readonly string[],
    where: string,
    params: SqlParams,
  ): Promise<number> => {
    const used = Object.fromEntries(
      Object.entries(params).filter(([name]) => new RegExp(`@${name}\\b`).test(where)),
    );
    const sql = `SELECT ${bytesOf(contract, columns)} AS bytes FROM ${tableId(contract)} WHERE ${where}`;
    const [row] = await warehouse.query<{ bytes: number | string }>(sql, used);
    return Number(row?.bytes ?? 0);
  };
  return {
    statement: async (sql, params = {}) => {
      const reads = boundedReads(sql, partitions);
      let [tables, processed, billed] = [0, 0, 0];
      for (const [table, refs] of Map.groupBy(await columnsOf(sql), (ref) => ref.table)) {
        const contract = byId.get(table);
        if (contract === undefined) continue;
        // A view hands the bounds of its readers on to its tables.
        const own = reads.filter(
          (read) => read.table === table || (views.has(read.table) && contract.partition === read.column),
        );
        const bounds = own.map(({ conditions }) =>
          conditions.length === 0 ? 'TRUE' : conditions.map((one) => `(${one})`).join(' AND '),
        );
        const where = bounds.length === 0 ? 'TRUE' : bounds.map((one) => `(${one})`).join(' OR ');
        const bytes = await measure(contract, [...new Set(refs.map(({ column }) => column))], where, params);
        tables += 1;
        processed += bytes;
        billed += Math.max(bytes, MIN_BILLED);
      }
      return { tables, processed, billed };
    },
    rows: (contract, where = 'TRUE', params = {}, columns = Object.keys(contract.columns)) =>
      measure(contract, columns, where, params),
  };
}
