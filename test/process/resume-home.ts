import { openApp } from '#app/compose.ts';
import { readConfig } from '#app/config.ts';
import { tableId } from '#core/contracts/define.ts';
import { CURRENT_PREDICTIONS } from '#core/contracts/nba_predictions.ts';
import { readUnits, type UnitDoc } from '#guard/backfill/ledger.ts';
import { CONTEXT_PROCESSORS, PRECOMPUTE_PROCESSORS, SUMMARY_PROCESSORS } from '#pipeline/graph.ts';
import { shiftedClock } from '#platform/clock.ts';
import { homePaths } from '#platform/home.ts';
import { openSqliteState } from '#platform/state/sqlite.ts';
import type { Row, Warehouse } from '#platform/warehouse/port.ts';
import { loadLeague, simulateLeague } from '#simulate/league.ts';

/** When the backfills of this test run: both seasons are long over. */
export const RESUME_NOW = '2025-08-01T16:00:00.000Z';

/** A range of slates, and a home that holds the raw rows for it and nothing computed. */
export interface ResumeTemplate {
  readonly home: string;
  readonly from: string;
  readonly to: string;
}

/** Two seasons of a small league with every feed, as raw rows; the second is the one to backfill. */
export async function makeResumeTemplate(home: string): Promise<ResumeTemplate> {
  const league = simulateLeague({
    seed: 5,
    seasons: ['2023-24', '2024-25'],
    teams: 4,
    gamesPerTeam: 24,
    playersPerTeam: 12,
    withShots: true,
  });
  const app = await openApp(readConfig({ TIPOFF_HOME: home }), {
    command: 'resume test',
    clock: shiftedClock(RESUME_NOW),
    write: () => undefined,
  });
  try {
    await loadLeague(app.warehouse, league);
  } finally {
    await app.close();
  }
  const season = league.slates.filter((slate) => slate >= '2024-07-01');
  return { home, from: season[0] ?? '', to: season.at(-1) ?? '' };
}

/** "step slate" of everything that the ledger of a home holds as done. Looks at the state store of a home that nobody uses. */
export async function enteredIn(home: string): Promise<Set<string>> {
  const state = openSqliteState(homePaths(home).state, { clock: shiftedClock(RESUME_NOW) });
  try {
    return new Set(
      [...(await readUnits(state)).values()].flatMap((unit: UnitDoc) =>
        Object.keys(unit.slates).map((slate) => `${unit.step} ${slate}`),
      ),
    );
  } finally {
    await state.close();
  }
}

/** What a finished home holds, and what it cost. */
export interface HomeContents {
  /** Rows by "table slate" as text: every computed table, the visible predictions and their grades. */
  readonly tables: ReadonlyMap<string, string>;
  /** Pieces of work that were written more than once: a receipt each, by processor and range. */
  readonly redone: number;
}

const COMPUTED = [...SUMMARY_PROCESSORS, ...CONTEXT_PROCESSORS, ...PRECOMPUTE_PROCESSORS].map(({ table }) =>
  tableId(table),
);
const PREDICTIONS = tableId(CURRENT_PREDICTIONS.ref);
const GRADES = 'nba_predictions.prediction_grades';
/** Names and instants of the attempt that made a row (the hash of an artefact covers its time of birth), which differ between two runs that agree in everything else. */
const OF_THE_ATTEMPT = new Set([
  'publication_id',
  'prediction_id',
  'batch_id',
  'unit_id',
  'predicted_at',
  'published_at',
  'graded_at',
  'model_hash',
]);

/** Opens a home that nobody uses any more and reads all of it. */
export async function readContents(home: string): Promise<HomeContents> {
  const app = await openApp(readConfig({ TIPOFF_HOME: home }), {
    command: 'resume test',
    clock: shiftedClock(RESUME_NOW),
    write: () => undefined,
  });
  try {
    const tables = new Map<string, string>();
    for (const table of [...COMPUTED, PREDICTIONS, GRADES]) {
      for (const [slate, rows] of await rowsBySlate(app.warehouse, table))
        tables.set(`${table} ${slate}`, rows);
    }
    const [again] = await app.warehouse.query<{ pieces: number }>(
      `SELECT COALESCE(SUM(n - 1), 0) AS pieces FROM (SELECT COUNT(*) AS n FROM nba_orchestration.phase_runs
         WHERE verdict IN ('done', 'empty') AND processor <> 'ScheduleReference' GROUP BY processor, slate_from, slate_to)`,
    );
    return { tables, redone: again?.pieces ?? 0 };
  } finally {
    await app.close();
  }
}

async function rowsBySlate(warehouse: Warehouse, table: string): Promise<Map<string, string>> {
  const rows = await warehouse.query<Row>(`SELECT * FROM ${table} WHERE slate >= CAST(@from AS DATE)`, {
    from: '1946-11-01',
  });
  const texts = rows.map((row) => ({
    slate: String(row['slate']),
    text: JSON.stringify(Object.entries(row).filter(([column]) => !OF_THE_ATTEMPT.has(column))),
  }));
  const bySlate = Map.groupBy(texts, ({ slate }) => slate);
  return new Map(
    [...bySlate].map(([slate, own]) => [
      slate,
      own
        .map(({ text }) => text)
        .sort()
        .join('\n'),
    ]),
  );
}
