import { addDays, type Slate } from '#core/calendar.ts';
import { type Outcome, outcome } from '#core/check.ts';
import type { SeasonCalendarView } from '#guard/canaries/calendar.ts';
import type { CanaryContext } from '#guard/canaries/definition.ts';
import type { Clock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';

/**
 * good: as it should be · attention: look when you can · bad: act now · idle: nothing is expected, and why ·
 * unknown: the question could not be answered.
 */
export type AnswerVerdict = 'good' | 'attention' | 'bad' | 'idle' | 'unknown';

/** The table that backs an answer. */
export interface AnswerTable {
  readonly header: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** The outcome of one morning question, as shown to people. */
export interface Answer extends Outcome {
  /** 1 to 15, in the order in which people ask. */
  readonly number: number;
  /** Short name of two or three words, for narrow screens. */
  readonly name: string;
  readonly verdict: AnswerVerdict;
  /** One sentence. */
  readonly answer: string;
  readonly table?: AnswerTable;
  /** Command to run next. */
  readonly next?: string;
}

/** The part of an answer that its question has to find. */
export type Found = Pick<Answer, 'verdict' | 'answer' | 'table' | 'next'>;

const OUTCOMES = {
  good: { status: 'pass', severity: 'info' },
  attention: { status: 'fail', severity: 'warning' },
  bad: { status: 'fail', severity: 'critical' },
  idle: { status: 'skip', severity: 'info' },
  unknown: { status: 'error', severity: 'critical' },
} as const satisfies Record<AnswerVerdict, Pick<Outcome, 'status' | 'severity'>>;

/** Combines a question with what was found into an answer. */
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

/** What questions may read: the same as canaries. They never write. */
export interface StatusDeps extends CanaryContext {
  readonly clock: Clock;
}

/** The moment the questions are asked about. */
export interface StatusMoment {
  readonly now: Date;
  readonly slate: Slate;
  /** The game day before the slate; undefined when the schedule has none. */
  readonly lastNight: Slate | undefined;
  readonly calendar: SeasonCalendarView;
  /** Why the slate has no games; undefined when it has some. */
  readonly noGames: string | undefined;
}

/** One question and the function that answers it. */
export interface Question {
  readonly number: number;
  readonly name: string;
  readonly question: string;
  /** Ids of canaries that ask the same question: where one runs, its verdict decides. */
  readonly canaries?: readonly string[];
  readonly find: (deps: StatusDeps, moment: StatusMoment) => Promise<Found>;
}

/** One past slate in the charts. Shares are in percent; null where there is nothing to divide by. */
export interface SlateHistory {
  readonly slate: string;
  readonly games: number;
  readonly games_predicted: number;
  /** False before the first slate ever published: no predictions were expected. */
  readonly in_operation: boolean;
  /** Players who were not ruled out before the cut-off. */
  readonly expected: number;
  readonly predicted: number;
  /** Predicted over expected players, in percent; null also before the first slate ever published. */
  readonly coverage: number | null;
  /** Share of players with a feature row whose features are quality-ready. */
  readonly ready: number | null;
  readonly mean_quality: number | null;
}

const HISTORY_SLATES = 30;
/** Days looked back: more than thirty game days ever span within a season. */
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
