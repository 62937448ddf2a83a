import { playerCompositeFactors } from '#core/contracts/nba_precompute.ts';
import { FEATURES, type Feature, featuresIn, type TeammatesTonight } from '#core/features.ts';
import type { Processor } from '#pipeline/processor.ts';

/** A rotation player: expected minutes from here on, and on court within so many days. */
const ROTATION_MINUTES = 12;
const ROTATION_DAYS = 20;

/** The sums over teammates that the values of the features need, found by asking them for their SQL. */
class Sums implements TeammatesTonight {
  /** By name: over whom, and of which column of the cache ('1' counts them). */
  readonly sums = new Map<string, { readonly flag: string; readonly column: string }>();

  readonly vacated = (column: string): string => this.sum('vacated', column);
  readonly returning = (column: string): string => this.sum('returning', column);

  /** Columns of the cache that are summed. */
  columns(): string[] {
    const all = [...this.sums.values()].map(({ column }) => column).filter((column) => column !== '1');
    return [...new Set(['min_ewma8', ...all])];
  }

  private sum(who: 'vacated' | 'returning', column: string): string {
    const name = `${who}_${column === '1' ? 'count' : column}`;
    this.sums.set(name, { flag: `is_${who}`, column });
    return `CASE WHEN o.has_status_feed THEN o.${name} END`;
  }
}

/**
 * What teammates, opponent and schedule add. Vacated and returning minutes come from a status feed that stood before the
 * cut-off; without one they are null: who was out is then not known, and a box score would be the outcome.
 */
export function playerCompositeFactorsSelect(features: readonly Feature[] = FEATURES): string {
  const needs = new Sums();
  const values = featuresIn('player_composite_factors', features).flatMap(({ name, value }) =>
    value.in === 'player_composite_factors' ? [`${value.sql(needs)} AS ${name}`] : [],
  );
  const sums = [...needs.sums].map(([name, { flag, column }]) => ({ name, flag, column }));
  return `
WITH tonight AS (
  SELECT u.slate, u.player_id, u.season, u.team_abbr, u.opponent_abbr, u.game_id, u.has_status_feed, u.missed_last_team_game,
    COALESCE(u.injury_status IN ('out', 'doubtful'), FALSE) AS is_out,
    ${[...new Set([...needs.columns(), 'min_ewma4'])].map((column) => `c.${column}`).join(', ')}, c.games_last7, c.minutes_last7, c.days_since_played, g.is_b2b
  FROM nba_analytics.upcoming_player_game_context u
  JOIN nba_precompute.player_daily_cache c ON c.slate = u.slate AND c.player_id = u.player_id
  JOIN nba_analytics.upcoming_team_game_context g ON g.slate = u.slate AND g.team_abbr = u.team_abbr AND g.game_id = u.game_id
  WHERE u.slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
),
rotation AS (
  SELECT slate, team_abbr, player_id, ${needs.columns().join(', ')},
    is_out AND days_since_played <= ${ROTATION_DAYS} AS is_vacated,
    COALESCE(missed_last_team_game, FALSE) AND NOT is_out AS is_returning
  FROM tonight
  WHERE has_status_feed AND min_ewma8 >= ${ROTATION_MINUTES}
),
team_sums AS (
  SELECT slate, team_abbr,
    ${sums.map(({ name, flag, column }) => `SUM(CASE WHEN ${flag} THEN ${column} ELSE 0 END) AS ${name}`).join(',\n    ')}
  FROM rotation
  GROUP BY slate, team_abbr
),
others AS (
  SELECT t.slate, t.player_id, t.has_status_feed,
    ${sums
      .map(
        ({ name, flag, column }) =>
          `COALESCE(s.${name}, 0) - CASE WHEN COALESCE(r.${flag}, FALSE) THEN ${column === '1' ? '1' : `r.${column}`} ELSE 0 END AS ${name}`,
      )
      .join(',\n    ')}
  FROM tonight t
  LEFT JOIN team_sums s ON s.slate = t.slate AND s.team_abbr = t.team_abbr
  LEFT JOIN rotation r ON r.slate = t.slate AND r.player_id = t.player_id
)
SELECT t.slate, t.player_id, t.season,
  ${values.join(',\n  ')}
FROM tonight t
JOIN others o ON o.slate = t.slate AND o.player_id = t.player_id
LEFT JOIN nba_precompute.team_defense_zone_analysis d ON d.slate = t.slate AND d.team_abbr = t.opponent_abbr
LEFT JOIN nba_precompute.player_shot_zone_analysis z ON z.slate = t.slate AND z.player_id = t.player_id`;
}

export const playerCompositeFactorsProcessor: Processor = {
  name: 'PlayerCompositeFactors',
  phase: 'precompute',
  table: playerCompositeFactors,
  reads: [
    'nba_analytics.upcoming_player_game_context',
    'nba_analytics.upcoming_team_game_context',
    'nba_precompute.team_defense_zone_analysis',
    'nba_precompute.player_shot_zone_analysis',
    'nba_precompute.player_daily_cache',
  ],
  select: playerCompositeFactorsSelect(),
};
