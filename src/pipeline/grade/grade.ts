import { parseSlate } from '#core/calendar.ts';
import { predictionGrades } from '#core/contracts/nba_predictions/prediction-grades.ts';
import { TipoffError } from '#core/errors.ts';
import type { Clock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { GRADES, STANDINGS } from './statement.ts';

export interface GradeDeps {
  readonly warehouse: Warehouse;
  readonly clock: Clock;
}

/** Why a published row has no grade yet. `not_played_on_slate` and `unknown_game` do not resolve by waiting. */
export const PENDING_REASONS = ['not_final', 'no_box_score', 'no_points', 'not_played_on_slate', 'unknown_game'] as const;
export type PendingReason = (typeof PENDING_REASONS)[number];

export const OUTCOMES = ['win', 'loss', 'push', 'void', 'no_bet'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Count {
  readonly rows: number;
  readonly games: number;
}

export interface GradeReport {
  readonly from: string;
  readonly to: string;
  readonly graded: number;
  readonly games: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly pending: Readonly<Record<PendingReason, Count>>;
  /** Rows without a grade, over all reasons. */
  readonly pendingRows: number;
}

/**
 * Grades every published row of the slates [from, to] whose game is final; see `statement.ts` for the rules. Replaces the
 * grades of the range in one atomic step: a second run gives the same rows (but for `graded_at`), and grades of a
 * publication withdrawn meanwhile disappear. Rows that must wait are counted by reason, never graded as absences.
 */
export async function grade({ warehouse, clock }: GradeDeps, range: { readonly from: string; readonly to: string }): Promise<GradeReport> {
  const [from, to] = [parseSlate(range.from), parseSlate(range.to)];
  if (from > to) {
    throw new TipoffError('TIPOFF_BAD_INPUT', `expected a range of slates, saw ${from} after ${to}`, {
      hint: 'Write the earlier date first.',
    });
  }
  const params = { from, to };
  const graded = await warehouse.replaceRange(predictionGrades, { column: 'slate', from, to }, GRADES, {
    ...params,
    graded_at: clock.now().toISOString(),
  });
  const standings = await warehouse.query<{ standing: string; row_count: number; game_count: number }>(STANDINGS, params);
  const outcomes = await warehouse.query<{ outcome: string; row_count: number }>(
    `SELECT outcome, COUNT(*) AS row_count FROM nba_predictions.prediction_grades
     WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) GROUP BY outcome`,
    params,
  );
  const count = (standing: string): Count => {
    const found = standings.find((row) => row.standing === standing);
    return { rows: found?.row_count ?? 0, games: found?.game_count ?? 0 };
  };
  const outcome = (name: Outcome): number => outcomes.find((row) => row.outcome === name)?.row_count ?? 0;
  const pending: Record<PendingReason, Count> = {
    not_final: count('not_final'),
    no_box_score: count('no_box_score'),
    no_points: count('no_points'),
    not_played_on_slate: count('not_played_on_slate'),
    unknown_game: count('unknown_game'),
  };
  return {
    from,
    to,
    graded,
    games: count('final').games,
    outcomes: { win: outcome('win'), loss: outcome('loss'), push: outcome('push'), void: outcome('void'), no_bet: outcome('no_bet') },
    pending,
    pendingRows: Object.values(pending).reduce((sum, { rows }) => sum + rows, 0),
  };
}
