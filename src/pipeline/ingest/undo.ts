import { type TableContract, tableId, wholePartition } from '#core/contracts/define.ts';
import { CONTRACTS } from '#core/contracts/index.ts';
import { TipoffError } from '#core/errors.ts';
import { type Statement, statement } from '#core/statement.ts';
import type { Clock } from '#platform/clock.ts';
import type { SqlParams, Warehouse } from '#platform/warehouse/port.ts';

/** Before anything was ever loaded. */
export const EVER = '1970-01-01T00:00:00.000Z';

export interface UndoRequest {
  /** Path of the file as its receipt has it, or the address a provider was asked at. */
  readonly file: string;
  /** ISO UTC instant: loads before it stand. */
  readonly since: string;
  readonly reason: string;
  /** Counts, and changes nothing. */
  readonly isDryRun: boolean;
}

/** What a file had brought in and what of it was taken back. */
export interface UndoneFile {
  readonly file: string;
  /** When it was loaded, oldest first. */
  readonly loaded_at: readonly string[];
  /** Rows taken back, by table; tables without any are not listed. */
  readonly tables: Readonly<Record<string, number>>;
  /** Files of the same format loaded since, of which rows counted as duplicates: perhaps of those that are gone now. */
  readonly overlapping: readonly string[];
}

/** Tables whose rows name the file they came from: the raw tables but for the receipts and the quarantine, which stay. */
export const LOADED_TABLES: readonly TableContract[] = CONTRACTS.filter(
  ({ dataset, columns }) =>
    dataset === 'nba_raw' && 'row_id' in columns && 'source_file' in columns && !('reason_code' in columns),
);

const OF_FILE = 'source_file = @file AND ingested_at >= CAST(@since AS TIMESTAMP)';

/** The rows that a file brought into a table: to count, and to delete. */
export function rowsOfFile(table: TableContract): {
  readonly counted: Statement;
  readonly removed: Statement;
} {
  const owner = 'pipeline/ingest/undo';
  return {
    counted: statement({
      owner,
      sql: `SELECT COUNT(*) AS n FROM ${tableId(table)} WHERE ${OF_FILE}${wholePartition(table)}`,
    }),
    removed: statement({
      owner,
      sql: `DELETE FROM ${tableId(table)} WHERE ${OF_FILE}${wholePartition(table)}`,
    }),
  };
}

interface Load {
  readonly source: string;
  readonly ingested_at: string;
}

/**
 * Takes back the rows that a file brought into the raw tables: what an earlier file had said of the same things counts again. The
 * receipts keep when and why. Run again after an interruption, it takes back the rest. Throws TIPOFF_NOT_FOUND for a file
 * that was not loaded since then, with the names of files like it.
 */
export async function undoFile(
  { warehouse, clock }: { readonly warehouse: Warehouse; readonly clock: Clock },
  { file, since, reason, isDryRun }: UndoRequest,
): Promise<UndoneFile> {
  const params: SqlParams = { file, since };
  const loads = await warehouse.query<Load>(
    `SELECT source, ingested_at FROM nba_raw.ingested_files WHERE ${OF_FILE} ORDER BY ingested_at`,
    params,
  );
  const first = loads[0];
  if (first === undefined) throw await unknownFile(warehouse, file, since);
  const tables: Record<string, number> = {};
  for (const table of LOADED_TABLES) {
    const { counted, removed } = rowsOfFile(table);
    const n = isDryRun
      ? Number((await warehouse.query<{ n: number }>(counted.sql, params))[0]?.n ?? 0)
      : await warehouse.execute(removed.sql, params);
    if (n > 0) tables[table.name] = n;
  }
  if (!isDryRun) {
    await warehouse.execute(
      `UPDATE nba_raw.ingested_files SET withdrawn_at = CAST(@at AS TIMESTAMP), withdrawn_reason = @reason
       WHERE ${OF_FILE} AND withdrawn_at IS NULL`,
      { ...params, at: clock.now().toISOString(), reason },
    );
  }
  const overlapping = await warehouse.query<{ source_file: string }>(
    `SELECT DISTINCT source_file FROM nba_raw.ingested_files
     WHERE source = @source AND source_file <> @file AND ingested_at >= CAST(@since AS TIMESTAMP) AND rows_duplicate > 0 ORDER BY source_file`,
    { source: first.source, file, since: first.ingested_at },
  );
  return {
    file,
    loaded_at: loads.map(({ ingested_at }) => ingested_at),
    tables,
    overlapping: overlapping.map(({ source_file }) => source_file),
  };
}

/** Number of names that an error lists. */
const MAX_NAMES = 5;

async function unknownFile(warehouse: Warehouse, file: string, since: string): Promise<TipoffError> {
  const name = file.slice(file.lastIndexOf('/') + 1);
  const alike = await warehouse.query<{ source_file: string }>(
    `SELECT source_file, MAX(ingested_at) AS last_at FROM nba_raw.ingested_files WHERE STRPOS(source_file, @name) > 0
     GROUP BY source_file ORDER BY last_at DESC, source_file LIMIT ${MAX_NAMES}`,
    { name },
  );
  const known = alike.map(({ source_file }) => source_file);
  const when = since === EVER ? '' : ` since ${since}`;
  return new TipoffError(
    'TIPOFF_NOT_FOUND',
    `expected a file that was loaded${when}, saw no receipt of "${file}"${known.length === 0 ? '' : `; there are ${known.join(', ')}`}`,
    {
      hint: '`tipoff sql "SELECT source_file, MAX(ingested_at) AS last_at FROM nba_raw.ingested_files GROUP BY source_file"` lists what was loaded.',
      details: { file, known },
    },
  );
}
