import { NO_NEXT } from '#pipeline/processor.ts';

/**
 * Exponentially weighted sums as window SQL. A game's weight is 2^(n/h) · decay^(-season), n being its number in the
 * sequence: relative to the newest game this halves every h games and is multiplied by `decay` at every season change. The
 * absolute size cancels out of means; where a weight sum is itself needed, `scaleAt` brings it to the present.
 */
export interface Decay {
  /** Games after which a weight halves. */
  readonly halfLife: number;
  /** Factor at a season change. */
  readonly season: number;
}

/** Weights of players: halved every h games, times 0.35 over the summer. */
export function playerDecay(halfLife: number): Decay {
  return { halfLife, season: 0.35 };
}

/** Weights of teams: halved every sixteen games, times 0.25 over the summer. */
export const TEAM_DECAY: Decay = { halfLife: 16, season: 0.25 };

/** Weight of one day of the league against the next. */
const LEAGUE_DAY_DECAY = 0.985;

/** Seasons are counted from here, so that the exponents stay small. */
const FIRST_YEAR = 2000;

/** SQL: the season's start year of a label column ("2024-25"). */
export function seasonYear(column: string): string {
  return `CAST(SUBSTR(${column}, 1, 4) AS INT64)`;
}

/** SQL: the weight of a game, given the expressions for its number and for its season's start year. */
export function weightAt({ halfLife, season }: Decay, number: string, year: string): string {
  return `EXP(${literal(Math.LN2 / halfLife)} * (${number}) + ${literal(-Math.log(season))} * (${year} - ${FIRST_YEAR}))`;
}

/** SQL: a running sum up to and including the row. */
export function runningSum(expression: string, partition: string, order: string): string {
  return `SUM(${expression}) OVER (PARTITION BY ${partition} ORDER BY ${order} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)`;
}

/** SQL: the weight of one day of the league's history. */
export function leagueDayWeight(slate: string): string {
  return `EXP(${literal(-Math.log(LEAGUE_DAY_DECAY))} * fn.days_between(DATE '2000-01-01', ${slate}))`;
}

/**
 * SQL: true when a state that holds from `known` (exclusive) until `next` (inclusive, null = for ever) is the newest one strictly
 * before a slate. This is the as-of rule.
 */
export function isNewestBeforeSql(slate: string, known: string, next: string): string {
  return `${known} < ${slate} AND ${next} >= ${slate}`;
}

/** A number as SQL text with all of its digits. */
export function literal(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** SQL: player games that count as history: on court, with minutes and points known, strictly before the end of the range, with these columns of the box score. */
export function playedGames(columns: readonly string[]): string {
  return `
  SELECT player_id, game_id, slate, season, ${seasonYear('season')} AS season_year, team_abbr, opponent_abbr, ${columns.join(', ')},
    ROW_NUMBER() OVER (PARTITION BY player_id ORDER BY slate, game_id) AS n
  FROM nba_analytics.player_game_summary
  WHERE slate >= CAST(@history_from AS DATE) AND slate < CAST(@to AS DATE) AND played AND minutes IS NOT NULL AND points IS NOT NULL`;
}

/** The league per minute and per 48 minutes, as of the end of each day with games: columns known_on, next_known_on, league_ppm, league_pace, league_scoring. */
export const LEAGUE_STATES = `
  SELECT slate AS known_on, LEAD(slate, 1, ${NO_NEXT}) OVER (ORDER BY slate) AS next_known_on,
    fn.safe_div(SUM(w * points) OVER up_to, SUM(w * player_minutes) OVER up_to) AS league_ppm,
    fn.safe_div(SUM(w * possessions) OVER up_to, SUM(w * minutes) OVER up_to) * 48 AS league_pace,
    fn.safe_div(SUM(w * points) OVER up_to, SUM(w * minutes) OVER up_to) * 48 AS league_scoring
  FROM (
    SELECT slate, ${leagueDayWeight('slate')} AS w, SUM(points) AS points, SUM(minutes) AS minutes, 5 * SUM(minutes) AS player_minutes,
      SUM(possessions) AS possessions
    FROM nba_analytics.team_game_summary
    WHERE slate >= CAST(@history_from AS DATE) AND slate < CAST(@to AS DATE)
    GROUP BY slate
  )
  WINDOW up_to AS (ORDER BY slate ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)`;
