import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';

const exact = { decimals: 6 } as const;

export const playerShotZoneAnalysis = defineTable({
  dataset: 'nba_precompute',
  name: 'player_shot_zone_analysis',
  description: 'One row per expected player and slate: where his shots come from, strictly before the slate.',
  columns: {
    slate: required.date('ET calendar date; nothing of this date or later was used'),
    player_id: required.int('NBA player id'),
    season: required.string('Season label'),
    attempts: required.int('Located attempts this season before the slate; 0 without shot data'),
    paint_rate: nullable.float('Share of attempts in the paint this season; null without attempts', exact),
    mid_rate: nullable.float('Share of mid-range attempts this season', exact),
    three_rate: nullable.float('Share of three-point attempts this season', exact),
    paint_pct: nullable.float('Field-goal percentage in the paint this season', exact),
    mid_pct: nullable.float('Field-goal percentage from mid-range this season', exact),
    three_pct: nullable.float('Field-goal percentage from three this season', exact),
  },
  key: ['slate', 'player_id'],
  partition: 'slate',
  cluster: ['player_id'],
  writer: 'PlayerShotZoneAnalysis',
});
export type PlayerShotZoneAnalysis = RowOf<typeof playerShotZoneAnalysis>;
