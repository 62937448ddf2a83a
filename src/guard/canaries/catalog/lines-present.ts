import { defineCanary } from '#guard/canaries/definition.ts';
import { GAMES } from './sql.ts';

export const linesPresent = defineCanary({
  id: 'lines_present',
  phase: 'ingest',
  question: 'Are points lines in for every game, while there is a market?',
  expected: 'points lines for every game, as on the days before',
  looksAt: 'tonight',
  ladder: [
    { by: '17:30', beforeTip: 90, severity: 'warning' },
    { by: '18:30', beforeTip: 30, severity: 'critical' },
  ],
  owner: 'data',
  repair: 'tipoff fetch {slate}, or tipoff ingest <lines>, then tipoff predict {slate} --mode LINE_UPDATE',
  dependsOn: [],
  tolerates: { share: 0.25 },
  whenEmpty: { skip: 'there was no market in the week before: no source of lines is loaded' },
  look: {
    sql: `
SELECT g.label AS subject, l.game IS NULL AS is_bad, 'no points line' AS note
FROM (${GAMES}) AS g
JOIN (
  SELECT COUNT(DISTINCT CASE WHEN q.home_abbr IS NOT NULL THEN s.game_id END) AS quoted, COUNT(DISTINCT s.game_id) AS games
  FROM nba_reference.schedule s
  LEFT JOIN (
    SELECT DISTINCT slate, home_abbr, away_abbr FROM nba_raw.player_lines
    WHERE slate >= CAST(@from AS DATE) AND slate < CAST(@slate AS DATE) AND market = 'points'
  ) q ON q.slate = s.slate AND q.home_abbr = s.home_abbr AND q.away_abbr = s.away_abbr
  WHERE s.slate >= CAST(@from AS DATE) AND s.slate < CAST(@slate AS DATE) AND s.is_counted AND s.status NOT IN ('postponed', 'cancelled')
) AS usual ON usual.quoted >= 0.9 * usual.games AND usual.games > 0
LEFT JOIN (
  SELECT DISTINCT home_abbr || away_abbr AS game FROM nba_raw.player_lines WHERE slate = CAST(@slate AS DATE) AND market = 'points'
) AS l ON l.game = g.home_abbr || g.away_abbr`,
  },
  sabotage: { sql: ['DELETE FROM nba_raw.player_lines WHERE slate = CAST(@slate AS DATE)'] },
  meaning:
    'Nine of ten games of the week before had lines, and tonight more than a quarter have none. Predictions without a line cannot become picks. Where no source of lines is loaded the check is skipped.',
  steps: [
    'Look at nba_raw.player_lines of the slate by source and bookmaker.',
    'Look at the quota and the answers of the odds provider in the log of the last fetch.',
    'Load the lines, then run the LINE_UPDATE mode: it replaces predictions whose line has moved.',
  ],
});
