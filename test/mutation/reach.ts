import { join } from 'node:path';
import { columnNames, type TableContract, tableId } from '#core/contracts/define.ts';
import { writtenRows } from '#core/contracts/nba_orchestration.ts';
import { PROCESSORS } from '#pipeline/graph.ts';
import { outputOf, tablesOf } from '#pipeline/processor.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/** Where the rows of the same day are kept as they are when nothing goes wrong. */
export const HEALTHY = 'healthy';

/** The warehouse of a healthy day in a folder, `index` days after the first. */
export function healthyWarehouse(folder: string, index: number): string {
  return join(folder, `day-${index}.duckdb`);
}

type Range = Parameters<Warehouse['replaceRange']>[1];

/** What the names of players are made from, and what forecasts are made from. */
const REFERENCE_INPUTS = ['nba_raw.player_box_scores', 'nba_raw.injury_reports'];
const REFERENCES = ['nba_reference.players', 'nba_reference.player_aliases'];
const FORECAST_INPUTS = [
  'nba_predictions.ml_feature_store',
  'nba_analytics.upcoming_player_game_context',
  'nba_analytics.player_game_summary',
  'nba_reference.schedule',
  'nba_predictions.model_registry',
  'nba_predictions.staged_predictions',
  'nba_predictions.player_prop_predictions',
  'nba_predictions.publications',
  'nba_predictions.prediction_grades',
];
const FORECASTS = [
  'nba_predictions.player_prop_predictions',
  'nba_predictions.current_predictions',
  'nba_predictions.publications',
  'nba_predictions.subset_picks',
  'nba_predictions.prediction_grades',
  'nba_predictions.model_registry',
];
const WRITTEN = tableId(writtenRows);
const PROCESSED = new Map(PROCESSORS.map((processor) => [outputOf(processor), tablesOf(processor.inputs)]));

/**
 * How far a damage has come: the tables whose rows are, or may be, other than on healthy days. What it has not reached is copied
 * from the healthy day instead of computed, and is not looked at. A table that was computed from damaged ones and came out as it
 * does on a healthy day stops it there.
 */
export interface Reach {
  has(table: string): boolean;
  /** Replaces a range: computes it where the damage may have come, and copies it elsewhere. */
  replaceRange(
    warehouse: Warehouse,
    table: TableContract,
    range: Range,
    compute: () => Promise<number>,
  ): Promise<number>;
  /** A day is over: what could have been reached and was not written on it is not known to be as it should be. */
  endDay(): void;
}

/** The reach of a damage of some tables; undefined when it can be anywhere. */
export function reachOf(touches: readonly string[] | undefined): Reach | undefined {
  if (touches === undefined) return undefined;
  const reached = new Set(touches);
  if (REFERENCE_INPUTS.some((table) => reached.has(table)))
    for (const table of REFERENCES) reached.add(table);
  const possible = everythingBelow(reached);
  if (FORECASTS.some((table) => possible.has(table))) for (const table of FORECASTS) reached.add(table);
  const same = new Set<string>();
  const has = (table: string): boolean =>
    reached.has(table === 'nba_reference.counted_games' ? 'nba_reference.schedule' : table);
  return {
    has,
    replaceRange: async (warehouse, table, range, compute) => {
      const id = tableId(table);
      const inputs = PROCESSED.get(id) ?? [];
      if (!has(id) && !inputs.some(has)) {
        same.add(id);
        return copyHealthy(warehouse, table, range);
      }
      const count = await compute();
      if (has(id)) return count;
      if (await isHealthy(warehouse, table, range)) same.add(id);
      else reached.add(id);
      return count;
    },
    endDay: () => {
      for (const table of possible) if (!same.has(table)) reached.add(table);
      same.clear();
    },
  };
}

/** Some tables, and all that are computed from them. */
function everythingBelow(tables: ReadonlySet<string>): Set<string> {
  const below = new Set(tables);
  // The processors are in the order of the data.
  for (const [output, inputs] of PROCESSED) if (inputs.some((table) => below.has(table))) below.add(output);
  if (FORECAST_INPUTS.some((table) => below.has(table))) for (const table of FORECASTS) below.add(table);
  return below;
}

function rangeSql({ column, from, to, extraWhere }: Range): string {
  return `${column} BETWEEN DATE '${from}' AND DATE '${to}'${extraWhere === undefined ? '' : ` AND (${extraWhere})`}`;
}

async function copyHealthy(warehouse: Warehouse, table: TableContract, range: Range): Promise<number> {
  const { from, to, recording } = range;
  const id = tableId(table);
  const columns = columnNames(table).join(', ');
  await warehouse.execute(`DELETE FROM ${id} WHERE ${rangeSql(range)}`);
  if (recording !== undefined)
    await warehouse.execute(
      `INSERT INTO ${WRITTEN} SELECT * FROM ${HEALTHY}.${WRITTEN}
       WHERE table_id = '${id}' AND slate BETWEEN DATE '${from}' AND DATE '${to}' AND written_at = TIMESTAMPTZ '${recording.at}'`,
    );
  return warehouse.execute(
    `INSERT INTO ${id} (${columns}) SELECT ${columns} FROM ${HEALTHY}.${id} WHERE ${rangeSql(range)}`,
  );
}

async function isHealthy(warehouse: Warehouse, table: TableContract, range: Range): Promise<boolean> {
  const id = tableId(table);
  // Rows have no order and may be there twice: their number and the sum of their digests say whether they are the same.
  const digest = (from: string): string =>
    `(SELECT COUNT(*) || ' ' || COALESCE(SUM(hash(t)), 0) FROM (SELECT ${columnNames(table).join(', ')} FROM ${from} WHERE ${rangeSql(range)}) AS t)`;
  const [row] = await warehouse.query<{ is_same: boolean }>(
    `SELECT ${digest(id)} = ${digest(`${HEALTHY}.${id}`)} AS is_same`,
  );
  return row?.is_same === true;
}
