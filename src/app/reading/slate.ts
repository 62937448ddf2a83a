import { addDays, type Slate } from '#core/calendar.ts';
import { FEATURE_NAMES } from '#core/features.ts';
import { statement } from '#core/statement.ts';
import { listBatches, readOutcomes } from '#pipeline/batch/state.ts';
import type { StateStore } from '#platform/state/port.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type Packed, pack, packColumns } from './packed.ts';

/** What readings read from. They never write. */
export interface ReadingDeps {
  readonly warehouse: Warehouse;
  readonly state: StateStore;
}

/** Slates, both ends included. */
export interface SlateSpan {
  readonly from: Slate;
  readonly to: Slate;
}

export interface SlateGame {
  readonly slate: string;
  readonly game_id: string;
  readonly home_abbr: string;
  readonly away_abbr: string;
  readonly tipoff_at: string;
  readonly season: string;
  readonly season_type: string;
  /** scheduled, live, final, postponed or cancelled. */
  readonly status: string;
}

/** A publication of a slate, and whether it is visible. */
export interface SlatePublication {
  readonly publication_id: string;
  readonly slate: string;
  readonly run_mode: string;
  readonly completeness: string;
  readonly players: number;
  readonly expected: number;
  readonly row_count: number;
  readonly model_id: string;
  readonly published_at: string;
  readonly published_by: string;
  readonly withdrawn_at: string | null;
  readonly withdrawn_reason: string | null;
}

/**
 * A visible forecast of the champion for one player and market: at his main line, at the second one, or at none; with
 * the forecasts of the other systems, that of the previous publication, and the result.
 */
export interface SlateForecast {
  readonly slate: string;
  readonly game_id: string;
  readonly player_id: number;
  readonly player_name: string;
  readonly team_abbr: string;
  readonly opponent_abbr: string;
  readonly is_home: boolean;
  readonly market: string;
  readonly record_class: string;
  readonly publication_id: string;
  /** main, second or none. */
  readonly line_role: string;
  readonly line: string | null;
  readonly bookmaker: string | null;
  readonly over_price: number | null;
  readonly under_price: number | null;
  readonly line_snapshot_at: string | null;
  readonly predicted: number;
  readonly mean: number;
  readonly sd: number;
  readonly p10: number;
  readonly p25: number;
  readonly p75: number;
  readonly p90: number;
  /** Of all outcomes, a push included. */
  readonly p_over: number | null;
  readonly p_push: number | null;
  /** The model alone, without the line. */
  readonly model_p_over: number | null;
  readonly edge: number | null;
  readonly recommendation: string;
  readonly confidence: number | null;
  readonly is_actionable: boolean;
  readonly filter_reason: string | null;
  /** Expected profit per unit of the better side at its price. */
  readonly expected_value: number | null;
  /** Probability that he plays; the forecast is conditional on it. */
  readonly p_plays: number | null;
  readonly feature_quality_score: number;
  readonly injury_status: string | null;
  /** Medians of the other systems. */
  readonly ewma8: number | null;
  readonly minutes_rate: number | null;
  readonly with_market: number | null;
  /** Of the publication before the visible one that had this player and market. */
  readonly previous_at: string | null;
  readonly previous_line: string | null;
  readonly previous_predicted: number | null;
  readonly previous_p_over: number | null;
  /** Null until graded. */
  readonly outcome: string | null;
  readonly actual: number | null;
  readonly actual_minutes: number | null;
  readonly void_reason: string | null;
  readonly price: number | null;
  readonly profit: number | null;
}

/** A player of the slate's context without a visible forecast, and why. */
export interface SlateAbsence {
  readonly slate: string;
  readonly player_id: number;
  readonly player_name: string;
  readonly team_abbr: string;
  readonly opponent_abbr: string;
  readonly game_id: string;
  readonly injury_status: string | null;
  readonly injury_reason: string | null;
  readonly reason: string;
  /** When his visible forecast was withdrawn; null when there was none. */
  readonly withdrawn_at: string | null;
}

/** Everything about one slate that the site shows. */
export interface SlateReading {
  readonly slate: string;
  readonly games: readonly SlateGame[];
  readonly publications: readonly SlatePublication[];
  /** The newest batch, which explains a slate without forecasts. */
  readonly batch: {
    readonly mode: string;
    readonly state: string;
    readonly reason: string | null;
    readonly at: string;
  } | null;
  /** What the forecasts of a player share; see `unpacked.ts`. */
  readonly players: Packed;
  readonly forecasts: Packed;
  /** {@link SlateAbsence} */
  readonly absent: Packed;
}

const GAMES = `
SELECT slate, game_id, home_abbr, away_abbr, tipoff_at, season, season_type, status
FROM nba_reference.schedule
WHERE is_counted AND slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
ORDER BY slate, tipoff_at, game_id`;

const PUBLICATIONS = `
SELECT p.publication_id, p.slate, p.run_mode, p.completeness, p.players, p.expected, p.row_count, p.model_id,
  p.event_at AS published_at, p.event_by AS published_by, w.event_at AS withdrawn_at, w.reason AS withdrawn_reason
FROM nba_predictions.publications p
LEFT JOIN nba_predictions.publications w ON w.publication_id = p.publication_id AND w.event = 'withdrawn' AND w.slate = p.slate
WHERE p.event = 'published' AND p.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
ORDER BY p.slate, p.event_at DESC, p.publication_id DESC`;

/** Visible forecasts of the champion with the other systems beside them; parameters `from`, `to` and `player` (null for all). */
const FORECASTS = `
SELECT f.slate, f.game_id, f.player_id, f.player_name, f.team_abbr, f.opponent_abbr, f.is_home, f.market, f.record_class,
  f.publication_id, f.line_role, f.line, f.bookmaker, f.over_price, f.under_price, f.line_snapshot_at, f.predicted, f.mean, f.sd, f.p10, f.p25,
  f.p75, f.p90, f.p_over, f.p_push, f.model_p_over, f.edge, f.recommendation, f.confidence, f.is_actionable,
  f.filter_reason, f.expected_value, f.p_plays, f.feature_quality_score, f.injury_status, f.ewma8, f.minutes_rate, f.with_market,
  g.outcome, g.actual, g.actual_minutes, g.void_reason, g.price, g.profit
FROM (
  SELECT c.*,
    MAX(CASE WHEN c.system_id = 'ewma8' THEN c.predicted END)
      OVER (PARTITION BY c.slate, c.player_id, c.market, c.line_role) AS ewma8,
    MAX(CASE WHEN c.system_id = 'minutes_rate' THEN c.predicted END)
      OVER (PARTITION BY c.slate, c.player_id, c.market, c.line_role) AS minutes_rate,
    MAX(CASE WHEN c.system_id = 'market' THEN c.predicted END)
      OVER (PARTITION BY c.slate, c.player_id, c.market, c.line_role) AS with_market
  FROM nba_predictions.current_predictions c
  WHERE c.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND (@player IS NULL OR c.player_id = CAST(@player AS INT64))
) f
LEFT JOIN nba_predictions.prediction_grades g ON g.publication_id = f.publication_id AND g.market = f.market
  AND g.prediction_id = f.prediction_id AND g.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
WHERE f.system_id = 'ridge'
ORDER BY f.slate, f.market, f.player_name, f.player_id, f.line_role, f.line`;

/** The forecast for the same player and market in the publication before the newest one that is not withdrawn. */
const EARLIER = `
SELECT slate, player_id, market, line_role, previous_at, previous_line, previous_predicted, previous_p_over
FROM (
  SELECT p.slate, p.player_id, p.market, p.line_role, v.event_at AS previous_at, p.line AS previous_line, p.predicted AS previous_predicted,
    p.p_over AS previous_p_over,
    DENSE_RANK() OVER (PARTITION BY p.slate, p.player_id, p.market ORDER BY v.event_at DESC, p.publication_id DESC) AS version
  FROM nba_predictions.player_prop_predictions p
  JOIN nba_predictions.publications v ON v.publication_id = p.publication_id AND v.event = 'published' AND v.slate = p.slate
  WHERE p.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND v.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
    AND p.system_id = 'ridge'
    AND NOT EXISTS (SELECT 1 FROM nba_predictions.publications w WHERE w.publication_id = p.publication_id AND w.event = 'withdrawn')
) versions
WHERE version = 2`;

const ABSENT = `
SELECT u.slate, u.player_id, u.player_name, u.team_abbr, u.opponent_abbr, u.game_id, u.injury_status, u.injury_reason,
  w.withdrawn_at
FROM nba_analytics.upcoming_player_game_context u
LEFT JOIN (
  SELECT DISTINCT slate, player_id FROM nba_predictions.current_predictions
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
) c ON c.slate = u.slate AND c.player_id = u.player_id
LEFT JOIN (
  SELECT slate, player_id, MAX(withdrawn_at) AS withdrawn_at FROM nba_predictions.withdrawals
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
  GROUP BY slate, player_id
) w ON w.slate = u.slate AND w.player_id = u.player_id
WHERE u.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND c.player_id IS NULL
ORDER BY u.slate, u.team_abbr, u.player_name, u.player_id`;

/** What is the same in all markets of a player. */
const PLAYER_COLUMNS = [
  ...(['player_id', 'player_name', 'team_abbr', 'opponent_abbr', 'is_home', 'game_id'] as const),
  ...(['feature_quality_score', 'actual_minutes', 'p_plays', 'injury_status', 'void_reason'] as const),
] satisfies (keyof SlateForecast)[];
/** First what every forecast has, then what those with a line have. */
const FORECAST_COLUMNS = [
  ...([
    'player_id',
    'market',
    'record_class',
    'publication_id',
    'predicted',
    'mean',
    'sd',
    'p10',
    'p25',
    'p75',
    'p90',
  ] as const),
  ...([
    'ewma8',
    'minutes_rate',
    'outcome',
    'actual',
    'line_role',
    'line',
    'bookmaker',
    'over_price',
    'under_price',
  ] as const),
  ...([
    'p_over',
    'p_push',
    'model_p_over',
    'edge',
    'recommendation',
    'confidence',
    'expected_value',
    'is_actionable',
  ] as const),
  ...(['with_market', 'line_snapshot_at', 'filter_reason', 'price', 'profit'] as const),
  ...(['previous_at', 'previous_predicted', 'previous_line', 'previous_p_over'] as const),
] satisfies (keyof SlateForecast)[];
const ABSENCE_COLUMNS = [
  ...(['player_id', 'player_name', 'team_abbr', 'opponent_abbr', 'game_id', 'injury_status'] as const),
  ...(['injury_reason', 'reason', 'withdrawn_at'] as const),
] satisfies (keyof SlateAbsence)[];

type Earlier = Pick<
  SlateForecast,
  | 'slate'
  | 'player_id'
  | 'market'
  | 'line_role'
  | 'previous_at'
  | 'previous_line'
  | 'previous_predicted'
  | 'previous_p_over'
>;

/** The visible forecasts of a span with what the publication before said; of one player where he is named. */
export async function readForecasts(
  warehouse: Warehouse,
  { from, to }: SlateSpan,
  player: number | null = null,
): Promise<SlateForecast[]> {
  const rows = await warehouse.query<SlateForecast>(FORECASTS, { from, to, player });
  // A season has months in which nothing is published, above all those to come.
  if (rows.length === 0) return [];
  const earlier = await warehouse.query<Earlier>(EARLIER, { from, to });
  const keyOf = ({ slate, player_id, market, line_role }: Earlier): string =>
    // A line may have come or gone since.
    [slate, player_id, market, line_role === 'second'].join(' ');
  const known = new Map(earlier.map((row) => [keyOf(row), row]));
  return rows.map((row) => {
    const before = known.get(keyOf(row));
    return before === undefined ? row : { ...row, ...before };
  });
}

/** Every slate of a span that has games or publications, oldest first. */
export async function readSlates(
  deps: ReadingDeps,
  span: SlateSpan,
  known?: readonly SlateForecast[],
): Promise<SlateReading[]> {
  const { warehouse, state } = deps;
  const range = { from: span.from, to: span.to };
  const [games, publications, forecasts, contexts] = [
    await warehouse.query<SlateGame>(GAMES, range),
    await warehouse.query<SlatePublication>(PUBLICATIONS, range),
    known ?? (await readForecasts(warehouse, span)),
    await warehouse.query<Omit<SlateAbsence, 'reason'>>(ABSENT, range),
  ];
  const bySlate = {
    games: Map.groupBy(games, ({ slate }) => slate),
    publications: Map.groupBy(publications, ({ slate }) => slate),
    forecasts: Map.groupBy(forecasts, ({ slate }) => slate),
    contexts: Map.groupBy(contexts, ({ slate }) => slate),
  };
  const slates = [...new Set([...bySlate.games.keys(), ...bySlate.publications.keys()])].sort() as Slate[];
  const readings: SlateReading[] = [];
  for (const slate of slates) {
    const batch = (await listBatches(state, slate)).at(-1);
    const outcomes = batch === undefined ? [] : await readOutcomes(state, batch.batch_id);
    const reasons = new Map(outcomes.map(({ player_id, outcome, reason }) => [player_id, reason ?? outcome]));
    const absent = (bySlate.contexts.get(slate) ?? []).map((player) => ({
      ...player,
      reason:
        reasons.get(player.player_id) ?? (batch === undefined ? 'not_predicted_yet' : 'not_in_the_batch'),
    }));
    readings.push({
      slate,
      games: bySlate.games.get(slate) ?? [],
      publications: bySlate.publications.get(slate) ?? [],
      batch:
        batch === undefined
          ? null
          : {
              mode: batch.mode,
              state: batch.state,
              reason: batch.reason,
              at: batch.closed_at ?? batch.progress_at,
            },
      ...packForecasts(bySlate.forecasts.get(slate) ?? []),
      absent: pack(absent, ABSENCE_COLUMNS),
    });
  }
  return readings;
}

/** Columns that mean nothing without a line. */
const ABOUT_A_LINE = new Set<string>(['line_role', 'recommendation', 'is_actionable', 'filter_reason']);

/** A value of a forecast as documents hold it: null for columns about a line where there is none. */
export function documentValue<Name extends keyof SlateForecast>(row: SlateForecast, column: Name): unknown {
  return row.line === null && ABOUT_A_LINE.has(column) ? null : row[column];
}

/** The forecasts of a slate with what those of a player share written once, and nothing about a line where there is none. */
function packForecasts(forecasts: readonly SlateForecast[]): Pick<SlateReading, 'players' | 'forecasts'> {
  const players = new Map(forecasts.map((row) => [row.player_id, row]));
  return {
    players: pack([...players.values()], PLAYER_COLUMNS),
    forecasts: pack(forecasts, FORECAST_COLUMNS, documentValue),
  };
}

/** The feature rows of the players of a span; parameters `from` and `to`. */
export const SLATE_FEATURES = statement({
  owner: 'app/reading/slate',
  sql: `SELECT slate, player_id, feature_sources, ${FEATURE_NAMES.join(', ')}
FROM nba_predictions.ml_feature_store
WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
ORDER BY slate, player_id`,
});

/** Features behind the forecasts of a span, one packed table per slate: player_id, the letters of the sources, and the values. */
export async function readFeatures(
  warehouse: Warehouse,
  { from, to }: SlateSpan,
): Promise<Map<string, Packed>> {
  const result = await warehouse.queryColumns(SLATE_FEATURES.sql, { from, to });
  const slates = result.strings('slate');
  const columns = {
    player_id: result.numbers('player_id'),
    feature_sources: result.strings('feature_sources'),
    ...Object.fromEntries(FEATURE_NAMES.map((name) => [name, result.numbers(name)])),
  };
  const rows = Map.groupBy(slates.keys(), (row) => slates[row] ?? '');
  return new Map([...rows].map(([slate, own]) => [slate, packColumns(columns, own)]));
}

/** The calendar months of a span, as spans: the unit in which it is read. */
export function monthsOf({ from, to }: SlateSpan): SlateSpan[] {
  const months: SlateSpan[] = [];
  for (let first = from; first <= to; ) {
    const next = addDays(`${first.slice(0, 7)}-28` as Slate, 4).slice(0, 7);
    const last = addDays(`${next}-01` as Slate, -1);
    months.push({ from: first, to: last < to ? last : to });
    first = addDays(last, 1);
  }
  return months;
}
