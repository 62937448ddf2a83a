import { playerGameSummary, upcomingPlayerGameContext } from '#core/contracts/nba_analytics.ts';
import { playerDailyCache, teamDefenseZoneAnalysis } from '#core/contracts/nba_precompute.ts';
import { FEATURES, type Feature, featuresIn, type PlayerHistory } from '#core/features.ts';
import { NO_NEXT, type Processor } from '#pipeline/processor.ts';
import { isNewestBeforeSql, playedGames, playerDecay, runningSum, seasonYear, weightAt } from './windows.ts';

/** Minutes at the league's rate mixed into a player's rate. */
const RATE_PRIOR_MINUTES = 60;
/** Minimum number of games for a standard deviation. */
const MIN_SPREAD_GAMES = 3;

const overAll = (expression: string): string => runningSum(expression, 'player_id', 'n');
const inSeason = (fn: string, expression: string): string =>
  `${fn}(${expression}) OVER (PARTITION BY player_id, season ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)`;
const lastGames = (fn: string, expression: string, games: number): string =>
  `${fn}(${expression}) OVER (PARTITION BY player_id ORDER BY n ROWS BETWEEN ${games - 1} PRECEDING AND CURRENT ROW)`;

/** What the values of the features need of each game's state, found by asking them for their SQL. */
class Needs implements PlayerHistory {
  readonly columns = new Set(['minutes', 'points']);
  readonly halfLives = new Set([8, 32]);
  /** Columns of the season so far, and of the state after each game: name → SQL. */
  readonly seasons = new Map<string, string>();
  readonly states = new Map<string, string>();
  /** Counts whose rate of the league is needed. */
  readonly rates = new Set<string>();

  ewma(halfLife: number, column: string): string {
    this.columns.add(column);
    this.halfLives.add(halfLife);
    this.states.set(`s${halfLife}_w`, overAll(`w${halfLife}`));
    this.states.set(`s${halfLife}_${column}`, overAll(`w${halfLife} * ${column}`));
    return `fn.safe_div(s.s${halfLife}_${column}, s.s${halfLife}_w)`;
  }

  seasonMean(column: string): string {
    this.columns.add(column);
    this.seasons.set(`season_${column}`, inSeason('AVG', column));
    this.states.set(`season_${column}`, `season_${column}`);
    return `s.season_${column}`;
  }

  latest(column: string): string {
    this.columns.add(column);
    this.states.set(`latest_${column}`, column);
    return `s.latest_${column}`;
  }

  overLast(games: number, aggregate: 'AVG' | 'MAX', column: string): string {
    return this.window(
      `${aggregate.toLowerCase()}${games}_${column}`,
      column,
      lastGames(aggregate, column, games),
    );
  }

  spread(games: number, column: string): string {
    const sql = `CASE WHEN ${lastGames('COUNT', column, games)} >= ${MIN_SPREAD_GAMES} THEN ${lastGames('STDDEV_SAMP', column, games)} END`;
    return this.window(`sd${games}_${column}`, column, sql);
  }

  rate(column: string): string {
    this.rates.add(column);
    return `fn.safe_div(s.weight32 * ${this.ewma(32, column)} + ${RATE_PRIOR_MINUTES} * s.league_${column}, s.weight32 * ${this.ewma(32, 'minutes')} + ${RATE_PRIOR_MINUTES})`;
  }

  private window(name: string, column: string, sql: string): string {
    this.columns.add(column);
    this.states.set(name, sql);
    return `s.${name}`;
  }
}

const listed = (columns: ReadonlyMap<string, string>): string =>
  [...columns].map(([name, sql]) => (name === sql ? name : `${sql} AS ${name}`)).join(',\n    ');

/** Decayed means, rates and season figures of a player's own games strictly before the slate, as far as features need them. */
export function playerDailyCacheSelect(features: readonly Feature[] = FEATURES): string {
  const needs = new Needs();
  const rate32 = `fn.safe_div(weight32 * ${needs.ewma(32, 'points')} + ${RATE_PRIOR_MINUTES} * league_ppm, weight32 * ${needs.ewma(32, 'minutes')} + ${RATE_PRIOR_MINUTES})`;
  needs.ewma(8, 'minutes');
  const values = featuresIn('player_daily_cache', features).flatMap(({ name, value }) =>
    value.in === 'player_daily_cache' ? [`${value.sql(needs)} AS ${name}`] : [],
  );
  const seasons = [...needs.seasons].map(([name, sql]) => `, ${sql} AS ${name}`).join('');
  return `
WITH tonight AS (
  SELECT slate, player_id, season, ${seasonYear('season')} AS season_year, team_abbr
  FROM nba_analytics.upcoming_player_game_context
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
),
played AS (${playedGames([...needs.columns])} AND player_id IN (SELECT player_id FROM tonight)
),
seasons AS (
  SELECT p.*, ${inSeason('COUNT', '*')} AS games_in_season${seasons},
    COUNT(*) OVER (PARTITION BY player_id, season, team_abbr ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS games_with_team
  FROM played p
),
weighted AS (
  SELECT p.*, ${[...needs.halfLives].map((h) => `${weightAt(playerDecay(h), 'n', 'season_year')} AS w${h}`).join(', ')} FROM seasons p
),
states AS (
  SELECT player_id AS of_player, season, team_abbr, slate AS known_on, n AS games_career,
    LEAD(slate, 1, ${NO_NEXT}) OVER (PARTITION BY player_id ORDER BY n) AS next_known_on, games_in_season, games_with_team,
    ${listed(needs.states)}
  FROM weighted
  QUALIFY next_known_on >= CAST(@from AS DATE)
),
recent AS (
  SELECT u.slate, u.player_id, COUNT(*) AS games_last7, SUM(p.minutes) AS minutes_last7
  FROM tonight u
  JOIN played p ON p.player_id = u.player_id AND p.slate < u.slate AND p.slate >= fn.add_days(u.slate, -7)
  GROUP BY u.slate, u.player_id
),
newest AS (
  SELECT u.slate, u.player_id, s.games_career
  FROM tonight u
  JOIN states s ON s.of_player = u.player_id AND ${isNewestBeforeSql('u.slate', 's.known_on', 's.next_known_on')}
),
joined AS (
  SELECT u.slate, u.player_id, u.season AS season_now, u.team_abbr AS team_now, s.*, t.league_ppm, t.games_season AS team_games_season,${[...needs.rates].map((column) => ` t.league_${column},`).join('')}
    fn.safe_div(s.s8_w, ${weightAt(playerDecay(8), 's.games_career', 'u.season_year')}) AS weight8,
    fn.safe_div(s.s32_w, ${weightAt(playerDecay(32), 's.games_career', 'u.season_year')}) AS weight32
  FROM tonight u
  LEFT JOIN newest b ON b.slate = u.slate AND b.player_id = u.player_id
  LEFT JOIN states s ON s.of_player = b.player_id AND s.games_career = b.games_career
  LEFT JOIN nba_precompute.team_defense_zone_analysis t ON t.slate = u.slate AND t.team_abbr = u.team_abbr
),
rates AS (
  SELECT s.*,
    ${rate32} AS rate32
  FROM joined s
)
SELECT s.slate, s.player_id, s.season_now AS season, s.team_now AS team_abbr, s.known_on AS last_played_on,
  COALESCE(r.games_last7, 0) AS games_last7, COALESCE(r.minutes_last7, 0) AS minutes_last7,
  ${values.join(',\n  ')}
FROM rates s
LEFT JOIN recent r ON r.slate = s.slate AND r.player_id = s.player_id`;
}

export const playerDailyCacheProcessor: Processor = {
  name: 'PlayerDailyCache',
  phase: 'precompute',
  table: playerDailyCache,
  inputs: [
    { table: upcomingPlayerGameContext, scope: 'slate', ready: 'roster' },
    { table: teamDefenseZoneAnalysis, scope: 'slate' },
    { table: playerGameSummary, scope: 'before', ready: 'results' },
  ],
  select: playerDailyCacheSelect(),
};
