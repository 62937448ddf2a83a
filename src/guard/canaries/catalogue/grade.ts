import { SEASON_DAYS } from '#core/calendar.ts';
import { countedByMarketSql, hasPlayedSql } from '#core/markets.ts';
import { statement } from '#core/statement.ts';
import {
  type Canary,
  type CanaryContext,
  type CheckedThing,
  defineCanary,
  type Moment,
} from '#guard/canaries/definition.ts';
import { INCIDENT_COLLECTIONS, type IncidentDoc } from '#guard/incidents/document.ts';
import { BOXED_GAMES, GAMES, outOf, PREDICTED, whole } from './sql.ts';

const yesterdayGraded = defineCanary({
  id: 'yesterday_graded',
  phase: 'grade',
  question: 'Is every predicted game of last night graded?',
  expected: 'grades for every final game with a box score and predictions',
  finding: 'no grades for {of:predicted game|predicted games} of last night',
  looksAt: 'last_night',
  severity: [
    { by: '11:00', severity: 'warning' },
    { by: '13:00', severity: 'critical' },
  ],
  owner: 'predictions',
  repair: 'tipoff grade {slate}',
  dependsOn: ['ingest', 'analytics', 'predict'],
  whenEmpty: { skip: 'no game of last night is final with a box score and predictions' },
  look: {
    sql: `
SELECT g.label AS subject, r.game_id IS NULL AS is_bad, CAST(p.predictions AS STRING) || ' predictions, no grade' AS note
FROM (${GAMES}) AS g
JOIN (SELECT game_id, COUNT(*) AS predictions FROM (${PREDICTED}) AS visible GROUP BY game_id) AS p ON p.game_id = g.game_id
JOIN (${BOXED_GAMES}) AS b ON b.game_id = g.game_id AND b.teams = 2
LEFT JOIN (SELECT DISTINCT game_id FROM nba_predictions.prediction_grades WHERE slate = CAST(@slate AS DATE)) AS r ON r.game_id = g.game_id
WHERE g.status = 'final'`,
  },
  sabotage: { sql: ['DELETE FROM nba_predictions.prediction_grades WHERE slate = CAST(@slate AS DATE)'] },
  meaning:
    'Results are there and nobody looked at them. An error in grading once read as "no predictions" for six days.',
  steps: [
    'tipoff grade {slate} says how many rows wait and for what.',
    'It grades now: the daily job did not run; see job_heartbeats.',
    'It says no_box_score or not_final: the checks of ingest name the game.',
  ],
});

const gradableShare = defineCanary({
  id: 'gradable_share',
  phase: 'grade',
  question: 'Of what can be graded, how much is, system by system?',
  expected: '98 % of the gradable rows of every system graded or void',
  finding: 'fewer than 98 % of the gradable rows are graded in {of:system|systems}',
  looksAt: 'last_night',
  severity: [{ by: '11:15', severity: 'warning' }],
  owner: 'predictions',
  repair: 'tipoff grade {slate}',
  dependsOn: ['ingest', 'analytics', 'predict'],
  whenEmpty: {
    skip: 'nothing of last night can be graded, or nothing is graded yet; yesterday_graded says which',
  },
  look: {
    sql: `
SELECT p.system_id AS subject, COUNT(g.prediction_id) < 0.98 * COUNT(*) AS is_bad, ${outOf('COUNT(g.prediction_id)', 'COUNT(*)')} || ' rows graded' AS note
FROM (${PREDICTED}) AS p
JOIN nba_reference.schedule s ON s.game_id = p.game_id AND s.slate = CAST(@slate AS DATE) AND s.status = 'final'
JOIN (${BOXED_GAMES}) AS b ON b.game_id = p.game_id AND b.teams = 2
LEFT JOIN (
  SELECT publication_id, prediction_id FROM nba_predictions.prediction_grades WHERE slate = CAST(@slate AS DATE)
) AS g ON g.publication_id = p.publication_id AND g.prediction_id = p.prediction_id
WHERE EXISTS (SELECT 1 FROM nba_predictions.prediction_grades a WHERE a.slate = CAST(@slate AS DATE))
GROUP BY p.system_id`,
  },
  sabotage: {
    sql: [
      "DELETE FROM nba_predictions.prediction_grades WHERE slate = CAST(@slate AS DATE) AND system_id = 'ridge' AND MOD(player_id, 2) = 0",
    ],
  },
  meaning:
    'Some rows of a system are left out. The denominator is every visible row of a final game with a box score; who did not play is void and counts as graded, rows without a line are graded as no_bet.',
  steps: [
    'List the ungraded rows of the system by publication: one publication only points to a withdrawal in between.',
    'Players without a summary in a game with a box score: look at nba_raw.rejected_rows.',
    'Run the repair command; it replaces the grades of the slate.',
  ],
});

const voidsPlausible = defineCanary({
  id: 'voids_plausible',
  phase: 'grade',
  question: 'Did plausibly many of the predicted players not play?',
  expected: 'a share of void players at most 25 points above the usual, and not above 60 %',
  finding: 'too many of the predicted players did not play: {note}',
  looksAt: 'last_night',
  severity: [{ by: '11:15', severity: 'warning' }],
  owner: 'predictions',
  repair: 'tipoff fetch {slate}, or tipoff ingest <box scores>, then tipoff grade {slate}',
  dependsOn: ['ingest', 'analytics'],
  whenEmpty: { skip: 'fewer than thirty players are graded' },
  look: {
    sql: `
SELECT 'void share' AS subject, share_now > 0.6 OR share_now > COALESCE(share_before, 0.35) + 0.25 AS is_bad,
  ${whole('100 * share_now')} || ' % void' || COALESCE(', usually ' || ${whole('100 * share_before')} || ' %', '') AS note
FROM (
  SELECT AVG(CASE WHEN slate = CAST(@slate AS DATE) THEN is_void END) AS share_now, AVG(CASE WHEN slate < CAST(@slate AS DATE) THEN is_void END) AS share_before,
    COUNT(CASE WHEN slate = CAST(@slate AS DATE) THEN 1 END) AS players
  FROM (
    SELECT slate, player_id, MAX(CASE WHEN outcome = 'void' THEN 1 ELSE 0 END) AS is_void
    FROM nba_predictions.prediction_grades
    WHERE slate BETWEEN CAST(@from AS DATE) AND CAST(@slate AS DATE)
    GROUP BY slate, player_id
  ) AS graded
) AS shares
WHERE players >= 30`,
  },
  sabotage: {
    sql: ["UPDATE nba_predictions.prediction_grades SET outcome = 'void' WHERE slate = CAST(@slate AS DATE)"],
  },
  meaning:
    'A void says that the player did not play. When most did not, the box score lacks them, or the availability feed was not read.',
  steps: [
    'Group the voids by void_reason and by team: one team only points to its box score.',
    'dnp_injury_confirmed should never be many: those players are not predicted.',
    'Load the box scores again and grade again.',
  ],
});

const gradesMatch = defineCanary({
  id: 'grades_match',
  phase: 'grade',
  question: 'Do grades carry the prediction that was published, once?',
  expected: 'the published forecast and line in every grade, and one grade for a prediction',
  finding: 'the grade is not of what was published in {of:row|rows} of last night',
  looksAt: 'last_night',
  severity: [{ by: '11:15', severity: 'critical' }],
  owner: 'predictions',
  repair: 'tipoff grade {slate}',
  dependsOn: ['predict'],
  whenEmpty: { skip: 'nothing of last night is graded' },
  look: {
    sql: `
SELECT g.player_name || ' ' || g.system_id || ' ' || g.market AS subject,
  p.prediction_id IS NULL OR ABS(p.predicted - g.predicted) > 0.0005 OR COALESCE(p.line, -1) <> COALESCE(g.line, -1)
    OR COUNT(*) OVER (PARTITION BY g.publication_id, g.prediction_id) > 1 AS is_bad,
  'graded ' || CAST(g.predicted AS STRING) || ', published ' || COALESCE(CAST(p.predicted AS STRING), 'nothing')
    || CASE WHEN COUNT(*) OVER (PARTITION BY g.publication_id, g.prediction_id) > 1 THEN ', more than once' ELSE '' END AS note
FROM (SELECT * FROM nba_predictions.prediction_grades WHERE slate = CAST(@slate AS DATE)) AS g
LEFT JOIN (SELECT * FROM nba_predictions.player_prop_predictions WHERE slate = CAST(@slate AS DATE)) AS p
  ON p.publication_id = g.publication_id AND p.prediction_id = g.prediction_id`,
  },
  sabotage: {
    sql: [
      'UPDATE nba_predictions.prediction_grades SET predicted = predicted * 1.7 WHERE slate = CAST(@slate AS DATE)',
    ],
  },
  meaning:
    'The record would judge numbers nobody published. Doubled rows in a join once multiplied grades by five.',
  steps: [
    'Compare one grade with its prediction by publication_id and prediction_id.',
    'Nothing published: the rows were deleted after grading; look at rows_without_receipt.',
    'Run the repair command: grades of the slate are made again from what is published.',
  ],
});

const SEASON = `slate BETWEEN fn.add_days(CAST(@slate AS DATE), -${SEASON_DAYS}) AND fn.add_days(CAST(@slate AS DATE), -2)`;

/**
 * Every slate of the season from the first one with box scores to the day before yesterday, and what it lacks. Grades are counted
 * by publication and game, since joining a season's rows with them one by one is much slower.
 */
export const SEASON_HOLES = statement({
  owner: 'canary season_reconciled',
  sql: `
WITH boxed AS (
  SELECT game_id, COUNT(DISTINCT team_abbr) AS teams FROM nba_raw.player_box_scores WHERE ${SEASON} AND played GROUP BY game_id
),
summarised AS (
  SELECT game_id, COUNT(DISTINCT team_abbr) AS teams FROM nba_analytics.team_game_summary WHERE ${SEASON} GROUP BY game_id
),
games AS (
  SELECT s.slate, COUNT(*) AS games, COUNTIF(s.status = 'final') AS finals, COUNTIF(COALESCE(b.teams, 0) >= 2) AS boxed, COUNTIF(COALESCE(t.teams, 0) >= 2) AS summarised
  FROM nba_reference.counted_games s
  LEFT JOIN boxed b ON b.game_id = s.game_id
  LEFT JOIN summarised t ON t.game_id = s.game_id
  WHERE s.${SEASON}
  GROUP BY s.slate
),
shown AS (
  SELECT p.slate, p.publication_id, p.game_id, COUNT(*) AS gradable
  FROM nba_predictions.current_predictions p
  JOIN boxed b ON b.game_id = p.game_id AND b.teams >= 2
  WHERE p.${SEASON}
  GROUP BY p.slate, p.publication_id, p.game_id
),
judged AS (
  SELECT slate, publication_id, game_id, COUNT(DISTINCT prediction_id) AS graded FROM nba_predictions.prediction_grades WHERE ${SEASON} GROUP BY slate, publication_id, game_id
),
graded AS (
  SELECT p.slate, SUM(p.gradable) AS gradable, SUM(fn.least2(COALESCE(g.graded, 0), p.gradable)) AS graded
  FROM shown p
  LEFT JOIN judged g ON g.slate = p.slate AND g.publication_id = p.publication_id AND g.game_id = p.game_id
  GROUP BY p.slate
),
corrected AS (
  SELECT g.slate, COUNT(*) AS corrected
  FROM (SELECT slate, game_id, player_id, market, actual FROM nba_predictions.prediction_grades WHERE ${SEASON}) AS g
  JOIN (SELECT * FROM nba_analytics.player_game_summary WHERE ${SEASON}) AS p ON p.game_id = g.game_id AND p.player_id = g.player_id AND p.slate = g.slate
  WHERE COALESCE(CAST(g.actual AS FLOAT64), -1) <> CASE WHEN ${hasPlayedSql('p')} THEN ${countedByMarketSql('g.market', 'p')} ELSE -1 END
  GROUP BY g.slate
)
SELECT CAST(s.slate AS STRING) AS subject, s.boxed < s.games OR s.summarised < s.boxed OR COALESCE(g.graded < 0.98 * g.gradable, FALSE) OR c.slate IS NOT NULL AS is_bad,
  CASE WHEN s.boxed < s.games THEN ${outOf('s.boxed', 's.games')} || ' games have a box score'
    WHEN s.summarised < s.boxed THEN ${outOf('s.summarised', 's.boxed')} || ' games are summarised'
    WHEN c.slate IS NOT NULL THEN CAST(c.corrected AS STRING) || ' rows are graded by counts that have been corrected since'
    ELSE ${outOf('COALESCE(g.graded, 0)', 'COALESCE(g.gradable, 0)')} || ' rows are graded' END AS note
FROM games s
JOIN (SELECT MIN(slate) AS slate FROM games WHERE boxed > 0) AS first ON s.slate >= first.slate
LEFT JOIN graded g ON g.slate = s.slate
LEFT JOIN corrected c ON c.slate = s.slate`,
});

/** Checks that have a hole of a slate on their own list until it is filled or accepted. */
const TELLERS = ['box_scores_missing', 'games_summarised', 'yesterday_graded', 'gradable_share'];

/** The holes of the season that no other check has found: rows that were there on the morning after and are gone. */
async function untoldHoles({ warehouse, state }: CanaryContext, { slate }: Moment): Promise<CheckedThing[]> {
  const [found, incidents] = await Promise.all([
    warehouse.query<CheckedThing>(SEASON_HOLES.sql, { slate }),
    state.list<IncidentDoc>(INCIDENT_COLLECTIONS.heads),
  ]);
  const told = new Set(
    incidents
      .filter(({ id }) => TELLERS.includes(id))
      .flatMap(({ data }) =>
        Object.entries(data.slates).flatMap(([day, { well_at }]) => (well_at === null ? [day] : [])),
      ),
  );
  return found.filter(({ subject }) => !told.has(subject));
}

const seasonReconciled = defineCanary({
  id: 'season_reconciled',
  phase: 'grade',
  question:
    'Is every slate of the season still whole: box scores, summaries, predictions by receipt, grades by the present counts?',
  expected:
    'box scores and summaries of every final game, and right grades of 98 % of what can be graded, on every slate since the first one',
  finding: 'something is missing from {of:slate|slates} of the season',
  looksAt: 'now',
  severity: [{ by: '12:00', severity: 'warning' }],
  owner: 'data',
  repair:
    'tipoff fetch {slate}, then tipoff day {slate}; where grades are missing or old tipoff grade <slate>',
  dependsOn: ['ingest', 'analytics'],
  whenEmpty: { pass: 'the season has no slate that is two days old' },
  look: { probe: untoldHoles },
  sabotage: {
    sql: [
      'DELETE FROM nba_raw.player_box_scores WHERE slate = fn.add_days(CAST(@slate AS DATE), -3)',
      'DELETE FROM nba_raw.player_box_scores WHERE slate BETWEEN fn.add_days(CAST(@slate AS DATE), -9) AND fn.add_days(CAST(@slate AS DATE), -4) AND team_abbr IN (SELECT MIN(team_abbr) FROM nba_raw.player_box_scores WHERE slate BETWEEN fn.add_days(CAST(@slate AS DATE), -9) AND fn.add_days(CAST(@slate AS DATE), -4))',
    ],
  },
  meaning:
    'Rows of an earlier slate never came, were deleted, or are no longer graded. Training, features of the season and the record that is shown lack them, and nothing that looks at last night alone would see it.',
  steps: [
    'The offender is the slate, and says which stage lacks what.',
    'No box score: tipoff fetch asks again for every hole of the season; a file of the provider can be loaded with tipoff ingest <file>.',
    'Not graded, or graded before a correction: tipoff grade <slate>. What will never come: tipoff incidents accept season_reconciled --reason <reason>.',
  ],
});

/** The canaries of the phase `grade`, in the order of the data. */
export const GRADE: readonly Canary[] = [
  yesterdayGraded,
  gradableShare,
  voidsPlausible,
  gradesMatch,
  seasonReconciled,
];
