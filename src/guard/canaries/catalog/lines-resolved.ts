import { defineCanary } from '#guard/canaries/definition.ts';

export const linesResolved = defineCanary({
  id: 'lines_resolved',
  phase: 'ingest',
  question: 'Do the quoted names belong to known players and games?',
  expected: 'nearly every quoted player resolved to an id',
  looksAt: 'tonight',
  ladder: [{ by: '12:30', beforeTip: 60, severity: 'warning' }],
  owner: 'data',
  repair: 'add the spellings to src/core/aliases.ts, then tipoff day {slate}',
  dependsOn: [],
  tolerates: { count: 8, share: 0.15 },
  whenEmpty: { skip: 'no points lines have been prepared for this slate' },
  look: {
    sql: `
SELECT l.player_lookup AS subject, MAX(CASE WHEN l.resolution = 'resolved' THEN 1 ELSE 0 END) = 0 AS is_bad, MIN(l.resolution) AS note
FROM nba_analytics.player_prop_lines l
LEFT JOIN (
  SELECT DISTINCT home_abbr, away_abbr FROM nba_reference.schedule
  WHERE slate BETWEEN fn.add_days(CAST(@slate AS DATE), -60) AND fn.add_days(CAST(@slate AS DATE), 180)
    AND ((published_slate = CAST(@slate AS DATE) AND slate <> CAST(@slate AS DATE)) OR (slate = CAST(@slate AS DATE) AND status IN ('postponed', 'cancelled')))
) AS called_off ON called_off.home_abbr = l.home_abbr AND called_off.away_abbr = l.away_abbr
WHERE l.slate = CAST(@slate AS DATE) AND l.market = 'points' AND called_off.home_abbr IS NULL
GROUP BY l.player_lookup`,
  },
  sabotage: {
    sql: ["UPDATE nba_analytics.player_prop_lines SET resolution = 'unknown_player', player_id = NULL WHERE slate = CAST(@slate AS DATE)"],
  },
  meaning:
    'A feed spells names in a new way, or quotes games that are not scheduled. Lines of a game that was called off or moved are not counted. The lines are there and nobody can use them.',
  steps: [
    'List the named players with their resolution: unknown_player, ambiguous_player or unknown_game.',
    'unknown_game for all of them: the event is not in the schedule, or the teams are swapped.',
    'unknown_player: compare with nba_reference.players; add an alias where the spelling differs.',
  ],
});
