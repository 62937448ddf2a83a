import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';
import { featureColumns } from '#core/contracts/feature-columns.ts';

export const mlFeatureStore = defineTable({
  dataset: 'nba_predictions',
  name: 'ml_feature_store',
  description: 'One row per expected player and slate: the features of the model, the source of each, and what they are worth.',
  columns: {
    slate: required.date('ET calendar date; nothing of this date or later was used, except what the schedule says'),
    player_id: required.int('NBA player id'),
    game_id: required.string('Official 10-digit game id'),
    season: required.string('Season label'),
    season_type: required.string('regular, play_in or playoffs'),
    team_abbr: required.string('Three-letter team code'),
    opponent_abbr: required.string('Three-letter code of the opponent'),
    ...featureColumns(),
    feature_sources: required.string('One letter per feature in the order of the feature contract: h, s, l, f, c, d or m'),
    feature_quality_score: required.float('Mean quality of the required features, 0 to 100', { decimals: 3, range: [0, 100] }),
    matchup_quality_pct: required.float('Mean quality of the opponent features, 0 to 100', { decimals: 3, range: [0, 100] }),
    required_default_count: required.int('Required features that are a default or missing; more than 0 blocks the prediction'),
    default_feature_count: required.int('Features, optional ones included, that are a default or missing'),
    quality_alert_level: required.string('green (85 and more), yellow (50 and more) or red (less, or a required feature is not there)'),
    is_quality_ready: required.bool('No required default and a score of 85 or more'),
    line: nullable.numeric('Main points line known before the cut-off'),
    over_price: nullable.int('American odds of OVER at the bookmaker of the main line'),
    under_price: nullable.int('American odds of UNDER there'),
  },
  key: ['slate', 'player_id'],
  partition: 'slate',
  cluster: ['player_id'],
  partitionFilterRequired: true,
  writer: 'MLFeatureStore',
});
export type MlFeatureStore = RowOf<typeof mlFeatureStore>;
