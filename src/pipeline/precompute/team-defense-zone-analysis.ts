import {
  playerGameSummary,
  teamGameSummary,
  upcomingTeamGameContext,
} from '#core/contracts/nba_analytics.ts';
import { teamDefenseZoneAnalysis } from '#core/contracts/nba_precompute.ts';
import { shots } from '#core/contracts/nba_raw.ts';
import { CONCEDED } from '#core/features.ts';
import { NO_NEXT, type Processor } from '#pipeline/processor.ts';
import {
  isNewestBeforeSql,
  LEAGUE_STATES,
  leagueDayWeight,
  literal,
  playedGames,
  playerDecay,
  runningSum,
  seasonYear,
  TEAM_DECAY,
  weightAt,
} from './windows.ts';

/** Games of the league average mixed into a team's own. */
const TEAM_PRIOR_GAMES = 6;
/** Expected counts against an average opponent mixed into a ratio. */
const RATIO_PRIOR = 40;
/** Minutes at the league's rate mixed into a player's rate. */
const RATE_PRIOR_MINUTES = 60;
/** Attempts at the league's percentage mixed into a zone's. */
const ZONE_PRIOR_ATTEMPTS = 100;

const RATE = playerDecay(32);
const byTeam = (expression: string): string => runningSum(`w * ${expression}`, 'team_abbr', 'n');
const shrunk = (sum: string, league: string): string =>
  `fn.safe_div(s.${sum} - s.w_sum * ${league}, s.w_sum + ${TEAM_PRIOR_GAMES} * s.scale)`;
const zoneAllowed = (zone: string): string =>
  `100 * fn.safe_div(z.${zone}_made - z.${zone}_att * fn.safe_div(z.league_${zone}_made, z.league_${zone}_att), z.${zone}_att + ${ZONE_PRIOR_ATTEMPTS})`;

const STATS = CONCEDED.map(({ stat }) => stat);
/** SQL: what the players of a game were expected to have of a count, each rate as it stood before. */
const expectedOf = (stat: string, league: string): string =>
  `SUM(s.minutes * fn.safe_div(s.${stat}_before + ${RATE_PRIOR_MINUTES} * l.${league} * s.scale_before, s.minutes_before + ${RATE_PRIOR_MINUTES} * s.scale_before))`;
/** SQL: what opponents had over what was expected of them, 1 without a game. */
const ratioOf = (had: string, expected: string): string =>
  `CASE WHEN l.league_ppm IS NOT NULL THEN COALESCE(fn.safe_div(s.${had} + ${RATIO_PRIOR} * s.scale, s.${expected} + ${RATIO_PRIOR} * s.scale), 1) END`;

/**
 * Team strength before a slate. Values over the league are shrunk by six games. The points ratio compares what was scored
 * on the team with minutes × rate of the scorers, each rate as it stood before that game.
 */
export const teamDefenseZoneAnalysisProcessor: Processor = {
  name: 'TeamDefenseZoneAnalysis',
  phase: 'precompute',
  table: teamDefenseZoneAnalysis,
  inputs: [
    { table: upcomingTeamGameContext, scope: 'slate', ready: 'schedule' },
    { table: playerGameSummary, scope: 'before', ready: 'results' },
    { table: teamGameSummary, scope: 'before', ready: 'results' },
    { table: shots, scope: 'before', part: 'shots' },
  ],
  select: `
WITH league AS (${LEAGUE_STATES}
),
played AS (${playedGames(['minutes', 'points', ...STATS])}
),
league_counts AS (
  SELECT slate AS known_on, LEAD(slate, 1, ${NO_NEXT}) OVER (ORDER BY slate) AS next_known_on,
    ${STATS.map((stat) => `fn.safe_div(SUM(w * ${stat}) OVER up_to, SUM(w * minutes) OVER up_to) AS league_${stat}`).join(',\n    ')}
  FROM (
    SELECT slate, ${leagueDayWeight('slate')} AS w, SUM(minutes) AS minutes, ${STATS.map((stat) => `SUM(${stat}) AS ${stat}`).join(', ')}
    FROM played
    GROUP BY slate
  )
  WINDOW up_to AS (ORDER BY slate ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
),
tonight AS (
  SELECT slate, team_abbr, season, ${seasonYear('season')} AS season_year
  FROM nba_analytics.upcoming_team_game_context
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
),
league_before AS (
  SELECT d.slate, l.league_ppm, l.league_pace, l.league_scoring, ${STATS.map((stat) => `c.league_${stat}`).join(', ')}
  FROM (SELECT slate FROM played UNION DISTINCT SELECT slate FROM tonight) d
  JOIN league l ON ${isNewestBeforeSql('d.slate', 'l.known_on', 'l.next_known_on')}
  JOIN league_counts c ON ${isNewestBeforeSql('d.slate', 'c.known_on', 'c.next_known_on')}
),
rated AS (
  SELECT p.*, ${weightAt(RATE, 'n', 'season_year')} AS w FROM played p
),
rate_states AS (
  SELECT r.*,
    ${runningSum('w * points', 'player_id', 'n')} - w * points AS points_before,
    ${runningSum('w * minutes', 'player_id', 'n')} - w * minutes AS minutes_before,
    ${STATS.map((stat) => `${runningSum(`w * ${stat}`, 'player_id', 'n')} - w * ${stat} AS ${stat}_before`).join(',\n    ')},
    ${weightAt(RATE, 'n - 1', 'season_year')} AS scale_before
  FROM rated r
),
conceded AS (
  SELECT s.game_id, s.opponent_abbr AS team_abbr, SUM(s.points) AS scored, ${expectedOf('points', 'league_ppm')} AS expected,
    ${STATS.map((stat) => `SUM(s.${stat}) AS had_${stat}, ${expectedOf(stat, `league_${stat}`)} AS expected_${stat}`).join(',\n    ')}
  FROM rate_states s
  JOIN league_before l ON l.slate = s.slate
  GROUP BY s.game_id, s.opponent_abbr
),
games AS (
  SELECT t.team_abbr, t.game_id, t.slate, t.season, ${seasonYear('t.season')} AS season_year,
    48 * fn.safe_div(t.points, t.minutes) AS scored48, 48 * fn.safe_div(t.opponent_points, t.minutes) AS allowed48, t.pace, t.margin,
    c.scored, c.expected, ${STATS.map((stat) => `c.had_${stat}, c.expected_${stat}`).join(', ')},
    ROW_NUMBER() OVER (PARTITION BY t.team_abbr ORDER BY t.slate, t.game_id) AS n
  FROM nba_analytics.team_game_summary t
  LEFT JOIN conceded c ON c.game_id = t.game_id AND c.team_abbr = t.team_abbr
  WHERE t.slate >= CAST(@history_from AS DATE) AND t.slate < CAST(@to AS DATE)
),
weighted AS (SELECT g.*, ${weightAt(TEAM_DECAY, 'n', 'season_year')} AS w FROM games g),
states AS (
  SELECT team_abbr AS of_team, slate AS known_on, LEAD(slate, 1, ${NO_NEXT}) OVER (PARTITION BY team_abbr ORDER BY n) AS next_known_on, season, n AS games_used,
    COUNT(*) OVER (PARTITION BY team_abbr, season ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS games_in_season,
    ${byTeam('1')} AS w_sum, ${byTeam('scored48')} AS w_scored, ${byTeam('allowed48')} AS w_allowed, ${byTeam('pace')} AS w_pace,
    ${byTeam('margin')} AS w_margin, ${byTeam('scored')} AS w_conceded,
    ${runningSum('CASE WHEN scored IS NOT NULL THEN w * expected END', 'team_abbr', 'n')} AS w_expected,
    ${STATS.map((stat) => `${byTeam(`had_${stat}`)} AS w_had_${stat}, ${byTeam(`expected_${stat}`)} AS w_expected_${stat}`).join(',\n    ')}
  FROM weighted
),
zone_days AS (
  SELECT slate, season, opponent_abbr AS team_abbr, zone, COUNT(*) AS attempts, SUM(CASE WHEN made THEN 1 ELSE 0 END) AS hits
  FROM nba_raw.shots
  WHERE slate >= CAST(@history_from AS DATE) AND slate < CAST(@to AS DATE)
    AND season IN (SELECT season FROM tonight)
  GROUP BY slate, season, opponent_abbr, zone
),
zone_team_days AS (
  SELECT slate, season, team_abbr,
    ${['paint', 'mid_range', 'three']
      .map(
        (zone) =>
          `SUM(CASE WHEN zone = '${zone}' THEN attempts ELSE 0 END) AS ${zone}_att, SUM(CASE WHEN zone = '${zone}' THEN hits ELSE 0 END) AS ${zone}_made`,
      )
      .join(',\n    ')}
  FROM zone_days
  GROUP BY slate, season, team_abbr
),
zone_sums AS (
  SELECT d.*, ${['paint', 'mid_range', 'three']
    .map(
      (zone) =>
        `SUM(${zone}_att) OVER (PARTITION BY season, slate) AS day_${zone}_att, SUM(${zone}_made) OVER (PARTITION BY season, slate) AS day_${zone}_made`,
    )
    .join(', ')}
  FROM zone_team_days d
),
zone_league AS (
  SELECT season, slate AS known_on, LEAD(slate, 1, ${NO_NEXT}) OVER (PARTITION BY season ORDER BY slate) AS next_known_on,
    ${['paint', 'mid_range', 'three']
      .map(
        (zone) =>
          `${runningSum(`day_${zone}_att`, 'season', 'slate')} AS league_${zone}_att, ${runningSum(`day_${zone}_made`, 'season', 'slate')} AS league_${zone}_made`,
      )
      .join(',\n    ')}
  FROM (SELECT DISTINCT season, slate, ${['paint', 'mid_range', 'three'].map((zone) => `day_${zone}_att, day_${zone}_made`).join(', ')} FROM zone_sums)
),
zone_teams AS (
  SELECT season, team_abbr, slate AS known_on, LEAD(slate, 1, ${NO_NEXT}) OVER (PARTITION BY season, team_abbr ORDER BY slate) AS next_known_on,
    ${['paint', 'mid_range', 'three']
      .map(
        (zone) =>
          `${runningSum(`${zone}_att`, 'season, team_abbr', 'slate')} AS ${zone}_att, ${runningSum(`${zone}_made`, 'season, team_abbr', 'slate')} AS ${zone}_made`,
      )
      .join(',\n    ')}
  FROM zone_team_days
),
scaled AS (
  SELECT u.slate, u.team_abbr, u.season AS season_now, s.*, ${weightAt(TEAM_DECAY, 's.games_used', 'u.season_year')} AS scale
  FROM tonight u
  LEFT JOIN states s ON s.of_team = u.team_abbr AND ${isNewestBeforeSql('u.slate', 's.known_on', 's.next_known_on')}
),
zones AS (
  SELECT u.slate, u.team_abbr, ${['paint', 'mid_range', 'three']
    .map((zone) => `t.${zone}_att, t.${zone}_made, l.league_${zone}_att, l.league_${zone}_made`)
    .join(', ')} FROM tonight u
  JOIN zone_teams t ON t.team_abbr = u.team_abbr AND t.season = u.season AND ${isNewestBeforeSql('u.slate', 't.known_on', 't.next_known_on')}
  JOIN zone_league l ON l.season = u.season AND ${isNewestBeforeSql('u.slate', 'l.known_on', 'l.next_known_on')}
)
SELECT s.slate, s.team_abbr, s.season_now AS season, COALESCE(s.games_used, 0) AS games_used,
  CASE WHEN s.season = s.season_now THEN s.games_in_season ELSE 0 END AS games_season,
  COALESCE(fn.safe_div(s.w_sum, s.scale), 0) AS weight16,
  CASE WHEN l.league_scoring IS NOT NULL THEN COALESCE(${shrunk('w_allowed', 'l.league_scoring')}, 0) END AS pts_allowed,
  ${ratioOf('w_conceded', 'w_expected')} AS points_ratio,
  ${STATS.map((stat) => `${ratioOf(`w_had_${stat}`, `w_expected_${stat}`)} AS ${stat}_ratio, l.league_${stat}`).join(',\n  ')},
  CASE WHEN l.league_pace IS NOT NULL THEN COALESCE(${shrunk('w_pace', 'l.league_pace')}, 0) END AS pace,
  CASE WHEN l.league_scoring IS NOT NULL THEN COALESCE(${shrunk('w_scored', 'l.league_scoring')}, 0) END AS scoring,
  CASE WHEN l.league_scoring IS NOT NULL THEN COALESCE(${shrunk('w_margin', literal(0))}, 0) END AS margin,
  l.league_ppm, l.league_pace, l.league_scoring,
  ${zoneAllowed('paint')} AS paint_allowed, ${zoneAllowed('mid_range')} AS mid_allowed, ${zoneAllowed('three')} AS three_allowed
FROM scaled s
LEFT JOIN league_before l ON l.slate = s.slate
LEFT JOIN zones z ON z.slate = s.slate AND z.team_abbr = s.team_abbr`,
};
