import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';
import { provenance } from './provenance.ts';

export const shots = defineTable({
  dataset: 'nba_raw',
  name: 'shots',
  description:
    'One row per field-goal attempt with its place. Natural key: game_id, player_id, period, clock, distance, location, shot_ordinal.',
  columns: {
    game_id: required.string('Official 10-digit game id, leading zeros restored'),
    slate: required.date('ET calendar date of tip-off'),
    season: required.string('Season label, 2023-24'),
    player_id: required.int('NBA player id'),
    team_id: nullable.int('NBA team id'),
    team_abbr: required.string('Three-letter team code'),
    opponent_abbr: required.string('Three-letter code of the opponent'),
    zone: required.string('paint, mid_range or three'),
    basic_zone: required.string('Zone as printed by the provider'),
    made: required.bool('True when it went in'),
    points_value: required.int('2 or 3'),
    distance_feet: nullable.int('Distance in feet'),
    loc_x: nullable.float('Court x as printed', { decimals: 2 }),
    loc_y: nullable.float('Court y as printed', { decimals: 2 }),
    period: required.int('Quarter; 5 and more are overtimes'),
    seconds_left: required.int('Seconds left in the period'),
    shot_ordinal: required.int('0 for the first of otherwise equal shots, 1 for the second'),
    ...provenance,
  },
  key: ['row_id'],
  partition: 'slate',
  cluster: ['player_id'],
  partitionFilterRequired: true,
  writer: 'ingest',
});
export type Shot = RowOf<typeof shots>;
