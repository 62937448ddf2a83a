import { upcomingPlayerGameContext, upcomingTeamGameContext } from '#core/contracts/nba_analytics.ts';
import {
  playerAvailability,
  playerCompositeFactors,
  playerDailyCache,
  playerShotZoneAnalysis,
  teamDefenseZoneAnalysis,
} from '#core/contracts/nba_precompute.ts';
import { FEATURES, type Feature, featuresIn, type TeammatesTonight } from '#core/features.ts';
import type { Processor } from '#pipeline/processor.ts';

/** The statistics whose change the values of the features need, found by asking them for their SQL. */
class Changes implements TeammatesTonight {
  readonly stats = new Set<string>(['min']);

  readonly freed = (stat: string): string => {
    this.stats.add(stat);
    return `s.${stat} - COALESCE(o.${stat}, 0)`;
  };
}

/**
 * The effects of teammates, opponent and schedule. What teammates leave is the change from their recent presence, weighted by the
 * probability that each of them plays: a player out for weeks is already reflected in everybody's averages.
 */
export function playerCompositeFactorsSelect(features: readonly Feature[] = FEATURES): string {
  const needs = new Changes();
  const values = featuresIn('player_composite_factors', features).flatMap(({ name, value }) =>
    value.in === 'player_composite_factors' ? [`${value.sql(needs)} AS ${name}`] : [],
  );
  const stats = [...needs.stats];
  return `
WITH tonight AS (
  SELECT u.slate, u.player_id, u.season, u.team_abbr, u.opponent_abbr, u.has_status_feed, c.min_ewma4, c.games_last7, c.minutes_last7, g.is_b2b
  FROM nba_analytics.upcoming_player_game_context u
  JOIN nba_precompute.player_daily_cache c ON c.slate = u.slate AND c.player_id = u.player_id
  JOIN nba_analytics.upcoming_team_game_context g ON g.slate = u.slate AND g.team_abbr = u.team_abbr AND g.game_id = u.game_id
  WHERE u.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
),
changes AS (
  SELECT slate, team_abbr, player_id, is_member, p_plays,
    ${stats.map((stat) => `(share - p_plays) * ${stat}_ewma8 AS ${stat}`).join(', ')}
  FROM nba_precompute.player_availability
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
),
team_changes AS (
  SELECT slate, team_abbr, ${stats.map((stat) => `SUM(${stat}) AS ${stat}`).join(', ')}
  FROM changes
  GROUP BY slate, team_abbr
)
SELECT t.slate, t.player_id, t.season, CASE WHEN o.is_member THEN o.p_plays END AS p_plays,
  ${values.join(',\n  ')}
FROM tonight t
LEFT JOIN team_changes s ON s.slate = t.slate AND s.team_abbr = t.team_abbr
LEFT JOIN changes o ON o.slate = t.slate AND o.team_abbr = t.team_abbr AND o.player_id = t.player_id
LEFT JOIN nba_precompute.team_defense_zone_analysis d ON d.slate = t.slate AND d.team_abbr = t.opponent_abbr
LEFT JOIN nba_precompute.player_shot_zone_analysis z ON z.slate = t.slate AND z.player_id = t.player_id`;
}

export const playerCompositeFactorsProcessor: Processor = {
  name: 'PlayerCompositeFactors',
  phase: 'precompute',
  table: playerCompositeFactors,
  inputs: [
    { table: upcomingPlayerGameContext, scope: 'slate', ready: 'roster' },
    { table: upcomingTeamGameContext, scope: 'slate', ready: 'schedule' },
    { table: teamDefenseZoneAnalysis, scope: 'slate' },
    { table: playerShotZoneAnalysis, scope: 'slate' },
    { table: playerDailyCache, scope: 'slate' },
    { table: playerAvailability, scope: 'slate' },
  ],
  select: playerCompositeFactorsSelect(),
};
