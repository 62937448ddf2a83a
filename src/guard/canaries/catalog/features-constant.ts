import { FEATURES } from '#core/features.ts';
import { defineCanary } from '#guard/canaries/definition.ts';

/** Features of a player's own form: no two players are alike in them. Counters of games may rightly agree. */
export const FORM_FEATURES: readonly string[] = FEATURES.filter(
  ({ group, name, required }) => required && ['minutes', 'scoring', 'volume'].includes(group) && !/^(?:games|weight)/.test(name),
).map(({ name }) => name);

export const featuresConstant = defineCanary({
  id: 'features_constant',
  phase: 'precompute',
  question: 'Is a feature of form the same for everybody?',
  expected: 'different values between players for every feature of form',
  looksAt: 'tonight',
  ladder: [{ by: '10:30', beforeTip: 105, severity: 'critical' }],
  owner: 'data',
  repair: 'tipoff day {slate}',
  dependsOn: ['ingest', 'analytics'],
  whenEmpty: { skip: 'fewer than sixteen players have the feature tonight' },
  look: {
    sql: `
WITH measured AS (
  SELECT ${FORM_FEATURES.map((name) => `COUNT(${name}) AS n_${name}, MIN(${name}) AS lo_${name}, MAX(${name}) AS hi_${name}`).join(',\n    ')}
  FROM nba_predictions.ml_feature_store
  WHERE slate = CAST(@slate AS DATE)
)
${FORM_FEATURES.map((name) => `SELECT '${name}' AS subject, lo_${name} = hi_${name} AS is_bad, 'always ' || CAST(lo_${name} AS STRING) AS note FROM measured WHERE n_${name} >= 16`).join('\nUNION ALL ')}`,
  },
  sabotage: { sql: ['UPDATE nba_predictions.ml_feature_store SET minutes_rate = 12.5 WHERE slate = CAST(@slate AS DATE)'] },
  meaning:
    'A stand-in value is disguised as a computed one, or a join multiplied one row. Predictions look normal and carry no information.',
  steps: [
    'Look at the source letters of the feature in feature_sources: they should not say h.',
    'Look at the precompute table that carries the column.',
    'Repair the processor, then run the repair command and LINE_UPDATE to replace what was published.',
  ],
});
