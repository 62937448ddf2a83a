import { defineCanary } from '#guard/canaries/definition.ts';
import { PREDICTED } from './sql.ts';

export const systemsPresent = defineCanary({
  id: 'systems_present',
  phase: 'predict',
  question: 'Does every system that predicted in the week before predict tonight?',
  expected: 'rows of every system; of the market system where there are lines',
  looksAt: 'tonight',
  ladder: [{ by: '11:00', beforeTip: 75, severity: 'warning' }],
  owner: 'predictions',
  repair: 'tipoff models list; tipoff predict {slate} --mode LINE_UPDATE',
  dependsOn: ['precompute'],
  whenEmpty: { skip: 'nothing is published tonight, or nothing was in the week before' },
  look: {
    sql: `
SELECT e.system_id AS subject, COALESCE(t.players, 0) = 0 AS is_bad, 'no row tonight' AS note
FROM (
  SELECT DISTINCT system_id FROM nba_predictions.player_prop_predictions WHERE slate >= CAST(@from AS DATE) AND slate < CAST(@slate AS DATE)
) AS e
JOIN (
  SELECT COUNT(*) AS visible_rows, COUNT(line) AS with_line FROM (${PREDICTED}) AS visible
) AS slate_rows ON slate_rows.visible_rows > 0 AND (e.system_id <> 'market' OR slate_rows.with_line > 0)
LEFT JOIN (SELECT system_id, COUNT(DISTINCT player_id) AS players FROM (${PREDICTED}) AS visible GROUP BY system_id) AS t ON t.system_id = e.system_id`,
  },
  sabotage: {
    sql: ["DELETE FROM nba_predictions.player_prop_predictions WHERE slate = CAST(@slate AS DATE) AND system_id = 'minutes_rate'"],
  },
  meaning: 'A system fell silent while the others went on. Two shadow models were once silent for two days before anybody looked.',
  steps: [
    'tipoff batch show <batch>: the outcomes say "without <system>" and why.',
    'missing_features: look at required_defaults. Anything else: look at the model artefact.',
    'When repaired, LINE_UPDATE replaces the rows of tonight.',
  ],
});
