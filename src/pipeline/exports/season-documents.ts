import { type Slate, seasonSpan } from '#core/calendar.ts';
import { addBets, type BetCounts, NO_BETS, periodOf, type Tally, tally } from '#pipeline/grade/record.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { type Draft, isWithdrawnRow, type Scope } from './document.ts';

/** One pick of a subset with how it ended. */
interface SeasonPick {
  readonly record_class: string;
  readonly market: string;
  readonly system_id: string;
  readonly subset_id: string;
  readonly slate: string;
  readonly rank: number;
  readonly daily_signal: string;
  readonly publication_id: string;
  readonly prediction_id: string;
  readonly model_id: string;
  readonly game_id: string;
  readonly player_id: number;
  readonly player_name: string;
  readonly team_abbr: string;
  readonly opponent_abbr: string;
  readonly predicted: number;
  readonly line: string | null;
  readonly recommendation: string;
  readonly edge: number | null;
  readonly confidence: number | null;
  readonly actual: number | null;
  /** win, loss, push, void, no_bet or pending. */
  readonly result: string;
  readonly void_reason: string | null;
  readonly profit: number | null;
}

/**
 * The subset picks of the slates [@from, @to], newest first. The subsets of a slate and market are one version, fixed with a
 * publication: for the live record the last one before the first tip-off of the slate (when none was that early, the
 * earliest), for backfills the newest. A version may name predictions of earlier publications of its slate; those of a
 * withdrawn publication are left out, and so is a withdrawn pick, until its game is graded. Once a pick is graded, its
 * record class is the one that grading established.
 */
const SEASON_PICKS = `
WITH visible AS (
  SELECT v.publication_id, v.slate, v.event_at, v.fencing_token
  FROM nba_predictions.publications v
  WHERE v.event = 'published' AND v.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
    AND NOT EXISTS (SELECT 1 FROM nba_predictions.publications w WHERE w.publication_id = v.publication_id AND w.event = 'withdrawn')
), first_tips AS (
  SELECT slate, MIN(tipoff_at) AS first_tip
  FROM nba_reference.counted_games
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
  GROUP BY slate
), versions AS (
  SELECT DISTINCT publication_id, slate, record_class, market
  FROM nba_predictions.subset_picks
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
), timed AS (
  SELECT s.publication_id, s.slate, s.record_class, s.market, v.event_at,
    s.record_class <> 'live' OR f.first_tip IS NULL OR v.event_at < f.first_tip AS in_time
  FROM versions s
  JOIN visible v ON v.publication_id = s.publication_id AND v.slate = s.slate
  LEFT JOIN first_tips f ON f.slate = s.slate
), chosen AS (
  SELECT publication_id, slate, record_class, market
  FROM timed
  QUALIFY ROW_NUMBER() OVER (PARTITION BY slate, record_class, market
    ORDER BY in_time DESC, CASE WHEN in_time THEN event_at END DESC, event_at, publication_id DESC) = 1
), shown AS (
  SELECT p.publication_id, p.prediction_id, p.slate, p.model_id, p.game_id, p.player_id, p.player_name, p.team_abbr, p.opponent_abbr,
    p.predicted, p.line, p.recommendation, p.edge, p.confidence, v.fencing_token
  FROM nba_predictions.player_prop_predictions p
  JOIN visible v ON v.publication_id = p.publication_id AND v.slate = p.slate
  WHERE p.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY p.slate, p.prediction_id ORDER BY v.event_at DESC, p.publication_id DESC) = 1
), taken_back AS (
  SELECT slate, player_id, market, MAX(fencing_token) AS token
  FROM nba_predictions.withdrawals
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
  GROUP BY slate, player_id, market
)
SELECT COALESCE(g.record_class, k.record_class) AS record_class, k.market, k.system_id, k.subset_id, k.slate, k.rank, k.daily_signal,
  p.publication_id, k.prediction_id, p.model_id, p.game_id, p.player_id, p.player_name, p.team_abbr, p.opponent_abbr,
  p.predicted, p.line, p.recommendation, p.edge, p.confidence, g.actual, COALESCE(g.outcome, 'pending') AS result,
  g.void_reason, g.profit
FROM nba_predictions.subset_picks k
JOIN chosen c ON c.publication_id = k.publication_id AND c.slate = k.slate AND c.record_class = k.record_class AND c.market = k.market
JOIN shown p ON p.slate = k.slate AND p.prediction_id = k.prediction_id
LEFT JOIN nba_predictions.prediction_grades g ON g.slate = k.slate AND g.prediction_id = k.prediction_id AND g.publication_id = p.publication_id
LEFT JOIN taken_back x ON x.slate = k.slate AND x.player_id = k.player_id AND x.market = k.market
WHERE (g.prediction_id IS NOT NULL OR COALESCE(x.token, 0) <= p.fencing_token) AND k.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
ORDER BY record_class DESC, k.market, k.system_id, k.slate DESC, k.subset_id, k.rank, k.prediction_id`;

/** The eight subsets in the order in which they are shown. */
export const SUBSETS: readonly { readonly id: string; readonly name: string }[] = [
  { id: 'top_pick', name: 'Top pick' },
  { id: 'top_3', name: 'Top 3' },
  { id: 'top_5', name: 'Top 5' },
  { id: 'high_edge_over', name: 'High edge, over' },
  { id: 'high_edge_all', name: 'High edge' },
  { id: 'ultra_high_edge', name: 'Ultra high edge' },
  { id: 'green_light', name: 'Green light' },
  { id: 'all_picks', name: 'All picks' },
];

interface SubsetTally extends Tally {
  /** Picks of games that have no grade yet. */
  readonly pending: number;
}

/** One subset of one market and system in one record class, with its picks, newest first. */
export interface SubsetRow {
  readonly record_class: string;
  readonly market: string;
  readonly system_id: string;
  readonly subset_id: string;
  readonly name: string;
  readonly record: {
    readonly season: SubsetTally;
    readonly months: readonly (SubsetTally & { readonly period: string })[];
    readonly weeks: readonly (SubsetTally & { readonly period: string })[];
  };
  readonly picks: readonly Omit<
    SeasonPick,
    'record_class' | 'market' | 'system_id' | 'subset_id' | 'profit'
  >[];
}

/**
 * Draft of `subsets.json` of a season: all eight subsets for every market, system and record class that has picks, with wins and
 * losses by season, month and ISO week, newest first. Live and backfill are rows of their own; nothing sums over them.
 */
export async function draftSeasonSubsets(
  warehouse: Warehouse,
  season: string,
  scope: Scope,
  cacheControl: string,
): Promise<Draft> {
  const picks = await warehouse.query<SeasonPick>(SEASON_PICKS, { ...seasonSpan(season) });
  const groups = Map.groupBy(picks, (pick) => `${pick.record_class}\n${pick.market}\n${pick.system_id}`);
  const rows = [...groups.values()].flatMap((group) =>
    subsetsOf(group).map(({ id, name }) => subsetRow(id, name, group, season)),
  );
  const empty = picks.length === 0;
  return {
    path: `exports/seasons/${season}/subsets.json`,
    kind: 'season-subsets',
    slate: null,
    season,
    publicationIds: empty ? scope.visible : [...new Set(picks.map((pick) => pick.publication_id))].sort(),
    rowCount: picks.length,
    rows,
    ...(empty ? { extra: { withdrawn: scope.withdrawn } } : {}),
    isGone: isWithdrawnRow(scope, null),
    ...(empty && scope.visible.length === 0 && scope.withdrawn.length > 0
      ? { emptyStatus: 'withdrawn' as const }
      : {}),
    cacheControl,
  };
}

/** The eight, then whatever else the table holds: a subset unknown here is shown under its id, not dropped. */
function subsetsOf(group: readonly SeasonPick[]): readonly { readonly id: string; readonly name: string }[] {
  const known = new Set(SUBSETS.map(({ id }) => id));
  const others = [...new Set(group.map((pick) => pick.subset_id))].filter((id) => !known.has(id)).sort();
  return [...SUBSETS, ...others.map((id) => ({ id, name: id }))];
}

function subsetRow(id: string, name: string, group: readonly SeasonPick[], season: string): SubsetRow {
  const picks = group.filter((pick) => pick.subset_id === id);
  const first = group[0];
  return {
    record_class: first?.record_class ?? '',
    market: first?.market ?? '',
    system_id: first?.system_id ?? '',
    subset_id: id,
    name,
    record: {
      season: subsetTally(picks),
      months: byPeriod('month', picks, season),
      weeks: byPeriod('week', picks, season),
    },
    picks: picks.map(
      ({
        record_class: _class,
        market: _market,
        system_id: _system,
        subset_id: _subset,
        profit: _profit,
        ...pick
      }) => pick,
    ),
  };
}

/** Picks are newest first, so their periods are too. */
function byPeriod(
  kind: 'month' | 'week',
  picks: readonly SeasonPick[],
  season: string,
): (SubsetTally & { readonly period: string })[] {
  const periods = Map.groupBy(picks, (pick) => periodOf(kind, pick.slate as Slate, season));
  return [...periods].map(([period, some]) => ({ period, ...subsetTally(some) }));
}

function subsetTally(picks: readonly SeasonPick[]): SubsetTally {
  const pending = picks.filter((pick) => pick.result === 'pending').length;
  return { ...tally(picks.map(betOf).reduce(addBets, NO_BETS)), pending };
}

function betOf({ result, profit }: SeasonPick): BetCounts {
  const one = (name: string): number => (result === name ? 1 : 0);
  return {
    wins: one('win'),
    losses: one('loss'),
    pushes: one('push'),
    voids: one('void'),
    profit: profit ?? 0,
  };
}
