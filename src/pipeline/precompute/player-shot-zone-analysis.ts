import { upcomingPlayerGameContext } from '#core/contracts/nba_analytics.ts';
import { playerShotZoneAnalysis } from '#core/contracts/nba_precompute.ts';
import { shots } from '#core/contracts/nba_raw.ts';
import { NO_NEXT, type Processor } from '#pipeline/processor.ts';
import { isNewestBeforeSql, runningSum } from './windows.ts';

const ZONES = [
  ['paint', 'paint'],
  ['mid', 'mid_range'],
  ['three', 'three'],
] as const;
const running = (column: string): string => runningSum(column, 'player_id, season', 'slate');

/** Where a player's shots of this season came from, strictly before the slate. Without shot data everything is null, never a guess. */
export const playerShotZoneAnalysisProcessor: Processor = {
  name: 'PlayerShotZoneAnalysis',
  phase: 'precompute',
  table: playerShotZoneAnalysis,
  inputs: [
    { table: upcomingPlayerGameContext, scope: 'slate', ready: 'roster' },
    { table: shots, scope: 'before', part: 'shots' },
  ],
  select: `
WITH tonight AS (
  SELECT slate, player_id, season FROM nba_analytics.upcoming_player_game_context
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
),
days AS (
  SELECT player_id, season, slate, COUNT(*) AS attempts,
    ${ZONES.map(
      ([name, zone]) =>
        `SUM(CASE WHEN zone = '${zone}' THEN 1 ELSE 0 END) AS ${name}_att, SUM(CASE WHEN zone = '${zone}' AND made THEN 1 ELSE 0 END) AS ${name}_made`,
    ).join(',\n    ')}
  FROM nba_raw.shots
  WHERE slate >= CAST(@history_from AS DATE) AND slate < CAST(@to AS DATE)
    AND season IN (SELECT season FROM tonight)
  GROUP BY player_id, season, slate
),
states AS (
  SELECT player_id, season, slate AS known_on, LEAD(slate, 1, ${NO_NEXT}) OVER (PARTITION BY player_id, season ORDER BY slate) AS next_known_on,
    ${running('attempts')} AS attempts,
    ${ZONES.map(([name]) => `${running(`${name}_att`)} AS ${name}_att, ${running(`${name}_made`)} AS ${name}_made`).join(',\n    ')}
  FROM days
),
newest AS (
  SELECT u.slate, u.player_id, u.season, s.known_on
  FROM tonight u
  JOIN states s ON s.player_id = u.player_id AND s.season = u.season AND ${isNewestBeforeSql('u.slate', 's.known_on', 's.next_known_on')}
)
SELECT u.slate, u.player_id, u.season, COALESCE(s.attempts, 0) AS attempts,
  ${ZONES.map(([name]) => `fn.safe_div(s.${name}_att, s.attempts) AS ${name}_rate`).join(', ')},
  ${ZONES.map(([name]) => `fn.safe_div(s.${name}_made, s.${name}_att) AS ${name}_pct`).join(', ')}
FROM tonight u
LEFT JOIN newest b ON b.slate = u.slate AND b.player_id = u.player_id
LEFT JOIN states s ON s.player_id = b.player_id AND s.season = b.season AND s.known_on = b.known_on`,
};
