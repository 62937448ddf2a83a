import { addDays, type Slate } from '#core/calendar.ts';
import { type TableContract, tableId } from '#core/contracts/define.ts';
import { playerBoxScores, teamBoxScores } from '#core/contracts/nba_raw.ts';
import { type Statement, statement } from '#core/statement.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { idOf } from './rows.ts';

/** Tables of which a source says one thing again without saying when: the version that was loaded last counts. */
const VERSIONED: readonly { readonly table: TableContract; readonly key: string }[] = [
  { table: playerBoxScores, key: 'player_id' },
  { table: teamBoxScores, key: 'team_abbr' },
];

/** Days by which another version may lie beside a row: a date in the wrong zone, a game that was moved. */
const DAYS_BESIDE = 2;

interface Version {
  readonly game_id: string;
  readonly subject: string;
  readonly row_id: string;
  readonly source_file: string;
  readonly ingested_at: string;
}

/** A row as it is loaded. */
interface LoadedRow {
  readonly row_id: string;
  readonly [column: string]: string | number | boolean | null;
}

/** A row that was known, and the version loaded since that counts instead of it. */
interface ReplacedRow<R extends LoadedRow> {
  readonly row: R;
  readonly by: { readonly row_id: string; readonly source_file: string };
}

function versionsOf({ table, key }: (typeof VERSIONED)[number]): Statement {
  return statement({
    owner: 'pipeline/ingest/versions',
    sql: `SELECT game_id, CAST(${key} AS STRING) AS subject, row_id, source_file, ingested_at FROM ${tableId(table)}
WHERE source = @source AND slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
ORDER BY ingested_at DESC, row_id`,
  });
}

/** The statements of this module, for the list of registered statements. */
export const VERSION_STATEMENTS: readonly Statement[] = VERSIONED.map(versionsOf);

/** The id under which a row is loaded once more, after another version of it. */
export function repeatedId(row_id: string, after: string): string {
  return idOf(row_id, after);
}

/** Those of the rows, all of one source and loaded now or earlier, that another version has replaced since. */
export async function replacedRows<R extends LoadedRow>(
  warehouse: Pick<Warehouse, 'query'>,
  table: TableContract,
  source: string,
  rows: readonly R[],
): Promise<ReplacedRow<R>[]> {
  const versioned = VERSIONED.find((one) => one.table === table);
  const slates = rows.map((row) => String(row['slate']) as Slate).sort();
  const [first, last] = [slates[0], slates.at(-1)];
  if (versioned === undefined || first === undefined || last === undefined) return [];
  const found = await warehouse.query<Version>(versionsOf(versioned).sql, {
    source,
    from: addDays(first, -DAYS_BESIDE),
    to: addDays(last, DAYS_BESIDE),
  });
  const byKey = Map.groupBy(found, ({ game_id, subject }) => `${game_id} ${subject}`);
  return rows.flatMap((row) => {
    const versions = byKey.get(`${row['game_id']} ${row[versioned.key]}`) ?? [];
    const [newest] = versions;
    if (newest === undefined || newest.row_id === row.row_id) return [];
    const isRepeat = versions.some(({ row_id }) => repeatedId(row.row_id, row_id) === newest.row_id);
    return isRepeat ? [] : [{ row, by: newest }];
  });
}
