import { defineCanary } from '#guard/canaries/definition.ts';

/** Outside of these months the league may rightly have nothing ahead: playoff games are only known round by round. */
const isRegularSeason = (slate: string): boolean => slate.slice(5) >= '10-25' || slate.slice(5) <= '04-05';

export const scheduleAhead = defineCanary({
  id: 'schedule_ahead',
  phase: 'ingest',
  question: 'Does the schedule reach into the coming days?',
  expected: 'a counted game within the next nine days, from 25 October to 5 April',
  looksAt: 'now',
  ladder: [{ by: '00:00', severity: 'critical' }],
  owner: 'data',
  repair: 'tipoff fetch {slate}, or tipoff ingest <schedule file>, then tipoff day {slate}',
  dependsOn: [],
  whenEmpty: 'fail',
  skips: ({ slate }) => (isRegularSeason(slate) ? undefined : 'outside of the regular season nothing need be ahead'),
  look: {
    sql: `
SELECT 'schedule' AS subject, COUNT(*) = 0 AS is_bad, CAST(COUNT(*) AS STRING) || ' games in the next nine days' AS note
FROM nba_reference.schedule
WHERE slate BETWEEN CAST(@slate AS DATE) AND fn.add_days(CAST(@slate AS DATE), 9) AND is_counted AND status NOT IN ('postponed', 'cancelled')`,
  },
  sabotage: { sql: ['DELETE FROM nba_reference.schedule WHERE slate >= CAST(@slate AS DATE)'] },
  meaning:
    'An empty schedule makes every other check believe that there are no games, so nothing else would go red. The longest pause of a regular season is the six days of the All-Star break.',
  steps: [
    'Look at the newest rows of nba_raw.schedule_games (source, ingested_at): did the last load bring any?',
    'Look at nba_raw.rejected_rows for the source: a changed format ends there.',
    'Compare with the published schedule; load it again and rebuild nba_reference.schedule with the repair command.',
  ],
});
