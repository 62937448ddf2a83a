import { addDays, type Slate } from '#core/calendar.ts';
import { type Outcome, outcome } from '#core/check.ts';
import { statement } from '#core/statement.ts';
import { sidesOf } from '#pipeline/analytics/whole-games.ts';
import type { Readiness } from '#pipeline/processor.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/** An input that is not ready for a slate, and why. */
export interface NotReady extends Outcome {
  readonly status: 'fail';
  /** The input. */
  readonly check: Readiness;
  readonly subject: Slate;
}

/** Days before the slate whose games must have box scores. */
const RESULT_DAYS = 7;
/** Share of those games that must have them. */
const RESULT_SHARE = 0.8;
/** Players without whom a team cannot play. */
const MIN_ROSTER = 8;

/** How much of the processors' inputs is available, slate by slate; parameters `from`, `to` and `results_from`. */
export const READINESS = statement({
  owner: 'pipeline/precompute/readiness',
  sql: `
WITH games AS (
  SELECT game_id, slate, home_abbr, away_abbr FROM nba_reference.counted_games
  WHERE slate BETWEEN CAST(@results_from AS DATE) AND CAST(@to AS DATE)
),
boxed AS (
  SELECT game_id, SUM(CASE WHEN is_whole THEN 1 ELSE 0 END) AS teams
  FROM (${sidesOf('CAST(@results_from AS DATE)', 'CAST(@to AS DATE)')}) AS sides
  GROUP BY game_id
),
slates AS (
  SELECT slate, COUNT(*) AS games FROM games WHERE slate >= CAST(@from AS DATE) GROUP BY slate
),
results AS (
  SELECT s.slate, COUNT(g.game_id) AS due, SUM(CASE WHEN b.teams = 2 THEN 1 ELSE 0 END) AS there
  FROM slates s
  JOIN games g ON g.slate < s.slate AND g.slate >= fn.add_days(s.slate, -${RESULT_DAYS})
  LEFT JOIN boxed b ON b.game_id = g.game_id
  GROUP BY s.slate
),
contexts AS (
  SELECT slate, COUNT(*) AS teams FROM nba_analytics.upcoming_team_game_context
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
  GROUP BY slate
),
team_rosters AS (
  SELECT slate, team_abbr, COUNT(*) AS players FROM nba_analytics.upcoming_player_game_context
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
  GROUP BY slate, team_abbr
),
rosters AS (
  SELECT slate, SUM(CASE WHEN players >= ${MIN_ROSTER} THEN 1 ELSE 0 END) AS teams FROM team_rosters GROUP BY slate
)
SELECT s.slate, s.games, COALESCE(r.due, 0) AS due, COALESCE(r.there, 0) AS there, COALESCE(c.teams, 0) AS context_teams,
  COALESCE(p.teams, 0) AS roster_teams
FROM slates s
LEFT JOIN results r ON r.slate = s.slate
LEFT JOIN contexts c ON c.slate = s.slate
LEFT JOIN rosters p ON p.slate = s.slate
ORDER BY s.slate`,
});

interface SlateState {
  readonly slate: Slate;
  readonly games: number;
  readonly due: number;
  readonly there: number;
  readonly context_teams: number;
  readonly roster_teams: number;
}

/**
 * What is not ready in a range, slate by slate. The calendar is the denominator: a slate without counted games needs
 * nothing, a postponed game is not waited for. Results count as ready when 80 % of the games of the seven days before have
 * whole summaries of both teams, counted on the rows of their players.
 */
export async function notReady(warehouse: Warehouse, from: Slate, to: Slate): Promise<NotReady[]> {
  const states = await warehouse.query<SlateState>(READINESS.sql, {
    from,
    to,
    results_from: addDays(from, -RESULT_DAYS),
  });
  return states.flatMap((state): NotReady[] => {
    const problems: NotReady[] = [];
    const teams = 2 * state.games;
    const lacks = (check: Readiness, expected: string, seen: number, reason: string): void => {
      const found = outcome({ check, status: 'fail', severity: 'warning', expected, seen, reason });
      problems.push({ ...found, check, status: 'fail', subject: state.slate });
    };
    if (state.there < RESULT_SHARE * state.due) {
      lacks(
        'results',
        `box scores of ${RESULT_SHARE * 100} % of the ${state.due} games of the ${RESULT_DAYS} days before`,
        state.there,
        `${state.there} of ${state.due} games of the ${RESULT_DAYS} days before have box scores, expected ${RESULT_SHARE * 100} %`,
      );
    }
    if (state.context_teams !== teams) {
      lacks(
        'schedule',
        `${teams} team contexts`,
        state.context_teams,
        `${state.context_teams} team contexts, expected ${teams}`,
      );
    }
    if (state.roster_teams !== teams) {
      lacks(
        'roster',
        `${MIN_ROSTER} or more players for ${teams} teams`,
        state.roster_teams,
        `${state.roster_teams} of ${teams} teams have ${MIN_ROSTER} or more players in their context`,
      );
    }
    return problems;
  });
}

/** The problems that hold a processor with these readiness requirements. */
export function blocking(waits: readonly Readiness[], problems: readonly NotReady[]): NotReady[] {
  return problems.filter(({ check }) => waits.includes(check));
}
