import { type Outcome, outcome } from '#core/check.ts';
import type { Column } from '#core/contracts/define.ts';
import { stagedPredictions } from '#core/contracts/nba_predictions.ts';
import { breaksSql } from '#core/contracts/rules.ts';
import { isPossibleSql, scaleByMarketSql } from '#core/markets.ts';
import { type Statement, statement } from '#core/statement.ts';
import { CHAMPION_SYSTEM } from '#model/systems.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { stagingPrefix } from './output-gate.ts';
import { hashIn, ROW_DIGEST, stagedSelect } from './published-rows.ts';
import type { BatchDoc, OutcomeDoc, UnitDoc } from './state.ts';

/** Players with one and the same forecast of a system from which on it counts as stuck. */
const CONSTANT_PLAYERS = 20;
/** Below this many, players who hardly ever count anything have one and the same forecast by nature. */
const FEW_COUNTS = 0.5;
/** Players below which shares and means say nothing. */
const FEW_PLAYERS = 10;
const MAX_BIAS = 3;
const MAX_QUIET_BIAS = 2;
const MIN_SIDE_SHARE = 0.15;
/** Three probabilities stored with six decimals may miss 1 by this much. */
const ROUNDING = 0.000002;

const RANGES = Object.entries(stagedPredictions.columns).flatMap(([name, { range }]) =>
  range === undefined ? [] : [{ name, range }],
);
/** NaN is outside of every range, on either engine; null is outside of none. */
const OUTSIDE = RANGES.map(({ name, range: [least, most] }) => `NOT (${name} BETWEEN ${least} AND ${most})`)
  .concat(`NOT (${isPossibleSql('market')})`)
  .join(' OR ');

const UNRANGED = Object.fromEntries(
  Object.entries<Column>(stagedPredictions.columns).map(([name, { range: _, ...column }]) => [name, column]),
);
/** True for a row whose columns contradict each other by the rules of the contract. */
const BROKEN = breaksSql({ ...stagedPredictions, columns: UNRANGED }) ?? 'FALSE';

/** Columns in which no row may be empty. */
export const REQUIRED: readonly string[] = Object.entries(stagedPredictions.columns).flatMap(
  ([name, { required }]) => (required ? [name] : []),
);

const KEY = ['player_id', 'game_id', 'market', 'system_id', 'line'];
/** What the figures are taken from as it is. */
const READ = [
  'prediction_id',
  ...KEY,
  'line_role',
  'sd',
  'model_hash',
  'required_default_count',
  'recommendation',
  'is_actionable',
];

/** One row of figures about a set of staged rows; `counted` names the columns whose nulls are counted. */
export function auditFigures(units: readonly UnitDoc[], counted: readonly string[]): Statement {
  const isEmpty = counted.length === 0 ? 'FALSE' : counted.map((name) => `${name} IS NULL`).join(' OR ');
  const sql = `
WITH staged AS (
  SELECT ${[...READ, 'predicted'].join(', ')}, p_over + p_push + p_under AS chances,
    predicted - CAST(line AS FLOAT64) AS gap,
    CASE WHEN system_id = '${CHAMPION_SYSTEM}' AND line_role = 'main' THEN fn.safe_div(predicted - CAST(line AS FLOAT64), ${scaleByMarketSql('market')}) END AS champion_gap,
    CASE WHEN ${OUTSIDE} THEN 1 END AS astray, CASE WHEN ${BROKEN} THEN 1 END AS broken, CASE WHEN ${isEmpty} THEN 1 END AS empty,
    ${ROW_DIGEST} AS digest
  FROM (${stagedSelect(units)}) AS units
),
constants AS (
  SELECT COUNT(DISTINCT player_id) AS players FROM staged WHERE predicted >= ${FEW_COUNTS} GROUP BY market, system_id, predicted
),
biases AS (
  SELECT market, AVG(champion_gap) AS bias, COUNT(champion_gap) AS lined, COUNT(CASE WHEN champion_gap > 0 THEN 1 END) AS above
  FROM staged GROUP BY market HAVING COUNT(champion_gap) >= ${FEW_PLAYERS}
),
keys AS (SELECT COUNT(*) AS copies FROM staged GROUP BY ${KEY.join(', ')}),
players AS (
  SELECT CAST(player_id AS STRING) || ' ' || CAST(COUNT(*) AS STRING) || ' ' || CAST(COUNT(CASE WHEN system_id = '${CHAMPION_SYSTEM}' THEN 1 END) AS STRING) || ' ' || CAST(BIT_XOR(digest) AS STRING) AS tally
  FROM staged GROUP BY player_id
)
SELECT COUNT(*) AS row_count,
  COUNT(DISTINCT prediction_id) AS ids,
  (SELECT COUNT(*) FROM keys WHERE copies > 1) AS doubled_keys,
  COUNT(CASE WHEN line IS NOT NULL AND NOT COALESCE(ABS(chances - 1) <= ${ROUNDING}, FALSE) THEN 1 END) AS bad_chances,
  COUNT(astray) AS out_of_range,
  COUNT(broken) AS rule_breakers,
  COUNT(empty) AS with_nulls,
  COUNT(CASE WHEN sd <= 0 THEN 1 END) AS without_spread,
  COUNT(CASE WHEN required_default_count > 0 THEN 1 END) AS with_defaults,
  COUNT(CASE WHEN recommendation = 'OVER' AND COALESCE(gap, 0) <= 0 OR recommendation = 'UNDER' AND COALESCE(gap, 0) >= 0
    OR recommendation = 'NO_LINE' AND line IS NOT NULL THEN 1 END) AS wrong_way,
  COUNT(CASE WHEN is_actionable AND recommendation NOT IN ('OVER', 'UNDER') THEN 1 END) AS sideless_picks,
  MIN(model_hash) AS least_model, MAX(model_hash) AS greatest_model,
  (SELECT COALESCE(MAX(players), 0) FROM constants) AS most_alike,
  (SELECT STRING_AGG(tally, ',') FROM players) AS tallies,
  (SELECT MAX(ABS(bias)) FROM biases) AS bias,
  (SELECT STRING_AGG(market || ' on average ' || CAST(ROUND(ABS(bias) * ${scaleByMarketSql('market')}, 1) AS STRING) || CASE WHEN bias > 0 THEN ' above the lines' ELSE ' below the lines' END, ', ' ORDER BY market)
    FROM biases WHERE ABS(bias) > ${MAX_QUIET_BIAS}) AS biased,
  (SELECT MIN(fn.safe_div(fn.least2(above, lined - above), lined)) FROM biases) AS lesser_side
FROM staged`;
  return statement({ owner: 'pipeline/batch/audit', sql });
}

interface Figures {
  readonly row_count: number;
  readonly ids: number;
  readonly doubled_keys: number;
  readonly bad_chances: number;
  readonly out_of_range: number;
  readonly rule_breakers: number;
  readonly with_nulls: number;
  readonly without_spread: number;
  readonly with_defaults: number;
  readonly wrong_way: number;
  readonly sideless_picks: number;
  readonly least_model: string | null;
  readonly greatest_model: string | null;
  readonly most_alike: number;
  /** Per player his id, his rows, those of the champion, and the hash of all of them: one text, since rows of a result are dearer. */
  readonly tallies: string | null;
  /** Of the market that is worst off, divided by its scale; null where none has enough lines. */
  readonly bias: number | null;
  /** Markets whose forecasts are away from the lines, with how far and to which side; null where none is. */
  readonly biased: string | null;
  /** Share of the forecasts on the emptier side of the lines, of the market that is worst off. */
  readonly lesser_side: number | null;
}

/**
 * Audits the staged rows of a batch against its outcomes: tables, counts, content, keys, nulls, probabilities, ranges, rules,
 * constant forecasts, defaults, directions, bias to the line. Every check gives an outcome, passed or not. A failure of severity
 * `critical` holds the batch; a warning is reported and does not. Without all tables the other checks cannot be made. `counted` are the required columns whose nulls are counted: a caller that
 * knows of a table that takes no null in a column need not have it counted.
 */
export async function audit(
  warehouse: Warehouse,
  batch: BatchDoc,
  outcomes: readonly OutcomeDoc[],
  units: readonly UnitDoc[],
  counted: readonly string[] = REQUIRED,
): Promise<Outcome[]> {
  const predicted = new Map(
    outcomes.filter(({ outcome }) => outcome === 'predicted').map((doc) => [doc.player_id, doc.rows]),
  );
  const made = new Map(outcomes.map((doc) => [doc.player_id, hashIn(doc.rows_digest)]));
  const tables = (missing: readonly string[]): Outcome =>
    check(
      'staging_tables_exist',
      missing.length === 0,
      'a staging table of every unit',
      missing.length === 0 ? 'all' : `none for ${missing.join(', ')}`,
    );
  const unnamed = units.filter(
    ({ players, staging_table }) => staging_table === null && players.some((id) => predicted.has(id)),
  );
  if (unnamed.length > 0) return [tables(unnamed.map(({ unit_id }) => unit_id))];
  const seen = await readFigures(warehouse, units, counted).catch(async (error: unknown) => {
    const gone = await missingTables(warehouse, batch, units);
    if (gone.length === 0) throw error;
    return tables(gone);
  });
  if ('check' in seen) return [seen];
  const counts = talliesOf(seen);
  const withChampion = counts.filter(({ ofChampion }) => ofChampion > 0).length;
  const staging = new Map(counts.map(({ player, rows }) => [player, rows]));
  const astray = [...new Set([...predicted.keys(), ...staging.keys()])].filter(
    (id) => predicted.get(id) !== staging.get(id),
  );
  const changed = counts.flatMap(({ player, hash }) => ((made.get(player) ?? hash) === hash ? [] : [player]));
  const models = new Set([seen.least_model, seen.greatest_model]);
  const zero = (name: string, count: number, what: string): Outcome =>
    check(name, count === 0, `0 ${what}`, `${count}`);
  const checks = [
    tables([]),
    check(
      'rows_match_outcomes',
      astray.length === 0,
      `as many rows for each of ${predicted.size} players as his outcome says`,
      astray.length === 0
        ? `${seen.row_count} rows`
        : `${astray.length} players differ: ${astray.slice(0, 10).join(', ')}`,
    ),
    check(
      'champion_for_every_player',
      withChampion === counts.length,
      `${counts.length} players with a ${CHAMPION_SYSTEM} row`,
      `${withChampion}`,
    ),
    check('ids_are_unique', seen.ids === seen.row_count, `${seen.row_count} different ids`, `${seen.ids}`),
    zero(
      'keys_are_unique',
      seen.doubled_keys,
      'keys (player, game, market, system, exact line) that occur twice',
    ),
    zero('probabilities_sum_to_one', seen.bad_chances, 'lined rows whose probabilities do not sum to 1'),
    zero('required_values_are_there', seen.with_nulls, 'rows with a required value missing'),
    zero('values_in_range', seen.out_of_range, 'rows outside the ranges of the contract'),
    zero(
      'rules_are_kept',
      seen.rule_breakers,
      'rows that break a rule of the contract, such as a forecast beyond its own quartiles',
    ),
    zero('spread_is_positive', seen.without_spread, 'rows without a spread'),
    zero('no_defaults', seen.with_defaults, 'rows with a defaulted required feature'),
    zero('sides_agree_with_forecasts', seen.wrong_way, 'rows whose side contradicts forecast and line'),
    zero('picks_have_a_side', seen.sideless_picks, 'picks that are neither OVER nor UNDER'),
    check(
      'one_model',
      models.size <= 1,
      'one model',
      models.size <= 1 ? 'one' : `several, from ${[...models].join(' to ')}`,
    ),
    check(
      'forecasts_are_not_constant',
      seen.most_alike < CONSTANT_PLAYERS,
      `fewer than ${CONSTANT_PLAYERS} players with one forecast`,
      `${seen.most_alike}`,
    ),
    ...biasChecks(seen),
  ];
  // Where another check says what is wrong with the rows, that they were changed says no more.
  if (changed.length > 0 && brokenIn(checks).length > 0) return checks;
  return [
    ...checks,
    check(
      'rows_are_as_made',
      changed.length === 0,
      'the rows that the workers made, in every column',
      changed.length === 0
        ? 'the same'
        : `others of ${changed.length} players: ${changed.slice(0, 10).join(', ')}`,
    ),
  ];
}

/** The checks that hold a batch. */
export function brokenIn(checks: readonly Outcome[]): Outcome[] {
  return checks.filter(({ status, severity }) => status !== 'pass' && severity === 'critical');
}

function biasChecks({ bias, biased, lesser_side }: Figures): Outcome[] {
  if (bias === null || lesser_side === null) return [];
  const shown = biased === null ? bias.toFixed(2) : `${bias.toFixed(2)}: ${biased}`;
  return [
    check(
      'bias_to_the_line',
      bias <= MAX_BIAS,
      `mean forecast of every market within ${MAX_BIAS} points, by its scale, of the lines`,
      shown,
    ),
    check(
      'bias_to_the_line_is_small',
      bias <= MAX_QUIET_BIAS,
      `within ${MAX_QUIET_BIAS} points`,
      shown,
      'warning',
    ),
    check(
      'both_sides_occur',
      lesser_side >= MIN_SIDE_SHARE,
      `${MIN_SIDE_SHARE * 100} % of the forecasts of every market at least on either side of the lines`,
      `${(lesser_side * 100).toFixed(0)} % on the emptier side`,
      'warning',
    ),
  ];
}

async function readFigures(
  warehouse: Warehouse,
  units: readonly UnitDoc[],
  counted: readonly string[],
): Promise<Figures> {
  const [seen] = await warehouse.query<Figures>(auditFigures(units, counted).sql);
  if (seen === undefined) throw new RangeError('an aggregate without groups always gives one row');
  return seen;
}

/** Rows of each player, in the order of their ids. */
function talliesOf({
  tallies,
}: Figures): { player: number; rows: number; ofChampion: number; hash: number }[] {
  if (tallies === null) return [];
  return tallies
    .split(',')
    .map((tally) => {
      const [player = Number.NaN, rows = 0, ofChampion = 0, hash = 0] = tally.split(' ').map(Number);
      return { player, rows, ofChampion, hash };
    })
    .sort((a, b) => a.player - b.player);
}

/** Units whose staging table is no longer there. */
async function missingTables(
  warehouse: Warehouse,
  batch: BatchDoc,
  units: readonly UnitDoc[],
): Promise<string[]> {
  const live = new Set(
    (await warehouse.listTables('nba_predictions', stagingPrefix(batch.batch_id))).map(({ name }) => name),
  );
  return units
    .filter(({ staging_table }) => staging_table !== null && !live.has(staging_table))
    .map(({ unit_id }) => unit_id);
}

function check(
  id: string,
  isPassed: boolean,
  expected: string,
  seen: string,
  severity: 'critical' | 'warning' = 'critical',
): Outcome {
  const reason = `expected ${expected}, saw ${seen}`;
  return outcome({ check: id, status: isPassed ? 'pass' : 'fail', severity, expected, seen, reason });
}

/** The outcomes of an audit as a receipt keeps them: JSON of the form that readers of the table know. */
export function auditColumn(outcomes: readonly Outcome[]): string {
  return JSON.stringify(
    outcomes.map(({ check: name, status, severity, expected, seen }) => ({
      name,
      ok: status === 'pass',
      severity: severity === 'critical' ? 'error' : severity,
      expected,
      seen,
    })),
  );
}
