import { columnNames, type TableContract, tableId } from '#core/contracts/define.ts';
import { TipoffError } from '#core/errors.ts';
import { duckdbType } from '#platform/warehouse/ddl.ts';
import type { SqlParams, TableOptions, TableRef } from '#platform/warehouse/port.ts';
import { checkRecords, type LooseRecord } from '#platform/warehouse/records.ts';
import { checkReplacementColumns } from '#platform/warehouse/replacement-columns.ts';
import { createTable } from './catalogue.ts';
import { duckdbError } from './errors.ts';
import { CHUNK_ROWS, loadDirectly, loadWire, storedColumns } from './load.ts';
import type { Session } from './session.ts';
import { isOfContract } from './shape.ts';

/** Inserts validated rows in one transaction; `fresh` keeps only the first row of each key that the table does not hold. */
export async function insertRows(
  session: Session,
  table: TableContract,
  into: TableRef,
  rows: readonly LooseRecord[],
  fresh: boolean,
): Promise<number> {
  checkRecords(table, rows);
  if (rows.length === 0) return 0;
  const target = tableId(into);
  const isLoaded = async (): Promise<boolean> => {
    if (fresh || !(await isOfContract(session, table, into))) return false;
    try {
      await loadDirectly(session.connection, table, into, rows);
      return true;
    } catch (error) {
      throw duckdbError(error);
    }
  };
  // One piece is a transaction of its own, and beginning one takes as long as a few rows.
  const isOnePiece = rows.length <= CHUNK_ROWS;
  if (isOnePiece && (await session.exclusive(isLoaded))) return rows.length;
  return session.atomically(async () => {
    if (!isOnePiece && (await isLoaded())) return rows.length;
    await loadWire(session.connection, table, rows, 'tipoff_wire');
    const sameKey = table.key.map((k) => `t.${k} IS NOT DISTINCT FROM s.${k}`).join(' AND ');
    const unseen = fresh
      ? ` WHERE NOT EXISTS (SELECT 1 FROM ${target} t WHERE ${sameKey})
          QUALIFY row_number() OVER (PARTITION BY ${table.key.join(', ')} ORDER BY wire_order) = 1 ORDER BY wire_order`
      : '';
    const count = await session.changed(
      `INSERT INTO ${target} BY NAME SELECT * EXCLUDE (wire_order)
       FROM (SELECT ${storedColumns(table, 'w')}, w.wire_order FROM temp.tipoff_wire w) s${unseen}`,
    );
    await session.run('DROP TABLE temp.tipoff_wire');
    return count;
  });
}

/** Creates a table of a contract's shape with validated rows in it, in one transaction. */
export async function stageRows(
  session: Session,
  table: TableContract,
  as: TableRef,
  rows: readonly LooseRecord[],
  { createdAt, ...options }: TableOptions & { readonly createdAt: Date },
): Promise<number> {
  checkRecords(table, rows);
  return session.atomically(async () => {
    await createTable(session, table, as, options, createdAt);
    await loadDirectly(session.connection, table, as, rows);
    return rows.length;
  });
}

export interface ReplacedRange {
  readonly column: string;
  readonly from: string;
  readonly to: string;
  readonly extraWhere?: string;
}

/**
 * Replaces the rows of a range by a select in one transaction. The select is evaluated first, so it sees the rows that
 * it replaces; its rows must lie in the range, or a second run would double them.
 */
export async function replaceRange(
  session: Session,
  table: TableContract,
  range: ReplacedRange,
  select: string,
  params: SqlParams,
): Promise<number> {
  const bounds = boundsOf(table, range);
  const all: SqlParams = { ...params, range_from: range.from, range_to: range.to };
  return session.atomically(async () => {
    // The select runs once, and its columns are read from what it gave: planning a long statement only to describe it costs
    // as much as running it on a short range.
    await session.run(`CREATE OR REPLACE TEMP TABLE tipoff_replacement AS ${select}`, params);
    const given = (await session.rows<{ column_name: string }>('DESCRIBE temp.tipoff_replacement')).map((c) => c.column_name);
    checkReplacementColumns(table, given);
    await checkReplacement(session, table, range, bounds, all);
    await session.run(`DELETE FROM ${tableId(table)} WHERE ${bounds}`, all);
    // Rows of one date lie together, as in a partition: a later read of one date decodes its rows, not the table.
    const order = range.from === range.to ? '' : ` ORDER BY ${range.column}`;
    const count = await session.changed(`INSERT INTO ${tableId(table)} BY NAME ${stored(table)}${order}`);
    await session.run('DROP TABLE temp.tipoff_replacement');
    return count;
  });
}

/** The rows of a replacement in the types and precisions of the contract. */
function stored(table: TableContract): string {
  return `SELECT ${storedColumns(table, 's')} FROM temp.tipoff_replacement s`;
}

function boundsOf(table: TableContract, range: ReplacedRange): string {
  const column = table.columns[range.column];
  if (column === undefined) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `${tableId(table)} has no column ${range.column} to bound a range with`, {
      hint: `Bound the range with one of ${columnNames(table).join(', ')}.`,
      details: { table: tableId(table), column: range.column },
    });
  }
  const type = duckdbType(column);
  const extra = range.extraWhere === undefined ? '' : ` AND (${range.extraWhere})`;
  return `${range.column} BETWEEN CAST(@range_from AS ${type}) AND CAST(@range_to AS ${type})${extra}`;
}

/** Refuses rows outside of the range and keys that occur twice: both would break "running it again changes nothing". */
async function checkReplacement(
  session: Session,
  table: TableContract,
  range: ReplacedRange,
  bounds: string,
  params: SqlParams,
): Promise<void> {
  const key = table.key.join(', ');
  const [found] = await session.rows<{ outside: number; doubled: number }>(
    `SELECT (SELECT COUNT(*) FROM (${stored(table)}) s WHERE (${bounds}) IS NOT TRUE) AS outside,
      (SELECT COUNT(*) FROM (SELECT ${key} FROM (${stored(table)}) s GROUP BY ${key} HAVING COUNT(*) > 1)) AS doubled`,
    params,
  );
  const { outside = 0, doubled = 0 } = found ?? {};
  const where = `${range.column} in [${range.from}, ${range.to}]${range.extraWhere === undefined ? '' : ` where ${range.extraWhere}`}`;
  const problems = [
    ...(outside > 0 ? [`${outside} rows lie outside of what is replaced, ${where}`] : []),
    ...(doubled > 0 ? [`${doubled} keys (${key}) occur more than once`] : []),
  ];
  if (problems.length === 0) return;
  throw new TipoffError('TIPOFF_SCHEMA_MISMATCH', `${tableId(table)}: in the result of the statement ${problems.join(' and ')}`, {
    hint: `Correct the statement of ${table.writer}; nothing was written.`,
    details: { table: tableId(table), column: range.column, from: range.from, to: range.to, outside, doubled },
  });
}
