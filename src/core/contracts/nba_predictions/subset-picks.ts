import { defineTable, type RowOf, required } from '#core/contracts/define.ts';

export const subsetPicks = defineTable({
  dataset: 'nba_predictions',
  name: 'subset_picks',
  description: 'Picks of the named subsets, fixed with the publication: what is graded is what was shown.',
  columns: {
    publication_id: required.string('Publication'),
    subset_id: required.string('top_pick, top_3, top_5, high_edge_over, high_edge_all, ultra_high_edge, green_light or all_picks'),
    prediction_id: required.string('Prediction'),
    slate: required.date('ET calendar date of tip-off'),
    record_class: required.string('live or backfill'),
    system_id: required.string('System'),
    rank: required.int('1 is the first pick of the subset'),
    player_id: required.int('NBA player id'),
    daily_signal: required.string('green, yellow or red: how lopsided the slate’s picks are'),
  },
  key: ['publication_id', 'subset_id', 'prediction_id'],
  partition: 'slate',
  writer: 'Publication',
});
export type SubsetPick = RowOf<typeof subsetPicks>;
