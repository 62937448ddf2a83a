import { stagedPredictions } from '#core/contracts/nba_predictions/player-prop-predictions.ts';
import type { BatchDoc, OutcomeDoc, UnitDoc } from '#pipeline/predict/documents.ts';
import { CHAMPION_SYSTEM } from '#pipeline/predict/rows.ts';
import { stagingPrefix } from '#pipeline/predict/staging.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { stagedSelect } from './rows.ts';

/** One check of the audit. A warning is told, and does not hold the batch. */
export interface AuditCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly severity: 'error' | 'warning';
  readonly expected: string;
  readonly seen: string;
}

/** Players with one and the same forecast of a system from which on it counts as stuck. */
const CONSTANT_PLAYERS = 20;
/** Players below which shares and means say nothing. */
const FEW_PLAYERS = 10;
const LARGEST_BIAS = 3;
const LARGEST_QUIET_BIAS = 2;
const LEAST_SIDE_SHARE = 0.15;
/** Three probabilities stored with six decimals may miss 1 by this much. */
const ROUNDING = 0.000002;

const RANGES = Object.entries(stagedPredictions.columns).flatMap(([name, { range }]) =>
  range === undefined ? [] : [`(${name} IS NOT NULL AND (${name} < ${range[0]} OR ${name} > ${range[1]}))`],
);

const NULLS = Object.entries(stagedPredictions.columns).flatMap(([name, { required }]) => (required ? [`${name} IS NULL`] : []));

/** One row of figures about a set of staged rows. */
function figures(units: readonly UnitDoc[]): string {
  return `
WITH constants AS (
  SELECT system_id, predicted_points, COUNT(DISTINCT player_id) AS players
  FROM (${stagedSelect(units, 'system_id, predicted_points, player_id')}) AS forecasts GROUP BY system_id, predicted_points
),
keys AS (
  SELECT COUNT(*) AS copies
  FROM (${stagedSelect(units, 'player_id, game_id, market, system_id, line')}) AS lines GROUP BY player_id, game_id, market, system_id, line
)
SELECT COUNT(*) AS row_count,
  COUNT(DISTINCT s.prediction_id) AS ids,
  (SELECT COUNT(*) FROM keys WHERE copies > 1) AS doubled_keys,
  COALESCE(SUM(CASE WHEN s.line IS NOT NULL AND (s.p_over IS NULL OR s.p_push IS NULL OR s.p_under IS NULL
    OR ABS(s.p_over + s.p_push + s.p_under - 1) > ${ROUNDING}) THEN 1 ELSE 0 END), 0) AS bad_chances,
  COALESCE(SUM(CASE WHEN ${RANGES.join(' OR ')} THEN 1 ELSE 0 END), 0) AS out_of_range,
  COALESCE(SUM(CASE WHEN ${NULLS.join(' OR ')} THEN 1 ELSE 0 END), 0) AS with_nulls,
  COALESCE(SUM(CASE WHEN s.sd_points <= 0 THEN 1 ELSE 0 END), 0) AS without_spread,
  COALESCE(SUM(CASE WHEN s.required_default_count > 0 THEN 1 ELSE 0 END), 0) AS with_defaults,
  COALESCE(SUM(CASE WHEN (s.recommendation = 'OVER' AND (s.line IS NULL OR s.predicted_points <= CAST(s.line AS FLOAT64)))
    OR (s.recommendation = 'UNDER' AND (s.line IS NULL OR s.predicted_points >= CAST(s.line AS FLOAT64)))
    OR (s.recommendation = 'NO_LINE' AND s.line IS NOT NULL) THEN 1 ELSE 0 END), 0) AS wrong_way,
  COALESCE(SUM(CASE WHEN s.is_actionable AND s.recommendation NOT IN ('OVER', 'UNDER') THEN 1 ELSE 0 END), 0) AS sideless_picks,
  MIN(s.model_hash) AS least_model, MAX(s.model_hash) AS greatest_model,
  (SELECT COALESCE(MAX(players), 0) FROM constants) AS most_alike,
  AVG(CASE WHEN s.system_id = '${CHAMPION_SYSTEM}' AND s.line_role = 'main' THEN s.predicted_points - CAST(s.line AS FLOAT64) END) AS bias,
  COALESCE(SUM(CASE WHEN s.system_id = '${CHAMPION_SYSTEM}' AND s.line_role = 'main' THEN 1 ELSE 0 END), 0) AS lined,
  COALESCE(SUM(CASE WHEN s.system_id = '${CHAMPION_SYSTEM}' AND s.line_role = 'main' AND s.predicted_points > CAST(s.line AS FLOAT64) THEN 1 ELSE 0 END), 0) AS above
FROM (${stagedSelect(units)}) AS s`;
}

interface Figures {
  readonly row_count: number;
  readonly ids: number;
  readonly doubled_keys: number;
  readonly bad_chances: number;
  readonly out_of_range: number;
  readonly with_nulls: number;
  readonly without_spread: number;
  readonly with_defaults: number;
  readonly wrong_way: number;
  readonly sideless_picks: number;
  readonly least_model: string | null;
  readonly greatest_model: string | null;
  readonly most_alike: number;
  readonly bias: number | null;
  readonly lined: number;
  readonly above: number;
}

/**
 * Audits the staged rows of a batch against its outcomes: tables, counts, keys, nulls, probabilities, ranges, constant
 * forecasts, defaults, directions, bias to the line. Every check is listed with what was expected and seen, passed or not;
 * without all tables the others cannot be made.
 */
export async function audit(
  warehouse: Warehouse,
  batch: BatchDoc,
  outcomes: readonly OutcomeDoc[],
  units: readonly UnitDoc[],
): Promise<AuditCheck[]> {
  const predicted = new Map(outcomes.filter(({ outcome }) => outcome === 'predicted').map((doc) => [doc.player_id, doc.rows]));
  const tables = (missing: readonly string[]): AuditCheck =>
    check(
      'staging_tables_exist',
      missing.length === 0,
      'a staging table of every unit',
      missing.length === 0 ? 'all' : `none for ${missing.join(', ')}`,
    );
  const unnamed = units.filter(({ players, staging_table }) => staging_table === null && players.some((id) => predicted.has(id)));
  if (unnamed.length > 0) return [tables(unnamed.map(({ unit_id }) => unit_id))];
  const seen = await readFigures(warehouse, units).catch(async (error: unknown) => {
    const gone = await missingTables(warehouse, batch, units);
    if (gone.length === 0) throw error;
    return tables(gone);
  });
  if ('ok' in seen) return [seen];
  const counts = await warehouse.query<{ player_id: number; n: number; of_champion: number }>(
    `SELECT player_id, COUNT(*) AS n, SUM(CASE WHEN system_id = '${CHAMPION_SYSTEM}' THEN 1 ELSE 0 END) AS of_champion
     FROM (${stagedSelect(units, 'player_id, system_id')}) AS staged GROUP BY player_id ORDER BY player_id`,
  );
  const withChampion = counts.filter(({ of_champion }) => of_champion > 0).length;
  const staging = new Map(counts.map(({ player_id, n }) => [player_id, n]));
  const astray = [...new Set([...predicted.keys(), ...staging.keys()])].filter((id) => predicted.get(id) !== staging.get(id));
  const models = new Set([seen.least_model, seen.greatest_model]);
  const zero = (name: string, count: number, what: string): AuditCheck => check(name, count === 0, `0 ${what}`, `${count}`);
  return [
    tables([]),
    check(
      'rows_match_outcomes',
      astray.length === 0,
      `as many rows for each of ${predicted.size} players as his outcome says`,
      astray.length === 0 ? `${seen.row_count} rows` : `${astray.length} players differ: ${astray.slice(0, 10).join(', ')}`,
    ),
    check(
      'champion_for_every_player',
      withChampion === counts.length,
      `${counts.length} players with a ${CHAMPION_SYSTEM} row`,
      `${withChampion}`,
    ),
    check('ids_are_unique', seen.ids === seen.row_count, `${seen.row_count} different ids`, `${seen.ids}`),
    zero('keys_are_unique', seen.doubled_keys, 'keys (player, game, market, system, exact line) that occur twice'),
    zero('probabilities_sum_to_one', seen.bad_chances, 'lined rows whose probabilities do not sum to 1'),
    zero('required_values_are_there', seen.with_nulls, 'rows with a required value missing'),
    zero('values_in_range', seen.out_of_range, 'rows outside the ranges of the contract'),
    zero('spread_is_positive', seen.without_spread, 'rows without a spread'),
    zero('no_defaults', seen.with_defaults, 'rows with a defaulted required feature'),
    zero('sides_agree_with_forecasts', seen.wrong_way, 'rows whose side contradicts forecast and line'),
    zero('picks_have_a_side', seen.sideless_picks, 'picks that are neither OVER nor UNDER'),
    check('one_model', models.size <= 1, 'one model', models.size <= 1 ? 'one' : `several, from ${[...models].join(' to ')}`),
    check(
      'forecasts_are_not_constant',
      seen.most_alike < CONSTANT_PLAYERS,
      `fewer than ${CONSTANT_PLAYERS} players with one forecast`,
      `${seen.most_alike}`,
    ),
    ...biasChecks(seen),
  ];
}

function biasChecks({ bias, lined, above }: Figures): AuditCheck[] {
  if (bias === null || lined < FEW_PLAYERS) return [];
  const share = above / lined;
  const shown = bias.toFixed(2);
  return [
    check('bias_to_the_line', Math.abs(bias) <= LARGEST_BIAS, `mean forecast within ${LARGEST_BIAS} points of the lines`, shown),
    {
      ...check('bias_to_the_line_is_small', Math.abs(bias) <= LARGEST_QUIET_BIAS, `within ${LARGEST_QUIET_BIAS} points`, shown),
      severity: 'warning',
    },
    {
      ...check(
        'both_sides_occur',
        share >= LEAST_SIDE_SHARE && share <= 1 - LEAST_SIDE_SHARE,
        `${LEAST_SIDE_SHARE * 100} % of the forecasts at least on either side of the lines`,
        `${(share * 100).toFixed(0)} % above`,
      ),
      severity: 'warning',
    },
  ];
}

async function readFigures(warehouse: Warehouse, units: readonly UnitDoc[]): Promise<Figures> {
  const [seen] = await warehouse.query<Figures>(figures(units));
  if (seen === undefined) throw new RangeError('an aggregate without groups always gives one row');
  return seen;
}

/** Units whose staging table is no longer there. */
async function missingTables(warehouse: Warehouse, batch: BatchDoc, units: readonly UnitDoc[]): Promise<string[]> {
  const live = new Set((await warehouse.listTables('nba_predictions', stagingPrefix(batch.batch_id))).map(({ name }) => name));
  return units.filter(({ staging_table }) => staging_table !== null && !live.has(staging_table)).map(({ unit_id }) => unit_id);
}

function check(name: string, ok: boolean, expected: string, seen: string): AuditCheck {
  return { name, ok, severity: 'error', expected, seen };
}
