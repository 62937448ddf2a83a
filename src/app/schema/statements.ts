import { DECIDED_CLAIMS, QUANTILE_COVERAGE } from '#app/reading/calibration.ts';
import { PLAYED_GAMES } from '#app/reading/player.ts';
import { NEWEST_FEATURES } from '#app/reading/season-players.ts';
import { SLATE_FEATURES } from '#app/reading/slate.ts';
import { tableId } from '#core/contracts/define.ts';
import { CONTRACTS, VIEWS } from '#core/contracts/index.ts';
import { writtenRows } from '#core/contracts/nba_orchestration.ts';
import { predictionGrades, stagedPredictions } from '#core/contracts/nba_predictions.ts';
import { playerBoxScores } from '#core/contracts/nba_raw.ts';
import { recordingSql } from '#core/contracts/written-rows.ts';
import { MAIN_MARKET } from '#core/markets.ts';
import { type Statement, statement } from '#core/statement.ts';
import { fingerprints, INGESTED_INPUTS, type IngestedInput } from '#guard/backfill/inputs.ts';
import { rowsPerSlate } from '#guard/backfill/slates.ts';
import { CATALOGUE } from '#guard/canaries/catalogue/catalogue.ts';
import { SEASON_HOLES } from '#guard/canaries/catalogue/grade.ts';
import { LIVE_RECORD } from '#guard/status/answers/product.ts';
import { BOOKMAKERS_TONIGHT, QUOTED_GAMES, RAW_QUOTES } from '#guard/status/answers/tonight.ts';
import { MAIN_QUOTES, ROTATION_PRESENCE, ROW_CIRCUMSTANCES } from '#model/evaluation-rows.ts';
import { modelColumns } from '#model/features.ts';
import { NEWEST_PLAYED } from '#model/gates.ts';
import { FORETOLD, LATE_LINES } from '#model/leak-alarms.ts';
import { REGISTERED_MODEL, REGISTERED_MODELS } from '#model/registry.ts';
import { DEFAULT_CONFIG } from '#model/train-config.ts';
import { MARKET_LINES, TRAINING_ROWS } from '#model/training-set.ts';
import { columnRanges, weekRows, weekSums } from '#model/week-sums.ts';
import { auditFigures, REQUIRED } from '#pipeline/batch/audit.ts';
import { INPUTS_OF_PLAYERS, LINES_OF_PLAYERS, PLAYER_INPUTS, PLAYER_LINES } from '#pipeline/batch/inputs.ts';
import { CANDIDATES } from '#pipeline/batch/plan.ts';
import { copyOfStaged, PICKABLE, stagedPicks, VISIBLE_PICKS } from '#pipeline/batch/published-rows.ts';
import { COPIED_TABLES, COPIES, lostMarkets, removal } from '#pipeline/batch/receipt.ts';
import type { UnitDoc } from '#pipeline/batch/state.ts';
import { EXPORTED_GRADES, EXPORTED_PREDICTIONS } from '#pipeline/exports/slate-documents.ts';
import { GENERATION_STATEMENTS } from '#pipeline/generations.ts';
import { GRADES, STANDINGS } from '#pipeline/grade/grade.ts';
import { RECORD_PER_SLATE } from '#pipeline/grade/record.ts';
import { ANALYTICS_PROCESSORS, PRECOMPUTE_PROCESSORS } from '#pipeline/graph.ts';
import { declarationSql } from '#pipeline/ingest/declared-sources.ts';
import { rowsOfFile } from '#pipeline/ingest/undo.ts';
import { VERSION_STATEMENTS } from '#pipeline/ingest/versions.ts';
import { READINESS } from '#pipeline/precompute/readiness.ts';
import { STALE_SUMMARIES } from '#pipeline/refresh.ts';

/** A unit whose rows were staged, for statements over staging tables: they have the shape of this one. */
const STAGED_UNIT: UnitDoc = {
  batch_id: 'b',
  unit_id: 'u',
  players: [],
  dispatched: 1,
  state: 'done',
  claim: 1,
  staging_table: stagedPredictions.name,
  rows: 0,
};

/**
 * The statements that modules register: those that are data (processors, canaries, grading, views), and those assembled at run
 * time. A literal that is a whole statement needs no entry, because the sources are searched for those.
 */
export function registeredStatements(): Statement[] {
  return [
    ...[...ANALYTICS_PROCESSORS, ...PRECOMPUTE_PROCESSORS].map(({ name, table, select }) =>
      statement({ owner: `processor ${name}`, sql: select, fills: tableId(table) }),
    ),
    ...CATALOGUE.flatMap(({ id, look }) =>
      'sql' in look ? [statement({ owner: `canary ${id}`, sql: look.sql })] : [],
    ),
    statement({ owner: 'grading', sql: GRADES, fills: tableId(predictionGrades) }),
    statement({ owner: 'grading', sql: STANDINGS }),
    ...VIEWS.map(({ ref, sql }) => statement({ owner: `view ${ref.name}`, sql, fills: tableId(ref) })),
    ...(Object.keys(INGESTED_INPUTS) as IngestedInput[]).map(fingerprints),
    ...CONTRACTS.filter(({ columns }) => 'slate' in columns).map(rowsPerSlate),
    ...COPIED_TABLES.flatMap((table) =>
      (Object.keys(COPIES) as (keyof typeof COPIES)[]).map((which) => removal(table, which)),
    ),
    TRAINING_ROWS,
    NEWEST_PLAYED,
    MARKET_LINES,
    ROW_CIRCUMSTANCES,
    MAIN_QUOTES,
    ROTATION_PRESENCE,
    FORETOLD,
    LATE_LINES,
    ...sampleSums(),
    PLAYER_INPUTS,
    INPUTS_OF_PLAYERS,
    PLAYER_LINES,
    LINES_OF_PLAYERS,
    auditFigures([STAGED_UNIT], REQUIRED),
    copyOfStaged([STAGED_UNIT]),
    ...GENERATION_STATEMENTS,
    ...VERSION_STATEMENTS,
    STALE_SUMMARIES,
    ...Object.values(rowsOfFile(playerBoxScores)),
    CANDIDATES,
    READINESS,
    lostMarkets([STAGED_UNIT]),
    stagedPicks([STAGED_UNIT]),
    PICKABLE,
    VISIBLE_PICKS,
    EXPORTED_PREDICTIONS,
    EXPORTED_GRADES,
    RECORD_PER_SLATE,
    REGISTERED_MODELS,
    REGISTERED_MODEL,
    PLAYED_GAMES,
    LIVE_RECORD,
    BOOKMAKERS_TONIGHT,
    QUOTED_GAMES,
    RAW_QUOTES,
    DECIDED_CLAIMS,
    QUANTILE_COVERAGE,
    SLATE_FEATURES,
    NEWEST_FEATURES,
    declarationSql(1),
    SEASON_HOLES,
    // Assembled for every table whose ranges are replaced; one of them represents all.
    statement({
      owner: 'replacement of a range',
      sql: recordingSql(predictionGrades, {
        rows: `${tableId(predictionGrades)} WHERE slate >= CAST(@recorded_since AS DATE)`,
        before: `${tableId(predictionGrades)} WHERE slate >= CAST(@recorded_since AS DATE)`,
      }).replace(/^INSERT .*\n/, ''),
      fills: tableId(writtenRows),
    }),
  ];
}

/** The statements of a long history, with the last columns of a market: a plain one, a product, an indicator. */
function sampleSums(): Statement[] {
  const columns = MAIN_MARKET.features.flatMap((features) => modelColumns(features)).slice(-4);
  const width = columns.length;
  const frame = {
    centres: new Float64Array(width),
    scales: new Float64Array(width).fill(1),
    missing: new Uint8Array(width).fill(1),
  };
  return [
    weekRows(DEFAULT_CONFIG),
    columnRanges(columns, DEFAULT_CONFIG),
    weekSums(MAIN_MARKET, columns, frame, DEFAULT_CONFIG),
  ];
}
