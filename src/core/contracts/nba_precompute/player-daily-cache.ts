import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';
import { featureColumns } from '#core/contracts/feature-columns.ts';

export const playerDailyCache = defineTable({
  dataset: 'nba_precompute',
  name: 'player_daily_cache',
  description: 'One row per expected player and slate: what his own games strictly before the slate say.',
  columns: {
    slate: required.date('ET calendar date; nothing of this date or later was used'),
    player_id: required.int('NBA player id'),
    season: required.string('Season label'),
    team_abbr: required.string('Team of tonight'),
    last_played_on: nullable.date('Last game played before the slate'),
    games_last7: required.int('Games played in the seven days before the slate'),
    minutes_last7: required.float('Minutes in those games', { decimals: 3 }),
    three_rate: nullable.float('E32 of three-point attempts over E32 of attempts', { decimals: 6 }),
    games_with_team: nullable.float('Games with tonight’s team this season', { decimals: 6 }),
    days_since_played: nullable.float('Days since the last game, at most sixty', { decimals: 6 }),
    ...featureColumns(['minutes', 'scoring', 'volume']),
  },
  key: ['slate', 'player_id'],
  partition: 'slate',
  cluster: ['player_id'],
  writer: 'PlayerDailyCache',
});
export type PlayerDailyCache = RowOf<typeof playerDailyCache>;
