import { predictionGrades } from '#core/contracts/nba_predictions.ts';
import { overwrite, PREDICTIONS_PATH } from '#guard/canaries/catalogue/exported.ts';
import { again, changed, type Drill, defineDrill } from '#guard/drills/drill.ts';

const YESTERDAY = 'fn.add_days(CAST(@slate AS DATE), -1)';
const FIRST_GAME = `(SELECT MIN(game_id) FROM nba_reference.schedule WHERE slate = ${YESTERDAY} AND is_counted)`;

/** What users saw, and what was made of it afterwards. */
export const PRODUCT_DRILLS: readonly Drill[] = [
  defineDrill({
    id: 'picks-doubled',
    incident: 'I24',
    date: '2026-02-13',
    happened: 'An export joined two sources and showed every pick twice once its game was over.',
    guard: 'export_equals_table',
    replay: changed('every row of the export is there twice', {
      act: ({ exports }, { slate }) =>
        overwrite(exports, PREDICTIONS_PATH(slate), (text) => {
          const document: { rows: unknown[]; row_count: number } = JSON.parse(text);
          return JSON.stringify({
            ...document,
            rows: [...document.rows, ...document.rows],
            row_count: 2 * document.row_count,
          });
        }),
    }),
    twin: changed('the export is written again as it was', {
      act: ({ exports }, { slate }) => overwrite(exports, PREDICTIONS_PATH(slate), (text) => text),
    }),
  }),
  defineDrill({
    id: 'grades-altered',
    incident: 'I152',
    date: '2026-01-29',
    happened:
      'The graded copy of a prediction was 1.7 to 4.3 times the published one, and there were five of each.',
    guard: 'grades_match',
    replay: changed('grades carry other numbers than were published', {
      sql: [
        `UPDATE nba_predictions.prediction_grades SET predicted = predicted * 1.7 WHERE slate = ${YESTERDAY}`,
      ],
    }),
    twin: changed('a grade is made again with the same numbers', {
      sql: [
        `UPDATE nba_predictions.prediction_grades SET graded_at = CAST(@as_of AS TIMESTAMP) WHERE slate = ${YESTERDAY}`,
      ],
    }),
  }),
  defineDrill({
    id: 'grades-doubled',
    incident: 'I14',
    date: '2026-01-10',
    happened: 'Grading raced with a backfill: 38 % of half a million graded rows were duplicates.',
    guard: 'grades_match',
    replay: changed('every prediction of last night is graded twice', {
      sql: [again(predictionGrades, {}, `slate = ${YESTERDAY}`)],
    }),
    twin: changed('a second run replaces the grades by the same ones', {
      sql: [
        `UPDATE nba_predictions.prediction_grades SET graded_at = CAST(@as_of AS TIMESTAMP) WHERE slate = ${YESTERDAY}`,
      ],
    }),
  }),
  defineDrill({
    id: 'nothing-graded',
    incident: 'I116',
    date: '2026-01-18',
    happened: 'The grading function was deployed and nothing started it.',
    guard: 'yesterday_graded',
    beside: ['gradable_share', 'voids_plausible'],
    replay: changed('last night is played and not graded', {
      sql: [`DELETE FROM nba_predictions.prediction_grades WHERE slate = ${YESTERDAY}`],
    }),
    twin: changed('a game of last night was postponed and is not graded', {
      sql: [
        `DELETE FROM nba_predictions.prediction_grades WHERE slate = ${YESTERDAY} AND game_id = ${FIRST_GAME}`,
        `UPDATE nba_reference.schedule SET status = 'postponed' WHERE slate = ${YESTERDAY} AND game_id = ${FIRST_GAME}`,
      ],
    }),
  }),
];
