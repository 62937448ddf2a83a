import { defineTable, nullable, type RowOf, required } from '#core/contracts/define.ts';
import { boxColumns } from '#core/contracts/nba_raw/box-columns.ts';

export const playerGameSummary = defineTable({
  dataset: 'nba_analytics',
  name: 'player_game_summary',
  description:
    'One row per player and game of the newest version of the best source. A player who did not play has null minutes and points, never zero.',
  columns: {
    player_id: required.int('NBA player id'),
    game_id: required.string('Official 10-digit game id'),
    slate: required.date('ET calendar date of tip-off'),
    season: required.string('Season label'),
    season_type: required.string('regular, play_in or playoffs'),
    player_name: required.string('Name as printed'),
    player_lookup: required.string('Normalised name'),
    team_abbr: required.string('Three-letter team code'),
    opponent_abbr: required.string('Three-letter code of the opponent'),
    is_home: required.bool('True for the home team'),
    played: required.bool('True when the player was on court'),
    dnp_reason: nullable.string('Why not, where the source says so'),
    minutes: nullable.float('Minutes on court', { decimals: 3, range: [0, 70] }),
    is_starter: nullable.bool('Started the game'),
    ...boxColumns,
    source: required.string('Source of the row'),
    raw_row_id: required.string('row_id of the raw row'),
  },
  key: ['player_id', 'game_id'],
  partition: 'slate',
  cluster: ['player_id'],
  partitionFilterRequired: true,
  writer: 'PlayerGameSummary',
});
export type PlayerGameSummary = RowOf<typeof playerGameSummary>;
