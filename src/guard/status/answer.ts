import { addDays, type Slate } from '#core/calendar.ts';
import { type Outcome, outcome } from '#core/check.ts';
import type { SeasonCalendarView } from '#guard/canaries/calendar.ts';
import type { CanaryContext } from '#guard/canaries/definition.ts';
import type { Clock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/** good: as it should be · attention: look when you can · bad: act now · idle: nothing is expected, and why · unknown: could not be found out. */
export type AnswerVerdict = 'good' | 'attention' | 'bad' | 'idle' | 'unknown';

/** A table behind an answer. */
export interface AnswerTable {
  readonly header: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** The outcome of one of the morning questions, with what a person wants to see of it. */
export interface Answer extends Outcome {
  /** 1 to 15, in the order in which people ask. */
  readonly number: number;
  /** Two or three words for a narrow screen. */
  readonly name: string;
  readonly verdict: AnswerVerdict;
  /** One sentence. */
  readonly answer: string;
  readonly table?: AnswerTable;
  /** Command to run next. */
  readonly next?: string;
}

/** What an answer is made of beyond its question. */
export type Found = Pick<Answer, 'verdict' | 'answer' | 'table' | 'next'>;

const OUTCOMES = {
  good: { status: 'pass', severity: 'info' },
  attention: { status: 'fail', severity: 'warning' },
  bad: { status: 'fail', severity: 'critical' },
  idle: { status: 'skip', severity: 'info' },
  unknown: { status: 'error', severity: 'critical' },
} as const satisfies Record<AnswerVerdict, Pick<Outcome, 'status' | 'severity'>>;

/** The answer that what was found makes of a question. */
export function answerOf(
  { number, name, question }: Pick<Answer, 'number' | 'name' | 'question'>,
  found: Found,
): Answer {
  return {
    ...outcome({
      check: name.toLowerCase().replaceAll(' ', '_'),
      ...OUTCOMES[found.verdict],
      question,
      reason: found.answer,
      repair: found.next,
    }),
    number,
    name,
    ...found,
  };
}

/** What answers may look at: the same as the canaries. They only read. */
export interface StatusDeps extends CanaryContext {
  readonly clock: Clock;
}

/** The moment of the questions. */
export interface StatusMoment {
  readonly now: Date;
  readonly slate: Slate;
  /** The game day before the slate; undefined when the schedule knows none. */
  readonly lastNight: Slate | undefined;
  readonly calendar: SeasonCalendarView;
  /** Why there are no games on the slate. */
  readonly noGames: string | undefined;
}

/** One question with the way to its answer. */
export interface Question {
  readonly number: number;
  readonly name: string;
  readonly question: string;
  /** Canaries that ask the same: where one of them looks, it decides. */
  readonly canaries?: readonly string[];
  readonly find: (deps: StatusDeps, moment: StatusMoment) => Promise<Found>;
}

/** One past slate in the charts. Shares are in percent; null where there is nothing to divide by. */
export interface SlateHistory {
  readonly slate: string;
  readonly games: number;
  readonly games_predicted: number;
  /** False before the first slate that was ever published: nothing was to be predicted. */
  readonly in_operation: boolean;
  /** Players who were not ruled out before the cut-off. */
  readonly expected: number;
  readonly predicted: number;
  /** Predicted players over expected ones; null also before the first slate that was ever published. */
  readonly coverage: number | null;
  /** Players whose features are quality-ready, of those with a feature row. */
  readonly ready: number | null;
  readonly mean_quality: number | null;
}

const HISTORY_SLATES = 30;
/** Days looked back: more than thirty game days ever take within a season. */
const REACH_DAYS = 75;

const HISTORY = `
WITH days AS (
  SELECT slate, COUNT(*) AS games FROM nba_reference.counted_games
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
  GROUP BY slate
), expected AS (
  SELECT slate, COUNT(DISTINCT player_id) AS players FROM nba_analytics.upcoming_player_game_context
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND COALESCE(injury_status, 'available') NOT IN ('out', 'doubtful')
  GROUP BY slate
), predicted AS (
  SELECT slate, COUNT(DISTINCT player_id) AS players, COUNT(DISTINCT game_id) AS games FROM nba_predictions.current_predictions
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
  GROUP BY slate
), quality AS (
  SELECT slate, COUNT(*) AS players, COUNTIF(is_quality_ready) AS ready, AVG(feature_quality_score) AS mean_quality FROM nba_predictions.ml_feature_store
  WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
  GROUP BY slate
)
SELECT d.slate, d.games, COALESCE(d.slate >= f.first_slate, FALSE) AS in_operation, COALESCE(p.games, 0) AS games_predicted, COALESCE(e.players, 0) AS expected, COALESCE(p.players, 0) AS predicted,
  CASE WHEN d.slate >= f.first_slate THEN 100 * fn.safe_div(COALESCE(p.players, 0), e.players) END AS coverage, 100 * fn.safe_div(q.ready, q.players) AS ready, q.mean_quality
FROM days d
CROSS JOIN (SELECT MIN(slate) AS first_slate FROM nba_predictions.publications WHERE slate <= CAST(@to AS DATE)) f
LEFT JOIN expected e ON e.slate = d.slate
LEFT JOIN predicted p ON p.slate = d.slate
LEFT JOIN quality q ON q.slate = d.slate
ORDER BY d.slate DESC
LIMIT ${HISTORY_SLATES}`;

/** The last thirty game days up to a slate, oldest first. */
export async function readHistory(warehouse: Warehouse, slate: Slate): Promise<SlateHistory[]> {
  const rows = await warehouse.query<SlateHistory>(HISTORY, { from: addDays(slate, -REACH_DAYS), to: slate });
  return rows.reverse();
}
