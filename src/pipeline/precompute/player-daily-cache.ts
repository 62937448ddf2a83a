import { playerDailyCache } from '#core/contracts/nba_precompute.ts';
import type { Processor } from '#pipeline/processor.ts';
import { PLAYED_GAMES, playerDecay, runningSum, seasonYear, standsBefore, weightAt } from './windows.ts';

/** Statistics averaged at each half-life, in games. */
const AVERAGES: Readonly<Record<number, readonly string[]>> = {
  2: ['minutes', 'points'],
  4: ['minutes', 'points', 'fga'],
  8: ['minutes', 'points', 'fga', 'fg3a', 'fta'],
  16: ['minutes', 'points'],
  32: ['minutes', 'points', 'fga', 'fg3a', 'fta', 'fgm', 'fg3m', 'ftm', 'tov'],
};
const SHORT: Readonly<Record<string, string>> = { minutes: 'min', points: 'pts' };
const HALF_LIVES = Object.keys(AVERAGES).map(Number);
const RATE_PRIOR_MINUTES = 60;
const SHORT_RATE_PRIOR_MINUTES = 10;
const LONGEST_ABSENCE = 60;

const overAll = (expression: string): string => runningSum(expression, 'player_id', 'n');
const inSeason = (fn: string, expression: string): string =>
  `${fn}(${expression}) OVER (PARTITION BY player_id, season ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)`;
const lastGames = (fn: string, expression: string, games: number): string =>
  `${fn}(${expression}) OVER (PARTITION BY player_id ORDER BY n ROWS BETWEEN ${games - 1} PRECEDING AND CURRENT ROW)`;
const fromThreeGames = (column: string): string =>
  `CASE WHEN ${lastGames('COUNT', column, 10)} >= 3 THEN ${lastGames('STDDEV_SAMP', column, 10)} END`;
const mean = (h: number, stat: string): string => `fn.safe_div(s.s${h}_${stat}, s.s${h}_w)`;

/** What a player's own games strictly before the slate say: decayed means, rates, season figures. */
export const playerDailyCacheProcessor: Processor = {
  name: 'PlayerDailyCache',
  phase: 'precompute',
  table: playerDailyCache,
  reads: [
    'nba_analytics.player_game_summary',
    'nba_analytics.upcoming_player_game_context',
    'nba_precompute.team_defense_zone_analysis',
  ],
  select: `
WITH tonight AS (
  SELECT slate, player_id, season, ${seasonYear('season')} AS season_year, team_abbr
  FROM nba_analytics.upcoming_player_game_context
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
),
played AS (${PLAYED_GAMES} AND player_id IN (SELECT player_id FROM tonight)
),
seasons AS (
  SELECT p.*, ${inSeason('COUNT', '*')} AS games_in_season, ${inSeason('AVG', 'minutes')} AS min_season, ${inSeason('AVG', 'points')} AS pts_season,
    COUNT(*) OVER (PARTITION BY player_id, season, team_abbr ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS games_with_team
  FROM played p
),
weighted AS (
  SELECT p.*, ${HALF_LIVES.map((h) => `${weightAt(playerDecay(h), 'n', 'season_year')} AS w${h}`).join(', ')} FROM seasons p
),
states AS (
  SELECT player_id AS of_player, season, team_abbr, slate AS known_on, n AS games_career, minutes AS min_last1,
    LEAD(slate) OVER (PARTITION BY player_id ORDER BY n) AS next_known_on,
    ${HALF_LIVES.map((h) =>
      [
        `${overAll(`w${h}`)} AS s${h}_w`,
        ...(AVERAGES[h] ?? []).map((stat) => `${overAll(`w${h} * ${stat}`)} AS s${h}_${stat}`),
      ].join(', '),
    ).join(',\n    ')},
    games_in_season, min_season, pts_season, games_with_team,
    ${lastGames('AVG', 'minutes', 3)} AS min_last3, ${lastGames('MAX', 'minutes', 10)} AS min_max10,
    ${fromThreeGames('minutes')} AS min_sd10, ${fromThreeGames('points')} AS pts_sd10
  FROM weighted
  QUALIFY next_known_on IS NULL OR next_known_on >= CAST(@from AS DATE)
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
  JOIN states s ON s.of_player = u.player_id AND ${standsBefore('u.slate', 's.known_on', 's.next_known_on')}
),
joined AS (
  SELECT u.slate, u.player_id, u.season AS season_now, u.team_abbr AS team_now, s.*, t.league_ppm,
    fn.safe_div(s.s8_w, ${weightAt(playerDecay(8), 's.games_career', 'u.season_year')}) AS weight8,
    fn.safe_div(s.s32_w, ${weightAt(playerDecay(32), 's.games_career', 'u.season_year')}) AS weight32
  FROM tonight u
  LEFT JOIN newest b ON b.slate = u.slate AND b.player_id = u.player_id
  LEFT JOIN states s ON s.of_player = b.player_id AND s.games_career = b.games_career
  LEFT JOIN nba_precompute.team_defense_zone_analysis t ON t.slate = u.slate AND t.team_abbr = u.team_abbr
),
rates AS (
  SELECT s.*,
    fn.safe_div(weight32 * ${mean(32, 'points')} + ${RATE_PRIOR_MINUTES} * league_ppm, weight32 * ${mean(32, 'minutes')} + ${RATE_PRIOR_MINUTES}) AS rate32
  FROM joined s
)
SELECT s.slate, s.player_id, s.season_now AS season, s.team_now AS team_abbr, s.known_on AS last_played_on,
  COALESCE(r.games_last7, 0) AS games_last7, COALESCE(r.minutes_last7, 0) AS minutes_last7,
  fn.safe_div(s.s32_fg3a, s.s32_fga) AS three_rate,
  CASE WHEN s.season = s.season_now AND s.team_abbr = s.team_now THEN s.games_with_team ELSE 0 END AS games_with_team,
  fn.least2(fn.days_between(s.known_on, s.slate), ${LONGEST_ABSENCE}) AS days_since_played,
  ${HALF_LIVES.flatMap((h) => (AVERAGES[h] ?? []).map((stat) => `${mean(h, stat)} AS ${SHORT[stat] ?? stat}_ewma${h}`)).join(', ')},
  s.min_season, s.min_last3, s.min_last1, s.min_sd10, s.min_max10, s.pts_season, s.pts_sd10, s.rate32,
  fn.safe_div(s.weight8 * ${mean(8, 'points')} + ${SHORT_RATE_PRIOR_MINUTES} * s.rate32, s.weight8 * ${mean(8, 'minutes')} + ${SHORT_RATE_PRIOR_MINUTES}) AS ppm8,
  ${mean(4, 'minutes')} * s.rate32 AS minutes_rate, s.weight8, s.weight32,
  CASE WHEN s.games_career IS NULL THEN NULL WHEN s.season = s.season_now THEN s.games_in_season ELSE 0 END AS games_season, s.games_career
FROM rates s
LEFT JOIN recent r ON r.slate = s.slate AND r.player_id = s.player_id`,
};
