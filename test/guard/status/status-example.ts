import { type Answer, answerOf, type Found } from '#guard/status/answer.ts';
import type { Status } from '#guard/status/status.ts';

/** An answer of the status. */
export function answer(
  number: number,
  change: Partial<Found & Pick<Answer, 'name' | 'question'>> = {},
): Answer {
  const { name = `Name ${number}`, question = `Question ${number}?`, ...found } = change;
  return answerOf({ number, name, question }, { verdict: 'good', answer: `Answer ${number}.`, ...found });
}

/** A status with something to do, and a month behind it. */
export const STATUS: Status = {
  schema_version: 1,
  slate: '2025-01-10',
  as_of: '2025-01-10T18:00:00.000Z',
  code_version: '1.0.0',
  games: 8,
  no_games: null,
  verdict: 'bad',
  alerts: { open: 2, unacknowledged: 1, undelivered: 1 },
  answers: [
    answer(1, {
      verdict: 'bad',
      next: 'tipoff day 2025-01-10',
      table: { header: ['game', 'picks'], rows: [['BOS @ NYK', 3]] },
    }),
    ...Array.from({ length: 14 }, (_, i) => answer(i + 2)),
  ],
  history: Array.from({ length: 30 }, (_, i) => ({
    slate: `2024-12-${String(i + 1).padStart(2, '0')}`,
    games: 8,
    games_predicted: 8 - (i % 3),
    in_operation: true,
    expected: 200,
    predicted: 200 - i,
    coverage: i === 7 ? null : 100 - i / 2,
    ready: 97,
    mean_quality: 94.5,
  })),
};
