import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';
import { featureColumns } from '#core/contracts/feature-columns.ts';

export const playerCompositeFactors = defineTable({
  dataset: 'nba_precompute',
  name: 'player_composite_factors',
  description: 'One row per expected player and slate: what the game, the schedule, the teammates and the opponent add.',
  columns: {
    slate: required.date('ET calendar date; nothing of this date or later was used'),
    player_id: required.int('NBA player id'),
    season: required.string('Season label'),
    zone_matchup: nullable.float(
      'Opponent field-goal percentage allowed over the league, weighted with the player’s zones, in points per 100 shots',
      {
        decimals: 6,
      },
    ),
    fatigue_score: nullable.float('100 is fresh: back-to-back, games and minutes of the last seven days, heavy minutes subtract', {
      decimals: 6,
    }),
    ...featureColumns(['availability']),
  },
  key: ['slate', 'player_id'],
  partition: 'slate',
  cluster: ['player_id'],
  writer: 'PlayerCompositeFactors',
});
export type PlayerCompositeFactors = RowOf<typeof playerCompositeFactors>;
