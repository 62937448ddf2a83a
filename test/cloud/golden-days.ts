import { join } from 'node:path';
import { addDays, parseSlate } from '#core/calendar.ts';
import { type Column, columnNames, type TableContract, tableId } from '#core/contracts/define.ts';
import { CONTRACTS, VIEWS } from '#core/contracts/index.ts';
import { requireTrainable } from '#guard/quality/trend.ts';
import { modelSource } from '#model/model-source.ts';
import { type DayResult, runDay } from '#pipeline/day.ts';
import { virtualClock } from '#platform/clock.ts';
import { directoryObjects } from '#platform/objects/directory.ts';
import { openSqliteQueue } from '#platform/queue/sqlite.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import type { Row, Warehouse } from '#platform/warehouse/port.ts';
import { loadLeague, simulateLeague } from '#simulate/league.ts';

const TONIGHT = parseSlate('2024-11-30');
const YESTERDAY = addDays(TONIGHT, -1);
const league = simulateLeague({
  ...{
    seed: 11,
    seasons: ['2023-24', '2024-25'],
    teams: 4,
    gamesPerTeam: 20,
    playersPerTeam: 12,
    withShots: true,
    through: TONIGHT,
  },
});

/** Names that are drawn at random for every run, and hashes that each engine computes in its own way. */
const DRAWN: ReadonlySet<string> = new Set([
  ...['run_id', 'batch_id', 'publication_id', 'prediction_id', 'checksum'],
]);

/** What two days left behind. */
export interface GoldenDays {
  readonly days: readonly DayResult[];
  /** Rows by `dataset.table`, in the order of their keys; drawn names are masked. */
  readonly tables: ReadonlyMap<string, readonly Row[]>;
  /** The documents of the web page by path, without what was drawn. */
  readonly documents: ReadonlyMap<string, string>;
}

/**
 * Yesterday predicted at noon as it was then known, played and graded; tonight predicted at noon: every phase from the
 * raw rows of one league to grades and exports, on whichever warehouse.
 */
export async function liveGoldenDays(warehouse: Warehouse, folder: string): Promise<GoldenDays> {
  const clock = virtualClock(`${YESTERDAY}T17:00:00Z`);
  const state = openSqliteState(join(folder, 'state.sqlite'), { clock });
  const queue = openSqliteQueue(join(folder, 'state.sqlite'), { clock });
  const [exports, models] = [directoryObjects(join(folder, 'objects')), directoryObjects(folder)];
  const parts = { warehouse, clock, codeVersion: 'golden' };
  const deps = {
    ...{ ...parts, state, queue, exports, runId: 'golden', dataSource: 'simulated' as const },
    models: modelSource(
      { ...parts, objects: models, admit: (rows) => requireTrainable(warehouse, rows) },
      { trainWhenMissing: true, by: 'golden' },
    ),
  };
  try {
    await warehouse.prepare(CONTRACTS);
    for (const { ref, sql } of VIEWS) await warehouse.createView(ref, sql);
    const days: DayResult[] = [];
    for (const slate of [YESTERDAY, TONIGHT]) {
      if (slate === TONIGHT) clock.set(`${TONIGHT}T17:00:00Z`);
      await loadLeague(warehouse, league, { clock });
      days.push(await runDay(deps, { slate, by: 'golden' }));
    }
    const tables = new Map<string, readonly Row[]>();
    for (const table of CONTRACTS) tables.set(tableId(table), await contentOf(warehouse, table));
    tables.set('nba_predictions.current_predictions', await visible(warehouse));
    const documents = new Map<string, string>();
    for (const path of await exports.list('')) {
      const stored = await exports.get(path);
      documents.set(path, withoutDrawn(Buffer.from(stored?.bytes ?? []).toString()));
    }
    return { days, tables, documents };
  } finally {
    await queue.close();
    await state.close();
  }
}

async function contentOf(warehouse: Warehouse, table: TableContract): Promise<Row[]> {
  const { partition } = table;
  const type = partition === undefined ? undefined : table.columns[partition]?.type;
  const bound = type === undefined ? '' : ` WHERE ${partition} >= CAST('1900-01-01' AS ${type})`;
  const rows = await warehouse.query<Row>(
    `SELECT ${columnNames(table).join(', ')} FROM ${tableId(table)}${bound}`,
  );
  return ordered(rows.map(masked), table.columns, table.key);
}

async function visible(warehouse: Warehouse): Promise<Row[]> {
  const rows = await warehouse.query<Row>(
    `SELECT slate, player_id, system_id, line, published_at FROM nba_predictions.current_predictions WHERE slate >= DATE '1900-01-01'`,
  );
  return ordered(rows, {}, ['slate', 'player_id', 'system_id', 'line']);
}

function masked(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, DRAWN.has(name) && value !== null ? 'drawn' : value]),
  );
}

/** By key, then by whatever else is exact: masked names leave keys that are equal. */
function ordered(rows: Row[], columns: Readonly<Record<string, Column>>, key: readonly string[]): Row[] {
  const exact = Object.keys(rows[0] ?? {}).filter(
    (name) => columns[name]?.type !== 'FLOAT64' && !key.includes(name),
  );
  const place = (row: Row): string => JSON.stringify([...key, ...exact].map((name) => row[name]));
  return rows
    .map((row) => ({ row, at: place(row) }))
    .toSorted((a, b) => (a.at < b.at ? -1 : Number(a.at > b.at)))
    .map(({ row }) => row);
}

function withoutDrawn(text: string): string {
  return text.replace(/"(?:batch|pub)-[^"]*"|"[0-9a-f]{8}-[0-9a-f-]{27}[^"]*"/g, '"drawn"');
}
