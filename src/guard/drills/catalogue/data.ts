import { easternInstant, slateOf } from '#core/calendar.ts';
import { playerGameSummary } from '#core/contracts/nba_analytics.ts';
import { playerBoxScores } from '#core/contracts/nba_raw.ts';
import { again, changed, type Drill, type DrillContext, defineDrill } from '#guard/drills/drill.ts';

const YESTERDAY = 'fn.add_days(CAST(@slate AS DATE), -1)';
const FIRST_GAME = `(SELECT MIN(game_id) FROM nba_reference.schedule WHERE slate = ${YESTERDAY} AND is_counted)`;
const ONE_PLAYER =
  '(SELECT MIN(player_id) FROM nba_predictions.ml_feature_store WHERE slate = CAST(@slate AS DATE) AND required_default_count = 0)';

/** What came in wrong, late or not at all. */
export const DATA_DRILLS: readonly Drill[] = [
  defineDrill({
    id: 'first-game-only',
    incident: 'I37',
    date: '2025-12-27',
    happened: 'The collection of a day fetched its first game only and reported success.',
    guard: 'box_scores_missing',
    beside: ['schedule_status_stale'],
    replay: changed('box scores of one game of last night arrive', {
      sql: [
        `DELETE FROM nba_raw.player_box_scores WHERE slate = ${YESTERDAY} AND game_id <> ${FIRST_GAME}`,
        `DELETE FROM nba_analytics.player_game_summary WHERE slate = ${YESTERDAY} AND game_id <> ${FIRST_GAME}`,
      ],
    }),
    twin: changed('one game of last night was postponed and has no box score', {
      sql: [
        `UPDATE nba_reference.schedule SET status = 'postponed' WHERE slate = ${YESTERDAY} AND game_id = ${FIRST_GAME}`,
        `DELETE FROM nba_raw.player_box_scores WHERE slate = ${YESTERDAY} AND game_id = ${FIRST_GAME}`,
      ],
    }),
  }),
  defineDrill({
    id: 'status-never-advanced',
    incident: 'I142',
    date: '2026-02-19',
    happened: 'After the All-Star break the schedule never said that a game was over; grading waited.',
    guard: 'schedule_status_stale',
    replay: changed('the games of last night stay scheduled', {
      sql: [`UPDATE nba_reference.schedule SET status = 'scheduled' WHERE slate = ${YESTERDAY}`],
    }),
    twin: changed(
      'late games are still being played after midnight in New York',
      { sql: [`UPDATE nba_reference.schedule SET status = 'live' WHERE slate = ${YESTERDAY}`] },
      (context) => easternInstant(slateOf(context.asOf), '00:30'),
    ),
  }),
  defineDrill({
    id: 'lines-unfed',
    incident: 'I36',
    date: '2025-08 to 2026-01',
    happened: 'The path of the lines was not fed for 128 days and nobody was alerted.',
    guard: 'lines_present',
    replay: changed('no line of tonight arrives', {
      sql: ['DELETE FROM nba_raw.player_lines WHERE slate = CAST(@slate AS DATE)'],
    }),
    twin: changed('no source of lines has been loaded for a fortnight', {
      sql: [
        'DELETE FROM nba_raw.player_lines WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)',
      ],
    }),
  }),
  defineDrill({
    id: 'report-of-the-day-before',
    incident: 'I54',
    date: '2026-01-02',
    happened:
      'A run just after midnight fetched the report of the day before and counted as done: no availability for the day.',
    guard: 'injury_feed_fresh',
    replay: changed('the report of tonight is missing, the one of yesterday is there', {
      sql: ['DELETE FROM nba_raw.injury_reports WHERE slate = CAST(@slate AS DATE)'],
    }),
    twin: changed(
      'the report of tonight is not due before the afternoon',
      { sql: ['DELETE FROM nba_raw.injury_reports WHERE slate = CAST(@slate AS DATE)'] },
      afternoon,
    ),
  }),
  defineDrill({
    id: 'box-scores-multiplied',
    incident: 'I13',
    date: '2025-11-11 to 2025-12-31',
    happened: 'A conditional delete let 51 days of box scores multiply; averages and usage were wrong.',
    guard: 'summary_duplicates',
    replay: changed('everybody of last night is summarised a second time under another game', {
      sql: [again(playerGameSummary, { game_id: "game_id || 'x'" }, `slate = ${YESTERDAY}`)],
    }),
    twin: changed('a box score is loaded twice: raw tables keep versions, the newest wins', {
      sql: [again(playerBoxScores, { row_id: "row_id || '-again'" }, `slate = ${YESTERDAY}`)],
    }),
  }),
  defineDrill({
    id: 'invented-values',
    incident: 'I80',
    date: '2026-02-07',
    happened:
      'Required features had no value for a third of the rows; made-up ones took their place and passed as quality.',
    guard: 'required_defaults',
    replay: changed('a required feature is missing for everybody tonight', {
      sql: [
        'UPDATE nba_predictions.ml_feature_store SET pts_ewma8 = NULL, required_default_count = required_default_count + 1 WHERE slate = CAST(@slate AS DATE)',
      ],
    }),
    twin: changed('a required feature is missing for one newcomer', {
      sql: [
        `UPDATE nba_predictions.ml_feature_store SET pts_ewma8 = NULL WHERE slate = CAST(@slate AS DATE) AND player_id = ${ONE_PLAYER}`,
      ],
    }),
  }),
];

function afternoon(context: DrillContext): Date {
  return easternInstant(slateOf(context.asOf), '14:00');
}
